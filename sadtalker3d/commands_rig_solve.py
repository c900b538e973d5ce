"""What `rig solve` does, on files."""

from __future__ import annotations

import json
from pathlib import Path

from sadtalker3d.errors import UserError
from sadtalker3d.files import Made, check_outputs, replacing


def rig_solve(
    folder: str | Path,
    out: str | Path,
    *,
    neutral: str | None = None,
    landmarks: str | Path | None = None,
    by_motion: bool = False,
    force: bool = False,
) -> Made:
    """A rig map for a character given as a folder of OBJ shapes, for `export --onto` a GLB of it with `--rig`.

    Parameters
    ----------
    neutral : name of the neutral face's file, where no name says so
    landmarks : file with the vertices of the 68 landmarks, where the folder has none
    by_motion : find out what the shapes do even where their names are ARKit's

    Raises UserError for bad inputs, or an output that exists already (unless `force`).
    """
    import bfm
    from sadtalker3d.rig import solve_shapes
    from sadtalker3d.rig.obj_folder import read_folder

    folder, out = Path(folder), Path(out)
    if out.suffix.lower() != ".json":
        raise UserError(f"{out}: a rig map is written as .json; choose such a name")
    check_outputs([out], force=force, inputs=[] if landmarks is None else [Path(landmarks)])
    character = read_folder(folder, neutral=neutral, landmarks=landmarks)
    solved = None if by_motion else solve_shapes.by_name(character.shapes)
    if solved is None:
        try:
            solved = solve_shapes.by_motion(character.face_model(), bfm.load("open"))
        except UserError as error:
            raise UserError(f"{folder}: {error}") from None
        about = f"solved from the shapes in {folder.name}: {solved.residual}"
        notes = [
            f"{len(solved.targets)} shapes found by their motion: {solved.residual}, each column at full weight"
        ]
    else:
        about = f"by the names of the shapes in {folder.name}"
        notes = [f"{len(solved.targets)} shapes have ARKit's names, so nothing had to be solved"]
    if solved.unused:
        notes.append(f"follow nothing: {', '.join(solved.unused)}")
    if character.empty:
        notes.append(f"move nothing: {', '.join(character.empty)}")
    with replacing(out) as partial:
        text = json.dumps(solve_shapes.rig_map(solved, folder.name, about), indent=1, ensure_ascii=False)
        partial.write_text(text + "\n", "utf-8")
    return Made(out, tuple(notes))
