"""KernelSHAP: the Shapley values as a weighted least squares fit under a constraint (Lundberg and Lee 2017; with
pairs of coalitions, Covert and Lee 2021)."""

from __future__ import annotations

import itertools
import math

import numpy as np

from independent.draws import pairs as drawn_pairs
from independent.game import Coalition, Floats, Game


def size_masses(units: int) -> dict[int, float]:
    """The Shapley kernel (n - 1) / (C(n, s) s (n - s)), summed over the coalitions of s and of n - s units, all sizes
    together 1."""
    def kernel(size: int) -> float:
        return (units - 1) / (math.comb(units, size) * size * (units - size))

    masses = {}
    for size in range(1, units // 2 + 1):
        masses[size] = sum(kernel(s) * math.comb(units, s) for s in {size, units - size})
    total = sum(masses.values())
    return {size: mass / total for size, mass in masses.items()}


def constrained_fit(kept: Floats, gains: Floats, weights: Floats, total: Floats) -> Floats:
    """Minimises sum of weights (gains - kept @ scores)^2 where the scores sum to `total`: by the equations of
    Lagrange. [units, targets]"""
    units = kept.shape[1]
    left = np.zeros((units + 1, units + 1))
    left[:units, :units] = kept.T @ (weights[:, None] * kept)
    left[units, :units] = left[:units, units] = 1
    right = np.vstack([kept.T @ (weights[:, None] * gains), total])
    return np.linalg.solve(left, right)[:units]


def of_size(units: int, size: int) -> list[Coalition]:
    """Every coalition of `size` units, and of all but `size`."""
    return [tuple(1 if unit in chosen else 0 for unit in range(units))
            for count in sorted({size, units - size})
            for chosen in itertools.combinations(range(units), count)]


def fit(game: Game, coalitions: list[Coalition], weights: list[float]) -> Floats:
    gains = game.values(coalitions) - game.none()
    return constrained_fit(np.array(coalitions, float), gains, np.array(weights), game.all() - game.none())


def exact(game: Game) -> Floats:
    """From all coalitions, [targets, units]."""
    coalitions, weights = [], []
    for size, mass in size_masses(game.count).items():
        alike = of_size(game.count, size)
        coalitions += alike
        weights += [mass / len(alike)] * len(alike)
    return fit(game, coalitions, weights).T


def sampled(game: Game, whole: list[int], pairs: int, seed: int) -> tuple[Floats, Floats]:
    """Every coalition of the sizes in `whole`, `pairs` pairs of the other sizes. The standard errors are the
    jackknife's: the spread of the fits that leave out one pair."""
    masses = size_masses(game.count)
    rest = [size for size in masses if size not in whole]
    share = sum(masses[size] for size in rest) / (2 * pairs)
    coalitions: list[Coalition] = []
    for one in drawn_pairs(game.count, rest, [masses[size] for size in rest], pairs, seed):
        coalitions += [one, tuple(1 - kept for kept in one)]
    weights = [share] * len(coalitions)
    for size in whole:
        alike = of_size(game.count, size)
        coalitions += alike
        weights += [masses[size] / len(alike)] * len(alike)
    scores = fit(game, coalitions, weights)
    without = []
    for pair in range(pairs):
        left_out = list(weights)
        left_out[2 * pair] = left_out[2 * pair + 1] = 0
        without.append(fit(game, coalitions, left_out))
    squares = ((np.array(without) - np.mean(without, axis=0)) ** 2).sum(axis=0)
    return scores.T, np.sqrt(squares * pairs / (pairs - 1)).T
