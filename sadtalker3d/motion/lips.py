"""What the network's answers need to look like lips: to open as far as people's do, and to close all the way.

Where the sound leaves a choice the network answers with something between: its lips open too little, and at a
p b m that it is not sure of they come near each other and do not meet.
"""

from __future__ import annotations

import numpy as np

from sadtalker3d.rig.arkit import OPEN_64

# Ranges in speech (10th to 90th percentile of gap, width, protrusion, mm): a real capture has 9.3, 5.0, 3.2; the
# embedded network gives 7.8, 5.2, 3.6 on recorded speech, with this factor 9.0, 5.3, 3.6.
OPENING = 1.18
# Of mouthSeal, which the teacher gives a held p b m .3: from the first on lips begin to close, from the second on
# they are closed. Lower ones close lips at open vowels too.
SEALING, SEALED = 0.045, 0.12
AT_TEETH = 0.4  # of mouthRollLower, which the teacher gives f v .9: a lip at the teeth does not seal
PRESSED = 0.02  # of mouthClose beyond jawOpen: lips that only just meet let the teeth show through
_OPENS = ("jawOpen", "mouthClose", "mouthLowerDown", "mouthUpperUp")
_FACTORS = np.array([OPENING if name.startswith(_OPENS) else 1.0 for name in OPEN_64], np.float32)

_JAW, _CLOSE, _SEAL, _ROLL = (
    OPEN_64.index(name) for name in ("jawOpen", "mouthClose", "mouthSeal", "mouthRollLower")
)
_PARTS = [c for c, name in enumerate(OPEN_64) if name.startswith(("mouthLowerDown", "mouthUpperUp"))]


def reaching(expression: np.ndarray) -> np.ndarray:
    """(T, 64) with lips that open as far as people's, in 0..1.

    What opens the lips and what closes them grow alike, so that closed stays closed.
    """
    result = expression * _FACTORS
    return np.clip(result, 0, 1, out=result)


def sealed(expression: np.ndarray) -> np.ndarray:
    """(T, 64) with lips that meet wherever the network leans to p b m.

    ARKit's mouthClose takes back what jawOpen opens, weight for weight.
    """
    shut = np.clip((expression[:, _SEAL] - SEALING) / (SEALED - SEALING), 0, 1)
    shut = shut * shut * (3 - 2 * shut) * (1 - np.clip(expression[:, _ROLL] / AT_TEETH, 0, 1))
    result = expression.copy()
    result[:, _PARTS] *= 1 - shut[:, None]
    result[:, _CLOSE] += shut * np.maximum(result[:, _JAW] + PRESSED - result[:, _CLOSE], 0)
    return result
