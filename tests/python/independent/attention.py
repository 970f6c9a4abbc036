"""Attention weights, rollout and flow (Abnar and Zuidema 2020). A matrix has a row for each query, a column for each
key."""

from __future__ import annotations

import numpy as np

from independent.game import Floats
from independent.llama import Llama


def matrices(model: Llama, ids: list[int]) -> Floats:
    """[blocks, heads, rows, keys]"""
    return np.asarray(model.run(model.embed(np.array(ids))).attention, np.float64)


def with_residual(attention: Floats) -> Floats:
    """(A + I) / row sum of every block, A the mean over heads: [blocks, rows, keys]."""
    mixed = attention.mean(axis=1) + np.eye(attention.shape[-1])
    return mixed / mixed.sum(axis=-1, keepdims=True)


def product(layers: Floats) -> Floats:
    """Of matrices from the first block on, the last one leftmost."""
    found = np.eye(layers.shape[-1])
    for layer in layers:
        found = layer @ found
    return found


def rollout(attention: Floats) -> Floats:
    return product(with_residual(attention))


def flow(attention: Floats, query: int, key: int) -> float:
    """The maximum flow from the query above the last block to the key below the first, by shortest augmenting paths
    (Edmonds and Karp 1972). Node l * rows + i is row i after l blocks."""
    layers = with_residual(attention)
    blocks, rows = layers.shape[:2]
    left = np.zeros(((blocks + 1) * rows,) * 2)
    for block, layer in enumerate(layers):
        left[(block + 1) * rows:(block + 2) * rows, block * rows:(block + 1) * rows] = layer
    total = 0.0
    while True:
        path = _shortest_path(left, blocks * rows + query, key)
        if not path:
            return total
        share = min(left[edge] for edge in path)
        for begin, end in path:
            left[begin, end] -= share
            left[end, begin] += share
        total += share


def _shortest_path(left: Floats, source: int, sink: int) -> list[tuple[int, int]]:
    """Its edges, or none."""
    before = {source: source}
    queue = [source]
    for node in queue:
        for following in map(int, np.flatnonzero(left[node] > 1e-15)):
            if following not in before:
                before[following] = node
                queue.append(following)
    path = []
    node = sink
    while node in before and node != source:
        path.append((before[node], node))
        node = before[node]
    return path
