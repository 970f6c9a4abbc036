"""Attention weights and rollout (Abnar and Zuidema 2020), for the rows that predict the answer."""

from __future__ import annotations

import numpy as np

from independent.game import Floats
from independent.llama import Llama


def matrices(model: Llama, ids: list[int]) -> Floats:
    """[blocks, heads, rows, keys]"""
    return np.asarray(model.run(model.embed(np.array(ids))).attention, np.float64)


def rollout(attention: Floats) -> Floats:
    """[rows, keys]: the product of all blocks' (A + I) / row sum, A the mean over heads."""
    product = np.eye(attention.shape[-1])
    for block in attention.mean(axis=1):
        mixed = block + np.eye(len(block))
        product = mixed / mixed.sum(axis=-1, keepdims=True) @ product
    return product
