"""v(S): the targets' values of the text in which only the units in S are present (docs/definitions.md, section 4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from independent.llama import Llama
from independent.targets import Target, values

Floats = NDArray[np.float64]
Coalition = tuple[int, ...]  # 1 for a unit that is present, 0 for one that is absent


class Game:
    """`units`: the positions of each unit in the prompt. `absence`: what takes the place of an absent unit's tokens:
    `token`, `deletion` or `attention_mask`."""

    def __init__(self, model: Llama, prompt: list[int], answer: list[int], units: list[list[int]],
                 targets: list[Target], absence: str, token: int) -> None:
        self.model, self.prompt, self.answer = model, prompt, answer
        self.units, self.targets, self.absence, self.token = units, targets, absence, token
        self._known: dict[Coalition, Floats] = {}

    @property
    def count(self) -> int:
        return len(self.units)

    def all(self) -> Floats:
        return self.values([(1,) * self.count])[0]

    def none(self) -> Floats:
        return self.values([(0,) * self.count])[0]

    def values(self, coalitions: Iterable[Sequence[int]]) -> Floats:
        """[coalitions, targets]"""
        wanted = [tuple(int(kept) for kept in one) for one in coalitions]
        by_length: dict[int, list[Coalition]] = {}
        for one in sorted({one for one in wanted if one not in self._known}):
            by_length.setdefault(len(self._text(one)), []).append(one)
        for alike in by_length.values():
            for first in range(0, len(alike), 128):
                self._run(alike[first:first + 128])
        return np.array([self._known[one] for one in wanted])

    def _absent(self, coalition: Coalition) -> set[int]:
        return {row for unit, kept in zip(self.units, coalition) if not kept for row in unit}

    def _text(self, coalition: Coalition) -> list[int]:
        absent = self._absent(coalition)
        if self.absence == "token":
            prompt = [self.token if row in absent else one for row, one in enumerate(self.prompt)]
        elif self.absence == "deletion":
            prompt = [one for row, one in enumerate(self.prompt) if row not in absent] or [self.token]
        else:
            prompt = self.prompt
        return prompt + self.answer

    def _visible(self, coalition: Coalition) -> NDArray[np.bool_]:
        rows = len(self.prompt) + len(self.answer)
        visible = np.ones((rows, rows), bool)
        visible[:, sorted(self._absent(coalition))] = False
        return visible | np.eye(rows, dtype=bool)  # a hidden token still reads itself

    def _run(self, coalitions: list[Coalition]) -> None:
        texts = np.array([self._text(one) for one in coalitions])
        visible = None
        if self.absence == "attention_mask":
            visible = np.array([self._visible(one) for one in coalitions])
        logits = self.model.run(self.model.embed(texts), visible).logits
        first = texts.shape[1] - len(self.answer) - 1  # the row that predicts the answer's first token
        found = values(self.targets, logits[:, first:-1], self.answer)
        self._known.update(zip(coalitions, np.asarray(found, np.float64)))
