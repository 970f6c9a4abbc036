#!/usr/bin/env python3
"""Draws how the time of a gradient grows, from what measure.py wrote: an SVG picture with a panel over tokens (of the
first model) and one over parameters (of the number of tokens that most models have).

usage: plot.py RUNS.json PARAMETERS OUT.svg      PARAMETERS: "NAME=N,NAME=N", in billions, of models by name
"""

from __future__ import annotations

import collections
import dataclasses
import json
import math
import pathlib
import sys
from typing import Any

SERIES = {"ours": ("llmx, gradient", "#d1495b"), "bfloat16": ("PyTorch bfloat16, gradient", "#30638e"),
          "float32": ("PyTorch float32, gradient", "#7b9e3f"), "plain": ("llama.cpp, pass", "#888888")}
WIDTH, HEIGHT, LEFT, TOP = 300, 260, 52, 20
Points = dict[str, list[tuple[float, float]]]


@dataclasses.dataclass(frozen=True)
class Axis:
    low: float
    high: float
    pixels: float
    start: float

    def at(self, value: float) -> float:
        return self.start + self.pixels * math.log(value / self.low) / math.log(self.high / self.low)

    def ticks(self) -> list[float]:
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        return [step * 10.0**d for d in decades for step in (1, 2, 5) if self.low <= step * 10.0**d <= self.high]


def points(runs: list[dict[str, Any]], x: str) -> Points:
    return {name: sorted((run[x], run[name]["seconds"]) for run in runs) for name in SERIES}


def panel(data: Points, title: str, left: float) -> list[str]:
    xs = [x for series in data.values() for x, _ in series]
    ys = [y for series in data.values() for _, y in series]
    across = Axis(min(xs) / 1.15, max(xs) * 1.15, WIDTH, left)
    up = Axis(min(ys) / 1.3, max(ys) * 1.3, -HEIGHT, TOP + HEIGHT)
    out = [f'<rect x="{left}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#8886"/>']
    for tick in across.ticks():
        label = f"{tick:,.0f}" if tick >= 1000 else f"{tick:.3g}"
        out.append(f'<text x="{across.at(tick):.1f}" y="{TOP + HEIGHT + 16}" text-anchor="middle">{label}</text>')
    lines = [(tick, up.at(tick)) for tick in up.ticks()]
    out += [f'<path d="M{left} {y:.1f}h{WIDTH}" stroke="#8883"/>' for _, y in lines]
    out += [f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:g} s</text>' for tick, y in lines]
    for name, series in data.items():
        color = SERIES[name][1]
        line = "L".join(f"{across.at(x):.1f} {up.at(y):.1f}" for x, y in series)
        out.append(f'<path d="M{line}" fill="none" stroke="{color}" stroke-width="2"/>')
        out += [f'<circle cx="{across.at(x):.1f}" cy="{up.at(y):.1f}" r="3" fill="{color}"/>' for x, y in series]
    out.append(f'<text x="{left + WIDTH / 2}" y="{TOP + HEIGHT + 34}" text-anchor="middle">{title}</text>')
    return out


def main() -> None:
    runs = json.loads(pathlib.Path(sys.argv[1]).read_text())
    parameters = {name: float(n) for name, n in (pair.split("=") for pair in sys.argv[2].split(","))}
    by_tokens = [run for run in runs if run["model"] == runs[0]["model"]]
    sized = [run | {"parameters": parameters[run["model"]]} for run in runs if run["model"] in parameters]
    tokens = collections.Counter(run["tokens"] for run in sized).most_common(1)[0][0]
    by_size = [run for run in sized if run["tokens"] == tokens]
    right = 2 * LEFT + WIDTH
    body = panel(points(by_tokens, "tokens"), f"tokens ({runs[0]['model']})", LEFT)
    body += panel(points(by_size, "parameters"), f"billion parameters ({tokens} tokens)", right)
    x = float(LEFT)
    for label, color in SERIES.values():
        y = TOP + HEIGHT + 58
        body.append(f'<path d="M{x} {y - 4}h18" stroke="{color}" stroke-width="2"/>')
        body.append(f'<text x="{x + 24}" y="{y}">{label}</text>')
        x += 40 + 6.2 * len(label)
    size = f"{right + WIDTH + 16} {TOP + HEIGHT + 70}"
    pathlib.Path(sys.argv[3]).write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" font-family="sans-serif" font-size="12">\n'
        '<style>text{fill:#333}@media(prefers-color-scheme:dark){text{fill:#ccc}}</style>\n' + "\n".join(body) +
        "\n</svg>\n")


main()
