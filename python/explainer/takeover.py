"""Turns a `transformers.PreTrainedModel` in memory into a model of this package: its config and tokenizer are written
to a temporary directory, its weights are read from memory."""

from __future__ import annotations

import os
import re
import tempfile
from typing import Any

from explainer import _core, arguments
from explainer.aliases import Progress
from explainer.errors import InputError, UnsupportedError
from explainer.models import Model
from explainer.progress import progress_callback
from explainer.tokenizer import Tokenizer

_TYPES = {"torch.float32": "F32", "torch.float16": "F16", "torch.bfloat16": "BF16"}


def take_over(model: Any, tokenizer: Any, *, threads: int = 0, progress: Progress | None = None) -> Model:
    """A `Model` with a copy of this model's weights; later changes to the original have no effect.

    Raises UnsupportedError for anything but a transformers model of a known family, InputError without a Hugging Face
    tokenizer.
    """
    if not hasattr(model, "state_dict") or not hasattr(model, "config") or not hasattr(model.config, "to_json_string"):
        raise UnsupportedError(f"module: is a {type(model).__name__}; expected a model of explainer.load, or a "
                               "transformers.PreTrainedModel")
    if not hasattr(tokenizer, "save_pretrained") or isinstance(tokenizer, Tokenizer):
        raise InputError(f"tokenizer: is a {type(tokenizer).__name__}; expected the model's Hugging Face tokenizer")
    for key, tensor in model.state_dict().items():
        if tensor.is_meta:
            raise UnsupportedError(f"module: {key} is not in memory; expected a fully loaded model, without "
                                   "device_map offloading")
    arguments.whole(threads, "threads", 0, 512)
    weights = _weights(model)
    name = re.sub(r"[^\w.-]+", "-", os.path.basename(os.path.normpath(model.config._name_or_path or ""))) or "model"
    with tempfile.TemporaryDirectory(prefix="explainer-") as parent:
        directory = os.path.join(parent, name)
        os.mkdir(directory)
        tokenizer.save_pretrained(directory)
        with open(os.path.join(directory, "config.json"), "w", encoding="utf-8") as file:
            file.write(model.config.to_json_string(use_diff=False))
        generation = getattr(model, "generation_config", None)
        if generation is not None:
            with open(os.path.join(directory, "generation_config.json"), "w", encoding="utf-8") as file:
                file.write(generation.to_json_string(use_diff=False))
        tensors = [(key, _TYPES.get(str(tensor.dtype), str(tensor.dtype)), list(tensor.shape), tensor.data_ptr(),
                    tensor.numel() * tensor.element_size()) for key, tensor in weights.items()]
        template = getattr(tokenizer, "chat_template", None)
        with progress_callback(progress) as callback:
            core = _core.Model.load_with_weights(directory, name, tensors, threads,
                                                 template if isinstance(template, str) else "", callback)
    return Model(core)


def _weights(model: Any) -> dict[str, Any]:
    """Tensors by name, contiguous in the CPU's memory. Of tensors that share memory (tied embeddings), only one."""
    tied = set(getattr(model, "_tied_weights_keys", None) or ())
    found: dict[str, Any] = {}
    where: dict[Any, str] = {}
    for key, attached in sorted(model.state_dict().items(), key=lambda item: item[0] in tied):
        tensor = attached.detach()
        place = (tensor.data_ptr(), tuple(tensor.shape), tuple(tensor.stride()))
        if tensor.numel() and place in where:
            continue
        where[place] = key
        found[key] = tensor
    return {key: tensor.detach().cpu().contiguous() for key, tensor in _as_saved(model, found).items()}


def _as_saved(model: Any, tensors: dict[str, Any]) -> Any:
    """The weights under their names in a checkpoint: transformers 5 merges and renames some when it loads one."""
    try:
        from transformers.core_model_loading import revert_weight_conversion
    except ImportError:
        return tensors
    return revert_weight_conversion(model, tensors)


__all__ = ["take_over"]
