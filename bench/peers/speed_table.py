#!/usr/bin/env python3
"""Prints the table of docs/performance.md from what measure.py wrote.

usage: speed_table.py RUNS.json
"""

from __future__ import annotations

import json
import pathlib
import sys

HEAD = ("model", "tokens", "llama.cpp's pass", "llmx, gradient", "PyTorch float32", "bfloat16", "llmx over llama.cpp",
        "over float32", "over bfloat16", "memory: llmx, PyTorch")


def main() -> None:
    print("| " + " | ".join(HEAD) + " |")
    print("| " + " | ".join("---" for _ in HEAD) + " |")
    for run in json.loads(pathlib.Path(sys.argv[1]).read_text()):
        seconds = {name: run[name]["seconds"] for name in ("ours", "plain", "float32", "bfloat16")}
        memory = [run[name]["memory"] / 1e9 for name in ("ours", "float32", "bfloat16")]
        cells = [run["model"], f"{run['tokens']:,}"]
        cells += [f"{seconds[name]:.2f} s" for name in ("plain", "ours", "float32", "bfloat16")]
        cells += [f"{seconds['ours'] / seconds[name]:.2f}" for name in ("plain", "float32", "bfloat16")]
        cells.append(f"{memory[0]:.1f}; {memory[1]:.1f}, {memory[2]:.1f} GB")
        print("| " + " | ".join(cells) + " |")


main()
