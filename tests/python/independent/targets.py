"""What is explained: numbers of an answer, read from the rows that predict it (docs/definitions.md, section 5)."""

from __future__ import annotations

import dataclasses

import numpy as np

from independent.llama import Array, log_softmax


@dataclasses.dataclass(frozen=True)
class Target:
    """A measure of one stretch of the answer: its tokens `first` ... `last` - 1."""

    measure: str
    first: int
    last: int

    def of(self, logits: Array, answer: list[int]) -> Array:
        """`logits` [..., answer, vocabulary]: the rows that predict the answer's tokens."""
        rows = logits[..., self.first:self.last, :]
        tokens = np.arange(self.last - self.first)
        ids = np.asarray(answer[self.first:self.last])
        if self.measure == "logit":
            return rows[..., tokens, ids].sum(axis=-1)
        logs = log_softmax(rows)
        if self.measure == "entropy":
            return -(np.exp(logs) * logs).sum(axis=(-1, -2))
        sums = logs[..., tokens, ids].sum(axis=-1)
        if self.measure == "probability":
            return np.exp(sums)
        if self.measure == "mean_logprob":
            return sums / len(ids)
        if self.measure == "logprob":
            return sums
        raise ValueError(f"measure {self.measure}: not one of these")


def whole(answer: list[int], measure: str = "logprob") -> list[Target]:
    return [Target(measure, 0, len(answer))]


def each(answer: list[int], measure: str = "logprob") -> list[Target]:
    return [Target(measure, t, t + 1) for t in range(len(answer))]


def values(targets: list[Target], logits: Array, answer: list[int]) -> Array:
    """[..., targets]"""
    return np.stack([target.of(logits, answer) for target in targets], axis=-1)
