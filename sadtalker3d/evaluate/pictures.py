"""Measures of pictures that need no network: CPBD sharpness, PSNR and SSIM."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PSNR_SOURCE = "10 log10(255^2 / mean squared error of RGB over all frames)"
SSIM_SOURCE = "Wang et al. 2004, luma, Gaussian window 11 (sigma 1.5), mean over frames"
CPBD_SOURCE = "Narvekar and Karam 2011, luma, own implementation, mean over frames"


@dataclass(frozen=True)
class CPBD:
    """Constants of the paper."""

    block_px: int = 64
    edge_share: float = 0.002  # a block with more edge pixels than this counts
    contrast: float = 50.0  # between blocks of low and of high contrast
    just_noticeable_px: tuple[float, float] = (
        5.0,
        3.0,
    )  # width of an edge whose blur is just seen: low, high
    beta: float = 3.6
    seen: float = 0.63  # probability at the just noticeable width
    canny_share: float = 0.7  # of pixels that are no edge for Canny, as Matlab chooses its threshold


def luma(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 RGB -> (H, W) float64 in 0..255, Rec. 601."""
    return picture.astype(np.float64) @ np.array([0.299, 0.587, 0.114])


def squared_error(a: np.ndarray, b: np.ndarray) -> float:
    """Mean squared difference of two (H, W, 3) uint8 pictures."""
    return float(np.square(a.astype(np.float64) - b).mean())


def psnr_db(mean_squared_error: float) -> float:
    """Peak signal to noise ratio of 8 bit pictures; inf for equal ones."""
    return float("inf") if mean_squared_error == 0 else float(10 * np.log10(255**2 / mean_squared_error))


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Structural similarity of two (H, W, 3) uint8 pictures of at least 11 x 11 (SSIM_SOURCE)."""
    import cv2

    x, y = luma(a), luma(b)

    def blurred(values: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(values, (11, 11), 1.5)[5:-5, 5:-5]

    mean_x, mean_y = blurred(x), blurred(y)
    var_x, var_y = blurred(x * x) - mean_x**2, blurred(y * y) - mean_y**2
    both = blurred(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    likeness = (2 * mean_x * mean_y + c1) * (2 * both + c2)
    return float((likeness / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))).mean())


def cpbd(picture: np.ndarray, config: CPBD | None = None) -> float:
    """Share of edges whose blur is not seen, 0..1, of an (H, W, 3) uint8 picture; NaN where it has no edges.

    Cumulative probability of blur detection (CPBD_SOURCE): in every block with enough edges, each vertical
    edge's width is set against the width that is just noticeable at the block's contrast.
    """
    config = config or CPBD()
    gray = luma(picture)
    edges, widths = _edge_widths(gray)
    outlines = _outlines(gray, config)
    seen, total = 0, 0
    size = config.block_px
    for top in range(0, gray.shape[0] - size + 1, size):
        for left in range(0, gray.shape[1] - size + 1, size):
            block = np.s_[top : top + size, left : left + size]
            if outlines[block].mean() <= config.edge_share:
                continue
            low, high = config.just_noticeable_px
            noticeable = low if np.ptp(gray[block]) <= config.contrast else high
            found = widths[block][edges[block]]
            probability = 1 - np.exp(-((found / noticeable) ** config.beta))
            # seen at exactly the just noticeable width is 0.632, which the paper counts as not yet
            seen += int((probability > config.seen + 0.005).sum())
            total += len(found)
    return 1 - seen / total if total else float("nan")


def _edge_widths(gray: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(H, W) where vertical edges are, and between which extremes of the row each lies, in pixels.

    Marziliano et al. 2002: an edge is as wide as the grey values rise, or fall, along the row.
    """
    import cv2

    across = cv2.Sobel(gray, cv2.CV_64F, 1, 0)
    along = cv2.Sobel(gray, cv2.CV_64F, 0, 1)
    strength = np.abs(across)
    padded = np.pad(strength, ((0, 0), (1, 1)))
    edges = (strength > padded[:, :-2]) & (strength >= padded[:, 2:])
    edges &= np.square(strength) > 4 * np.square(across).mean()  # Matlab's threshold for Sobel edges
    edges &= np.abs(along) < np.tan(np.pi / 8) * strength  # within 22.5 degrees of vertical
    widths = np.where(across > 0, _monotone_width(gray, 1), _monotone_width(gray, -1))
    return edges, widths


def _monotone_width(gray: np.ndarray, sign: int) -> np.ndarray:
    """How far the row rises (sign 1) or falls (-1) without a break through each pixel, in pixels."""
    columns = np.broadcast_to(np.arange(gray.shape[1]), gray.shape)
    goes_on = sign * np.diff(gray, axis=1) > 0  # from column i to i + 1
    edge = np.zeros((gray.shape[0], 1), bool)
    first = np.where(np.hstack([edge, goes_on]), 0, columns)
    first = np.maximum.accumulate(first, axis=1)
    last = np.where(np.hstack([goes_on, edge]), gray.shape[1] - 1, columns)
    last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
    return (last - first).astype(np.float64)


def _outlines(gray: np.ndarray, config: CPBD) -> np.ndarray:
    """(H, W) Canny's edges, with thresholds as Matlab chooses them."""
    import cv2

    smooth = cv2.GaussianBlur(gray, (0, 0), np.sqrt(2))
    dx, dy = (cv2.Sobel(smooth, cv2.CV_64F, *which) for which in ((1, 0), (0, 1)))
    scale = 4000 / max(np.abs([dx, dy]).max(), 1e-9)  # Canny takes whole numbers
    strength = np.hypot(dx, dy) * scale
    high = max(float(np.quantile(strength, config.canny_share)), 1.0)
    x, y = ((d * scale).astype(np.int16) for d in (dx, dy))
    return cv2.Canny(x, y, 0.4 * high, high, L2gradient=True) > 0
