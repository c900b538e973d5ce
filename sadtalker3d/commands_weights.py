"""What the `weights` commands do: each is a typed function that a program can call as well."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sadtalker3d import weight_store, weights
from sadtalker3d.errors import UserError
from sadtalker3d.progress import Mode, progress
from sadtalker3d.weight_import import Imported

FETCHED_BY_DEFAULT = ("sadtalker_256", "mapping", "mapping_full")
"""What rendering needs: every network, cropped pictures and whole ones."""


def weights_list() -> list[str]:
    """One line for each embedded file, official network and official file: there or not, licence, length."""
    lines = ["embedded (they come with the program)"]
    for row in weights.WEIGHT_FILES:
        mb = (weights.EMBEDDED_FOLDER / row.file).stat().st_size / 1e6
        lines.append(f"  {row.name:<16} {mb:7.1f} MB  {row.licence}: {row.description}")
    lines.append(f"official networks (SadTalker's, in {weight_store.folder()})")
    lines += [_place_line(network, size) for network, size in weight_store.places()]
    lines.append("official files (`sadtalker3d weights fetch NAME`, or `import` your own copy)")
    for file in weights.OFFICIAL_FILES:
        what = ", ".join(file.networks)
        lines.append(f"  {file.name:<16} {file.length / 1e6:7.1f} MB  {file.file}: {what}")
    lines.append(f"licence of the official files: {weights.OFFICIAL_LICENCE}")
    return lines


def _place_line(network: str, size: int | None) -> str:
    path = weight_store.stored_path(network, size)
    try:
        found = weight_store.stored(network, size)
    except UserError as error:
        return f"  {path.stem:<16} DAMAGED     {error}"
    if found is None:
        return f"  {path.stem:<16}  not here"
    return f"  {path.stem:<16} {path.stat().st_size / 1e6:7.1f} MB  from {found.source}"


def weights_import(paths: Sequence[str | Path], *, size: int | None = None, force: bool = False) -> Imported:
    """Put the networks of SadTalker's files into the store; see `weight_import.import_files`."""
    from sadtalker3d.weight_import import import_files

    return import_files(paths, size=size, force=force)


def weights_fetch(
    names: Sequence[str] = (), *, into: str | Path | None = None, force: bool = False, show: Mode = "none"
) -> Imported:
    """Download SadTalker's files and import them; without names, those that rendering needs.

    names : of `weights.OFFICIAL_FILES`, or the files' own names
    into : folder in which the downloaded files stay; without it they go once they are imported
    force : download and import what is stored already

    Raises UserError for a name that is not known, or a download that fails; what came is kept for the next try.
    """
    from sadtalker3d.fetch import fetch
    from sadtalker3d.weight_import import import_files

    rows = [_official_file(name) for name in names or FETCHED_BY_DEFAULT]
    folder = weight_store.folder() if into is None else Path(into)
    written: list[Path] = []
    notes: list[str] = []
    for row in rows:
        paths = [weight_store.stored_path(network, row.size) for network in row.networks]
        if into is None and not force and all(path.exists() for path in paths):
            notes.append(f"{row.name}: its networks are there already; --force fetches them again")
            continue
        with progress(row.name, show, unit="MB") as report:
            file = fetch(row, folder, report)
        imported = import_files([file], force=force)
        written += imported.written
        notes += imported.notes
        if into is None:
            file.unlink()
    return Imported(tuple(written), tuple(notes))


def weights_check() -> list[str]:
    """One line for each stored network, after loading it strictly and checking its values.

    Raises UserError for the first that is damaged, or when nothing is stored.
    """
    lines = []
    for network, size in weight_store.places():
        if weight_store.stored_path(network, size).exists():
            found = weight_store.check(network, size)
            known = _known_source(found)
            lines.append(f"{found.path.stem}: loads, finite, as imported from {found.source} ({known})")
    if not lines:
        raise UserError(
            f"{weight_store.folder()}: no official network is there; run `sadtalker3d weights fetch`, or "
            "`sadtalker3d weights import PATH`"
        )
    return lines


def _known_source(found: weight_store.Stored) -> str:
    official = any(row.sha256 == found.source_sha256 for row in weights.OFFICIAL_FILES)
    return "SadTalker's own" if official else f"not a file we know, sha256 {found.source_sha256[:12]}"


def _official_file(name: str) -> weights.OfficialFile:
    for row in weights.OFFICIAL_FILES:
        if name in (row.name, row.file):
            return row
    known = ", ".join(row.name for row in weights.OFFICIAL_FILES)
    raise UserError(f"there is no official file '{name}'; the known ones are {known}")
