"""`Explainer`: the original toolbox's interface to this package's engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from explainer import _core, arguments
from explainer.aliases import Progress
from explainer.errors import InputError, UsageError
from explainer.ids import ids_of, require_no_padding
from explainer.models import Model
from explainer.result import Result

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from explainer._request import ComputeOptions

_TASKS = ("question_answering", "translation", "summarizations", "summarization", "generative_text_chat",
          "generative_text_chat_assistant")


def method_name(name: str) -> str:
    """A method such as "Attention" or "IntegratedGradients" as the engine spells it. Raises UsageError for unknown
    ones."""
    known: dict[str, str] = {one["name"].replace("_", ""): one["name"] for one in _core.methods()}
    found = known.get(arguments.text(name, "method", "a method's name").replace("_", "").lower())
    if found is None:
        arguments.fault(UsageError, "method", f"{name!r} is unknown; expected one of {', '.join(known.values())}")
    return found


_FOR_WRITING = {"max_new_tokens", "temperature", "top_k", "top_p", "min_p", "repetition_penalty", "num_beams",
                "length_penalty", "early_stopping", "draft_tokens", "assistant"}


class Explainer:
    """Explains what a model wrote.

        with Explainer(module=model, method=["Attention", "Gradient"]) as explain:
            output = model.generate(**generation_args)
            result = explain.compute(tokenizer=tokenizer, output=output, input_ids=ids,
                                     task_type="generative_text_chat", input_shape=ids.shape[1], labels=labels)

    module (or model): a `Model` of this package, or a `transformers.PreTrainedModel` of a known family, whose weights
        are copied from memory.
    method: "Attention", "Gradient", any other method of `explainer.methods()`, or a list of them.
    """

    def __init__(self, module: Any = None, method: str | Sequence[str] = "Attention", *, model: Any = None) -> None:
        if (module is None) == (model is None):
            raise UsageError("Explainer: expected one model, as module=... or model=...")
        self.model = module if model is None else model
        self.methods = [method_name(name) for name in
                        arguments.listed(method, "method", "a method's name, or a list of names")]
        if not self.methods:
            arguments.fault(UsageError, "method", "none given; expected a name or a list of names")
        self._taken: tuple[Any, Model] | None = None  # a tokenizer, and the model taken over with it

    def __enter__(self) -> Explainer:
        return self

    def __exit__(self, *_: object) -> None:
        self._taken = None

    def _engine_model(self, tokenizer: Any) -> Model:
        if isinstance(self.model, Model):
            return self.model
        from explainer.takeover import take_over

        if self._taken is None or self._taken[0] is not tokenizer:
            self._taken = (tokenizer, take_over(self.model, tokenizer))
        return self._taken[1]

    def compute(self, *, input_ids: Any, tokenizer: Any = None, output: Any = None,
                task_type: str = "generative_text_chat", input_shape: Any = None, labels: Any = None,
                label: str | Any = None, layer_names: str | Sequence[str] | None = None,
                positions: int | Sequence[int] | None = None, is_input: bool = False, strict: bool = False,
                embedding_name: str | None = None, loss_function: Any = None, token_type_ids: Any = None,
                attention_mask: Any = None, n_matches: Sequence[int] | None = None, attention_function: Any = None,
                progress: Progress | None = None, **further: Unpack[ComputeOptions]) -> Result:
        """Explains one answer.

        input_ids: the prompt, [1, tokens] or [tokens]; an encoder-decoder's source; a question and context pair.
        output: what `generate` returned, or the ids. Not needed for question answering.
        input_shape: the prompt's number of tokens; None for all of input_ids.
        labels, label: the ground truth as ids (-100 at either end is ignored) or as text.
        layer_names, positions, is_input, strict: the modules whose values `pair_result` is computed from.
        loss_function: None or a plain cross-entropy (mean, no smoothing, no weights).
        n_matches: for an assisted answer, the accepted draft tokens in each round; taken from `output` if it has them.
        attention_mask: must not hide tokens. attention_function: the original's hook; must be None.
        progress: see `Model.explain`.
        further: keys of `Model.explain` (unit=, steps=, check=, target_span=, ...).

        Returns a `Result`, a dict with the original's keys. Raises the exceptions of `explainer.errors`.
        """
        if task_type not in _TASKS:
            arguments.refuse("task_type", task_type, "one of " + ", ".join(_TASKS))
        _require_cross_entropy(loss_function)
        require_no_padding(attention_mask)
        if attention_function is not None:
            arguments.refuse("attention_function", attention_function, "None: the engine reads attention itself")
        if label is not None and labels is not None:
            arguments.fault(UsageError, "label", "given besides labels; expected one of them")
        model = self._engine_model(tokenizer)
        prompt = ids_of(input_ids, "input_ids")
        _require_unpadded(prompt, model.tokenizer.pad_token_id)
        if input_shape is not None:
            prompt = prompt[:_length_of(input_shape, len(prompt))]
        request: dict[str, Any] = {**further, "method": self.methods, "task": task_type, "prompt_ids": prompt,
                                   "is_input": is_input, "strict": strict}
        if layer_names is not None:
            request["layer_names"] = arguments.listed(layer_names, "layer_names", "a list of modules' names")
        if positions is not None:
            one = [positions] if isinstance(positions, int) else positions
            request["positions"] = [arguments.whole(place, "positions", 0) for place in
                                    arguments.listed(one, "positions", "a list of whole numbers")]
        if embedding_name is not None:
            request["embedding_name"] = embedding_name
        if token_type_ids is not None:
            request["token_type_ids"] = ids_of(token_type_ids, "token_type_ids")
        if model.facts["kind"] != "encoder":
            request["answer_ids"] = _answer_of(output, prompt, model)
            for key in _FOR_WRITING & set(further):
                arguments.fault(UsageError, key, "says how an answer is written; expected as an argument of generate")
        given = _label_of(labels if label is None else label)
        request.update(given)
        if any(given.values()):  # the original compares the label with the answer row by row
            request.setdefault("objective", "aligned")
        matches = _matches_of(output, n_matches)
        return model.explain(progress=progress, tokenizer=tokenizer, n_matches=matches, **request)


def _length_of(shape: Any, most: int) -> int:
    """`input_shape` as in the original: a number of tokens, or a tensor's shape."""
    shape = shape.tolist() if hasattr(shape, "tolist") else shape
    if isinstance(shape, (list, tuple)):  # torch.Size is a tuple
        if not shape:
            arguments.refuse("input_shape", shape, "a whole number, or a shape such as input_ids.shape")
        shape = shape[-1]
    return arguments.whole(shape, "input_shape", 1, most)


def _sequences_of(output: Any) -> Any:
    if output is None:
        arguments.fault(UsageError, "output", "missing; expected what generate returned")
    if hasattr(output, "sequences"):
        return output.sequences
    if isinstance(output, Mapping) and "sequences" not in output:
        arguments.refuse("output", list(output), "what generate returned, with `sequences`")
    return output["sequences"] if isinstance(output, Mapping) else output


def _answer_of(output: Any, prompt: list[int], model: Model) -> list[int]:
    sequence = ids_of(_sequences_of(output), "output")
    if model.facts["kind"] == "encoder-decoder":
        return _without_padding(sequence[1:] if sequence[:1] == [model.core.decoder_start_token] else sequence, model)
    if sequence[:len(prompt)] != prompt:
        arguments.fault(InputError, "output", "does not begin with the prompt's tokens; expected what generate "
                        "returned for input_ids, and input_shape to match")
    return _without_padding(sequence[len(prompt):], model)


def _without_padding(answer: list[int], model: Model) -> list[int]:
    """Drops the padding after the token that ends the text."""
    ends = {model.tokenizer.eos_token_id, model.tokenizer.pad_token_id} - {None}
    text = len(answer)
    while text > 0 and answer[text - 1] in ends:
        text -= 1
    return answer[:text + 1]


def _require_unpadded(prompt: list[int], pad: int | None) -> None:
    for end in (prompt[:2], prompt[-2:]):
        if len(prompt) > 2 and end == [pad, pad]:
            arguments.fault(InputError, "input_ids", "begin or end with padding; expected one text without it")


def _require_cross_entropy(loss: Any) -> None:
    if loss is None or getattr(loss, "__name__", "") == "cross_entropy":
        return
    if "CrossEntropy" not in type(loss).__name__:
        arguments.refuse("loss_function", loss, "a cross-entropy or None")
    for name, value in (("reduction", "mean"), ("label_smoothing", 0.0), ("weight", None), ("ignore_index", -100)):
        if getattr(loss, name, value) != value:
            arguments.fault(UsageError, "loss_function", f"has {name} {getattr(loss, name)!r}; expected {value!r}")


def _matches_of(output: Any, given: Sequence[int] | None) -> list[int]:
    if given is None:
        given = getattr(getattr(output, "generation", None), "n_matches", ())
    return [arguments.whole(count, "n_matches", 0) for count in
            arguments.listed(given, "n_matches", "the number of accepted tokens in each round")]


def _label_of(label: Any) -> dict[str, Any]:
    if label is None:
        return {}
    if isinstance(label, str):
        return {"label": label}
    ids = ids_of(label, "labels")
    places = [place for place, token in enumerate(ids) if token != -100]
    return {"label_ids": ids[places[0]:places[-1] + 1] if places else []}


__all__ = ["Explainer", "method_name"]
