"""An explanation: the original toolbox's dict, every number as a NumPy array, and ways to show and save it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from explainer import _core
from explainer.aliases import StrPath
from explainer.errors import UsageError
from explainer.frames import frame
from explainer.inline import inline
from explainer.tables import Later, LazyDict, mean_group_table, median_raw_table, pair_table

_FORMS = {".json": "json", ".html": "html", ".safetensors": "safetensors"}


class Picture:
    """An SVG drawing. Notebooks display it; `save` writes it."""

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"Picture({len(self.svg)} bytes of SVG)"

    def save(self, path: StrPath) -> None:
        """Writes an SVG file."""
        path = os.fspath(path)
        if not path.endswith(".svg"):
            raise UsageError(f"picture: {path}; expected a name that ends in .svg (llmx plot writes PNG)")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.svg)


class Result(LazyDict):
    """A dict with the original's keys: `Prompt`, `Prediction`, `Decode_output`; `Attention` and `Gradient` if those
    methods were requested; `attributions` of all other methods. Everything else is an attribute:

    prompt_ids [P], answer_ids [T], label_ids [G]: int32. token_logprobs [T]: float32, natural logarithms.
        perplexity: float, exp(-mean of token_logprobs); an attribute only if the answer has tokens.
    attention: None or dict; mean_group [T, P], median_raw [T, blocks, heads, P], mean [T, P + T], weights (if kept:
        a list of [heads, rows, P + T]), pair_attention [P], ...
    gradient: None or dict; saliency_map [P], block_gradient_x_input [blocks, P], gradient and input_embeddings
        [P, embedding], ...
    attributions: list of dict; method, units, targets, scores [targets, units], completeness, faithfulness, ...
    hidden (if kept), span (question answering), logit_lens (if requested), timings, peak_rss, warnings.

    Arrays share the engine's memory: they are read-only, and keep that memory alive. In a result that was read from a
    file, raw numbers that files do not hold are None (gradient["gradient"], attention["median_raw"]).
    """

    prompt_ids: npt.NDArray[np.int32]
    answer_ids: npt.NDArray[np.int32]
    label_ids: npt.NDArray[np.int32]
    token_logprobs: npt.NDArray[np.float32]
    perplexity: float
    attention: Any
    gradient: Any
    attributions: list[dict[str, Any]]
    prompt: list[str]
    answer_text: str

    def __init__(self, core: _core.Result, *, decode: Callable[[int], str] | None = None) -> None:
        """decode: the text of one token; by default as the engine decodes it."""
        super().__init__()
        self.core = core

        def texts(ids: Iterable[Any], decoded: list[str]) -> list[str]:
            return decoded if decode is None else [decode(int(token)) for token in ids]

        self["Prompt"] = texts(self.prompt_ids, core.prompt)
        self["Prediction"] = core.prediction
        self["Decode_output"] = texts(self.answer_ids, core.decode_output)
        attention, gradient, attributions = self.attention, self.gradient, self.attributions
        if attention is not None:
            raw = attention
            self["Attention"] = LazyDict(pair_result=Later(lambda: pair_table(self["Prompt"], raw)),
                                         attention_result=LazyDict(
                                             mean_group_df=Later(lambda: mean_group_table(raw)),
                                             median_raw_df=Later(lambda: median_raw_table(raw))))
        if gradient is not None:
            self["Gradient"] = {key: gradient[key] for key in ("saliency_map", "block_gradient_x_input", "gradient")}
        if attributions:
            self["attributions"] = attributions

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "core":
            raise AttributeError(name)
        return getattr(self.core, name)

    def __repr__(self) -> str:
        methods = [key for key in ("Attention", "Gradient") if key in self]
        methods += [one["method"] for one in self.get("attributions", [])]
        return (f"Result({self.core.task}, {', '.join(methods)}; {len(self['Prompt'])} prompt tokens; "
                f"answer {self.core.answer_text[:60]!r})")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Result cannot be pickled without loss; save it, or send to_json() and use load_result")

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:  # type: ignore[override]  # dicts have none, but are equal by value
        return id(self)

    def to_json(self, raw: bool = False) -> str:
        """The result as `llmx explain --json` writes it. raw: includes median_raw_df and the gradient."""
        return self.core.json(raw)

    def to_dict(self, raw: bool = False) -> dict[str, Any]:
        """`to_json` as Python's own dicts and lists."""
        stored: dict[str, Any] = json.loads(self.to_json(raw))
        return stored

    def to_pandas(self) -> Any:
        """A pandas.DataFrame with a row for each method, target and unit: method, objective, target, target_text, unit,
        text, kind, score (and standard_error, where there is one). Needs pandas."""
        return frame(self.core, self["Prompt"], self["Decode_output"])

    def save(self, path: StrPath, raw: bool = False) -> None:
        """Writes the form that the name's ending says: .json (`explainer.load_result` reads it), .html (the report) or
        .safetensors (the raw tensors). The file is complete or not there at all. Raises OutputError."""
        path = os.fspath(path)
        form = _FORMS.get(os.path.splitext(path)[1])
        if form is None:
            raise UsageError(f"save: {path}; expected a name that ends in {', '.join(_FORMS)}")
        self.core.save(path, form, raw)

    @staticmethod
    def load(path: StrPath) -> Result:
        """Same as `explainer.load_result`."""
        return load_result(path)

    def plot(self, kind: str = "text", method: str = "", width: int = 960) -> Picture:
        """Draws a picture. kind: text (the prompt, coloured), matrix (answer by prompt) or curve (faithfulness)."""
        return Picture(self.core.svg(kind, method, width))

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
        return _core.compare(self.core, other.core, top, differences, align_text)


def load_result(source: StrPath | bytes) -> Result:
    """Reads a saved result: from a path, or from the JSON text itself."""
    text = source.decode() if isinstance(source, bytes) else os.fspath(source)
    if text.lstrip().startswith("{"):
        return Result(_core.read(text, "result"))
    with open(text, encoding="utf-8") as file:
        return Result(_core.read(file.read(), text))


__all__ = ["Picture", "Result", "load_result"]
