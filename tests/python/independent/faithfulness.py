"""The faithfulness numbers of docs/faithfulness.md, from the definitions: comprehensiveness and sufficiency
(DeYoung et al. 2020), deletion and insertion areas (Petsiuk et al. 2018), Kendall's tau-b, Student's t."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np

from independent.game import Floats, Game

PERCENTAGES = range(0, 101, 10)


@dataclasses.dataclass(frozen=True)
class Curves:
    deletion: Floats  # p without the top k %
    insertion: Floats  # p of the top k % alone


def top(scores: Floats, percent: int) -> set[int]:
    """The smallest number of units that is at least this share, largest scores first, ties to the earlier unit."""
    order = sorted(range(len(scores)), key=lambda unit: (-scores[unit], unit))
    return set(order[:-(-len(scores) * percent // 100)])


def curves(game: Game, scores: Floats, probability: bool) -> Curves:
    """`probability`: p is exp(mean log-probability of a token), of a game whose targets are single tokens; else p is
    the sum of the targets."""
    def p(coalitions: list[list[int]]) -> Floats:
        values = game.values(coalitions)
        return np.exp(values.mean(axis=1)) if probability else values.sum(axis=1)

    tops = [top(scores, percent) for percent in PERCENTAGES]
    units = range(game.count)
    return Curves(p([[0 if unit in chosen else 1 for unit in units] for chosen in tops]),
                  p([[1 if unit in chosen else 0 for unit in units] for chosen in tops]))


def kendall(a: Floats, b: Floats) -> float:
    """tau-b over all pairs."""
    products, of_a, of_b = 0.0, 0, 0
    for i, k in itertools.combinations(range(len(a)), 2):
        signs = np.sign(a[i] - a[k]), np.sign(b[i] - b[k])
        products += signs[0] * signs[1]
        of_a += signs[0] != 0
        of_b += signs[1] != 0
    return products / math.sqrt(of_a * of_b)


def numbers(game: Game, scores: Floats, probability: bool) -> dict[str, float]:
    found = curves(game, scores, probability)
    whole = found.deletion[0]
    losses = (game.all() - game.values(1 - np.eye(game.count, dtype=int))).sum(axis=1)
    return {"comprehensiveness": float(np.mean(whole - found.deletion[1:])),
            "sufficiency": float(np.mean(whole - found.insertion[1:])),
            "deletion_area": float(np.trapezoid(found.deletion, dx=0.1)),
            "insertion_area": float(np.trapezoid(found.insertion, dx=0.1)),
            "kendall_tau": kendall(scores, losses)}


def student_tail(t: float, freedom: int) -> float:
    """P(T >= t): the integral of the density from 0 to t, by Gauss and Legendre in the angle atan(t / sqrt(n))."""
    constant = math.gamma((freedom + 1) / 2) / (math.sqrt(math.pi) * math.gamma(freedom / 2))
    end = math.atan(t / math.sqrt(freedom))
    roots, weights = np.polynomial.legendre.leggauss(60)
    angles = end * (1 + roots) / 2
    return 0.5 - constant * end / 2 * float(weights @ np.cos(angles) ** (freedom - 1))


def beside(own: dict[str, float], random: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Each number with the random rankings' mean and deviation, and the probability that one more of them does as
    well or better."""
    found = {}
    for name, value in own.items():
        others = [one[name] for one in random]
        mean, deviation = float(np.mean(others)), float(np.std(others, ddof=1))
        better = -1 if name in ("sufficiency", "deletion_area") else 1
        t = better * (value - mean) / (deviation * math.sqrt(1 + 1 / len(others)))
        found[name] = {"value": value, "random": mean, "random_deviation": deviation,
                       "p_value": student_tail(t, len(others) - 1)}
    return found
