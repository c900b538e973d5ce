"""The fifteen visemes of Oculus Lipsync, composed from the 64 expression columns."""

from __future__ import annotations

VISEMES: dict[str, dict[str, float]] = {
    "sil": {},
    "PP": {"mouthSeal": 0.8},
    "FF": {"mouthLowerUnderTeeth": 1.0},
    "TH": {"jawOpen": 0.16, "tongueBetweenTeeth": 0.9, "mouthLowerDown": 0.15},
    "DD": {"jawOpen": 0.14, "tongueTipUp": 0.9, "mouthUpperUp": 0.2, "mouthLowerDown": 0.3},
    "kk": {"jawOpen": 0.17, "tongueBackUp": 0.9, "mouthUpperUp": 0.2, "mouthLowerDown": 0.25},
    "CH": {"mouthFlare": 0.75, "teethTogether": 0.9, "tongueFrontUp": 0.6},
    "SS": {"mouthSpread": 0.65, "teethTogether": 1.0, "tongueFrontUp": 0.5, "jawOpen": 0.02},
    "nn": {"jawOpen": 0.11, "tongueTipUp": 1.0, "mouthUpperUp": 0.15, "mouthLowerDown": 0.25},
    "RR": {"jawOpen": 0.11, "mouthFunnel": 0.3, "mouthRound": 0.3, "tongueCurl": 0.9},
    "aa": {"jawOpen": 0.52, "mouthUpperUp": 0.15, "mouthLowerDown": 0.2, "tongueDown": 0.5},
    "E": {
        "jawOpen": 0.27,
        "mouthStretch": 0.3,
        "mouthSmile": 0.15,
        "mouthUpperUp": 0.2,
        "mouthLowerDown": 0.2,
    },
    "ih": {"jawOpen": 0.14, "mouthSpread": 0.6, "tongueFrontUp": 0.5},
    "oh": {"jawOpen": 0.32, "mouthRound": 0.6, "mouthFunnel": 0.2, "tongueBackUp": 0.2},
    "ou": {"jawOpen": 0.12, "mouthRound": 1.0, "tongueBackUp": 0.3},
}
"""Weights by column name; a name without Left or Right means both sides."""
