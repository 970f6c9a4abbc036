"""What attention moves: value norms (Kobayashi et al. 2020) and value zeroing (Mohebbi et al. 2023)."""

from __future__ import annotations

import numpy as np

from independent.game import Floats
from independent.llama import Array, Llama


def value_norm(model: Llama, ids: list[int]) -> Floats:
    """A[q, k] |v_k W_O|, [blocks, heads, rows, keys]; W_O is a head's part of the output projection."""
    run = model.run(model.embed(np.array(ids)))
    found = []
    for block in range(model.blocks):
        projection = model.weights[f"blk.{block}.attn_output.weight"]
        parts = projection.reshape(len(projection), model.heads, model.head_size).transpose(1, 2, 0)
        norms = np.linalg.norm(run.values[block] @ parts, axis=-1)
        found.append(run.attention[block] * norms[:, None, :])
    return np.array(found)


def value_zeroing(model: Llama, ids: list[int]) -> Floats:
    """C[i, j] = 1 - cos of row i's output of a block and the same without the value of token j in that block, rows
    scaled to 1: [blocks, rows, keys]. Its rollout is the product of all blocks, without identity: a block's output
    contains the residual stream."""
    embeddings = model.embed(np.array(ids))
    plain = model.run(embeddings)
    rows = len(ids)
    found = []
    for zeroed in range(model.blocks):
        def without_one(block: int, weights: Array, zeroed: int = zeroed) -> Array:
            """Text j of the batch lacks token j's value."""
            if block != zeroed:
                return weights
            return weights * (1 - np.eye(rows))[:, None, None, :]

        changed = model.run(np.broadcast_to(embeddings, (rows, *embeddings.shape)), edit=without_one).hidden[zeroed]
        before = plain.hidden[zeroed]
        cosine = (changed * before).sum(axis=-1) / (np.linalg.norm(changed, axis=-1) * np.linalg.norm(before, axis=-1))
        distance = np.tril((1 - cosine).T)  # a token has no effect on rows before it
        found.append(distance / distance.sum(axis=-1, keepdims=True))
    return np.array(found)
