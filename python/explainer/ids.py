"""Token ids in any form that callers have them, and as NumPy arrays with the everyday methods of PyTorch's tensors."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from explainer.errors import InputError


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


def plain(values: Any) -> Any:
    """Nested lists of numbers, from lists, NumPy arrays or tensors of any library."""
    if hasattr(values, "detach") and not isinstance(values, np.ndarray):
        values = values.detach().cpu()
    return values.tolist() if hasattr(values, "tolist") else list(values)


def ids_of(values: Any, name: str) -> list[int]:
    """The ids of one text, [tokens] or [1, tokens]. Raises InputError for several texts; `name` is the argument's."""
    rows = plain(values)
    if rows and isinstance(rows[0], (list, tuple)):
        if len(rows) != 1:
            raise InputError(f"{name}: {len(rows)} texts; expected one at a time")
        rows = list(rows[0])
    try:
        return [operator.index(token) for token in rows]
    except TypeError:
        raise InputError(f"{name}: not all are whole numbers; expected token ids") from None


def require_no_padding(mask: Any) -> None:
    """Raises InputError for an attention mask that hides tokens: texts are explained one at a time, without padding."""
    if mask is not None and not all(ids_of(mask, "attention_mask")):
        raise InputError("attention_mask: hides tokens; expected one text without padding")


__all__ = ["TokenArray", "TokenList", "ids_of", "plain", "require_no_padding"]
