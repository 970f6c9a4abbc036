"""Models: GGUF files and Hugging Face directories, loaded by llama.cpp."""

from __future__ import annotations

import glob
import json
import os
import re
import types
import weakref
from typing import TYPE_CHECKING, Any, Callable, Sequence, Union

from explainer import _core
from explainer.errors import ModelError, UnsupportedError, UsageError
from explainer.progress import told
from explainer.tokenizer import Tokenizer, messages_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from explainer._request import Request
    from explainer.generation import GenerateOutput
    from explainer.ids import TokenArray
    from explainer.result import Result

    Path = Union[str, os.PathLike]
    Progress = Union[Callable[[str, float], object], bool]

_loaded = weakref.WeakValueDictionary()  # engine models that somebody holds, by what they were loaded from
_KINDS = {"decoder": "AutoModelForCausalLM", "encoder-decoder": "AutoModelForSeq2SeqLM",
          "encoder": "AutoModelForQuestionAnswering"}


class Model:
    """A loaded model. Made by `load` or `AutoModelFor...from_pretrained`.

    facts: dict of what the file says of itself (architecture, parameters, blocks, heads, embedding, context, ...)
    tokenizer: its `Tokenizer`
    config: a few of Hugging Face's names for the same
    """

    def __init__(self, core):
        self.core = core
        self.facts = core.facts
        self.tokenizer = Tokenizer(core)
        self.name_or_path = self.facts["path"]
        self.generation_config = _generation_config(self.name_or_path)
        self.config = types.SimpleNamespace(
            model_type=self.facts["architecture"], is_encoder_decoder=self.facts["kind"] == "encoder-decoder",
            num_hidden_layers=self.facts["blocks"], num_attention_heads=self.facts["heads"],
            num_key_value_heads=self.facts["kv_heads"], hidden_size=self.facts["embedding"],
            vocab_size=self.facts["vocabulary"], max_position_embeddings=self.facts["context"],
            eos_token_id=self.tokenizer.eos_token_id, decoder_start_token_id=core.decoder_start_token)

    def __repr__(self):
        f = self.facts
        return (f"Model({f['path']!r}, {f['architecture']}, {f['kind']}, {f['parameters'] / 1e6:.0f}M parameters, "
                f"{f['type']})")

    def eval(self) -> Model:
        """Nothing to switch: there is no training mode. For code written for PyTorch."""
        return self

    def to(self, *_: Any, **__: Any) -> Model:
        """Stays where it is. For code written for PyTorch."""
        return self

    @property
    def device(self) -> str:
        return "cpu"

    @property
    def modules(self) -> list[dict[str, Any]]:
        """List of dict: every weight matrix that computes something (hf_name, gguf_name, kind, shape, type, block)."""
        return self.core.modules

    @property
    def sha256_16(self) -> str:
        """First 16 hex digits of the file's SHA-256."""
        return self.core.sha256_16

    def generate(self, input_ids: Any = None, inputs: Any = None, **options: Any) -> TokenArray | GenerateOutput:
        """Writes an answer, with Hugging Face's arguments: max_new_tokens, max_length, do_sample, temperature, top_k,
        top_p, num_beams, repetition_penalty, length_penalty, early_stopping, return_dict_in_generate, output_logits,
        assistant_model, prompt_lookup_num_tokens, streamer (an object with `put`, or a function of text), and
        `seed`, `progress(stage, done)`. What is not given is what the directory's generation_config.json says.

        input_ids: [1, tokens] or [tokens]. Returns `sequences` [1, tokens], or a `GenerateOutput` with it.
        Raises UsageError for what there is none of, ContextOverflowError for too long a text.
        """
        from explainer.generation import generate

        return generate(self, inputs if input_ids is None else input_ids, **options)

    def __call__(self, input_ids: Any, token_type_ids: Any = None, attention_mask: Any = None) -> GenerateOutput:
        """Start and end logits of an encoder's answer: `start_logits`, `end_logits`, [1, tokens]."""
        from explainer.generation import GenerateOutput
        from explainer.ids import ids_of, plain, require_no_padding

        require_no_padding(attention_mask)
        if self.facts["kind"] != "encoder":
            raise UsageError(f"model {self.name_or_path}: is no encoder; expected generate(...) or explain(...)")
        request = {"prompt_ids": ids_of(input_ids, "input_ids"), "method": "attention"}
        if token_type_ids is not None:
            request["token_type_ids"] = ids_of(plain(token_type_ids), "token_type_ids")
        span = self.explain(**request).core.span
        return GenerateOutput(start_logits=span["start_logits"][None], end_logits=span["end_logits"][None])

    def explain(self, *, progress: Progress | None = None, on_text: Callable[[str], object] | None = None,
                tokenizer: Any = None, n_matches: Sequence[int] = (), **request: Unpack[Request]) -> Result:
        """Explains an answer; writes it first unless one is given.

        The keys are those of a JSON request (docs/options.md): user, system, messages,
        prompt, question and context, source, prompt_ids; answer, answer_ids; label; method (a name or a list; options
        by their own keys, such as steps=20), unit, target_span, check, max_new_tokens, temperature, ...

        progress: called with (stage, part done), returning False stops; True: a line on the terminal.
        on_text: called with the answer as it is written.
        n_matches: of a given answer, the drafted tokens that were accepted in each round.
        tokenizer: decodes the tokens one by one, in place of the model's own.

        Returns a `Result`. Raises the classes of `explainer.errors`.
        """
        from explainer.result import Result

        with told(progress) as callback:
            made = _core.explain(self.core, request_json(request), list(n_matches), callback, on_text)
        return Result(made, tokenizer=tokenizer)


def request_json(request):
    """A request's keys as the engine reads them."""
    request = dict(request)
    if "messages" in request and not isinstance(request["messages"], str):
        request["messages"] = [{"role": role, "content": content} for role, content in messages_of(request["messages"])]
    return json.dumps(request, default=_plain_value)


def _plain_value(value):
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise UsageError(f"request: {type(value).__name__} is no value; expected texts, numbers and lists")


def load(path: Path, *, threads: int = 0, use_mmap: bool = True, chat_template: str | None = None,
         qa_head: Path | None = None, lora: Sequence[Path | tuple[Path, float]] = (),
         rpc: Sequence[str] = (), progress: Progress | None = None) -> Model:
    """A GGUF file, or a Hugging Face directory (config.json, safetensors, tokenizer files).

    threads: 0 for the machine's cores. chat_template: Jinja, in place of the model's own. qa_head: a safetensors file
    with `qa_outputs`, for an encoder's GGUF. lora: GGUF adapters, as paths or (path, scale).
    rpc: llama.cpp's RPC servers ("host:port") that take the layers (docs/rpc.md).
    A path that is loaded already, with the same options, is not loaded again.
    Raises ModelError for what is missing or broken, UnsupportedError for a family that is not known.
    """
    path = os.fspath(path)
    loras = [(os.fspath(one), 1.0) if isinstance(one, (str, os.PathLike)) else (os.fspath(one[0]), float(one[1]))
             for one in lora]
    files = [file for one in (path, qa_head, *(lora for lora, _ in loras)) if one for file in _read_files(one)]
    key = (tuple(files), threads, use_mmap, chat_template, tuple(scale for _, scale in loras), tuple(rpc))
    core = _loaded.get(key) if files else None
    if core is None:
        if not files and re.fullmatch(r"[\w.-]+/[\w.-]+", path):
            raise ModelError(f"model {path}: no such file; names of the hub are not fetched: expected a GGUF file, or "
                             "the directory that it was downloaded to")
        with told(progress) as callback:
            core = _core.Model.load(path, threads, use_mmap, chat_template or "", qa_head or "", loras, list(rpc),
                                    callback)
        if files:
            _loaded[key] = core
    return Model(core)


def _generation_config(path):
    """Of a directory: what generation_config.json says."""
    try:
        with open(os.path.join(path, "generation_config.json"), encoding="utf-8") as file:
            return json.load(file)
    except (FileNotFoundError, NotADirectoryError):
        return {}


def _read_files(path):
    """What stands under a path now: (name, time of change, size) of the file, of a directory's, of a split file's
    parts. Empty where there is nothing."""
    path = os.path.realpath(path)
    if os.path.isdir(path):
        names = sorted(glob.glob(os.path.join(glob.escape(path), "*")))
    else:
        names = sorted(glob.glob(re.sub(r"-\d{5}-of-(\d{5}\.gguf)$", r"-*-of-\1", glob.escape(path)))) or [path]
    stats = [(name, os.stat(name)) for name in names if os.path.isfile(name)]
    return [(name, stat.st_mtime_ns, stat.st_size) for name, stat in stats]


def explain(model: Model | Path, **request: Unpack[Request]) -> Result:
    """`model.explain(**request)`; `model` may be a path."""
    return (model if isinstance(model, Model) else load(model)).explain(**request)


def methods() -> list[dict[str, Any]]:
    """List of dict: every method with its family, whether its scores have signs, its options and what it does."""
    return _core.methods()


def quantize(input: Path, output: Path, type: str, threads: int = 0) -> None:
    """Writes a copy of a GGUF file with its weights in another type ("F16", "Q8_0", "Q4_K_M", ...)."""
    _core.quantize(os.fspath(input), os.fspath(output), type, threads)


def without_loader_flags(options):
    """Less what Hugging Face's loaders take and what changes nothing here: there is no code to trust, no cache to look
    into, no slow tokenizer."""
    return {name: value for name, value in options.items()
            if name not in ("trust_remote_code", "low_cpu_mem_usage", "use_safetensors", "local_files_only", "use_fast",
                            "cache_dir")}


class _AutoModel:
    kind = None

    @classmethod
    def from_pretrained(cls, path: Path, torch_dtype: Any = None, dtype: Any = None, device_map: Any = None,
                        **options: Any) -> Model:
        """The model of a GGUF file or a Hugging Face directory; `options` are those of `explainer.load`. Weights keep
        the types that the file has: `dtype` may only be None or "auto", `device_map` None, "auto" or "cpu". Nothing is
        fetched: `trust_remote_code`, `low_cpu_mem_usage` and the like mean nothing here and may be given."""
        options = without_loader_flags(options)
        for name, value, allowed in (("torch_dtype", torch_dtype, (None, "auto")), ("dtype", dtype, (None, "auto")),
                                     ("device_map", device_map, (None, "auto", "cpu"))):
            if value not in allowed:
                raise UsageError(f"from_pretrained: {name} is {value!r}; expected one of {allowed}: weights keep the "
                                 "types that the file has (explainer.quantize makes another file)")
        model = load(path, **options)
        if model.facts["kind"] != cls.kind:
            raise UnsupportedError(f"model {path}: is of kind {model.facts['kind']}; expected "
                                   f"{_KINDS[model.facts['kind']]}.from_pretrained")
        return model


class AutoModelForCausalLM(_AutoModel):
    kind = "decoder"


class AutoModelForSeq2SeqLM(_AutoModel):
    kind = "encoder-decoder"


class AutoModelForQuestionAnswering(_AutoModel):
    kind = "encoder"


__all__ = ["AutoModelForCausalLM", "AutoModelForQuestionAnswering", "AutoModelForSeq2SeqLM", "Model", "explain",
           "load", "methods", "quantize"]
