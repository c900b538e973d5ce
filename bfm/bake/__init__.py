"""How head.npz is made from CC0 sources; `python -m bfm.bake`."""
