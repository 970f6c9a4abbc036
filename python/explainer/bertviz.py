"""A result's attention as BertViz takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from explainer.errors import InputError


def bertviz(attention: Mapping[str, Any] | None, tokens: Sequence[str],
            decoder_tokens: Sequence[str]) -> dict[str, Any]:
    """See `Result.to_bertviz`. attention: the result's; tokens: of prompt and answer; decoder_tokens:
    what an encoder-decoder's decoder reads."""
    if attention is None:
        raise InputError("to_bertviz: the result has no attention; expected method=\"attention\"")
    if attention["encoder_weights"]:
        return {"encoder_attention": _layers(attention["encoder_weights"]),
                "decoder_attention": _layers(attention["decoder_weights"]),
                "cross_attention": _layers(attention["cross_weights"]),
                "encoder_tokens": list(tokens), "decoder_tokens": list(decoder_tokens)}
    weights = attention["weights"]
    if not weights or weights[0].shape[1] < weights[0].shape[2] - 1:
        raise InputError("to_bertviz: the result does not have every row of attention; expected "
                         "attention_weights=True and all_rows=True")
    rows = weights[0].shape[1]  # the last token of an answer predicts nothing, and has none
    return {"attention": _layers([block[:, :, :rows] for block in weights]), "tokens": list(tokens)[:rows]}


def _layers(blocks: list[Any]) -> list[Any]:
    """[1, heads, rows, keys] for each block."""
    layers = [np.array(block)[None] for block in blocks]
    try:
        import torch
    except ImportError:
        return layers
    return [torch.from_numpy(layer) for layer in layers]


__all__ = ["bertviz"]
