"""Token ids in whatever form a caller has them, and as NumPy arrays that know PyTorch's everyday words."""

import operator

import numpy as np

from explainer.errors import InputError


class TokenArray(np.ndarray):
    """int64 ids, of shape [texts, tokens] or [tokens]. `clone`, `cpu`, `detach`, `numpy` and `to` are there so that
    code written for tensors runs; nothing is ever anywhere but in the CPU's memory."""

    def __new__(cls, values):
        return np.asarray(values, dtype=np.int64).view(cls)

    def clone(self):
        return self.copy()

    def cpu(self):
        return self

    def detach(self):
        return self

    def to(self, *_, **__):
        return self

    def numpy(self):
        return np.asarray(self)


class TokenList(list):
    """A list of ids that can be cloned as a tensor can."""

    def clone(self):
        return TokenList(self)


def plain(values):
    """Nested lists of numbers, from lists, NumPy arrays or tensors of any library."""
    if hasattr(values, "detach") and not isinstance(values, np.ndarray):
        values = values.detach().cpu()
    return values.tolist() if hasattr(values, "tolist") else list(values)


def ids_of(values, what):
    """The ids of one text, [tokens] or [1, tokens], as a list of int. Throws InputError for several texts."""
    rows = plain(values)
    if rows and isinstance(rows[0], (list, tuple)):
        if len(rows) != 1:
            raise InputError(f"{what}: {len(rows)} texts; expected one at a time")
        rows = list(rows[0])
    try:
        return [operator.index(token) for token in rows]
    except TypeError:
        raise InputError(f"{what}: not all are whole numbers; expected token ids") from None



def require_no_padding(mask):
    """Throws InputError for an attention mask that hides tokens: texts come one at a time, and unpadded."""
    if mask is not None and not all(ids_of(mask, "attention_mask")):
        raise InputError("attention_mask: hides tokens; expected one text without padding")


__all__ = ["TokenArray", "TokenList", "ids_of", "plain", "require_no_padding"]
