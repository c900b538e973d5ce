"""Every bad input: one sentence, nothing changed."""

import os
import shutil

import bpy
from stage import GIVEN, character, form, install, report, select, use_take

install()
head, teeth, rig = character()
out = {}


def refused(name: str, operator, **options) -> None:
    actions = len(bpy.data.actions)
    result = operator(**options)
    out[name] = [sorted(result), form().message, len(bpy.data.actions) - actions]


bpy.ops.sadtalker3d.add_character()
use_take(GIVEN["take"])
form().place_sound = False
use_take(GIVEN["a2f"])
out["captured"] = [form().message, len(form().takes)]
form().take = 0
keys = head.data.shape_keys

keys.use_relative = False
refused("absolute", bpy.ops.sadtalker3d.apply)
keys.use_relative = True

keys.key_blocks["jawOpen"].mute = True
refused("muted", bpy.ops.sadtalker3d.apply)
keys.key_blocks["jawOpen"].mute = False

keys.key_blocks["jawOpen"].driver_add("value")
refused("driven", bpy.ops.sadtalker3d.apply)
keys.key_blocks["jawOpen"].driver_remove("value")

select(head)
bpy.ops.object.mode_set(mode="EDIT")
refused("edit mode", bpy.ops.sadtalker3d.apply)
bpy.ops.object.mode_set(mode="OBJECT")

form().characters[0].head_bone = "Neck"
refused("no bone", bpy.ops.sadtalker3d.apply)
form().characters[0].head_bone = "Head"

form().characters[0].rows[0].source = "wing"
refused("other rig", bpy.ops.sadtalker3d.apply)
bpy.ops.sadtalker3d.match()

form().place_sound, form().takes[0].sound = True, "/nowhere/speech.wav"
refused("no sound", bpy.ops.sadtalker3d.apply)
form().place_sound = False

refused("basel", bpy.ops.sadtalker3d.import_track, filepath=GIVEN["basel"])
refused("not a track", bpy.ops.sadtalker3d.import_track, filepath=__file__)

form().speech = "/nowhere/speech.wav"
refused("no speech", bpy.ops.sadtalker3d.generate)
form().speech = GIVEN["not_sound"]
refused("not sound", bpy.ops.sadtalker3d.generate)

form().speech = GIVEN["take"]
os.environ["SADTALKER3D"] = GIVEN["other_version"]
refused("other version", bpy.ops.sadtalker3d.generate)
os.environ["SADTALKER3D"] = "/nowhere/sadtalker3d"
refused("no command", bpy.ops.sadtalker3d.generate)

bare = bpy.data.objects.new("Bare", bpy.data.meshes.new("Bare"))
bpy.context.collection.objects.link(bare)
select(bare)
refused("no shape keys", bpy.ops.sadtalker3d.add_character)
bare.data.from_pydata([(0, 0, 0)], [], [])
for key in ("Basis", "whatever"):
    bare.shape_key_add(name=key)
refused("no known name", bpy.ops.sadtalker3d.add_character)
out["characters"] = len(form().characters)

bpy.ops.wm.save_as_mainfile(filepath=GIVEN["library"], copy=True)
with bpy.data.libraries.load(GIVEN["library"], link=True) as (_, wanted):
    wanted.objects = ["Teeth"]
linked = wanted.objects[0]
bpy.context.collection.objects.link(linked)
select(linked)
refused("linked", bpy.ops.sadtalker3d.add_character)
bpy.context.collection.objects.unlink(linked)
override = linked.override_create()
bpy.context.collection.objects.link(override)
select(override)
refused("override", bpy.ops.sadtalker3d.add_character)

if bpy.app.version >= (4, 3, 0):  # the module of 4.2 has no sound
    shutil.copy(GIVEN["speech"], GIVEN["packed"])
    editor = bpy.context.scene.sequence_editor_create()
    strip = (editor.strips if hasattr(editor, "strips") else editor.sequences).new_sound(
        "x", GIVEN["packed"], 1, 1
    )
    strip.select = True
    strip.sound.pack()
    os.remove(GIVEN["packed"])
    form().use_strip = True
    refused("packed", bpy.ops.sadtalker3d.generate)
    form().use_strip = False

limited = keys.key_blocks["jawOpen"]
limited.slider_max = 0.1
select(head)
bpy.ops.sadtalker3d.apply()
out["limited"] = form().message

second, other_teeth, other_rig = character()
bpy.ops.sadtalker3d.add_character()
bpy.ops.sadtalker3d.apply()
form().character = 0
bpy.ops.sadtalker3d.remove()
out["other"] = [
    bool(head.data.shape_keys.animation_data and head.data.shape_keys.animation_data.action),
    bool(second.data.shape_keys.animation_data.action),
]

form().characters[0].rows[0].gain = 0.5
bpy.ops.sadtalker3d.save_map(filepath=GIVEN["map"])
form().characters[0].rows[0].gain = 3
bpy.ops.sadtalker3d.load_map(filepath=GIVEN["map"])
out["map"] = [form().message, form().characters[0].rows[0].gain]
report(**out)
