"""An OpenGL context without a window, or one sentence that says what to install."""

from __future__ import annotations

import os
import sys
from typing import Any

from sadtalker3d.errors import UserError

NO_LIBRARY = (ImportError, OSError, AttributeError, TypeError)  # how PyOpenGL says that it found none
INSTALL = {
    "linux": "install Mesa: `apt-get install libegl1 libegl-mesa0 libgl1-mesa-dri` on Debian and Ubuntu",
    "darwin": "run in a session with a screen",
    "win32": "install the graphics card's driver",
}


def load_pyrender() -> Any:
    """Import pyrender so that it needs no screen.

    Raises
    ------
    UserError : there is no OpenGL library; the message says what to install
    """
    # PyOpenGL reads this once, when it is first imported. EGL is there only on Linux.
    if sys.platform.startswith("linux"):
        os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
    try:
        if os.environ.get("PYOPENGL_PLATFORM") == "egl":
            import pyglet

            # pyrender imports its window too, and with it pyglet would ask for X libraries that servers lack
            pyglet.options["headless"] = True
        import pyrender
    except NO_LIBRARY as error:
        raise no_opengl(error) from None
    return pyrender


def no_opengl(error: Exception) -> UserError:
    """The one sentence for a machine that cannot render."""
    advice = INSTALL.get(sys.platform, INSTALL["linux"])
    detail = str(error.args[0]).splitlines()[0] if error.args and error.args[0] else type(error).__name__
    return UserError(f"no OpenGL to render with ({detail}); {advice}")


def check_gl() -> str:
    """The name of the OpenGL renderer and its version, after having really made a context.

    Raises
    ------
    UserError : there is none; the message says what to install
    """
    with Context() as context:
        return context.description


class Context:
    """An off-screen OpenGL context; several may live at a time.

    pyrender's own EGL platform ends the whole display with the first context that is freed;
    here the display stays.
    """

    def __init__(self) -> None:
        load_pyrender()
        try:
            self._platform = _new_platform()
        except Exception as error:  # asserts, ctypes, GLError: whatever a driver lacks
            raise no_opengl(error) from None
        from OpenGL import GL

        self.description = " ".join(
            GL.glGetString(name).decode("utf-8", "replace") for name in (GL.GL_RENDERER, GL.GL_VERSION)
        )

    def make_current(self) -> None:
        """Direct this thread's OpenGL calls here."""
        self._platform.make_current()

    def close(self) -> None:
        """Free the context."""
        if self._platform is not None:
            self._platform.delete_context()
            self._platform = None

    def __enter__(self) -> Context:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _new_platform() -> Any:
    if os.environ.get("PYOPENGL_PLATFORM") != "egl":
        from pyrender.platforms.pyglet_platform import PygletPlatform

        platform = PygletPlatform(1, 1)
        platform.init_context()
        return platform
    from pyrender.platforms import egl

    # the first device may be a card this user must not open; Mesa's software one is then the last
    failure: Exception = RuntimeError("EGL lists no device")
    chosen = os.environ.get("EGL_DEVICE_ID")
    devices = egl.query_devices() if egl._eglQueryDevicesEXT is not None else [egl.EGLDevice(None)]
    for device in devices if chosen is None else devices[int(chosen) :][:1]:
        platform = _shared_display(egl)(1, 1, device=device)
        try:
            platform.init_context()
        except Exception as error:
            failure = error
        else:
            return platform
    raise failure


def _shared_display(egl: Any) -> Any:
    class SharedDisplay(egl.EGLPlatform):
        _egl_context: Any

        def delete_context(self) -> None:
            from OpenGL.EGL import EGL_NO_CONTEXT, EGL_NO_SURFACE, eglDestroyContext, eglMakeCurrent

            context, self._egl_context = self._egl_context, None
            if context is not None:
                eglMakeCurrent(self._egl_display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT)
                eglDestroyContext(self._egl_display, context)

    return SharedDisplay
