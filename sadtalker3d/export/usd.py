"""USD as text (.usda): the head with UsdSkel blend shapes, for usdview, Houdini, Maya, Omniverse, Unreal and Blender.

A SkelRoot "Head" holds one Mesh "Face" with 64 sparse BlendShapes, a Skeleton of one joint "head" and a SkelAnimation
"Take": the joint's rotation and translation are the head pose, `blendShapeWeights` the expression. Time code i is frame
i, `timeCodesPerSecond` the track's rate. Metres, y up, the face looks along +z. The texture is a PNG beside the file,
the sound a SpatialAudio. What USD has no place for is in `customLayerData`, so that `read` gives the track back.

Written without any USD library; see `usd_text` for reading. Sources: openusd.org, UsdSkel schemas and
"Schemas In-Depth"; UsdPreviewSurface specification.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d import __version__
from sadtalker3d.export.face_shown import UNIT_M
from sadtalker3d.export.head_mesh import HeadMesh, head_mesh, write_texture
from sadtalker3d.export.usd_text import read
from sadtalker3d.files import replacing
from sadtalker3d.rotation import to_quaternions
from sadtalker3d.track import SCHEMA, Track

if TYPE_CHECKING:
    from bfm.model import FaceModel, Material

__all__ = ["beside", "read", "write"]

SMALLEST_SHIFT_M = 1e-6  # a thousandth of a millimetre cannot be seen
SMALLEST_TURN = 8e-3  # change of a unit normal, half a degree: two steps of 8-bit shading at most
SOUNDS = (".wav", ".mp3", ".m4a")  # what SpatialAudio may name
OFFSET_DECIMALS = 7  # of metres


def beside(path: Path) -> list[Path]:
    """The texture."""
    return [path.with_name(f"{path.stem}_texture.png")]


def write(
    track: Track, path: str | Path, *, face: FaceModel | None = None, identity: np.ndarray | None = None
) -> Path:
    """Write a track as an animated head.

    Parameters
    ----------
    track : its space must be the face's
    path : the .usda to make; replaced when it exists
    face : the morphable model; for an `open` track the embedded head unless given
    identity : (80,) coefficients of the person; the mean head unless given

    Raises
    ------
    UserError : the track is of another space than the face or lacks one of its columns, or a file that cannot be
        written
    """
    path = Path(path)
    names = track.names
    mesh, track = head_mesh(track, face, identity)
    (texture,) = beside(path)
    with ExitStack() as files:
        if mesh.texture is not None:
            write_texture(mesh.texture, files.enter_context(replacing(texture)))
        partial = files.enter_context(replacing(path))
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(_layer(mesh, track, names, path, texture))
    return path


def _layer(mesh: HeadMesh, track: Track, names: tuple[str, ...], path: Path, texture: Path) -> Iterator[str]:
    yield _header(track, names)
    yield 'def SkelRoot "Head" (\n    prepend apiSchemas = ["SkelBindingAPI"]\n)\n{\n'
    yield _skeleton()
    yield from _animation(track)
    yield "    }\n"  # of the skeleton
    yield from _mesh(mesh)
    yield '    def Scope "Looks"\n    {\n'
    for part in mesh.parts:
        yield _look(part, mesh.materials[part], texture.name if mesh.texture is not None else None)
    yield "    }\n"
    if (
        track.audio is not None
        and Path(track.audio).suffix.lower() in SOUNDS
        and (path.parent / track.audio).is_file()
    ):
        yield _sound(track.audio)
    yield "}\n"


def _header(track: Track, names: tuple[str, ...]) -> str:
    kept = {
        "schema": SCHEMA, "fps": track.fps, "space": track.space, "names": list(names),
        "audio": track.audio, "meta": dict(track.meta),
    }  # fmt: skip
    return f"""#usda 1.0
(
    customLayerData = {{
        string sadtalker3d = {quoted(json.dumps(kept))}
    }}
    defaultPrim = "Head"
    doc = {quoted(f"sadtalker3d {__version__}" + ("; head: CC0-1.0" if track.space == "open" else ""))}
    endTimeCode = {len(track) - 1}
    framesPerSecond = {track.fps!r}
    metersPerUnit = 1
    startTimeCode = 0
    timeCodesPerSecond = {track.fps!r}
    upAxis = "Y"
)

"""


def quoted(text: str) -> str:
    """A string of .usda, which knows the escapes of C."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{plain}"'


def _skeleton() -> str:
    still = "( (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1) )"
    return f"""    def Skeleton "Skeleton" (
        prepend apiSchemas = ["SkelBindingAPI"]
    )
    {{
        uniform matrix4d[] bindTransforms = [{still}]
        uniform token[] joints = ["head"]
        uniform matrix4d[] restTransforms = [{still}]
        rel skel:animationSource = </Head/Skeleton/Take>

"""


def _animation(track: Track) -> Iterator[str]:
    names = ", ".join(map(quoted, track.names))
    yield f"""        def SkelAnimation "Take"
        {{
            uniform token[] blendShapes = [{names}]
            float[] blendShapeWeights.timeSamples = {{
"""
    for i, row in enumerate(track.expression):
        # str of a float32 is the shortest text that reads back to the same number
        yield f"                {i}: [{', '.join(map(str, row))}],\n"
    yield '            }\n            uniform token[] joints = ["head"]\n'
    x, y, z, w = to_quaternions(track.rotation).astype(np.float32).T
    yield "            quatf[] rotations.timeSamples = {\n"
    for i, row in enumerate(np.stack([w, x, y, z], axis=1)):  # USD's quaternions begin with the real part
        yield f"                {i}: [({', '.join(map(str, row))})],\n"
    yield "            }\n            half3[] scales = [(1, 1, 1)]\n"
    yield "            float3[] translations.timeSamples = {\n"
    for i, row in enumerate(track.translation * np.float32(UNIT_M[track.space])):
        yield f"                {i}: [({', '.join(map(str, row))})],\n"
    yield "            }\n        }\n"


def _mesh(mesh: HeadMesh) -> Iterator[str]:
    count = len(mesh.triangles)
    normals = mesh.normals(mesh.rest)
    low, high = mesh.rest.min(axis=0), mesh.rest.max(axis=0)
    targets = ",\n            ".join(f"</Head/Face/{name}>" for name in mesh.names)
    yield f"""
    def Mesh "Face" (
        prepend apiSchemas = ["SkelBindingAPI", "MaterialBindingAPI"]
    )
    {{
        float3[] extent = [({_row(low)}), ({_row(high)})]
        int[] faceVertexCounts = [{", ".join(["3"] * count)}]
        int[] faceVertexIndices = [{", ".join(map(str, mesh.triangles.ravel().tolist()))}]
        normal3f[] normals = [{_vectors(normals, 4)}] (
            interpolation = "vertex"
        )
        point3f[] points = [{_vectors(mesh.rest, 7)}]
        color3f[] primvars:displayColor = [(0.75, 0.6, 0.52)]
        matrix4d primvars:skel:geomBindTransform = ( (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1) )
        int[] primvars:skel:jointIndices = [0] (
            elementSize = 1
            interpolation = "constant"
        )
        float[] primvars:skel:jointWeights = [1] (
            elementSize = 1
            interpolation = "constant"
        )
        texCoord2f[] primvars:st = [{_vectors(mesh.uv, 6)}] (
            interpolation = "faceVarying"
        )
        int[] primvars:st:indices = [{", ".join(map(str, mesh.uv_triangles.ravel().tolist()))}]
        uniform token[] skel:blendShapes = [{", ".join(map(quoted, mesh.names))}]
        rel skel:blendShapeTargets = [
            {targets}
        ]
        rel skel:skeleton = </Head/Skeleton>
        uniform token subdivisionScheme = "none"
        uniform token subsetFamily:materialBind:familyType = "partition"

"""
    for name, shape in zip(mesh.names, mesh.shapes, strict=True):
        turns = mesh.normals(mesh.rest + shape) - normals
        moved = (np.abs(shape) > SMALLEST_SHIFT_M).any(axis=1) | (np.abs(turns) > SMALLEST_TURN).any(axis=1)
        rows = np.flatnonzero(moved)
        yield f"""        def BlendShape "{name}"
        {{
            uniform vector3f[] normalOffsets = [{_vectors(np.round(turns[rows], 3), 3)}]
            uniform vector3f[] offsets = [{_vectors(np.round(shape[rows], OFFSET_DECIMALS), 5)}]
            uniform int[] pointIndices = [{", ".join(map(str, rows.tolist()))}]
        }}

"""
    for part, triangles in mesh.parts.items():
        yield f"""        def GeomSubset "{part}" (
            prepend apiSchemas = ["MaterialBindingAPI"]
        )
        {{
            uniform token elementType = "face"
            uniform token familyName = "materialBind"
            int[] indices = [{", ".join(map(str, triangles.tolist()))}]
            rel material:binding = </Head/Looks/{part}>
        }}

"""
    yield "    }\n\n"


def _look(part: str, look: Material, texture: str | None) -> str:
    inside = f"/Head/Looks/{part}"
    colour = f"color3f inputs:diffuseColor.connect = <{inside}/Texture.outputs:rgb>"
    if texture is None:
        colour = "color3f inputs:diffuseColor = (0.75, 0.6, 0.52)"
    seen = ""
    if look.alpha_mode != "OPAQUE" and texture is not None:
        seen = f"float inputs:opacity.connect = <{inside}/Texture.outputs:a>\n                "
        if look.alpha_mode == "MASK":
            seen += f"float inputs:opacityThreshold = {look.alpha_cutoff:g}\n                "
    shaders = f"""
            def Shader "Surface"
            {{
                uniform token info:id = "UsdPreviewSurface"
                {colour}
                float inputs:metallic = {look.metallic:g}
                {seen}float inputs:roughness = {look.roughness:g}
                token outputs:surface
            }}
"""
    if texture is not None:
        shaders += f"""
            def Shader "Texture"
            {{
                uniform token info:id = "UsdUVTexture"
                asset inputs:file = @./{texture}@
                token inputs:sourceColorSpace = "sRGB"
                float2 inputs:st.connect = <{inside}/Coordinates.outputs:result>
                token inputs:wrapS = "clamp"
                token inputs:wrapT = "clamp"
                float outputs:a
                float3 outputs:rgb
            }}

            def Shader "Coordinates"
            {{
                uniform token info:id = "UsdPrimvarReader_float2"
                string inputs:varname = "st"
                float2 outputs:result
            }}
"""
    return f"""        def Material "{part}"
        {{
            token outputs:surface.connect = <{inside}/Surface.outputs:surface>
{shaders}        }}

"""


def _sound(audio: str) -> str:
    named = audio if audio.startswith(("/", ".")) else f"./{audio}"
    quote = "@@@" if "@" in named else "@"
    return f"""
    def SpatialAudio "Sound"
    {{
        uniform token auralMode = "nonSpatial"
        uniform asset filePath = {quote}{named}{quote}
        uniform token playbackMode = "onceFromStart"
        uniform timecode startTime = 0
    }}
"""


def _row(values: np.ndarray) -> str:
    return ", ".join(map(str, values))


def _vectors(values: np.ndarray, digits: int) -> str:
    """(n, k) numbers as USD's list of k-tuples, with so many digits that count."""
    form = "(" + ", ".join([f"%.{digits}g"] * values.shape[1]) + ")"
    return ", ".join([form] * len(values)) % tuple(values.reshape(-1).tolist())
