"""Characters: which objects speak together, and which shape key shows which column."""

import json
from pathlib import Path
from typing import Any

import bpy
from bpy.props import StringProperty

from sadtalker3d.errors import UserError
from sadtalker3d.rig.bones import role_of
from sadtalker3d.rig.dialects import read_map

from .curves import is_driven
from .manners import Mannered
from .matching import map_document, match, rows_of_map
from .performance import Row
from .properties import current_character, remove_chosen, settings

MANY_NAMES = 6  # that fit on the panel


def selected_meshes(context: Any) -> list[Any]:
    """The selected meshes."""
    return [thing for thing in context.selected_objects if thing.type == "MESH"]


def shape_keys(thing: Any) -> Any:
    """The relative shape keys of a mesh object, or UserError that says what is wrong with it."""
    if thing.override_library is not None:
        raise UserError(f"'{thing.name}' is a library override: make it local to animate its shape keys")
    if thing.library is not None or (thing.data and thing.data.library is not None):
        raise UserError(f"'{thing.name}' is linked from another file: make it local, or work in that file")
    if thing.mode == "EDIT":
        raise UserError(f"'{thing.name}' is in edit mode: leave it with Tab")
    keys = thing.data.shape_keys
    if keys is None or len(keys.key_blocks) < 2:
        raise UserError(f"'{thing.name}' has no shape keys: choose the face, or add a head with New Head")
    if not keys.use_relative:
        raise UserError(
            f"'{thing.name}' has absolute shape keys: switch Relative on in its shape keys' panel"
        )
    return keys


def meshes_of(character: Any) -> list[Any]:
    """The character's objects that still exist."""
    found = [member.object for member in character.objects if member.object is not None]
    if not found:
        raise UserError(f"'{character.name}' has no objects any more: select its meshes and press Match")
    return found


def rows_of(character: Any) -> list[Row]:
    """The character's map."""
    return [
        Row(row.key, row.source, row.gain, row.offset) for row in character.rows if row.key and row.source
    ]


def owners(character: Any) -> list[Any]:
    """Every ID that a take animates on this character: the meshes' shape keys, and the head's object."""
    found = [thing.data.shape_keys for thing in meshes_of(character) if thing.data.shape_keys]
    return [*found, *([character.head] if character.head else [])]


def check_free(keys: Any, name: str) -> None:
    """UserError when a shape key cannot be animated because something else owns it."""
    block = keys.key_blocks[name]
    if is_driven(keys, f'key_blocks["{bpy.utils.escape_identifier(name)}"].value'):
        raise UserError(f"shape key '{name}' has a driver: remove the driver, or the line from the map")
    if block.mute:
        raise UserError(f"shape key '{name}' is muted: switch it on, or remove the line from the map")


def rematch(character: Any, meshes: list[Any]) -> str:
    """Fill a character's map from the names of its meshes' keys; returns what was found, as a sentence."""
    names = [block.name for thing in meshes for block in shape_keys(thing).key_blocks[1:]]
    found = match(names)
    if not found.rows:
        shown = ", ".join(list(dict.fromkeys(names))[:MANY_NAMES])
        raise UserError(
            f"none of the shape keys has a known name ({shown}): rename them as ARKit's, or load a map"
        )
    character.objects.clear()
    for thing in meshes:
        character.objects.add().object = thing
    fill_rows(character, found.rows)
    character.missing, character.extra = ", ".join(found.missing), ", ".join(found.extra)
    shapes = len({row.key for row in found.rows})
    missing, extra = len(found.missing), len(found.extra)
    return f"{shapes} keys matched ({', '.join(found.dialects)}), {missing} missing, {extra} left alone"


def fill_rows(character: Any, rows: Any) -> None:
    """Replace a character's map."""
    character.rows.clear()
    for row in rows:
        line = character.rows.add()
        line.key, line.source, line.gain, line.offset = row.key, row.source, row.gain, row.offset


def character_of(context: Any, head: Any) -> str:
    """Make a head, which turns as a whole, the chosen character; what its matching found, in words."""
    form = settings(context)
    character = form.characters.add()
    said = rematch(character, [head])
    character.name, character.head, character.head_shift = head.name, head, 1.0
    form.character = len(form.characters) - 1
    return f"{head.name}: {said}"


def find_head(meshes: list[Any]) -> tuple[Any, dict[str, str]]:
    """The armature that turns the head, and its bones by what they are ("head", "leftEye", ...), or (None, {})."""
    for thing in meshes:
        parent = thing.parent if thing.parent and thing.parent.type == "ARMATURE" else None
        armature = thing.find_armature() or parent
        if armature is not None:
            roles: dict[str, str] = {}
            for bone in armature.data.bones:
                role = role_of(bone.name)
                if role is not None:
                    roles.setdefault(role, bone.name)
            if "head" in roles:
                return armature, roles
    return None, {}


def take_bones(character: Any, roles: dict[str, str]) -> None:
    """Let the character's head and eyes turn by these bones; eyes only where no shape key looks around."""
    character.head_bone = roles.get("head", "")
    if not any("eyeLook" in row.source for row in character.rows):
        character.eye_left, character.eye_right = roles.get("leftEye", ""), roles.get("rightEye", "")


class SADTALKER3D_OT_add_character(Mannered, bpy.types.Operator):
    """Make a character of the selected meshes: everything that speaks together, such as head, teeth, tongue, lashes"""

    bl_idname = "sadtalker3d.add_character"
    bl_label = "Character from Selection"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        return "" if selected_meshes(context) else "Select the meshes of the face first"

    def run(self, context: Any) -> str:
        meshes = sorted(selected_meshes(context), key=lambda thing: thing is not context.object)
        speaking = [thing for thing in meshes if thing.data.shape_keys] or meshes
        for thing in speaking:
            shape_keys(thing)
        form = settings(context)
        known = next((c for c in form.characters if any(m.object == speaking[0] for m in c.objects)), None)
        character = known or form.characters.add()
        try:
            said = rematch(character, speaking)
        except UserError:
            if known is None:
                form.characters.remove(len(form.characters) - 1)
            raise
        if known is None:
            character.name = speaking[0].name
            character.head, bones = find_head(speaking)
            take_bones(character, bones)
        form.character = list(form.characters).index(character)
        return f"{character.name}: {said}"


class SADTALKER3D_OT_remove_character(Mannered, bpy.types.Operator):
    """Forget this character; its objects and their animation stay"""

    bl_idname = "sadtalker3d.remove_character"
    bl_label = "Forget Character"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        return "" if current_character(context) else "There is no character"

    def run(self, context: Any) -> str:
        form = settings(context)
        name = current_character(context).name
        remove_chosen(form, "characters", "character")
        return f"{name} forgotten"


class _OfCharacter(Mannered):
    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        return "" if current_character(context) else "Make a character first"


class _OfMap(Mannered):
    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        character = current_character(context)
        return "" if character and len(character.rows) else "The map has no lines"


class SADTALKER3D_OT_match(_OfCharacter, bpy.types.Operator):
    """Match the shape keys' names again, after renaming or adding some; replaces the map"""

    bl_idname = "sadtalker3d.match"
    bl_label = "Match"
    bl_options = {"REGISTER", "UNDO"}

    def run(self, context: Any) -> str:
        character = current_character(context)
        return rematch(character, meshes_of(character))


class SADTALKER3D_OT_add_row(_OfCharacter, bpy.types.Operator):
    """Add a line to the map"""

    bl_idname = "sadtalker3d.add_row"
    bl_label = "Add Line"
    bl_options = {"REGISTER", "UNDO"}

    def run(self, context: Any) -> str:
        character = current_character(context)
        character.rows.add()
        character.row = len(character.rows) - 1
        return "line added: name its shape key and what it follows"


class SADTALKER3D_OT_remove_row(_OfMap, bpy.types.Operator):
    """Remove the selected line of the map"""

    bl_idname = "sadtalker3d.remove_row"
    bl_label = "Remove Line"
    bl_options = {"REGISTER", "UNDO"}

    def run(self, context: Any) -> str:
        remove_chosen(current_character(context), "rows", "row")
        return "line removed"


class SADTALKER3D_OT_save_map(_OfMap, bpy.types.Operator):
    """Save the map to a file, for other characters of the same make and for `sadtalker3d export --rig`"""

    bl_idname = "sadtalker3d.save_map"
    bl_label = "Save Map"

    filepath: StringProperty(subtype="FILE_PATH")
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})

    def invoke(self, context: Any, event: Any) -> set[str]:
        self.filepath = f"{current_character(context).name}.json"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def run(self, context: Any) -> str:
        path = Path(bpy.path.abspath(self.filepath)).with_suffix(".json")
        character = current_character(context)
        given = {"head": character.head_bone, "leftEye": character.eye_left, "rightEye": character.eye_right}
        document = map_document(
            path.name, rows_of(character), {role: name for role, name in given.items() if name}
        )
        try:
            path.write_text(json.dumps(document, indent=1), "utf-8")
        except OSError as error:
            raise UserError(f"{path} cannot be written ({error.strerror}): choose another folder") from None
        return f"map saved as {path.name}"


class SADTALKER3D_OT_load_map(_OfCharacter, bpy.types.Operator):
    """Load a map saved before"""

    bl_idname = "sadtalker3d.load_map"
    bl_label = "Load Map"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(subtype="FILE_PATH")
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})

    def invoke(self, context: Any, event: Any) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def run(self, context: Any) -> str:
        path = Path(bpy.path.abspath(self.filepath))
        rows = rows_of_map(read_map(path))
        character = current_character(context)
        fill_rows(character, rows)
        keys = {block.name for thing in meshes_of(character) for block in shape_keys(thing).key_blocks[1:]}
        lost = sorted({row.key for row in rows} - keys)
        character.missing, character.extra = "", ", ".join(sorted(keys - {row.key for row in rows}))
        return f"{path.name}: {len(rows)} lines" + (
            f"; not on this character: {', '.join(lost[:MANY_NAMES])}" if lost else ""
        )


class SADTALKER3D_UL_rows(bpy.types.UIList):
    """The lines of a map: key, column, gain, offset."""

    def draw_item(
        self,
        context: Any,
        layout: Any,
        data: Any,
        item: Any,
        icon: int,
        active_data: Any,
        active_property: str,
    ) -> None:
        row = layout.row(align=True)
        row.prop(item, "key", text="", emboss=False)
        row.prop(item, "source", text="", emboss=False)
        numbers = row.row(align=True)
        numbers.scale_x = 0.55
        numbers.prop(item, "gain", text="", emboss=False)
        numbers.prop(item, "offset", text="", emboss=False)


CLASSES = (
    SADTALKER3D_OT_add_character,
    SADTALKER3D_OT_remove_character,
    SADTALKER3D_OT_match,
    SADTALKER3D_OT_add_row,
    SADTALKER3D_OT_remove_row,
    SADTALKER3D_OT_save_map,
    SADTALKER3D_OT_load_map,
    SADTALKER3D_UL_rows,
)
