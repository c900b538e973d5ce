"""The 46 names of the older Audio2Face as ARKit shapes.

They are action units of FACS, which ARKit's names follow too: each unit goes to the shapes that show the same muscles.
A unit without sides goes to both sides; two sides that ARKit has as one shape, half each.
"""

from __future__ import annotations


def _sided(units: dict[str, str]) -> dict[str, dict[str, float]]:
    return {
        unit + letter: {shape + side: 1.0}
        for unit, shape in units.items()
        for letter, side in (("L", "Left"), ("R", "Right"))
    }


LEGACY_46: dict[str, dict[str, float]] = {
    **_sided(
        {
            "browLower": "browDown", "outerBrowRaiser": "browOuterUp", "eyesClose": "eyeBlink",
            "eyesUpperLidRaiser": "eyeWide", "squint": "eyeSquint", "cheekRaiser": "cheekSquint",
            "noseWrinkler": "noseSneer", "dimpler": "mouthDimple", "lipCornerPuller": "mouthSmile",
            "lipCornerDepressor": "mouthFrown", "lipStretcher": "mouthStretch", "upperLipRaiser": "mouthUpperUp",
            "lowerLipDepressor": "mouthLowerDown",
        }
    ),
    "innerBrowRaiserL": {"browInnerUp": 0.5}, "innerBrowRaiserR": {"browInnerUp": 0.5},
    "cheekPuffL": {"cheekPuff": 0.5}, "cheekPuffR": {"cheekPuff": 0.5},
    "eyesLookLeft": {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0},
    "eyesLookRight": {"eyeLookInLeft": 1.0, "eyeLookOutRight": 1.0},
    "eyesLookUp": {"eyeLookUpLeft": 1.0, "eyeLookUpRight": 1.0},
    "eyesLookDown": {"eyeLookDownLeft": 1.0, "eyeLookDownRight": 1.0},
    "jawDrop": {"jawOpen": 1.0},
    "jawDropLipTowards": {"jawOpen": 1.0, "mouthClose": 1.0},  # the jaw opens, the lips stay together
    "jawThrust": {"jawForward": 1.0},
    "jawSlideLeft": {"jawLeft": 1.0}, "jawSlideRight": {"jawRight": 1.0},
    "mouthSlideLeft": {"mouthLeft": 1.0}, "mouthSlideRight": {"mouthRight": 1.0},
    "chinRaiser": {"mouthShrugLower": 1.0, "mouthShrugUpper": 1.0},
    "lipPressor": {"mouthPressLeft": 1.0, "mouthPressRight": 1.0},
    "pucker": {"mouthPucker": 1.0}, "funneler": {"mouthFunnel": 1.0},
    "lipSuck": {"mouthRollLower": 1.0, "mouthRollUpper": 1.0},
}  # fmt: skip
