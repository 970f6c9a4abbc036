"""Token ids in any form that callers have them, and as NumPy arrays with the everyday methods of PyTorch's tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from explainer.arguments import fault, refuse, whole
from explainer.errors import InputError

_EXPECTED = "token ids: whole numbers as a list, an array or a tensor, of shape [tokens] or [1, tokens]"


class TokenArray(np.ndarray[Any, np.dtype[np.int64]]):
    """int64 ids, of shape [texts, tokens] or [tokens]. `clone`, `cpu`, `detach`, `numpy` and `to` let code written for
    tensors run unchanged; the ids are always in the CPU's memory."""

    def __new__(cls, values: npt.ArrayLike) -> TokenArray:
        return np.asarray(values, dtype=np.int64).view(cls)

    def clone(self) -> TokenArray:
        return TokenArray(self.copy())

    def cpu(self) -> TokenArray:
        return self

    def detach(self) -> TokenArray:
        return self

    def to(self, *_: Any, **__: Any) -> TokenArray:
        return self

    def numpy(self) -> npt.NDArray[np.int64]:
        return np.asarray(self)


class TokenList(list[int]):
    """A list of ids with a tensor's `clone`."""

    def clone(self) -> TokenList:
        return TokenList(self)


def plain(values: Any, name: str = "values") -> Any:
    """Nested lists of numbers, from lists, NumPy arrays or tensors of any library, or a tokenizer's encoding."""
    if isinstance(values, Mapping) and "input_ids" in values:
        values = values["input_ids"]
    if hasattr(values, "ids") and not isinstance(values, np.ndarray):  # of the package tokenizers
        values = values.ids
    if hasattr(values, "detach") and not isinstance(values, np.ndarray):
        values = values.detach().cpu()
    if hasattr(values, "tolist"):
        return values.tolist()
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        refuse(name, values, _EXPECTED)
    return list(values)


def ids_of(values: Any, name: str) -> list[int]:
    """The ids of one text, [tokens] or [1, tokens]. Raises InputError for several texts; `name` is the argument's."""
    rows = plain(values, name)
    if not isinstance(rows, list):  # an array without dimensions
        refuse(name, values, _EXPECTED)
    if rows and (isinstance(rows[0], (list, tuple)) or (hasattr(rows[0], "tolist") and np.ndim(rows[0]) > 0)):
        if len(rows) != 1:
            fault(InputError, name, f"{len(rows)} texts; expected one at a time")
        rows = plain(rows[0], name)
    for place, token in enumerate(rows):
        if isinstance(token, bool) or not hasattr(token, "__index__"):
            fault(InputError, name, f"element {place} is {token!r}; expected {_EXPECTED}")
    return [whole(token, name) for token in rows]


def require_no_padding(mask: Any) -> None:
    """Raises InputError for an attention mask that hides tokens: texts are explained one at a time, without padding."""
    if mask is not None and not all(ids_of(mask, "attention_mask")):
        fault(InputError, "attention_mask", "hides tokens; expected one text without padding")


__all__ = ["TokenArray", "TokenList", "ids_of", "plain", "require_no_padding"]
