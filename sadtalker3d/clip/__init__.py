"""A filmed face as a track: `fit_clip` follows one face through a video and lays the embedded head on every frame."""

from sadtalker3d.clip.fit_clip import ClipConfig, fit_clip, fit_photo

__all__ = ["ClipConfig", "fit_clip", "fit_photo"]
