"""A picture as the networks take it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def as_tensor(picture: np.ndarray, size: int) -> Tensor:
    """(H, W, 3) uint8 -> (1, 3, size, size) float32 in 0..1.

    A picture of another size is shrunk as upstream shrinks it, which is what skimage's `resize` does by default:
    a Gaussian against aliasing, then linear interpolation between the pixels' centres.
    """
    colours = picture.astype(np.float64) / 255
    if picture.shape[:2] != (size, size):
        from scipy import ndimage

        factors = np.array(picture.shape[:2]) / size
        blur = (*np.maximum(0, (factors - 1) / 2), 0)
        smooth = ndimage.gaussian_filter(colours, blur, mode="mirror")
        colours = ndimage.zoom(smooth, (*1 / factors, 1), order=1, mode="mirror", grid_mode=True)
    return torch.from_numpy(colours.transpose(2, 0, 1)[None].astype(np.float32))
