"""The embedded head in the scene: 64 shape keys, materials, eyes, teeth and tongue, identity sliders."""

from typing import Any

import bpy
import numpy as np
from bpy.props import FloatVectorProperty, PointerProperty

import bfm
from sadtalker3d.errors import UserError

from .characters import character_of
from .manners import Mannered
from .performance import FROM_TRACK

SLIDERS = 20  # the first of 80: they hold most of what tells people apart
HEAD_HEIGHT_M = 1.6  # where the pivot is put, so that the head is at a standing person's height
NAME = "SadTalker Head"


def places(model: bfm.FaceModel) -> tuple[np.ndarray, np.ndarray]:
    """The model's distinct vertices (n,) and, for each of its vertices, which of them it is (V,)."""
    return np.unique(model.weld, return_inverse=True)


def add_head(context: Any) -> Any:
    """Add the embedded head as a mesh object."""
    model = bfm.load("open")
    kept, owner = places(model)
    mesh = bpy.data.meshes.new(NAME)
    faces = owner[model.faces]
    whole = (np.diff(np.sort(faces, axis=1)) != 0).all(axis=1)  # welding may close slivers
    mesh.from_pydata(_turned(model.mean[kept]).tolist(), [], faces[whole].tolist())
    mesh.polygons.foreach_set("use_smooth", np.ones(len(mesh.polygons), bool))
    layer = mesh.uv_layers.new(name="UVMap")
    uv = model.uv[model.faces[whole]].reshape(-1, 2)
    layer.data.foreach_set("uv", np.column_stack([uv[:, 0], 1 - uv[:, 1]]).astype(np.float32).ravel())
    _add_materials(mesh, model, whole)
    head = bpy.data.objects.new(NAME, mesh)
    context.collection.objects.link(head)
    head.location = (0, 0, HEAD_HEIGHT_M)
    head.shape_key_add(name="Basis", from_mix=False)
    for name in model.expression_names:
        head.shape_key_add(name=name, from_mix=False).value = 0.0  # Blender 5 starts a new key at 1
    mesh.update()
    shape(head, np.zeros(SLIDERS, np.float32))
    return head


def shape(head: Any, identity: np.ndarray) -> None:
    """Give the head another identity ((n,) standard deviations); its shape keys follow."""
    model = bfm.load("open")
    kept, _ = places(model)
    keys = head.data.shape_keys.key_blocks
    if len(head.data.vertices) != len(kept):
        raise UserError(f"'{head.name}' has been remodelled: its identity cannot change any more")
    rest = _turned(model.neutral(identity)[kept])
    head.data.vertices.foreach_set("co", rest.ravel())
    keys[0].data.foreach_set("co", rest.ravel())
    for name, moved in zip(model.expression_names, model.expression_basis, strict=True):
        if name in keys:
            keys[name].data.foreach_set("co", (rest + _turned(moved[kept])).ravel())
    head.data.update()


def _turned(points: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(points @ FROM_TRACK.T, np.float32)


def _add_materials(mesh: Any, model: bfm.FaceModel, whole: np.ndarray) -> None:
    height, width = model.texture.shape[:2]
    image = bpy.data.images.new(f"{NAME} texture", width, height, alpha=True)
    image.pixels.foreach_set((model.texture[::-1].astype(np.float32) / 255).ravel())
    image.pack()
    part_of = np.zeros(len(model.faces), np.int32)
    for index, (part, faces) in enumerate(model.parts.items()):
        part_of[faces] = index
        mesh.materials.append(_material(part, model.materials[part], image))
    mesh.polygons.foreach_set("material_index", part_of[whole])


def _material(part: str, look: Any, image: Any) -> Any:
    material = bpy.data.materials.new(f"{NAME} {part}")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    surface = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    picture = nodes.new("ShaderNodeTexImage")
    picture.image = image
    picture.location = surface.location.x - 300, surface.location.y
    links.new(picture.outputs["Color"], surface.inputs["Base Color"])
    surface.inputs["Roughness"].default_value = look.roughness
    surface.inputs["Metallic"].default_value = look.metallic
    if look.alpha_mode != "OPAQUE":
        links.new(picture.outputs["Alpha"], surface.inputs["Alpha"])
        if hasattr(material, "surface_render_method"):  # Blender 4.2
            material.surface_render_method = "DITHERED"
        else:
            material.blend_method = "CLIP" if look.alpha_mode == "MASK" else "BLEND"
    material.use_backface_culling = not look.double_sided
    return material


def _identity_changed(self: Any, context: Any) -> None:
    del context
    head = self.id_data
    if head.type == "MESH" and head.data.shape_keys is not None:
        shape(head, np.array(self.identity, np.float32))


class HeadShape(bpy.types.PropertyGroup):
    """The identity of a head that this extension made."""

    identity: FloatVectorProperty(
        name="Identity", description="Who the head is: standard deviations along the model's directions",
        size=SLIDERS, soft_min=-3, soft_max=3, update=_identity_changed,
    )  # fmt: skip


class SADTALKER3D_OT_new_head(Mannered, bpy.types.Operator):
    """Add the free head that comes with the extension, ready to speak"""

    bl_idname = "sadtalker3d.new_head"
    bl_label = "New Head"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        return "" if context.mode == "OBJECT" else "Leave edit or pose mode first"

    def run(self, context: Any) -> str:
        head = add_head(context)
        for thing in context.selected_objects:
            thing.select_set(False)
        head.select_set(True)
        context.view_layer.objects.active = head
        return character_of(context, head)


CLASSES = (HeadShape, SADTALKER3D_OT_new_head)


def register_properties() -> None:
    """Identity sliders on objects."""
    bpy.types.Object.sadtalker3d_head = PointerProperty(type=HeadShape)


def unregister_properties() -> None:
    """Take them off again; files keep their values."""
    del bpy.types.Object.sadtalker3d_head
