"""How long applying takes, and how fast the new head plays."""

import time

import bpy
from stage import GIVEN, character, form, install, report, select, use_take

install()
from sadtalker3d.rig import ARKIT_52  # noqa: E402 - the extension has brought it

head, teeth, rig = character(ARKIT_52)
third = head.copy()
third.data = head.data.copy()
bpy.context.collection.objects.link(third)
for key in ARKIT_52[1:]:
    if key not in teeth.data.shape_keys.key_blocks:
        teeth.shape_key_add(name=key)
select(head, teeth, third)
bpy.ops.sadtalker3d.add_character()
use_take(GIVEN["take"])
form().place_sound = False
seconds = []
for _ in range(3):
    start = time.perf_counter()
    bpy.ops.sadtalker3d.apply()
    seconds.append(time.perf_counter() - start)
curves = form().message

for thing in (head, teeth, third):
    bpy.data.objects.remove(thing)
bpy.ops.sadtalker3d.new_head()
bpy.ops.sadtalker3d.apply()
start = time.perf_counter()
for frame in range(1, 101):
    bpy.context.scene.frame_set(frame)
played = 100 / (time.perf_counter() - start)
report(blender=bpy.app.version_string, said=curves, apply_s=min(seconds), new_head_frames_per_s=played)
