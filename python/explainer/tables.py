"""Values that are made when they are first looked at, and the original's tables made of arrays."""


from explainer.errors import InputError


class Later:
    """A value that a `LazyDict` makes when it is asked for it."""

    def __init__(self, make):
        self.make = make


class LazyDict(dict):
    """A dict some of whose values are made at first use."""

    def __getitem__(self, key):
        value = super().__getitem__(key)
        if isinstance(value, Later):
            value = value.make()
            self[key] = value
        return value

    def __iter__(self):  # dict(x) and {**x} of a class with its own __iter__ ask for the values, too
        return super().__iter__()

    def get(self, key, default=None):
        return self[key] if key in self else default

    def values(self):
        return [self[key] for key in self]

    def items(self):
        return [(key, self[key]) for key in self]

    def pop(self, key, *default):
        if key in self:
            self[key]  # made now
        return super().pop(key, *default)

    def copy(self):
        return dict(self.items())

    def __repr__(self):
        shown = ", ".join(f"{key!r}: {'...' if isinstance(value, Later) else repr(value)}"
                          for key, value in super().items())
        return "{" + shown + "}"


class Columns(dict):
    """Columns by name, where pandas is not installed: NumPy arrays and lists of one length."""


def table(columns):
    """A pandas.DataFrame of these columns; without pandas, `Columns`."""
    try:
        import pandas
    except ImportError:
        return Columns(columns)
    return pandas.DataFrame(columns)


def pair_table(prompt, attention):
    """The original's `pair_result`: pair_first, attention_mean, attention; a row for each prompt token."""
    return table({"pair_first": list(prompt), "attention_mean": attention["pair_attention_mean"],
                  "attention": attention["pair_attention"]})


def mean_group_table(attention):
    """`mean_group_df`: output_idx, tensor [prompt]; a row for each answer token."""
    mean = attention["mean_group"]
    return table({"output_idx": list(range(len(mean))), "tensor": list(mean)})


def median_raw_table(attention):
    """`median_raw_df`: index_idx, tensor [prompt], output_idx, block_idx, head_idx; a row for each answer token, block
    and head."""
    raw = attention["median_raw"]
    if raw is None:
        raise InputError("median_raw_df: is not in a result that was read from a file; expected one that was just made")
    answer, blocks, heads, prompt = raw.shape
    rows = [(i, j, k) for i in range(answer) for j in attention["blocks"] for k in range(heads)]
    return table({"index_idx": list(range(len(rows))), "tensor": list(raw.reshape(-1, prompt)),
                  "output_idx": [row[0] for row in rows], "block_idx": [row[1] for row in rows],
                  "head_idx": [row[2] for row in rows]})


__all__ = ["Columns", "LazyDict", "Later", "mean_group_table", "median_raw_table", "pair_table", "table"]
