"""The Llama architecture's forward pass on a GGUF file, for batches of texts.

Every step is analytic in the embeddings, so complex numbers pass through it: `gradients.py` differentiates that way.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from gguf import GGUFReader
from numpy.typing import NDArray

Array = NDArray[Any]  # of floats, or of complex numbers


@dataclasses.dataclass(frozen=True)
class Pass:
    logits: Array  # [..., rows, vocabulary]
    attention: list[Array]  # a block's softmax weights: [..., heads, rows, keys]
    values: list[Array]  # what they mix: [..., heads, keys, head size]
    hidden: list[Array]  # a block's output: [..., rows, size]


class Llama:
    def __init__(self, path: str) -> None:
        reader = GGUFReader(path)
        facts = {key: field.contents() for key, field in reader.fields.items()}
        if facts["general.architecture"] != "llama":
            raise ValueError(f"{path}: a model of architecture {facts['general.architecture']}; expected llama")
        # GGUF lists the fastest dimension first; a weight is [outputs, inputs] here.
        self.weights = {one.name: np.array(one.data, np.float64).reshape([int(n) for n in one.shape][::-1])
                        for one in reader.tensors}
        self.blocks = int(facts["llama.block_count"])
        self.heads = int(facts["llama.attention.head_count"])
        self.groups = int(facts["llama.attention.head_count_kv"])
        self.head_size = int(facts["llama.attention.key_length"])
        self.epsilon = float(facts["llama.attention.layer_norm_rms_epsilon"])
        self.base = float(facts["llama.rope.freq_base"])
        self.table = self.weights["token_embd.weight"]

    def embed(self, ids: Array) -> Array:
        return self.table[np.asarray(ids)]

    def run(self, embeddings: Array, visible: Array | None = None,
            edit: Callable[[int, Array], Array] = lambda block, weights: weights) -> Pass:
        """`embeddings` [..., rows, size]; `visible` [..., rows, keys]: what each row may attend to beside what
        causality already forbids; `edit` changes a block's softmax weights."""
        rows = embeddings.shape[-2]
        allowed = np.tril(np.ones((rows, rows), bool))
        if visible is not None:
            allowed = allowed & visible
        x = embeddings
        attention, values, hidden = [], [], []
        for block in range(self.blocks):
            normed = self._norm(x, f"blk.{block}.attn_norm")
            attention.append(edit(block, self._weights(block, normed, allowed)))
            values.append(self._repeated(self._split(normed, f"blk.{block}.attn_v", self.groups)))
            mixed = np.swapaxes(attention[-1] @ values[-1], -2, -3)
            x = x + self._times(mixed.reshape(*mixed.shape[:-2], -1), f"blk.{block}.attn_output")
            x = x + self._feed_forward(block, self._norm(x, f"blk.{block}.ffn_norm"))
            hidden.append(x)
        head = "output" if "output.weight" in self.weights else "token_embd"  # tied
        return Pass(self._times(self._norm(x, "output_norm"), head), attention, values, hidden)

    def _times(self, x: Array, name: str) -> Array:
        weight = self.weights[name + ".weight"].T
        if np.iscomplexobj(x):  # two real products are much faster than one of complex and real numbers
            return x.real @ weight + 1j * (x.imag @ weight)
        return x @ weight

    def _norm(self, x: Array, name: str) -> Array:
        mean_square = (x * x).mean(axis=-1, keepdims=True)
        return x / np.sqrt(mean_square + self.epsilon) * self.weights[name + ".weight"]

    def _split(self, x: Array, name: str, heads: int) -> Array:
        """[..., rows, heads * size] to [..., heads, rows, size]."""
        projected = self._times(x, name)
        return np.swapaxes(projected.reshape(*projected.shape[:-1], heads, self.head_size), -2, -3)

    def _rotate(self, x: Array) -> Array:
        """Rotary embedding: coordinates 2i and 2i + 1 are turned by position * base^(-2i / size)."""
        speeds = self.base ** (-np.arange(0, self.head_size, 2) / self.head_size)
        angles = np.arange(x.shape[-2])[:, None] * speeds
        even, odd = x[..., 0::2], x[..., 1::2]
        turned = np.stack([even * np.cos(angles) - odd * np.sin(angles),
                           even * np.sin(angles) + odd * np.cos(angles)], axis=-1)
        return turned.reshape(x.shape)

    def _repeated(self, x: Array) -> Array:
        """Keys or values of each group, for every query head of it."""
        return np.repeat(x, self.heads // self.groups, axis=-3)

    def _weights(self, block: int, x: Array, allowed: Array) -> Array:
        queries = self._rotate(self._split(x, f"blk.{block}.attn_q", self.heads))
        keys = self._repeated(self._rotate(self._split(x, f"blk.{block}.attn_k", self.groups)))
        scores = queries @ np.swapaxes(keys, -1, -2) / np.sqrt(self.head_size)
        return softmax(scores, allowed[..., None, :, :])

    def _feed_forward(self, block: int, x: Array) -> Array:
        gate = self._times(x, f"blk.{block}.ffn_gate")
        silu = gate / (1 + np.exp(-gate))
        return self._times(silu * self._times(x, f"blk.{block}.ffn_up"), f"blk.{block}.ffn_down")


def softmax(scores: Array, allowed: Array) -> Array:
    highest = np.where(allowed, scores.real, -np.inf).max(axis=-1, keepdims=True)
    powers = np.where(allowed, np.exp(np.where(allowed, scores - highest, 0)), 0)
    return powers / powers.sum(axis=-1, keepdims=True)


def log_softmax(logits: Array) -> Array:
    shifted = logits - logits.real.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
