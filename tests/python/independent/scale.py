"""How far two maps are apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def difference(got: ArrayLike, expected: ArrayLike) -> float:
    """The largest difference of two scores, in units of the largest score."""
    a, b = np.asarray(got, np.float64), np.asarray(expected, np.float64)
    if a.shape != b.shape:
        raise AssertionError(f"shapes {a.shape} and {b.shape} differ")
    return float(np.abs(a - b).max() / np.abs(b).max())
