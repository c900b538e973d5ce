"""`import sadtalker3d` offers the design's names and drags nothing heavy in."""

from __future__ import annotations

import subprocess
import sys

import sadtalker3d


def test_every_public_name_is_there():
    for name in sadtalker3d.__all__:
        assert getattr(sadtalker3d, name) is not None


def test_export_is_callable_after_its_package_was_imported(tmp_path, take):
    import sadtalker3d.export.livelink  # binds the package to the function's name

    sadtalker3d.export(take, tmp_path / "take.csv")
    assert (tmp_path / "take.csv").is_file()


def test_import_loads_no_heavy_library():
    code = (
        "import sys, sadtalker3d, sadtalker3d.cli; "
        "heavy = {'torch', 'librosa', 'cv2', 'scipy', 'pyrender', 'av', 'bpy'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
