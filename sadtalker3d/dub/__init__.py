"""Dubbing: new words in an old performance, on tracks alone. Nothing here needs more than numpy.

new = talker.animate("zeile_3.wav")
take = dub.dub(performance, new)                         # head, brows, eyes and the person's smile stay
take = dub.dub(performance, new, fit="pauses")           # and the performance pauses where the new speech does
take = dub.dub(performance, new, start_s=4.2, end_s=6.0) # one line; the rest stays as it is
"""

from sadtalker3d.dub.mix import Dubbed, DubConfig, dub, dubbed
from sadtalker3d.dub.retarget import Range, range_of, retarget
from sadtalker3d.dub.timing import FITS, Fit, Retiming, retimed

__all__ = [
    "FITS",
    "DubConfig",
    "Dubbed",
    "Fit",
    "Range",
    "Retiming",
    "dub",
    "dubbed",
    "range_of",
    "retarget",
    "retimed",
]
