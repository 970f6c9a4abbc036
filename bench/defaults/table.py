#!/usr/bin/env python3
"""Prints the tables of docs/faithfulness.md from what run.py measured.

usage: bench/defaults/table.py RUNS.json
"""

from __future__ import annotations

import json
import pathlib
import sys
from typing import Any

NUMBERS = {"comprehensiveness": "comprehensiveness", "sufficiency": "sufficiency", "kendall_tau": "Kendall τ"}


def cell(mean: dict[str, Any]) -> str:
    if mean["mean"] is None:  # no ranking: all units score the same
        return "–"
    return f"{mean['mean']:.3f} ± {mean['standard_error']:.3f}"


def rows(run: dict[str, Any]) -> list[str]:
    lines = [f"| `{mean['method']}` | " + " | ".join(cell(mean[key]) for key in NUMBERS) + " |"
             for mean in run["means"]]
    random = [f"{next(m[key]['random'] for m in run['means'] if m[key]['random'] is not None):.3f}" for key in NUMBERS]
    return [*lines, "| **random** | " + " | ".join(random) + " |"]


def main() -> None:
    for run in json.loads(pathlib.Path(sys.argv[1]).read_text()):
        print(f"{run['model']}, {run['form']}, absent units: {run['absence']} ({run['requests']} texts, "
              f"{run['seconds']:.0f} s of one core)\n")
        print("| method | " + " | ".join(NUMBERS.values()) + " |")
        print("| --- |" + " --- |" * len(NUMBERS))
        print("\n".join(rows(run)), end="\n\n")


main()
