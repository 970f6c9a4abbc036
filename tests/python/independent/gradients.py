"""Gradient methods, by complex steps: f(x + i h d) has the imaginary part h f'(x)[d] up to h^2, which is below
double precision for h = 1e-20 (Squire and Trapp 1998). There is no reverse pass here."""

from __future__ import annotations

import numpy as np

from independent.game import Floats
from independent.llama import Llama
from independent.targets import Target, values

_STEP = 1e-20


class Slope:
    """Derivatives of the targets with respect to the prompt's embeddings; those of the answer stay as they are."""

    def __init__(self, model: Llama, prompt: list[int], answer: list[int], targets: list[Target]) -> None:
        self.model, self.answer, self.targets = model, answer, targets
        self.input = np.asarray(model.embed(np.array(prompt)), np.float64)
        self._rest = model.embed(np.array(answer))

    def along(self, point: Floats, directions: Floats) -> Floats:
        """Derivatives at `point` [rows, size] along `directions` [count, rows, size]: [targets, count]."""
        found = []
        for some in np.array_split(directions, len(directions) // 256 + 1):
            moved = point + 1j * _STEP * some
            answer = np.broadcast_to(self._rest, (len(some), *self._rest.shape))
            logits = self.model.run(np.concatenate([moved, answer], axis=1)).logits
            found.append(values(self.targets, logits[:, len(point) - 1:-1], self.answer).imag / _STEP)
        return np.concatenate(found).T

    def by_row(self, point: Floats, direction: Floats) -> Floats:
        """sum over d of direction_pd * gradient_pd, [targets, rows]."""
        return self.along(point, np.eye(len(point))[:, :, None] * direction)

    def gradient(self, point: Floats) -> Floats:
        """[targets, rows, size]"""
        coordinates = np.eye(point.size).reshape(point.size, *point.shape)
        return self.along(point, coordinates).reshape(len(self.targets), *point.shape)


def size_of(gradient: Floats, norm: str) -> Floats:
    """`saliency`: the size of each row's gradient."""
    if norm == "l2":
        return np.linalg.norm(gradient, axis=-1)
    size = np.abs(gradient)
    return {"l1": size.sum(axis=-1), "max_abs": size.max(axis=-1), "mean_abs": size.mean(axis=-1)}[norm]


def input_x_gradient(slope: Slope) -> Floats:
    return slope.by_row(slope.input, slope.input)


def rule(name: str, count: int) -> tuple[Floats, Floats]:
    """Points and weights on [0, 1]."""
    if name == "gauss_legendre":
        roots, weights = np.polynomial.legendre.leggauss(count)
        return (1 + roots) / 2, weights / 2
    if name == "midpoint":
        return (np.arange(count) + 0.5) / count, np.full(count, 1 / count)
    ends = np.full(count, 1 / (count - 1))
    ends[[0, -1]] /= 2
    return np.linspace(0, 1, count), ends


def integrated_gradients(slope: Slope, baseline: Floats, name: str, steps: int) -> Floats:
    way = slope.input - baseline
    found = np.zeros((len(slope.targets), len(way)))
    for at, weight in zip(*rule(name, steps)):
        found += weight * slope.by_row(baseline + at * way, way)
    return found
