"""What `animate --space basel` and `export --basel` do, on files: the official networks, the user's Basel model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sadtalker3d.errors import TrackError, UserError
from sadtalker3d.files import Made, check_outputs
from sadtalker3d.progress import Mode, progress
from sadtalker3d.track import SPACES, Track, relative_audio
from sadtalker3d.track_files import ENDINGS, read_rows

if TYPE_CHECKING:
    import numpy as np

    from bfm.model import FaceModel

OPEN_ENDINGS = (".csv",)  # of formats that know the embedded head's shapes only


def animate_basel(
    speech: str | Path,
    out: str | Path,
    *,
    portrait: str | Path | None = None,
    source: str | Path | None = None,
    reference_pose: str | Path | None = None,
    reference_blink: str | Path | None = None,
    style: int = 0,
    seed: int = 0,
    still: bool = False,
    force: bool = False,
    show: Mode = "none",
) -> Made:
    """Speech to a `basel` track file with SadTalker's official ExpNet and PoseVAE.

    Parameters
    ----------
    portrait : a picture of the person, whose coefficients the official regressor reads
    source : SadTalker's own file of them instead: a .mat, or a `basel` track of which the first frame counts
    reference_pose, reference_blink : a `basel` track file or a video: head motion to add, eyes to take over
    out : .json, .npz or SadTalker's .mat

    Raises UserError: weights that were not imported, options that make no sense together, and all that is wrong
    with a file
    """
    from sadtalker3d.audio import open_audio
    from sadtalker3d.motion.basel import generate_basel
    from sadtalker3d.motion.generate import check_seed
    from sadtalker3d.motion.styles import check_style

    out = Path(out)
    check_style(style), check_seed(seed)
    if out.suffix.lower() not in ENDINGS:
        raise UserError(f"{out}: a basel track is written as {' or '.join(ENDINGS)}; choose such a name")
    if (portrait is None) == (source is None):
        raise UserError("--space basel needs the face to start from: give either --portrait or --source")
    if still and reference_pose is not None:
        raise UserError("--still holds the head, so --ref-pose has nothing to add to; leave one of them out")
    named = [speech, portrait, source, reference_pose, reference_blink]
    check_outputs([out], force=force, inputs=[Path(p) for p in named if p is not None])
    open_audio(speech)  # what is wrong with it is said before the networks are loaded
    expnet, posevae = (_official(name) for name in ("audio2exp", "audio2pose"))
    face, notes, meta = _start(portrait, source)
    pose = None if reference_pose is None else performance(reference_pose, show)
    blink = pose if reference_blink == reference_pose else None
    if blink is None and reference_blink is not None:
        blink = performance(reference_blink, show)
    with progress("animate", show) as report:
        take = generate_basel(
            speech, face, expnet=expnet, posevae=posevae, style=style, seed=seed, still=still,
            reference_pose=pose, reference_blink=blink, progress=report,
        )  # fmt: skip
    take = take.replace(audio=relative_audio(speech, out), meta={**take.meta, **meta})
    return Made(take.save(out), tuple(notes))


def performance(path: str | Path, show: Mode = "none") -> np.ndarray:
    """SadTalker's coefficients (R, 70 or 73) of a `basel` track file, or of the person in a video."""
    path = Path(path)
    if path.suffix.lower() in ENDINGS:
        return read_rows(path)
    from sadtalker3d.face.coefficients import performance_coefficients

    regressor = _official("face_3drecon")
    with progress("read", show) as report:
        return performance_coefficients(regressor, path, progress=report)


def converted(track: Track, folder: str | Path) -> tuple[Track, str]:
    """A `basel` track for the embedded head, through the Basel model in `folder`, and a line with the residual."""
    import bfm
    from sadtalker3d.rig.basel_to_open import to_open

    track.require_space("basel", "the conversion to the embedded head")
    take, residual = to_open(track, bfm.load("basel", folder), bfm.load("open"))
    return take, f"converted to the embedded head: {residual}"


def for_export(
    track: Track, out: Path, basel: str | Path | None, space: str | None
) -> tuple[Track, dict[str, Any], Sequence[str]]:
    """What `export` writes: the track, options of the format, and notes.

    basel : folder of the Basel model; space : the space to convert to, None for the one that suits the format
    """
    if space is not None and space not in SPACES:
        raise UserError(f"--as {space} is no space; choose one of {', '.join(SPACES)}")
    if track.space == "open":
        if basel is not None or space == "basel":
            option = "--basel goes" if basel is not None else "--as basel goes"
            raise TrackError(f"{option} with a track in the 'basel' space, this one is 'open'; leave it out")
        return track, {}, ()
    if space == "open" or (space is None and basel is not None and out.suffix.lower() in OPEN_ENDINGS):
        if basel is None:
            raise TrackError("--as open needs the Basel face model: name its folder with --basel")
        track, note = converted(track, basel)
        return track, {}, (note,)
    if basel is None:
        return track, {}, ()
    if out.suffix.lower() not in (".glb", ".html", ".htm"):
        raise TrackError(f"--basel is not needed to write {out.suffix}; leave it out, or add --as open")
    return track, {"face": _basel_face(basel), "identity": _identity(track)}, ()


def _basel_face(folder: str | Path) -> FaceModel:
    import bfm

    return bfm.load("basel", folder)


def _identity(track: Track) -> np.ndarray | None:
    """The (80,) identity that `animate --portrait` put into a track's meta, None where there is none."""
    import numpy as np

    given = track.meta.get("identity")
    if not isinstance(given, list) or len(given) != 80:
        return None
    if not all(isinstance(number, int | float) for number in given):
        return None
    return np.array(given, np.float32)


def _start(
    portrait: str | Path | None, source: str | Path | None
) -> tuple[np.ndarray, Sequence[str], dict[str, Any]]:
    """The portrait's coefficients (70 or 73,), notes, and what goes into the track's meta besides."""
    if source is not None:
        path = Path(source)
        if path.suffix.lower() not in ENDINGS:
            raise UserError(
                f"{path}: coefficients are read from {', '.join(ENDINGS)}; a picture is a --portrait"
            )
        return read_rows(path)[0], (), {}
    assert portrait is not None
    from sadtalker3d.face.align import align
    from sadtalker3d.face.coefficients import PARTS, motion_coefficients, regress
    from sadtalker3d.face.crop import crop_face
    from sadtalker3d.face.portrait import read_portrait

    regressor = _official("face_3drecon")
    seen = read_portrait(portrait)
    crop = crop_face(seen.picture, seen.face.points)
    aligned = align(crop.picture, crop.points)
    full = regress(regressor, aligned)
    return (
        motion_coefficients(full, aligned.trans_params),
        seen.notes,
        {"portrait": Path(portrait).name, "identity": full[PARTS["identity"]].tolist()},
    )


def _official(name: str) -> Any:
    from sadtalker3d import weights

    return cast("Any", weights).official(name)
