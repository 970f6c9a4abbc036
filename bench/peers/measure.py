#!/usr/bin/env python3
"""Measures the gradient of a whole answer beside PyTorch's, in turn, and prints the table of docs/benchmarks.md.

usage: measure.py LLMX PYTHON MODEL.gguf [--times N] [--type float32|bfloat16] [TOKENS...]

PYTHON has PyTorch and transformers. The text is random tokens, the last 64 of which are the answer. Ours is a whole
process, which loads the model; PyTorch's seconds are those of the gradient alone. The best of N counts.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
from typing import Any

ANSWER = 64


def ours(llmx: str, model: str, text: pathlib.Path, out: pathlib.Path) -> dict[str, float]:
    asked = json.loads(text.read_text())
    command = [llmx, "explain", "--model", model, "--prompt-ids", json.dumps(asked["prompt"]), "--answer-ids",
               json.dumps(asked["answer"]), "--method", "saliency", "--threads", str(asked["threads"]), "--quiet",
               "--json", str(out)]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status != 0:
        raise SystemExit(f"llmx failed ({status})")
    return {"seconds": seconds, "value": json.loads(out.read_text())["objective"]["value"],
            "memory": usage.ru_maxrss * 1024}


def torchs(python: str, model: str, text: pathlib.Path, type_: str) -> dict[str, float]:
    script = pathlib.Path(__file__).with_name("torch_gradient.py")
    done = subprocess.run([python, str(script), model, str(text), type_], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def best(runs: list[dict[str, float]]) -> dict[str, float]:
    return min(runs, key=lambda run: run["seconds"])


def measured(asked: Any, tokens: int, place: pathlib.Path) -> str:
    draw = random.Random(1)
    ids = [draw.randrange(1000, 40000) for _ in range(tokens)]
    text = place / "text.json"
    text.write_text(json.dumps({"prompt": ids[:-ANSWER], "answer": ids[-ANSWER:], "threads": os.cpu_count()}))
    mine, theirs = [], []
    for _ in range(asked.times):
        mine.append(ours(asked.llmx, asked.model, text, place / "out.json"))
        theirs.append(torchs(asked.python, asked.model, text, asked.type))
    a, b = best(mine), best(theirs)
    if asked.type == "float32" and abs(a["value"] - b["value"]) > 0.05 * abs(b["value"]):
        print(f"{tokens} tokens: log-probability {a['value']:.2f}, PyTorch {b['value']:.2f}", file=sys.stderr)
    return (f"| {tokens:,} | {a['seconds']:.1f} s | {b['seconds']:.1f} s | {a['seconds'] / b['seconds']:.2f} | "
            f"{a['memory'] / 1e9:.1f}, {b['memory'] / 1e9:.1f} GB |")


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("llmx", "python", "model"):
        parser.add_argument(name)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--type", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("tokens", type=int, nargs="*")
    asked = parser.parse_intermixed_args()
    print(f"| tokens | llmx | PyTorch, {asked.type} | ratio | memory |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as place:
        for tokens in asked.tokens or (241, 1024, 2064, 4064):
            print(measured(asked, tokens, pathlib.Path(place)), flush=True)


main()
