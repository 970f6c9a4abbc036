"""Models: GGUF files and Hugging Face directories, loaded by llama.cpp."""

from __future__ import annotations

import copyreg
import glob
import json
import os
import re
import types
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from explainer import _core, arguments
from explainer.aliases import Progress, StrPath
from explainer.errors import ModelError, UnsupportedError, UsageError
from explainer.generation import GenerateOutput, generate
from explainer.ids import TokenArray, ids_of, require_no_padding
from explainer.progress import progress_callback
from explainer.request import json_value, request_json
from explainer.result import Result
from explainer.tokenizer import Tokenizer

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from explainer._request import LoadOptions, Request

# Engine models that are still in use, by what they were loaded from.
_loaded: weakref.WeakValueDictionary[Any, _core.Model] = weakref.WeakValueDictionary()
# What each of them was loaded with: path, options and use_mmap.
_sources: weakref.WeakKeyDictionary[_core.Model, tuple[str, str, bool]] = weakref.WeakKeyDictionary()


class Model:
    """A loaded model. Returned by `load` and `AutoModelFor...from_pretrained`.

    facts: what the file says about the model (architecture, parameters, blocks, heads, embedding, context, ...)
    tokenizer: its `Tokenizer`
    config: some of the same under Hugging Face's names
    """

    def __init__(self, core: _core.Model) -> None:
        self.core = core
        self.facts: dict[str, Any] = core.facts
        self.tokenizer = Tokenizer(core)
        self.name_or_path: str = self.facts["path"]
        self.generation_config = _generation_config(self.name_or_path)
        self.config = types.SimpleNamespace(
            model_type=self.facts["architecture"], is_encoder_decoder=self.facts["kind"] == "encoder-decoder",
            num_hidden_layers=self.facts["blocks"], num_attention_heads=self.facts["heads"],
            num_key_value_heads=self.facts["kv_heads"], hidden_size=self.facts["embedding"],
            vocab_size=self.facts["vocabulary"], max_position_embeddings=self.facts["context"],
            eos_token_id=self.tokenizer.eos_token_id, decoder_start_token_id=core.decoder_start_token)

    def __repr__(self) -> str:
        f = self.facts
        return (f"Model({f['path']!r}, {f['architecture']}, {f['kind']}, {f['parameters'] / 1e6:.0f}M parameters, "
                f"{f['type']})")

    def eval(self) -> Model:
        """Returns the model itself: there is no training mode. For code written for PyTorch."""
        return self

    def to(self, *_: Any, **__: Any) -> Model:
        """Returns the model itself, wherever it is asked to go. For code written for PyTorch."""
        return self

    @property
    def device(self) -> str:
        return "cpu"

    @property
    def modules(self) -> list[dict[str, Any]]:
        """Every weight matrix used in a product: dicts with hf_name, gguf_name, kind, shape, type and block."""
        return self.core.modules

    @property
    def sha256_16(self) -> str:
        """First 16 hex digits of the file's SHA-256."""
        return self.core.sha256_16

    @overload
    def generate(self, input_ids: Any = None, inputs: Any = None, *, return_dict_in_generate: Literal[True],
                 **options: Any) -> GenerateOutput: ...

    @overload
    def generate(self, input_ids: Any = None, inputs: Any = None, *, return_dict_in_generate: Literal[False] = False,
                 **options: Any) -> TokenArray: ...

    def generate(self, input_ids: Any = None, inputs: Any = None, *, return_dict_in_generate: bool = False,
                 **options: Any) -> TokenArray | GenerateOutput:
        """Writes an answer; takes Hugging Face's arguments: max_new_tokens, max_length, do_sample, temperature, top_k,
        top_p, min_p, num_beams, repetition_penalty, length_penalty, early_stopping, return_dict_in_generate,
        output_logits, assistant_model, prompt_lookup_num_tokens, streamer (an object with `put`, or a function of
        text), and `seed` and `progress(stage, done)`. Defaults come from the directory's generation_config.json.

        input_ids: [1, tokens] or [tokens]. Returns `sequences` [1, tokens], or a `GenerateOutput` that holds it.
        Raises UsageError for unsupported settings, ContextOverflowError for a text longer than the context.
        """
        return generate(self.core, self.generation_config, inputs if input_ids is None else input_ids,
                        return_dict_in_generate=return_dict_in_generate, **options)

    def __call__(self, input_ids: Any, token_type_ids: Any = None, attention_mask: Any = None) -> GenerateOutput:
        """An encoder's logits for the answer's start and end: `start_logits`, `end_logits`, [1, tokens]."""
        require_no_padding(attention_mask)
        if self.facts["kind"] != "encoder":
            raise UsageError(f"model {self.name_or_path}: is no encoder; expected generate(...) or explain(...)")
        request: dict[str, Any] = {"prompt_ids": ids_of(input_ids, "input_ids"), "method": "attention"}
        if token_type_ids is not None:
            request["token_type_ids"] = ids_of(token_type_ids, "token_type_ids")
        span = self.explain(**request).span
        return GenerateOutput(start_logits=span["start_logits"][None], end_logits=span["end_logits"][None])

    def explain(self, *, progress: Progress | None = None, on_text: Callable[[str], object] | None = None,
                tokenizer: Any = None, n_matches: Sequence[int] = (), **request: Unpack[Request]) -> Result:
        """Explains an answer; writes it first unless one is given.

        The keys are those of a JSON request (docs/options.md): user, system, messages,
        prompt, question and context, source, prompt_ids; answer, answer_ids; label; method (a name or a list; its
        options as keys of their own, such as steps=20), unit, target_span, check, max_new_tokens, temperature, ...

        progress: called with (stage, fraction done); returning False cancels the work. True shows a line on the
            terminal.
        on_text: called with the answer as it is written.
        n_matches: for a given answer, the number of accepted draft tokens in each round.
        tokenizer: decodes the tokens one by one, instead of the model's own tokenizer.

        Returns a `Result`. Raises the exceptions of `explainer.errors`.
        """
        counts = [arguments.whole(count, "n_matches", 0) for count in arguments.listed(n_matches, "n_matches")]
        if tokenizer is not None and not callable(getattr(tokenizer, "decode", None)):
            arguments.refuse("tokenizer", tokenizer, "a tokenizer, which has decode(ids), or None")
        with progress_callback(progress) as callback:
            found = _core.explain(self.core, request_json(request), counts, callback,
                                  arguments.function(on_text, "on_text"))
        if tokenizer is None or isinstance(tokenizer, Tokenizer):
            return Result(found)
        return Result(found, decode=lambda token: tokenizer.decode([token]))

    def why(self, **request: Any) -> Result:
        """Says which passages of the prompt each sentence of the answer rests on: `explain(why=True, ...)`.

        documents: texts, or dicts with title and text, that the user's message is about.
        The result's `why` has sentences, passages and their strengths (docs/why.md).
        """
        return self.explain(**{"why": True, **request})


def load(path: StrPath, *, use_mmap: bool = True, progress: Progress | None = None,
         **options: Unpack[LoadOptions]) -> Model:
    """Loads a GGUF file, or a Hugging Face directory (config.json, safetensors, tokenizer files).

    The options are the keys marked *model* in docs/options.md:
    threads: 0 uses all cores. chat_template: Jinja, replaces the model's own. qa_head: a safetensors file with
        `qa_outputs`, for an encoder's GGUF. lora: GGUF adapters, as paths or (path, scale).
    rpc: llama.cpp RPC servers ("host:port") that run the layers (docs/rpc.md).

    A path that is already loaded with the same options is not loaded again.
    Raises ModelError for missing or damaged files, UnsupportedError for an unknown model family.
    """
    arguments.flag(use_mmap, "use_mmap")
    with progress_callback(progress):  # is one, even for a model that is loaded already
        pass
    return Model(_load_core(arguments.path(path, "path"), _load_options_json(options), use_mmap, progress))


def _load_core(path: str, options_json: str, use_mmap: bool, progress: Progress | None = None) -> _core.Model:
    named, canonical = _core.load_key(options_json)
    files = [stat for one in (path, *named) for stat in _file_stats(one)]
    key = (tuple(files), use_mmap, canonical)
    core = _loaded.get(key) if files else None
    if core is None:
        if not files and re.fullmatch(r"[\w.-]+/[\w.-]+", path):
            raise ModelError(f"model {path}: no such file; expected a GGUF file or a model directory: nothing is "
                             "downloaded from the Hugging Face Hub")
        with progress_callback(progress) as callback:
            core = _core.Model.load(path, options_json, use_mmap, callback)
        _sources[core] = (os.path.abspath(path), options_json, use_mmap)
        if files:
            _loaded[key] = core
    return core


def _reduced(core: _core.Model) -> Any:
    """A model is pickled and copied as what it was loaded from; whatever holds one follows."""
    source = _sources.get(core)
    if source is None:
        raise UnsupportedError("model: was copied from memory and has no file, so that it cannot be pickled; "
                               "expected a model that was loaded from a path")
    return _load_core, source


copyreg.pickle(_core.Model, _reduced)


def _load_options_json(options: Mapping[str, Any]) -> str:
    """The options of `load` as the engine reads them. Empty ones are not given."""
    known = _core.load_keys()
    for key in options:
        if key not in known:
            arguments.fault(UsageError, key, f"is no argument of load; expected path, use_mmap, progress, "
                                             f"{', '.join(known)}")
    given = {key: value for key, value in options.items() if value is not None and value != ""}
    if "lora" in given:
        given["lora"] = _adapters(given["lora"])
    if "qa_head" in given:
        given["qa_head"] = arguments.path(given["qa_head"], "qa_head")
    return json.dumps({key: json_value(value, key) for key, value in given.items()})


def _adapters(lora: Any) -> list[str]:
    """Adapters as "path:scale", from a path, a (path, scale), or several of either."""
    if isinstance(lora, tuple) and len(lora) == 2 and not isinstance(lora[1], (str, bytes, os.PathLike, tuple, list)):
        lora = [lora]
    found = []
    for one in arguments.listed(lora, "lora", "a path, (path, scale), or a list of these"):
        pair = one if isinstance(one, (tuple, list)) else (one, 1.0)
        if len(pair) != 2:
            arguments.refuse("lora", one, "a path or (path, scale)")
        found.append(f"{arguments.path(pair[0], 'lora')}:{arguments.real(pair[1], 'lora')}")
    return found


def _generation_config(path: str) -> dict[str, Any]:
    """The contents of a directory's generation_config.json; empty without one."""
    try:
        with open(os.path.join(path, "generation_config.json"), encoding="utf-8") as file:
            config = json.load(file)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except ValueError as error:
        raise ModelError(f"model {path}: generation_config.json is no JSON ({error}); expected an object") from None
    if not isinstance(config, dict):
        raise ModelError(f"model {path}: generation_config.json is a {type(config).__name__}; expected an object")
    return config


def _file_stats(path: str) -> list[tuple[str, int, int]]:
    """(name, modification time, size) of a file, of every file of a directory, or of every part of a split file. Empty
    if nothing is there."""
    path = os.path.realpath(path)
    if os.path.isdir(path):
        names = sorted(glob.glob(os.path.join(glob.escape(path), "*")))
    else:
        names = sorted(glob.glob(re.sub(r"-\d{5}-of-(\d{5}\.gguf)$", r"-*-of-\1", glob.escape(path)))) or [path]
    stats = [(name, os.stat(name)) for name in names if os.path.isfile(name)]
    return [(name, stat.st_mtime_ns, stat.st_size) for name, stat in stats]


def explain(model: Model | StrPath, **request: Unpack[Request]) -> Result:
    """`model.explain(**request)`; `model` may be a path."""
    if not isinstance(model, (Model, str, os.PathLike)):
        arguments.refuse("model", model, "a model of explainer.load, or a path")
    return (model if isinstance(model, Model) else load(model)).explain(**request)


def methods() -> list[dict[str, Any]]:
    """Every method: its name, family, whether its scores have signs, its options, and what it does."""
    return _core.methods()


def quantize(input: StrPath, output: StrPath, type: str, threads: int = 0) -> None:
    """Writes a copy of a GGUF file with its weights in another type ("F16", "Q8_0", "Q4_K_M", ...)."""
    _core.quantize(arguments.path(input, "input"), arguments.path(output, "output"), arguments.text(type, "type"),
                   arguments.whole(threads, "threads", 0, 512))


__all__ = ["Model", "explain", "load", "methods", "quantize"]
