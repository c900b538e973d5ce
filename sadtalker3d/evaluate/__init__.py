"""Measuring lips, heads and pictures; the same code for training and for `sadtalker3d evaluate`."""

from sadtalker3d.evaluate.head import HeadTake, head_numbers
from sadtalker3d.evaluate.lips import LipScores, auc, lip_scores, liveliness

__all__ = ["HeadTake", "LipScores", "auc", "head_numbers", "lip_scores", "liveliness"]
