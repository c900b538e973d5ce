"""Morphable models: the embedded `open` head and the user's own Basel files."""
