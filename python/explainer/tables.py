"""Dicts whose values are computed on first use, and the original toolbox's tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from explainer.errors import InputError


class Later:
    """A value that a `LazyDict` computes on first use."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


class LazyDict(dict[str, Any]):
    """A dict some of whose values are computed on first use."""

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        if isinstance(value, Later):
            value = value.make()
            self[key] = value
        return value

    def __iter__(self) -> Iterator[str]:  # with its own __iter__, dict(x) and {**x} call __getitem__ for each value
        return super().__iter__()

    def get(self, key: str, default: Any = None) -> Any:
        if key not in self:
            return default
        return self[key]

    def values(self) -> Any:
        return [self[key] for key in self]

    def items(self) -> Any:
        return [(key, self[key]) for key in self]

    def pop(self, key: str, *default: Any) -> Any:
        if key in self:
            self[key] = self[key]  # computed now
        return super().pop(key, *default)

    def copy(self) -> dict[str, Any]:
        return dict(self.items())

    def __reduce__(self) -> Any:
        return dict, (dict(self.items()),)

    def __repr__(self) -> str:
        shown = ", ".join(f"{key!r}: {'...' if isinstance(value, Later) else repr(value)}"
                          for key, value in super().items())
        return "{" + shown + "}"


class Columns(dict[str, Any]):
    """Columns by name, in place of a DataFrame where pandas is not installed: NumPy arrays and lists of one length."""


def table(columns: Mapping[str, Any]) -> Any:
    """A pandas.DataFrame of these columns; without pandas, `Columns`."""
    try:
        import pandas
    except ImportError:
        return Columns(columns)
    return pandas.DataFrame(columns)


def pair_table(prompt: Sequence[str], attention: Mapping[str, Any]) -> Any:
    """The original's `pair_result`: pair_first, attention_mean, attention; a row for each prompt token."""
    return table({"pair_first": list(prompt), "attention_mean": attention["pair_attention_mean"],
                  "attention": attention["pair_attention"]})


def mean_group_table(attention: Mapping[str, Any]) -> Any:
    """`mean_group_df`: output_idx, tensor [prompt]; a row for each answer token."""
    mean = attention["mean_group"]
    return table({"output_idx": list(range(len(mean))), "tensor": list(mean)})


def median_raw_table(attention: Mapping[str, Any]) -> Any:
    """`median_raw_df`: index_idx, tensor [prompt], output_idx, block_idx, head_idx; a row for each answer token, block
    and head. Raises InputError for a result that was read from a file, which does not hold these numbers."""
    raw = attention["median_raw"]
    if raw is None:
        raise InputError("median_raw_df: not stored in result files; expected a result that was just made")
    answer, _, heads, prompt = raw.shape
    rows = [(i, j, k) for i in range(answer) for j in attention["blocks"] for k in range(heads)]
    return table({"index_idx": list(range(len(rows))), "tensor": list(raw.reshape(-1, prompt)),
                  "output_idx": [row[0] for row in rows], "block_idx": [row[1] for row in rows],
                  "head_idx": [row[2] for row in rows]})


__all__ = ["Columns", "Later", "LazyDict", "mean_group_table", "median_raw_table", "pair_table", "table"]
