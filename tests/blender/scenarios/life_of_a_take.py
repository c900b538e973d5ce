"""Import, apply, look, undo, apply again, as a strip, save and reload, write, remove, uninstall."""

import os
import subprocess
import sys
from pathlib import Path

import bpy
from stage import GIVEN, character, form, install, report, select, use_take, values

FRAMES = [1.0 + 5 * i for i in range(20)]
install()
tool = Path(bpy.utils.system_resource("SCRIPTS")) / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
valid = subprocess.run(
    [sys.executable, tool, "validate", os.environ["ST3D_ZIP"]], capture_output=True, text=True
)
scene = bpy.context.scene
scene.render.fps, scene.render.fps_base = 30, 1.001
head, teeth, rig = character()
rig.pose.bones["Head"].rotation_mode = "XYZ"
own = bpy.data.actions.new("by hand")
rig.animation_data_create().action = own
rig.pose.bones["Head"].location.x = 0.25
rig.pose.bones["Head"].keyframe_insert("location", index=0, frame=1)

out = {"valid": [valid.returncode, valid.stdout]}
bpy.ops.sadtalker3d.add_character()
person = form().characters[0]
out["matched"] = form().message
out["head"] = [person.head.name if person.head else "", person.head_bone]
out["extra"] = person.extra
use_take(GIVEN["take"])
form().place_sound = False
bpy.ops.ed.undo_push(message="before")
bpy.ops.sadtalker3d.apply()
out["said"] = form().message
out["actions"] = sorted(action.name for action in bpy.data.actions)
out["jaw"], out["teeth"] = values(head, "jawOpen", FRAMES), values(teeth, "jawOpen", FRAMES)
out["blink"] = values(head, "eyeBlink_L", FRAMES)
turned = []
for frame in FRAMES:
    scene.frame_set(int(frame))
    bone = rig.pose.bones["Head"]
    turned.append([list(row) for row in (bone.matrix.to_3x3() @ bone.bone.matrix_local.to_3x3().inverted())])
out["turned"] = turned
out["by_hand"] = rig.pose.bones["Head"].location.x

bpy.ops.sadtalker3d.write_track(filepath=GIVEN["written"])

bpy.ops.ed.undo_push(message="applied")
bpy.ops.ed.undo()
head, teeth = bpy.data.objects["Face"], bpy.data.objects["Teeth"]
scene = bpy.context.scene
out["undone"] = [
    sorted(action.name for action in bpy.data.actions),
    head.data.shape_keys.key_blocks["jawOpen"].value,
]

bpy.ops.sadtalker3d.apply()
bpy.ops.sadtalker3d.apply()
out["again"] = sorted(action.name for action in bpy.data.actions)

form().strip = True
bpy.ops.sadtalker3d.apply()
out["as_strip"] = values(head, "jawOpen", FRAMES)
out["strips"] = [
    strip.name for track in head.data.shape_keys.animation_data.nla_tracks for strip in track.strips
]

bpy.ops.wm.save_as_mainfile(filepath=GIVEN["blend"])
bpy.ops.wm.open_mainfile(filepath=GIVEN["blend"])
head = bpy.data.objects["Face"]
out["reloaded"] = values(head, "jawOpen", FRAMES)
select(head)
bpy.ops.sadtalker3d.export_glb(filepath=GIVEN["glb"])
out["exported"] = form().message
bpy.ops.sadtalker3d.remove()
out["removed"] = values(head, "jawOpen", FRAMES)
out["left"] = sorted(action.name for action in bpy.data.actions)
repos = bpy.context.preferences.extensions.repos
ours = next(index for index, repo in enumerate(repos) if repo.module == "user_default")
bpy.ops.extensions.package_uninstall(repo_index=ours, pkg_id="sadtalker3d")
out["registered"] = hasattr(bpy.types.Scene, "sadtalker3d")
report(**out)
