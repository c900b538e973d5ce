import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.render.gl import check_gl


@pytest.fixture(scope="session")
def opengl() -> str:
    """The OpenGL renderer's name; tests that need one are skipped where there is none."""
    try:
        return check_gl()
    except UserError as error:
        pytest.skip(str(error))
