"""An explanation: the original toolbox's dict, every number as a NumPy array, and ways to show and save it."""

from __future__ import annotations

import copy
import functools
import json
import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from explainer import _core, arguments
from explainer.aliases import StrPath
from explainer.attributions import Attributions
from explainer.bertviz import bertviz
from explainer.frames import frame
from explainer.inline import inline
from explainer.picture import Picture
from explainer.tables import Later, LazyDict, mean_group_table, median_raw_table, pair_table

if TYPE_CHECKING:
    from explainer.result_types import (
        Attention,
        Floats,
        Gradient,
        HiddenState,
        Ids,
        LogitLens,
        ModelSummary,
        Span,
        Why,
    )

_FORMS = {".json": "json", ".html": "html", ".safetensors": "safetensors"}
_NO_NUMBERS = {"json", "html", "svg", "save", "to_bytes"}  # members of the engine's result that are no numbers


class Result(LazyDict):
    """A dict with the original's keys: `Prompt`, `Prediction`, `Decode_output`; `Attention` and `Gradient` if those
    methods were requested; `attributions` of all other methods. Everything else is an attribute:

    prompt_ids [P], answer_ids [T], label_ids [G]: int32. token_logprobs [T]: float32, natural logarithms.
        perplexity: float, exp(-mean of token_logprobs); an attribute only if the answer has tokens.
    products: "float32" or "bfloat16", of the reverse pass's products with weights.
    attention: None or dict; mean_group [T, P], median_raw [T, blocks, heads, P], mean [T, P + T], weights (if kept:
        a list of [heads, rows, P + T]), pair_attention [P], ...
    gradient: None or dict; saliency_map [P], block_gradient_x_input [blocks, P], gradient and input_embeddings
        [P, embedding], ...
    attributions: list of dict; method, units, targets, scores [targets, units], completeness, faithfulness, ...
    why: None or dict; sentences (list of dict), passages, asked, strengths [sentences, passages], ... (docs/why.md).
    hidden (if kept), span (question answering), logit_lens (if requested), timings, peak_rss, warnings.

    Arrays share the engine's memory: they are read-only, and keep that memory alive. In a result that was read from a
    file, raw numbers that files do not hold are None (gradient["gradient"], attention["median_raw"]).
    """

    # The types are of what was requested: attention, gradient, span and logit_lens are None if they were not.
    model: ModelSummary
    model_name: str
    kind: str
    task: str
    prompt_text: str
    answer_text: str
    label_text: str
    prompt_ids: Ids
    answer_ids: Ids
    label_ids: Ids
    token_logprobs: Floats
    perplexity: float
    products: str
    objective: str
    objective_value: float
    prompt: list[str]
    prediction: str
    decode_output: list[str]
    decoder_inputs: list[str]
    partial_tokens: list[int]
    partial_token_bytes: list[int] | None
    n_matches: list[int]
    span: Span
    attention: Attention
    gradient: Gradient
    why: Why
    attributions: Attributions
    hidden: list[HiddenState]
    logit_lens: LogitLens
    timings: list[tuple[str, float]]
    peak_rss: int
    warnings: list[str]
    command_json: str

    def __init__(self, core: _core.Result, *, decode: Callable[[int], str] | None = None,
                 texts: Mapping[str, list[str]] | None = None) -> None:
        """decode: the text of one token; by default as the engine decodes it. texts: `Prompt` and `Decode_output`, if
        they are known."""
        super().__init__()
        self.core = core
        if texts is None:
            texts = {"Prompt": _decoded(core.prompt_ids, core.prompt, decode),
                     "Decode_output": _decoded(core.answer_ids, core.decode_output, decode)}
        prompt = list(texts["Prompt"])
        attention, gradient, attributions = self.attention, self.gradient, self.attributions
        self.update(Prompt=prompt, Prediction=core.prediction, Decode_output=list(texts["Decode_output"]))
        if attention is not None:  # the tables refer to what they show, not to the result: that would be a circle
            self["Attention"] = LazyDict(pair_result=Later(lambda: pair_table(prompt, attention)),
                                         attention_result=LazyDict(
                                             mean_group_df=Later(lambda: mean_group_table(attention)),
                                             median_raw_df=Later(lambda: median_raw_table(attention))))
        if gradient is not None:
            self["Gradient"] = {key: gradient[key] for key in ("saliency_map", "block_gradient_x_input", "gradient")}
        if attributions:
            self["attributions"] = attributions

    if not TYPE_CHECKING:  # whose readers see the annotations above

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_") or name == "core" or name in _NO_NUMBERS or not hasattr(self.core, name):
                raise AttributeError(f"Result has no {name!r}; expected one of {', '.join(_numbers())}")
            value = getattr(self.core, name)
            return Attributions(value) if name == "attributions" else value

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_numbers()})

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def __repr__(self) -> str:
        methods = [key for key in ("Attention", "Gradient") if key in self]
        methods += [one["method"] for one in self.get("attributions", [])]
        return (f"Result({self.core.task}, {', '.join(methods)}; {len(self['Prompt'])} prompt tokens; "
                f"answer {self.core.answer_text[:60]!r})")

    def __reduce__(self) -> Any:
        texts = {key: self[key] for key in ("Prompt", "Decode_output")}
        return _restored, (self.core.to_bytes(), texts, self._added())

    def _added(self) -> dict[str, Any]:
        """What was put in besides."""
        return {key: self[key] for key in self if key not in _KEYS}

    def copy(self) -> Result:
        return _with_texts(self.core, self, self._added())

    def __copy__(self) -> Result:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Result:
        """The engine's numbers are read-only, and shared."""
        return _with_texts(self.core, self, copy.deepcopy(self._added(), memo))

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:  # type: ignore[override]  # dicts have none, but are equal by value
        return id(self)

    def to_json(self, raw: bool = False) -> str:
        """The result as `llmx explain --json` writes it. raw: includes median_raw_df and the gradient."""
        return self.core.json(arguments.flag(raw, "raw"))

    def to_dict(self, raw: bool = False) -> dict[str, Any]:
        """`to_json` as Python's own dicts and lists."""
        stored: dict[str, Any] = json.loads(self.to_json(raw))
        return stored

    def to_pandas(self) -> Any:
        """A pandas.DataFrame with a row for each method, target and unit: method, objective, target, target_text, unit,
        text, kind, score (and standard_error, where there is one). Needs pandas."""
        return frame(self.core, self["Prompt"], self["Decode_output"])

    def save(self, path: StrPath, raw: bool = False) -> None:
        """Writes the form that the name's ending says: .json, .html (the report) or .safetensors (everything, with the
        raw tensors). `explainer.load_result` reads .json and .safetensors. raw: .json includes median_raw_df and the
        gradient. The file is complete or not there at all. Raises OutputError."""
        name = arguments.path(path, "path")
        form = _FORMS.get(os.path.splitext(name)[1])
        if form is None:
            arguments.refuse("path", name, f"a name that ends in {', '.join(_FORMS)}")
        if arguments.flag(raw, "raw") and form == "html":
            arguments.refuse("raw", raw, "a name that ends in .json or .safetensors: a report has no raw numbers")
        self.core.save(name, form, raw)

    @staticmethod
    def load(path: StrPath) -> Result:
        """Same as `explainer.load_result`."""
        return load_result(path)

    def plot(self, kind: str = "text", method: str = "", width: int = 960) -> Picture:
        """Draws a picture. kind: text (the prompt, coloured), matrix (answer by prompt) or curve (faithfulness).
        width: px, 300 to 20000."""
        arguments.text(kind, "kind")
        arguments.text(method, "method")
        width = arguments.whole(width, "width", 300, 20000)
        options = ["--kind", kind, "--width", str(width), *(["--method", method] if method else [])]
        return Picture(self.core.svg(kind, method, width), self.core.json(False), options)

    def to_html(self) -> str:
        """The whole report, as one page that loads nothing else."""
        return self.core.html()

    def _repr_html_(self) -> str:
        return inline(self.to_html())

    def compare(self, other: Result, *, top: int = 10, differences: int = 10,
                align_text: bool = False) -> dict[str, Any]:
        """How much this result and `other` agree.

        Returns a dict: comparisons (method; total and targets: spearman, kendall, cosine, overlap; differences),
        only_first, only_second. Raises InputError for results that cannot be compared.
        """
        if not isinstance(other, Result):
            arguments.refuse("other", other, "a Result")
        return _core.compare(self.core, other.core, arguments.whole(top, "top", 1),
                             arguments.whole(differences, "differences", 0), arguments.flag(align_text, "align_text"))

    def to_bertviz(self) -> dict[str, Any]:
        """The arguments of BertViz's `head_view` and `model_view`: head_view(**result.to_bertviz()). Needs a result
        with attention_weights=True, all_rows=True. Tensors if PyTorch is installed, else arrays."""
        answer = self["Decode_output"] if self.core.kind == "decoder" else []
        return bertviz(self.core.attention, [*self["Prompt"], *answer], self.core.decoder_inputs)


_KEYS = ("Prompt", "Prediction", "Decode_output", "Attention", "Gradient", "attributions")


@functools.cache
def _numbers() -> tuple[str, ...]:
    """The attributes that the engine's results have."""
    return tuple(name for name in dir(_core.Result) if not name.startswith("_") and name not in _NO_NUMBERS)


def _with_texts(core: _core.Result, texts: Mapping[str, Any], added: Mapping[str, Any]) -> Result:
    result = Result(core, texts=texts)
    result.update(added)
    return result


def _decoded(ids: Iterable[Any], engine_texts: list[str], decode: Callable[[int], str] | None) -> list[str]:
    return engine_texts if decode is None else [decode(int(token)) for token in ids]


def _restored(data: bytes, texts: Mapping[str, Any], added: Mapping[str, Any]) -> Result:
    return _with_texts(_core.read(data, "result"), texts, added)


def load_result(source: StrPath | bytes) -> Result:
    """Reads a saved result (.json or .safetensors): from a path, or from the file's content itself, as text or bytes.
    Raises InputError for anything else."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return Result(_core.read(bytes(source), "result"))
    if isinstance(source, str) and source.lstrip().startswith("{"):
        return Result(_core.read(arguments.text(source, "source").encode(), "result"))
    return Result(_core.read_file(arguments.path(source, "source")))


__all__ = ["Result", "load_result"]
