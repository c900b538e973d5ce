"""Named blend shapes: ARKit's 52 and the columns of the `open` space."""

from sadtalker3d.rig.arkit import ARKIT_52, OPEN_64, SPEECH_12

__all__ = ["ARKIT_52", "OPEN_64", "SPEECH_12"]
