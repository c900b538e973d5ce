"""What a scene remembers of this extension: the form's fields, the takes and the characters.

No `from __future__ import annotations`: Blender reads the annotations themselves.
"""

from typing import Any

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from sadtalker3d.edit import EMOTIONS
from sadtalker3d.motion.styles import STYLES, style_name

from .performance import FACINGS


class MapRow(bpy.types.PropertyGroup):
    """One line of a character's map."""

    key: StringProperty(name="Shape key", description="Shape key of the character")
    source: StringProperty(
        name="Follows",
        description="What moves it: a column such as jawOpen, a sum such as jawOpen + 0.5 mouthFunnel, or a viseme: "
        "looks 0.5 jawOpen + 0.4 tongueDown",
    )
    gain: FloatProperty(
        name="Gain", description="How much of the column the key takes", default=1.0, soft_min=-2, soft_max=2
    )
    offset: FloatProperty(
        name="Offset", description="Added to the key at every frame", soft_min=-1, soft_max=1
    )


class CharacterObject(bpy.types.PropertyGroup):
    """A mesh that speaks together with the others of its character."""

    object: PointerProperty(name="Object", type=bpy.types.Object)


class Character(bpy.types.PropertyGroup):
    """Objects that speak together, and how."""

    objects: CollectionProperty(type=CharacterObject)
    rows: CollectionProperty(type=MapRow)
    row: IntProperty(name="Line", description="The selected line of the map")
    missing: StringProperty(
        name="Missing", description="Shapes of the track that no key of this character shows"
    )
    extra: StringProperty(
        name="Left alone", description="Shape keys of this character that the track does not move"
    )
    head: PointerProperty(
        name="Head", description="Armature or object that turns with the head; empty: the face alone moves",
        type=bpy.types.Object,
    )  # fmt: skip
    head_bone: StringProperty(name="Bone", description="Bone of the armature that turns with the head")
    head_strength: FloatProperty(
        name="Turn", description="How much of the head's rotation is applied", default=1.0, min=0, soft_max=2
    )
    head_shift: FloatProperty(
        name="Shift",
        description="How much of the head's small movements is applied; for an object, in metres",
        default=0.0,
        min=0,
        soft_max=2,
    )
    facing: EnumProperty(
        name="Looks along", description="Where the face looks in the axes of its object or armature",
        items=[(axis, axis, f"The face looks along {axis}") for axis in FACINGS], default="-Y",
    )  # fmt: skip
    eye_left: StringProperty(
        name="Left eye", description="Bone of the character's left eye, where it has no eye shapes"
    )
    eye_right: StringProperty(
        name="Right eye", description="Bone of the character's right eye, where it has no eye shapes"
    )
    eye_reach: FloatProperty(
        name="Eye reach",
        description="How far an eye turns when its look shape is full",
        default=0.5,
        min=0,
        max=1.2,
        subtype="ANGLE",
    )


class Take(bpy.types.PropertyGroup):
    """A track file that can be applied."""

    path: StringProperty(name="Track", description="The track's file", subtype="FILE_PATH")
    sound: StringProperty(name="Sound", description="The sound it belongs to", subtype="FILE_PATH")
    frames: IntProperty(name="Frames")
    fps: FloatProperty(name="Frames a second")


def _style_items() -> list[tuple[str, str, str]]:
    return [
        (str(i), f"{i}  {name}", f"Head style {i}: {name}")
        for i, name in enumerate(map(style_name, range(STYLES)))
    ]


STYLE_ITEMS = _style_items()  # Blender keeps no copy of dynamic items: they must stay alive


class Settings(bpy.types.PropertyGroup):
    """The panel's fields, takes and characters."""

    speech: StringProperty(
        name="Speech", description="Sound or video file with the speech, any language", subtype="FILE_PATH"
    )
    use_strip: BoolProperty(
        name="Selected strip", description="Take the speech from the selected sound strip of the sequencer"
    )
    style: EnumProperty(name="Style", description="How the head moves", items=STYLE_ITEMS)
    seed: IntProperty(
        name="Seed",
        description="Another number, another performance of the same speech",
        min=0,
        max=2**31 - 1,
    )
    mouth: FloatProperty(name="Mouth", description="Amount of mouth movement", default=1.0, min=0, soft_max=2)
    upper_face: FloatProperty(
        name="Upper face",
        description="Amount of brow, cheek and lid movement",
        default=1.0,
        min=0,
        soft_max=2,
    )
    head: FloatProperty(name="Head", description="Amount of head movement", default=1.0, min=0, soft_max=2)
    blink: FloatProperty(name="Blinks", description="Amount of blinking", default=1.0, min=0, soft_max=2)
    gaze: FloatProperty(name="Gaze", description="Amount of eye movement", default=1.0, min=0, soft_max=2)
    still: BoolProperty(name="Still head", description="The head does not move")
    emotion: EnumProperty(
        name="Emotion",
        description="The mood of the performance; it grows and falls with the voice",
        items=[
            ("NONE", "None", "As it was spoken"),
            *((e, e.capitalize(), f"The face of {e}") for e in EMOTIONS),
        ],
    )
    intensity: FloatProperty(
        name="Intensity", description="How strong the emotion is", default=0.6, min=0, max=1
    )
    look: EnumProperty(
        name="Looks at",
        description="Where the eyes look",
        items=[
            ("FREE", "Free", "The eyes wander as people's do when they talk"),
            ("CAMERA", "Camera", "The eyes stay on somebody straight ahead while the head moves"),
        ],
    )

    dub_from: EnumProperty(
        name="Performance",
        description="What gets the new words",
        items=[
            ("TAKE", "Take", "The chosen take"),
            (
                "TIMELINE",
                "Timeline",
                "The character's animation as it is on the timeline, edits by hand included",
            ),
        ],
    )
    dub_fit: EnumProperty(
        name="Lengths",
        description="What happens where the new speech is longer or shorter",
        items=[
            ("KEEP", "Keep", "The performance in its own time; it goes on where the speech is longer"),
            ("STRETCH", "Stretch", "The performance faster or slower, as long as the speech"),
            ("PAUSES", "Pauses", "The performance pauses where the new speech pauses"),
        ],
    )
    footage: BoolProperty(
        name="Footage",
        description="Write the film that the take was fitted to as well, with the new mouth and sound",
        default=False,
    )
    tension: FloatProperty(
        name="Tension",
        description="How much of the performer's own smile or tension stays",
        default=1.0,
        min=0,
        max=2,
    )
    soften: FloatProperty(
        name="Soften",
        description="How much of the head's accents goes where the new voice is silent",
        default=0.5,
        min=0,
        max=1,
    )

    takes: CollectionProperty(type=Take)
    take: IntProperty(name="Take", description="The take that Apply and Export use")
    characters: CollectionProperty(type=Character)
    character: IntProperty(name="Character", description="The character that Apply works on")

    start: IntProperty(name="Start", description="Frame of the scene at which the take begins", default=1)
    whole_frames: BoolProperty(
        name="Whole frames",
        description="Resample to the scene's frame rate; otherwise keys may lie between frames",
    )
    blend: EnumProperty(
        name="Blend", description="What happens to animation that is there already",
        items=[
            ("REPLACE", "Replace", "The take alone moves the shapes it knows"),
            ("ADD", "Additive", "The take is added to what is there"),
        ],
    )  # fmt: skip
    strip: BoolProperty(
        name="NLA strip", description="Put the take on an NLA track of its own instead of the active action"
    )
    reduce: BoolProperty(name="Fewer keys", description="Leave out keys that the others imply")
    tolerance: FloatProperty(
        name="Tolerance",
        description="How far a weight may be from the track's where keys are left out",
        default=0.005,
        min=0.0001,
        max=0.2,
        precision=4,
    )
    interpolation: EnumProperty(
        name="Between keys", description="How values go from key to key",
        items=[
            ("LINEAR", "Linear", "Straight, as the track has it"),
            ("BEZIER", "Smooth", "Bezier with auto-clamped handles, for editing by hand"),
            ("CONSTANT", "Stepped", "No in-between, for 2D looks"),
        ],
    )  # fmt: skip
    place_sound: BoolProperty(
        name="Place sound",
        description="Put the take's sound into the sequencer at the start frame",
        default=True,
    )
    set_range: BoolProperty(
        name="Set frame range", description="Set the scene's first and last frame to the take's"
    )

    portrait: StringProperty(
        name="Portrait",
        description="Picture of a person, for the photoreal video or the likeness of a new head",
        subtype="FILE_PATH",
    )
    message: StringProperty(name="Message", description="What happened last")
    failed: BoolProperty()
    log: StringProperty(
        name="Log", description="Messages of the last run of the command line", subtype="FILE_PATH"
    )


def settings(context: Any) -> Any:
    """The scene's settings."""
    return context.scene.sadtalker3d


def remove_chosen(owner: Any, collection: str, index: str) -> None:
    """Remove the chosen item of an owner's collection; the one after it is chosen then."""
    items = getattr(owner, collection)
    items.remove(getattr(owner, index))
    setattr(owner, index, max(min(getattr(owner, index), len(items) - 1), 0))


def current_take(context: Any) -> Any:
    """The chosen take, or None."""
    form = settings(context)
    return form.takes[form.take] if 0 <= form.take < len(form.takes) else None


def current_character(context: Any) -> Any:
    """The chosen character, or None."""
    form = settings(context)
    return form.characters[form.character] if 0 <= form.character < len(form.characters) else None


CLASSES = (MapRow, CharacterObject, Character, Take, Settings)
