#!/usr/bin/env python3
"""Measures the gradient of a whole answer beside llama.cpp's own pass and PyTorch's gradient, in turn.

usage: measure.py BIN PYTHON RUNS.json MODEL.gguf[=FOR_PYTORCH.gguf]... [--times N] [--tokens N...]

BIN is the folder of llmx and llmx_bench_plain; PYTHON has PyTorch and transformers, which read FOR_PYTORCH.gguf, or
MODEL.gguf without one. The text is random tokens, the last 64 of which are the answer. Seconds are the best of N: ours
are those of the pass and of the reverse pass (also of the whole process, which loads the model and takes its digest),
PyTorch's those of the gradient alone, in float32 and bfloat16. RUNS.json may exist: what it holds is not measured
again. speed_table.py prints the table of docs/performance.md from it.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pathlib
import random
import subprocess
import tempfile
import time
from typing import Any

ANSWER = 64
THREADS = os.cpu_count() or 1
Run = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Case:
    model: pathlib.Path
    torch_model: pathlib.Path
    ids: list[int]


def ours(programs: pathlib.Path, case: Case, place: pathlib.Path) -> Run:
    out = place / "out.json"
    command = [programs / "llmx", "explain", "--model", case.model, "--prompt-ids", json.dumps(case.ids[:-ANSWER]),
               "--answer-ids", json.dumps(case.ids[-ANSWER:]), "--method", "saliency", "--threads", str(THREADS),
               "--context-tokens", str(len(case.ids)), "--quiet", "--json", out]
    began = time.perf_counter()
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status != 0:
        raise SystemExit(f"llmx failed ({status})")
    found = json.loads(out.read_text())
    taken = found["timings_s"]
    return {"seconds": taken["replay"] + taken["saliency"], "process": seconds, "products": found["products"],
            "memory": usage.ru_maxrss * 1024, "value": found["objective"]["value"]}


def plain(programs: pathlib.Path, case: Case) -> Run:
    command = [programs / "llmx_bench_plain", case.model, THREADS, 1, ANSWER, *case.ids]
    done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
    return {"seconds": float(done.stdout)}


def torchs(python: str, case: Case, place: pathlib.Path, type_: str) -> Run:
    text = place / "text.json"
    text.write_text(json.dumps({"prompt": case.ids[:-ANSWER], "answer": case.ids[-ANSWER:], "threads": THREADS}))
    script = pathlib.Path(__file__).with_name("torch_gradient.py")
    done = subprocess.run([python, str(script), str(case.torch_model), str(text), type_], check=True,
                          capture_output=True, text=True)
    found: Run = json.loads(done.stdout.splitlines()[-1])
    return found


def measured(asked: argparse.Namespace, case: Case) -> Run:
    """The best of each, in turn, so that a slow spell of the machine meets all."""
    rounds: dict[str, list[Run]] = {"ours": [], "plain": [], "float32": [], "bfloat16": []}
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        for _ in range(asked.times):
            rounds["ours"].append(ours(asked.programs, case, place))
            rounds["plain"].append(plain(asked.programs, case))
            for type_ in ("float32", "bfloat16"):
                rounds[type_].append(torchs(asked.python, case, place, type_))
    return {name: min(runs, key=lambda run: run["seconds"]) for name, runs in rounds.items()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("python")
    parser.add_argument("runs", type=pathlib.Path)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--tokens", type=int, nargs="+", default=[241, 1024, 2064, 4064])
    asked = parser.parse_args()
    runs: list[Run] = json.loads(asked.runs.read_text()) if asked.runs.exists() else []
    known = {(run["model"], run["tokens"]) for run in runs}
    for named in asked.models:
        model, _, for_torch = named.partition("=")
        for tokens in asked.tokens:
            key = (pathlib.Path(model).stem, tokens)
            if key in known:
                continue
            draw = random.Random(1)
            ids = [draw.randrange(1000, 40000) for _ in range(tokens)]
            case = Case(pathlib.Path(model), pathlib.Path(for_torch or model), ids)
            file = {"model": key[0], "tokens": tokens, "bytes": case.model.stat().st_size}
            runs.append(file | measured(asked, case))
            asked.runs.write_text(json.dumps(runs, indent=1) + "\n")
            print(json.dumps(runs[-1]), flush=True)


main()
