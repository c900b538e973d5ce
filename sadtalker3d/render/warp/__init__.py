"""A photo moved by the 3D head: what is drawn, where its colours come from, and the loops that draw it."""
