"""What the sampling methods draw for a seed, in the engine's order: orders, pairs and coalitions, not what is made of
them."""

from __future__ import annotations

from independent.game import Coalition
from independent.random_numbers import Random


def orders(units: int, permutations: int, seed: int) -> list[list[int]]:
    """Of permutation sampling."""
    random = Random(seed)
    return [random.shuffled(units) for _ in range(permutations)]


def halves(units: int, samples: int, seed: int) -> list[Coalition]:
    """Of `sparse_linear`: a coin for each unit."""
    random = Random(seed)
    return [tuple(random.coin() for _ in range(units)) for _ in range(samples)]


def lime_samples(units: int, samples: int, seed: int) -> list[Coalition]:
    """Each takes away a number of units that is uniform from one to all."""
    random = Random(seed)
    order = list(range(units))
    found = []
    for _ in range(samples):
        absent = _begin_of_shuffle(random, order, 1 + random.below(units))
        found.append(tuple(0 if unit in absent else 1 for unit in range(units)))
    return found


def pairs(units: int, sizes: list[int], mass: list[float], count: int, seed: int) -> list[Coalition]:
    """Of `kernel_shap`: coalitions of these sizes, each size with a probability proportional to its mass. The other
    half of a pair is the complement."""
    random = Random(seed)
    order = list(range(units))
    found = []
    for _ in range(count):
        place = random.uniform() * sum(mass)
        drawn = 0
        while drawn + 1 < len(sizes) and place >= mass[drawn]:
            place -= mass[drawn]
            drawn += 1
        present = _begin_of_shuffle(random, order, sizes[drawn])
        found.append(tuple(1 if unit in present else 0 for unit in range(units)))
    return found


def rankings(units: int, count: int, seed: int) -> list[list[int]]:
    """Random maps of the faithfulness numbers, as scores."""
    random = Random(seed)
    return [random.shuffled(units) for _ in range(count)]


def _begin_of_shuffle(random: Random, order: list[int], count: int) -> set[int]:
    """Draws `count` of `order`, which stays shuffled for the next draw."""
    for k in range(count):
        other = k + random.below(len(order) - k)
        order[k], order[other] = order[other], order[k]
    return set(order[:count])
