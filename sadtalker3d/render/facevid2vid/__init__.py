"""SadTalker's neural renderer: a portrait and face coefficients -> frames (face-vid2vid with MappingNet)."""
