"""Programs that are not ours, run by node: npm packages of tests/node, and Debian's Chromium.

Where they are not installed the tests are skipped, unless REQUIRE_GLTF_VALIDATOR=1 or REQUIRE_CHROMIUM=1 says that
they must be there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

NODE = Path(__file__).parents[1] / "node"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


def installed(package: str) -> bool:
    return shutil.which("node") is not None and (NODE / "node_modules" / package).is_dir()


needs_three = pytest.mark.skipif(
    not installed("three") and os.environ.get("REQUIRE_GLTF_VALIDATOR") != "1",
    reason="run: npm ci --prefix tests/node",
)
needs_chromium = pytest.mark.skipif(
    not (installed("playwright-core") and os.path.exists(CHROMIUM))
    and os.environ.get("REQUIRE_CHROMIUM") != "1",
    reason="run: apt install chromium && npm ci --prefix tests/node",
)


def run(script: str, *arguments: str | Path, asked: Any = None) -> Any:
    """What a script of tests/node prints, as JSON; `asked` is its standard input."""
    done = subprocess.run(
        ["node", NODE / script, *arguments], input=json.dumps(asked), capture_output=True, text=True,
        cwd=NODE, env={**os.environ, "CHROMIUM": CHROMIUM},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def three_js(path: Path, times: Any, vertices: Any = ()) -> Any:
    """What three.js makes of a GLB at some times; see tests/node/in_three.mjs."""
    return run("in_three.mjs", path, asked={"times": list(map(float, times)), "vertices": list(vertices)})


def in_chromium(page: Path, *steps: tuple[str, Any], **view: Any) -> Any:
    """Errors, requests and answers of a page; see tests/node/in_chromium.mjs."""
    listed = [{"do": act, "what": what} for act, what in steps]
    return run("in_chromium.mjs", asked={"page": str(page), "steps": listed, **view})
