import os
import subprocess
import sys

import pytest

from sadtalker3d.render.gl import Context, check_gl


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "PYOPENGL_PLATFORM")}
    return subprocess.run(
        [sys.executable, "-c", code], env={**kept, **environment}, capture_output=True, text=True, check=False
    )


SAY = """
from sadtalker3d.errors import UserError
from sadtalker3d.render.gl import check_gl
try:
    print(check_gl())
except UserError as error:
    print(f"UserError: {error}")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="EGL is Linux's")
def test_works_without_a_display(opengl: str) -> None:
    assert run(SAY).stdout.strip() == opengl


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="EGL is Linux's")
@pytest.mark.parametrize(
    "lack",
    [
        {"EGL_DEVICE_ID": "99"},  # no such device
        {"PYOPENGL_PLATFORM": "glx"},  # no display to open a window on
    ],
)
def test_no_opengl_is_one_line_that_says_what_to_install(lack: dict[str, str]) -> None:
    done = run(SAY, **lack)
    assert done.stdout.startswith("UserError: no OpenGL to render with"), done.stderr
    assert "apt-get install libegl1 libegl-mesa0 libgl1-mesa-dri" in done.stdout
    assert done.stdout.count("\n") == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="EGL is Linux's")
def test_missing_library_is_one_line_too() -> None:
    hide = """
import ctypes, ctypes.util
find, load = ctypes.util.find_library, ctypes.CDLL.__init__
def hidden(self, name=None, *args, **kwargs):
    if name and ("EGL" in str(name) or "libGL" in str(name) or "OpenGL" in str(name)):
        raise OSError(f"{name}: cannot open shared object file")
    load(self, name, *args, **kwargs)
ctypes.CDLL.__init__ = hidden
ctypes.util.find_library = lambda name: None if "GL" in name else find(name)
"""
    done = run(hide + SAY)
    assert done.stdout.startswith("UserError: no OpenGL to render with"), done.stderr
    assert done.stdout.count("\n") == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="EGL is Linux's")
def test_a_server_without_x_libraries_renders(opengl: str) -> None:
    hide = """
import ctypes
load = ctypes.CDLL.__init__
def hidden(self, name=None, *args, **kwargs):
    if name and any(x in str(name) for x in ("libX", "xcb", "Xrender", "Xinerama")):
        raise OSError(f"{name}: cannot open shared object file")
    load(self, name, *args, **kwargs)
ctypes.CDLL.__init__ = hidden
"""
    done = run(hide + SAY)
    assert done.stdout.strip() == opengl, done.stdout + done.stderr


def test_contexts_do_not_end_each_other(opengl: str) -> None:
    with Context() as first, Context() as second:
        second.close()
        first.make_current()
        assert check_gl() == opengl
        first.make_current()
        assert first.description == opengl
