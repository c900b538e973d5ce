"""Names of the facial blend shapes: ARKit's 52, and the 12 that speech needs besides."""

from __future__ import annotations

ARKIT_52: tuple[str, ...] = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft",
    "eyeSquintLeft", "eyeWideLeft",
    "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight",
    "eyeSquintRight", "eyeWideRight",
    "jawForward", "jawLeft", "jawRight", "jawOpen",
    "mouthClose", "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight",
    "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight",
    "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthUpperUpLeft", "mouthUpperUpRight",
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight",
    "noseSneerLeft", "noseSneerRight",
    "tongueOut",
)  # fmt: skip
"""The 52 in Apple's own order (Live Link's CSV uses another one: never index by position)."""

SPEECH_12: tuple[str, ...] = (
    "tongueTipUp",  # tip at the ridge behind the upper teeth: t d n l
    "tongueBetweenTeeth",  # tip between the teeth: th
    "tongueBackUp",  # back at the soft palate: k g ng
    "tongueFrontUp",  # blade towards the hard palate: ee y sh
    "tongueCurl",  # tip curled up and back: r
    "tongueDown",  # flat on the floor of the mouth: aa
    "mouthLowerUnderTeeth",  # lower lip in and up under the upper teeth: f v
    "mouthFlare",  # lips pushed forward and squared, teeth seen: sh ch
    "mouthRound",  # lips forward round a small opening: oo w
    "mouthSpread",  # corners back, lips parted over the teeth: ee s
    "teethTogether",  # lower teeth raised to the upper ones: s z sh
    "mouthSeal",  # both lips meet and flatten against each other: p b m
)
"""What speech needs and ARKit lacks: columns 53 to 64 of the `open` space."""

OPEN_64: tuple[str, ...] = ARKIT_52 + SPEECH_12
"""The expression columns of the `open` space, in order."""
