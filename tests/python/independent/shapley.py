"""Leave-one-out, occlusion and Shapley values."""

from __future__ import annotations

import itertools
import math

import numpy as np

from independent.game import Floats, Game


def leave_one_out(game: Game) -> Floats:
    """v(all) - v(all minus u), [targets, units]"""
    return (game.all() - game.values(1 - np.eye(game.count, dtype=int))).T


def occlusion(game: Game, window: int, stride: int) -> Floats:
    """Mean of v(all) - v(all minus window) over the windows that contain a unit."""
    losses: list[list[Floats]] = [[] for _ in range(game.count)]
    for first in range(0, game.count, stride):
        inside = range(first, min(first + window, game.count))
        loss = game.all() - game.values([[0 if unit in inside else 1 for unit in range(game.count)]])[0]
        for unit in inside:
            losses[unit].append(loss)
        if inside[-1] == game.count - 1:
            break
    return np.array([np.mean(of_unit, axis=0) for of_unit in losses]).T


def shapley(game: Game) -> Floats:
    """sum over S without u of |S|! (n - |S| - 1)! / n! (v(S and u) - v(S)), written as in the definition."""
    n = game.count
    found = np.zeros((len(game.targets), n))
    game.values(itertools.product((0, 1), repeat=n))  # all of them together are faster
    for unit in range(n):
        for others in itertools.product((0, 1), repeat=n - 1):
            without = others[:unit] + (0,) + others[unit:]
            with_it = others[:unit] + (1,) + others[unit:]
            size = sum(others)
            share = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
            higher, lower = game.values([with_it, without])
            found[:, unit] += share * (higher - lower)
    return found


def contributions(game: Game, order: list[int]) -> Floats:
    """What each unit adds to those before it in an order, [targets, units]."""
    present = [0] * game.count
    coalitions = [tuple(present)]
    for unit in order:
        present[unit] = 1
        coalitions.append(tuple(present))
    steps = np.diff(game.values(coalitions), axis=0)
    found = np.zeros((len(game.targets), game.count))
    found[:, order] = steps.T
    return found


def sampled_shapley(game: Game, orders: list[list[int]]) -> tuple[Floats, Floats]:
    """The mean over orders and their reverses, and its standard error over these pairs."""
    pairs = np.array([(contributions(game, order) + contributions(game, order[::-1])) / 2 for order in orders])
    return pairs.mean(axis=0), pairs.std(axis=0, ddof=1) / math.sqrt(len(orders))
