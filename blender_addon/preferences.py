"""The extension's preferences: where the command line is."""

from typing import Any

import bpy
from bpy.props import StringProperty

from sadtalker3d.errors import UserError

from .bridge import find_command, require_version


class SADTALKER3D_AP_preferences(bpy.types.AddonPreferences):
    """Where the command line is, and whether it answers."""

    bl_idname = __package__

    command: StringProperty(
        name="Command", subtype="FILE_PATH",
        description="The sadtalker3d program, or a Python that has the package; empty: found on its own",
    )  # fmt: skip
    answer: StringProperty()

    def draw(self, context: Any) -> None:
        row = self.layout.row()
        row.prop(self, "command")
        row.operator("sadtalker3d.check")
        if self.answer:
            self.layout.label(text=self.answer)


class SADTALKER3D_OT_check(bpy.types.Operator):
    """Ask the command line for its version"""

    bl_idname = "sadtalker3d.check"
    bl_label = "Check"

    def execute(self, context: Any) -> set[str]:
        own = context.preferences.addons[__package__].preferences
        try:
            command = find_command(own.command)
            own.answer = f"version {require_version(command)}: {command[0]}"
        except UserError as error:
            own.answer = str(error)
            self.report({"WARNING"}, own.answer)
            return {"CANCELLED"}
        self.report({"INFO"}, own.answer)
        return {"FINISHED"}


CLASSES = (SADTALKER3D_AP_preferences, SADTALKER3D_OT_check)
