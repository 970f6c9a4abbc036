"""Linear surrogates: LIME (Ribeiro et al. 2016) and ContextCite's sparse fit (Cohen-Wang et al. 2024)."""

from __future__ import annotations

import numpy as np

from independent.game import Coalition, Floats, Game


def lime(game: Game, samples: list[Coalition], width: float, ridge: float) -> Floats:
    """Ridge regression with a free intercept, each sample weighted by the exponential kernel of its cosine distance
    to the whole text; as one least squares problem, whose last rows are the penalty. [targets, units]"""
    coalitions = [(1,) * game.count, *samples]
    kept = np.array(coalitions, float)
    cosine = kept.sum(axis=1) / np.sqrt(np.maximum(kept.sum(axis=1), 1) * game.count)
    roots = np.exp(-((1 - cosine) ** 2) / (2 * width**2)) ** 0.5
    left = np.vstack([roots[:, None] * np.column_stack([kept, np.ones(len(kept))]),
                      np.sqrt(ridge) * np.eye(game.count, game.count + 1)])
    right = np.vstack([roots[:, None] * game.values(coalitions), np.zeros((game.count, len(game.targets)))])
    return np.linalg.lstsq(left, right, rcond=None)[0][:-1].T


def sparse_linear(game: Game, samples: list[Coalition], alpha: float) -> Floats:
    """[targets, units]: of log-probabilities a fit of log-odds per token, of other measures one of the measure over
    its deviation."""
    values = game.values(samples)
    found = []
    for column, target in enumerate(game.targets):
        tokens = target.last - target.first
        if target.measure == "logprob" or (target.measure == "mean_logprob" and tokens == 1):
            scale = float(tokens)
            y = np.log(np.exp(values[:, column]) / (1 - np.exp(values[:, column]))) / scale
        else:
            scale = float(values[:, column].std())
            y = values[:, column] / scale
        found.append(scale * standardised_lasso(np.array(samples, float), y, alpha))
    return np.array(found)


def standardised_lasso(x: Floats, y: Floats, alpha: float) -> Floats:
    """Minimises 1/(2m) |y - b - Z w|^2 + alpha |w|_1, Z the standardised columns, by descent along one coordinate
    after another; w in the columns' own scale, 0 for a constant column."""
    deviations = x.std(axis=0)
    varied = deviations > 0
    z = (x[:, varied] - x[:, varied].mean(axis=0)) / deviations[varied]
    weights = np.zeros(z.shape[1])
    left = y - y.mean()
    for _ in range(100_000):
        largest = 0.0
        for k in range(len(weights)):
            alone = z[:, k] @ left / len(y) + weights[k]  # a standardised column's square is m
            best = np.sign(alone) * max(abs(alone) - alpha, 0)
            left += z[:, k] * (weights[k] - best)
            largest = max(largest, abs(weights[k] - best))
            weights[k] = best
        if largest < 1e-15:
            break
    found = np.zeros(x.shape[1])
    found[varied] = weights / deviations[varied]
    return found
