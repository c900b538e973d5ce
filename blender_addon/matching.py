"""Which shape key of a character shows what of a track: the project's rig dialects, as lines of a map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sadtalker3d.rig.dialects import Dialect, Looks
from sadtalker3d.rig.match import Shape
from sadtalker3d.rig.match import match as match_shapes

from .performance import Row
from .sources import text_of


@dataclass(frozen=True)
class Found:
    """`rows` of a map; `missing`: ARKit columns that no key shows; `extra`: keys that stay as they are."""

    rows: tuple[Row, ...]
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    dialects: tuple[str, ...] = ()


def match(keys: Iterable[str]) -> Found:
    """Match shape keys by their names."""
    found = match_shapes([Shape(key) for key in dict.fromkeys(keys)])
    rows = tuple(_row(key, hit.entry) for key, hit in found.hits.items())
    return Found(rows, found.missing, (*found.left_over, *found.unused), found.dialects)


def rows_of_map(rig_map: Dialect) -> tuple[Row, ...]:
    """The lines of a rig map's file."""
    return tuple(_row(key, entry) for key, entry in rig_map.targets.items() if entry is not None)


def _row(key: str, entry: object) -> Row:
    assert hasattr(entry, "shares")
    return Row(key, text_of(entry), entry.gain, 0.0 if isinstance(entry, Looks) else entry.offset)  # type: ignore[attr-defined,arg-type]


def map_document(name: str, rows: Iterable[Row], bones: Mapping[str, str]) -> dict[str, object]:
    """Lines as a rig map's JSON, which `sadtalker3d export --onto ... --rig` takes as well."""
    from sadtalker3d.rig.dialects import SCHEMA

    from .sources import LOOKS, entry_of

    targets = {}
    for row in rows:
        target = {**entry_of(row.source), "gain": row.gain}
        if LOOKS not in target:
            target["offset"] = row.offset
        targets[row.key] = target
    return {
        "schema": SCHEMA, "name": Path(name).stem, "targets": targets, "bones": dict(bones), "automatic": False,
    }  # fmt: skip
