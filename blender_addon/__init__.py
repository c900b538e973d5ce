"""SadTalker 3D: speech becomes shape-key animation and head motion, on the timeline. Registers, and no more."""

# Blender before 4.2 reads this; from 4.2 on it is blender_manifest.toml.
bl_info = {
    "name": "SadTalker 3D",
    "author": "The sadtalker3d project",
    "version": (0, 1, 0),
    "blender": (3, 4, 0),
    "location": "3D viewport > Sidebar > SadTalker 3D",
    "description": "Speech to facial animation and head motion on your own character",
    "category": "Animation",
}


def register() -> None:
    from . import floor

    floor.prepare()  # before anything that imports the project's floor modules
    from . import registration

    registration.register()


def unregister() -> None:
    from . import registration

    registration.unregister()
