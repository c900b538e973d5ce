from dataclasses import dataclass
import numpy as np
@dataclass(frozen=True)
class Patch:
    left: int
    top: int
    rgb: np.ndarray
    alpha: np.ndarray
