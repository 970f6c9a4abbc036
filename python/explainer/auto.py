"""Hugging Face's loaders by name: `AutoTokenizer`, and an `AutoModelFor...` for each kind of model."""

from __future__ import annotations

from typing import Any

from explainer import arguments
from explainer.aliases import StrPath
from explainer.errors import UnsupportedError
from explainer.models import Model, load
from explainer.tokenizer import Tokenizer

# Loader arguments of Hugging Face that have no effect here: no code is downloaded, and there is no hub cache.
_WITHOUT_EFFECT = ("trust_remote_code", "low_cpu_mem_usage", "use_safetensors", "local_files_only", "use_fast",
                   "cache_dir")
_CLASSES = {"decoder": "AutoModelForCausalLM", "encoder-decoder": "AutoModelForSeq2SeqLM",
            "encoder": "AutoModelForQuestionAnswering"}


def _load(path: StrPath, options: dict[str, Any]) -> Model:
    return load(path, **{name: value for name, value in options.items() if name not in _WITHOUT_EFFECT})


class AutoTokenizer:
    """`from_pretrained`, as in Hugging Face's transformers."""

    @staticmethod
    def from_pretrained(path: StrPath, **options: Any) -> Tokenizer:
        """Returns the tokenizer of a GGUF file or a Hugging Face directory. A model that is already loaded from this
        path with the same options is not loaded again."""
        return _load(path, options).tokenizer


class _AutoModel:
    kind: str

    @classmethod
    def from_pretrained(cls, path: StrPath, torch_dtype: Any = None, dtype: Any = None, device_map: Any = None,
                        **options: Any) -> Model:
        """Loads a GGUF file or a Hugging Face directory; `options` are those of `explainer.load`.

        Weights keep the types stored in the file: `dtype` may only be None or "auto", `device_map` None, "auto" or
        "cpu". Nothing is downloaded; `trust_remote_code`, `low_cpu_mem_usage` and similar arguments are accepted and
        ignored.
        """
        for name, value, allowed in (("torch_dtype", torch_dtype, (None, "auto")), ("dtype", dtype, (None, "auto")),
                                     ("device_map", device_map, (None, "auto", "cpu"))):
            if value not in allowed:
                arguments.refuse(name, value, f"one of {allowed}: weights keep the types stored in the file "
                                              "(explainer.quantize writes a file with other types)")
        model = _load(path, options)
        if model.facts["kind"] != cls.kind:
            raise UnsupportedError(f"model {path}: is of kind {model.facts['kind']}; expected "
                                   f"{_CLASSES[model.facts['kind']]}.from_pretrained")
        return model


class AutoModelForCausalLM(_AutoModel):
    kind = "decoder"


class AutoModelForSeq2SeqLM(_AutoModel):
    kind = "encoder-decoder"


class AutoModelForQuestionAnswering(_AutoModel):
    kind = "encoder"


__all__ = ["AutoModelForCausalLM", "AutoModelForQuestionAnswering", "AutoModelForSeq2SeqLM", "AutoTokenizer"]
