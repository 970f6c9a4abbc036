"""SmoothGrad (Smilkov et al. 2017), GradientSHAP (Lundberg and Lee 2017), expected gradients (Erion et al. 2021): the
draws are the engine's, what is computed at each point is gradients.py's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from independent.game import Floats
from independent.gradients import Slope
from independent.random_numbers import Random


def noisy(slope: Slope, point: Floats, level: float, random: Random) -> Floats:
    """The point with Gaussian noise, whose deviation is `level` times the root mean square of the embeddings."""
    deviation = level * np.sqrt((slope.input**2).mean())
    return point + deviation * np.array([random.normal() for _ in range(point.size)]).reshape(point.shape)


def smoothgrad(slope: Slope, samples: int, level: float, seed: int) -> Floats:
    """The mean gradient, [targets, rows, size]."""
    random = Random(seed)
    return np.mean([slope.gradient(noisy(slope, slope.input, level, random)) for _ in range(samples)], axis=0)


def gradient_shap(slope: Slope, baseline: Floats, samples: int, level: float, seed: int) -> tuple[Floats, Floats]:
    return _sampled(slope, samples, seed, lambda random: noisy(slope, baseline, level, random))


def expected_gradients(slope: Slope, special: set[int], samples: int, seed: int) -> tuple[Floats, Floats]:
    """Baselines are texts of tokens that are not special."""
    def text(random: Random) -> Floats:
        ids: list[int] = []
        while len(ids) < len(slope.input):
            one = random.below(len(slope.model.table))
            if one not in special:
                ids.append(one)
        return np.asarray(slope.model.embed(np.array(ids)), np.float64)

    return _sampled(slope, samples, seed, text)


def _sampled(slope: Slope, samples: int, seed: int, draw: Callable[[Random], Floats]) -> tuple[Floats, Floats]:
    """Mean and standard error of (e - b) * gradient at a random point between b and e."""
    random = Random(seed)
    found = []
    for _ in range(samples):
        baseline = draw(random)
        way = slope.input - baseline
        found.append(slope.by_row(baseline + random.uniform() * way, way))
    return np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(samples)
