"""A filmed face as a track: `fit_clip` follows one face through a video and lays the embedded head on every frame."""

from sadtalker3d.clip.film import FilmConfig
from sadtalker3d.clip.fit_clip import fit_clip, fit_photo

__all__ = ["FilmConfig", "fit_clip", "fit_photo"]
