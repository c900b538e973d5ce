"""Footage read frame by frame, some of its pixels replaced, and everything else kept: `refilm` is the way in.

`frames.py` numbers and finds frames, `planes.py` holds their pixels as they are stored, `colours.py` replaces some,
`encoding.py` says how they are compressed again, `tracks.py` carries the other tracks over.
"""
