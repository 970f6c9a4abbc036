#!/usr/bin/env python3
"""Measures which defaults are the most faithful: `llmx evaluate` over texts.jsonl, for every model given.

usage: bench/defaults/run.py LLMX RUNS.json MODEL...

Methods are measured under two absences (token, deletion), so that none is measured only by what it is made of.
RUNS.json gets the means, standard errors and processor seconds of every run. It may exist: what it holds is not
measured again. table.py prints the tables of docs/faithfulness.md from it.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import resource
import subprocess
import sys
import tempfile
from typing import Any

TEXTS = pathlib.Path(__file__).with_name("texts.jsonl")


@dataclasses.dataclass(frozen=True)
class Form:
    """What a run asks: methods, and how the others' defaults are set."""

    name: str
    methods: tuple[str, ...]
    flags: tuple[str, ...] = ("--hold", "template")
    absences: tuple[str, ...] = ("token", "deletion")


LOOKS = ("attention", "gradient", "saliency", "input_x_gradient", "value_norm", "attention_weights",
         "attention_x_gradient")
GAMES = ("leave_one_out:baseline=token", "leave_one_out:baseline=deletion", "sparse_linear:baseline=deletion")
PATHS = ("integrated_gradients:steps=20", "smoothgrad:samples=5:noise=0.1", "smoothgrad:samples=5:noise=0.5")
FORMS = (
    Form("absence", ("attention", "gradient", "value_norm", *GAMES[:2]), absences=("deletion", "token")),
    Form("methods", LOOKS + GAMES, absences=("deletion", "token")),
    Form("hold none", LOOKS, ("--hold", "none"), ("deletion",)),
    Form("sums", LOOKS, ("--hold", "template", "--aggregation", "sum"), ("deletion",)),
    Form("paths", PATHS, absences=("deletion",)),
    Form("paths, hold none", PATHS, ("--hold", "none"), ("deletion",)),
)


def template_of(llmx: str, model: str) -> list[str]:
    """For a base model, which has none: the texts as they are."""
    facts = json.loads(subprocess.run([llmx, "model", model, "--json", "-"], check=True, capture_output=True).stdout)
    plain = "{% for message in messages %}{{ message.content }}\n\n{% endfor %}"
    return [] if facts["has_chat_template"] else ["--chat-template", plain]


def evaluated(llmx: str, model: str, form: Form, absence: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        out = pathlib.Path(place) / "out.json"
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run([llmx, "evaluate", "--model", model, "--requests", str(TEXTS), "--method",
                        ",".join(form.methods), "--absence", absence, "--threads", "1", "--seeds", "2", "--quiet",
                        "--json", str(out), *template_of(llmx, model), *form.flags],
                       check=True, stdout=subprocess.DEVNULL)
        found: dict[str, Any] = json.loads(out.read_text())
        seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        return {"seconds": seconds, "requests": len(found["requests"]), "means": found["means"]}


def main() -> None:
    llmx, out, *models = sys.argv[1:]
    file = pathlib.Path(out)
    runs: list[dict[str, Any]] = json.loads(file.read_text()) if file.exists() else []
    known = {(run["model"], run["form"], run["absence"]) for run in runs}
    for form in FORMS:
        for absence in form.absences:
            for model in models:
                key = (pathlib.Path(model).stem, form.name, absence)
                if key in known:
                    continue
                runs.append(dict(zip(("model", "form", "absence"), key)) | evaluated(llmx, model, form, absence))
                file.write_text(json.dumps(runs, indent=1))
                print(*key, f"{runs[-1]['seconds']:.0f} s", flush=True)


main()
