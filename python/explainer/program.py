"""The console script `llmx`: runs the program that is installed beside this package."""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "llmx")
    os.execv(program, [program, *sys.argv[1:]])
