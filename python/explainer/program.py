"""The program `llmx`, which is installed beside this package, and its console script."""

from __future__ import annotations

import os
import shutil
import sys
from typing import NoReturn


def _beside() -> str:
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "llmx")


def find_program() -> str | None:
    """The path of `llmx`: beside this package, else in PATH."""
    return _beside() if os.path.exists(_beside()) else shutil.which("llmx")


def main() -> NoReturn:
    os.execv(_beside(), [_beside(), *sys.argv[1:]])
