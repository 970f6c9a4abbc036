"""Types of arguments that several modules take."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Union

StrPath = Union[str, "os.PathLike[str]"]
ProgressCallback = Callable[[str, float], object]  # (stage, fraction done); returning False cancels the work
Progress = Union[ProgressCallback, bool]  # True shows a progress line on the terminal

__all__ = ["Progress", "ProgressCallback", "StrPath"]
