"""Attention times gradient, carried through all layers (Chefer et al. 2021, ICCV)."""

from __future__ import annotations

import numpy as np

from independent.game import Floats
from independent.llama import Array, Llama
from independent.targets import Target, values

_STEP = 1e-20  # of the complex steps of gradients.py


def gradients(model: Llama, prompt: list[int], answer: list[int], targets: list[Target]) -> Floats:
    """Of the targets at every softmax weight: [targets, blocks, heads, rows, keys]."""
    embeddings = model.embed(np.array(prompt + answer))
    rows = len(embeddings)
    shape = (model.heads, rows, rows)
    weights = np.eye(int(np.prod(shape))).reshape(-1, *shape)
    weights = weights[np.tril(np.ones(shape, bool)).reshape(-1)]  # the others are hidden by causality
    texts = np.broadcast_to(embeddings, (len(weights), *embeddings.shape))
    found = np.zeros((len(targets), model.blocks, *shape))
    for moved in range(model.blocks):
        def step(block: int, attention: Array, moved: int = moved) -> Array:
            return attention + 1j * _STEP * weights if block == moved else attention

        logits = model.run(texts, edit=step).logits[:, len(prompt) - 1:-1]
        slopes = values(targets, logits, answer).imag / _STEP
        found[:, moved] = np.einsum("wt,whqk->thqk", slopes, weights)
    return found


def carried(attention: Floats, gradient: Floats, normalised: bool) -> Floats:
    """R_l = R_(l-1) + mean over heads of max(0, gradient * A) R_(l-1); `normalised`: the rollout of rows that sum to 1.
    [rows, keys]"""
    found = np.eye(attention.shape[-1])
    for block in np.maximum(attention * gradient, 0).mean(axis=1):
        layer = block + np.eye(len(block))
        found = (layer / layer.sum(axis=-1, keepdims=True) if normalised else layer) @ found
    return found
