"""pyrender's renderer with the studio's shaders, supersampling, and no reading of the depth.

Import this after `gl.load_pyrender()`, which prepares OpenGL for a machine without a screen.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pyrender
from OpenGL import GL
from pyrender.renderer import Renderer
from pyrender.shader_program import ShaderProgram

from sadtalker3d.render import shading

SHADE_KINDS = ("WET", "SOFT", "CUT", "TWO_SIDED")  # what the head's shaders are compiled for
FAINT = 0.02  # less alpha than this is not drawn
# Sides of the picture drawn, in sides of the picture given: with 2, four samples a pixel. Software OpenGL
# does this in less time than its own four-sample multisampling, and it smooths textures and highlights too.
SUPERSAMPLING = 2


class FacePart(pyrender.Primitive):
    """Triangles of one material, whose positions and normals are replaced without a new upload of the rest.

    Parameters
    ----------
    share : (n, 2 + lamps), see `Stage`
    """

    def __init__(
        self,
        positions: np.ndarray,
        uv: np.ndarray,
        share: np.ndarray,
        indices: np.ndarray,
        material: pyrender.MetallicRoughnessMaterial,
        surface: shading.Surface,
    ) -> None:
        uv = uv * [1, -1] + [0, 1]  # pyrender turns pictures upside down, glTF's v runs down
        lamplit = np.pad(share[:, 2:], ((0, 0), (0, 6 - share.shape[1])))  # (n, 4)
        super().__init__(
            positions=positions, normals=np.zeros_like(positions), indices=indices, material=material,
            texcoord_0=uv, texcoord_1=share[:, :2], color_0=lamplit,
        )  # fmt: skip
        self.surface = surface
        self.soft, cut = material.alphaMode == "BLEND", material.alphaMode == "MASK"
        self.kind = (surface.wet > 0, self.soft, cut, material.doubleSided)
        moving = np.zeros((len(positions), 6))  # positions and normals; the order is pyrender's
        self._rows = np.concatenate([moving, uv, share[:, :2], lamplit], axis=1, dtype=np.float32)

    def update(self, vertices: np.ndarray, normals: np.ndarray, ids: np.ndarray) -> None:
        """Take the rows `ids` of (V, 3) vertices and normals."""
        self._rows[:, :3], self._rows[:, 3:6] = vertices[ids], normals[ids]
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, self._buffers[0])
        GL.glBufferSubData(GL.GL_ARRAY_BUFFER, 0, self._rows.nbytes, self._rows)


class PortraitRenderer(Renderer):
    """Draws `FacePart`s before the studio's backdrop.

    The head is drawn large and alone; then a second pass halves it and puts it on the backdrop, or
    leaves that out where the picture is `see_through`.
    """

    def __init__(self, size: int, studio: shading.Studio, see_through: bool = False) -> None:
        super().__init__(1, 1)
        self.dpscale = 1  # pyrender doubles sizes for windows on macOS; this is none
        self.viewport_width = self.viewport_height = size * SUPERSAMPLING
        self._size = size
        self._studio = studio
        self._see_through = see_through
        self._programs: dict[tuple[bool, ...], ShaderProgram] = {}
        self._resolve = _program(
            shading.RESOLVE_VERTEX, shading.RESOLVE_FRAGMENT, studio, {"SEE_THROUGH": see_through}
        )
        self._no_attributes = GL.glGenVertexArrays(1)
        self._picture, self._out = GL.glGenTextures(1), GL.glGenRenderbuffers(1)
        self._depth = GL.glGenRenderbuffers(1)
        self._main_fb_ms, self._main_fb = GL.glGenFramebuffers(2)
        self._allocate()

    def _allocate(self) -> None:
        large = self.viewport_width
        GL.glBindTexture(GL.GL_TEXTURE_2D, self._picture)
        GL.glTexImage2D(
            GL.GL_TEXTURE_2D, 0, GL.GL_RGBA8, large, large, 0, GL.GL_RGBA, GL.GL_UNSIGNED_BYTE, None
        )
        smaller = GL.GL_LINEAR_MIPMAP_NEAREST if self._see_through else GL.GL_LINEAR
        GL.glTexParameteri(GL.GL_TEXTURE_2D, GL.GL_TEXTURE_MIN_FILTER, smaller)
        GL.glTexParameteri(GL.GL_TEXTURE_2D, GL.GL_TEXTURE_MAG_FILTER, GL.GL_LINEAR)
        GL.glBindRenderbuffer(GL.GL_RENDERBUFFER, self._depth)
        GL.glRenderbufferStorage(GL.GL_RENDERBUFFER, GL.GL_DEPTH_COMPONENT24, large, large)
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._main_fb_ms)
        GL.glFramebufferTexture2D(
            GL.GL_FRAMEBUFFER, GL.GL_COLOR_ATTACHMENT0, GL.GL_TEXTURE_2D, self._picture, 0
        )
        GL.glFramebufferRenderbuffer(
            GL.GL_FRAMEBUFFER, GL.GL_DEPTH_ATTACHMENT, GL.GL_RENDERBUFFER, self._depth
        )
        GL.glBindRenderbuffer(GL.GL_RENDERBUFFER, self._out)
        GL.glRenderbufferStorage(GL.GL_RENDERBUFFER, GL.GL_RGBA8, self._size, self._size)
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._main_fb)
        GL.glFramebufferRenderbuffer(
            GL.GL_FRAMEBUFFER, GL.GL_COLOR_ATTACHMENT0, GL.GL_RENDERBUFFER, self._out
        )

    def _configure_main_framebuffer(self) -> None:
        """Made once, in `_allocate`."""

    def _get_primitive_program(self, primitive: FacePart, flags: int, program_flags: int) -> ShaderProgram:
        if primitive.kind not in self._programs:
            kinds = dict(zip(SHADE_KINDS, primitive.kind, strict=True))
            kinds["SEE_THROUGH"] = self._see_through
            self._programs[primitive.kind] = _program(
                shading.HEAD_VERTEX, shading.HEAD_FRAGMENT, self._studio, kinds
            )
        return self._programs[primitive.kind]

    def _bind_lighting(self, scene: Any, program: Any, node: Any, flags: int) -> None:
        """The lamps stay where they are: `_program` sets their uniforms once."""

    def _bind_and_draw_primitive(
        self, primitive: FacePart, pose: np.ndarray, program: ShaderProgram, flags: int
    ) -> None:
        material, surface = primitive.material, primitive.surface
        program.set_uniform("M", pose)
        program.set_uniform("roughness", float(material.roughnessFactor))
        program.set_uniform("scatter", surface.scatter)
        program.set_uniform("specular", surface.specular)
        program.set_uniform("wet", surface.wet)
        program.set_uniform("alpha_cutoff", FAINT if primitive.soft else material.alphaCutoff)
        self._bind_texture(material.baseColorTexture, "picture", program)
        (GL.glDisable if material.doubleSided else GL.glEnable)(GL.GL_CULL_FACE)
        GL.glCullFace(GL.GL_BACK)
        (GL.glEnable if primitive.soft else GL.glDisable)(GL.GL_BLEND)
        GL.glBlendFuncSeparate(
            GL.GL_SRC_ALPHA, GL.GL_ONE_MINUS_SRC_ALPHA, GL.GL_ONE, GL.GL_ONE_MINUS_SRC_ALPHA
        )
        GL.glDepthMask(GL.GL_FALSE if primitive.soft else GL.GL_TRUE)
        primitive._bind()
        GL.glDrawElements(GL.GL_TRIANGLES, primitive.indices.size, GL.GL_UNSIGNED_INT, ctypes.c_void_p(0))
        primitive._unbind()
        GL.glDepthMask(GL.GL_TRUE)  # or clearing would leave the depth

    def _read_main_framebuffer(self, scene: Any, flags: int) -> np.ndarray:
        size = self._size
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._main_fb)
        GL.glViewport(0, 0, size, size)
        GL.glDisable(GL.GL_DEPTH_TEST)
        GL.glDisable(GL.GL_BLEND)
        GL.glDisable(GL.GL_CULL_FACE)
        self._resolve._bind()
        GL.glActiveTexture(GL.GL_TEXTURE0)
        GL.glBindTexture(GL.GL_TEXTURE_2D, self._picture)
        if self._see_through:
            GL.glGenerateMipmap(GL.GL_TEXTURE_2D)
        GL.glBindVertexArray(self._no_attributes)
        GL.glDrawArrays(GL.GL_TRIANGLES, 0, 3)
        GL.glBindVertexArray(0)
        GL.glBindTexture(GL.GL_TEXTURE_2D, 0)
        GL.glPixelStorei(GL.GL_PACK_ALIGNMENT, 1)  # rows of odd widths are not padded
        channels, kind = (4, GL.GL_RGBA) if self._see_through else (3, GL.GL_RGB)
        picture = np.empty((size, size, channels), np.uint8)  # its first row is the top: see RESOLVE_VERTEX
        GL.glReadPixels(0, 0, size, size, kind, GL.GL_UNSIGNED_BYTE, picture)
        return picture

    def delete(self) -> None:
        """Free what OpenGL holds."""
        for program in (self._resolve, *self._programs.values()):
            program.delete()
        self._programs = {}
        GL.glDeleteVertexArrays(1, [self._no_attributes])
        GL.glDeleteTextures([self._picture])
        GL.glDeleteRenderbuffers(2, [self._out, self._depth])
        super().delete()  # the framebuffers and the meshes

    def __del__(self) -> None:
        """Nothing: by now another context may be current, whose things pyrender would delete."""


def _program(
    vertex: str, fragment: str, studio: shading.Studio, switches: dict[str, bool] | None = None
) -> ShaderProgram:
    """A program compiled with the switches, its lamps and backdrop set."""
    defines = {"LAMPS": len(studio.lamps), "GLINTS": len(studio.glints), **(switches or {})}
    head = "#version 330 core\n" + "".join(
        f"#define {name} {str(value).lower()}\n" for name, value in defines.items()
    )
    program = _ShaderText(head + vertex, head + fragment)
    program._add_to_context()
    program._bind()
    uniforms: dict[str, tuple[float, ...]] = {
        "sky": studio.sky, "ground": studio.ground,
        "middle": studio.backdrop_middle, "edge": studio.backdrop_edge,
    }  # fmt: skip
    for kind, lamps in (("lamp", studio.lamps), ("glint", studio.glints)):
        for i, lamp in enumerate(lamps):
            uniforms[f"{kind}_toward[{i}]"] = tuple(np.array(lamp.toward) / np.linalg.norm(lamp.toward))
            uniforms[f"{kind}_light[{i}]"] = tuple(np.array(lamp.color) * lamp.intensity)
    for name, value in uniforms.items():
        program.set_uniform(name, np.array(value, np.float32))
    return program


class _ShaderText(ShaderProgram):
    """pyrender's program, from text instead of files, that sends only what has changed.

    A program keeps its uniforms from frame to frame, and setting one costs 30 us.
    """

    def __init__(self, vertex: str, fragment: str) -> None:
        super().__init__(vertex, fragment)
        self._sent: dict[str, bytes | float] = {}

    def _load(self, shader_filename: str) -> str:
        return shader_filename

    def set_uniform(self, name: str, value: Any, unsigned: bool = False) -> None:
        """Set a uniform of this program, which must be bound."""
        key = value.tobytes() if isinstance(value, np.ndarray) else value
        if self._sent.get(name) != key:
            self._sent[name] = key
            super().set_uniform(name, value, unsigned)
