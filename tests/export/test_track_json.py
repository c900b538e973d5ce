"""The track's own files through the exporter's door."""

from __future__ import annotations

import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.export import track_json
from sadtalker3d.track import Track


@pytest.mark.parametrize("ending", ["json", "npz"])
def test_write_then_read_is_exact(tmp_path, full_take: Track, ending):
    path = track_json.write(full_take, tmp_path / f"take.{ending}")
    assert track_json.read(path) == full_take


def test_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.json: no such file"):
        track_json.read(tmp_path / "none.json")
