"""Names of the original toolbox's `explainer.attribute`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from explainer import arguments
from explainer.aliases import StrPath
from explainer.auto import AutoModelForQuestionAnswering, AutoModelForSeq2SeqLM, AutoTokenizer
from explainer.errors import InputError, UsageError
from explainer.extra import ModelExplanationTask
from explainer.models import Model
from explainer.tokenizer import BatchEncoding

_MODELS: dict[str, Any] = {"question_answering": AutoModelForQuestionAnswering, "translation": AutoModelForSeq2SeqLM,
                           "summarizations": AutoModelForSeq2SeqLM}


class ExplainerHandler:
    """Stands in for the original's hook into a model's `generate`. Nothing is hooked here, because the answer is
    replayed; calling the handler returns the model."""

    def __init__(self, model: Model, assistant_model: Model | None = None) -> None:
        self.model = model
        self.assistant_model = assistant_model

    def __call__(self) -> Model:
        return self.model

    def generate_parameter(self, tokenizer: Any, output: Any, task_type: str, labels: Any = None,
                           **others: Any) -> dict[str, Any]:
        """The arguments of `Explainer.compute`."""
        if self.assistant_model is not None:
            task_type = ModelExplanationTask.GENERATIVE_TEXT_CHAT_ASSISTANT
        return {"tokenizer": tokenizer, "output": output, "labels": labels, "task_type": task_type, **others}


class Preprocessor:
    """Turns a task's texts into its model's inputs.

    input_text: for translation and summarizations a list of one dict that holds source and target text under the
        config's names; for question answering {"question", "context"} and, with a ground truth,
        {"answers": {"text": [...], "answer_start": [...]}}.
    task_type: "question_answering", "translation" or "summarizations".
    model_name_or_path, tokenizer: paths, or loaded objects; without `tokenizer`, the model's path is used.
    model_config_path: the original's YAML file (needs PyYAML) or a dict: prefix, source, target, model_max_length.
    preprocess_input: inputs that are ready; returned unchanged.
    """

    def __init__(self, preprocess_input: Any = None, input_text: Any = None, *, task_type: str,
                 model_name_or_path: Any, tokenizer: Any = None,
                 model_config_path: StrPath | dict[str, Any] | None = None) -> None:
        if task_type not in _MODELS:
            arguments.refuse("task_type", task_type, f"one of {', '.join(_MODELS)} (for a chat, use "
                                                     "tokenizer.apply_chat_template)")
        self.preprocess_input, self.inputs, self.task_type = preprocess_input, input_text, task_type
        self.model = _loaded(model_name_or_path, _MODELS[task_type])
        self.tokenizer = _loaded(model_name_or_path if tokenizer is None else tokenizer, AutoTokenizer)
        self.config = {"prefix": "", "source": "text", "target": "summary", **_config(model_config_path)}

    def preprocess_function(self) -> Any:
        """`input_ids`, and depending on the task `token_type_ids`, `labels` (ids) or `label` (text)."""
        if self.preprocess_input is not None:
            return self.preprocess_input
        return self._pair() if self.task_type == "question_answering" else self._source_and_target()

    def __call__(self, keep_list: Iterable[str] = ("input_ids", "token_type_ids", "attention_mask")
                 ) -> tuple[Any, dict[str, Any]]:
        """(all inputs, those of them that `keep_list` names)."""
        inputs = self.preprocess_function()
        return inputs, {key: inputs[key] for key in arguments.listed(keep_list, "keep_list") if key in inputs}

    def decode_text(self, inputs: Any) -> list[str]:
        """Each token of the first text, decoded on its own."""
        return [self.tokenizer.decode([id]) for id in inputs["input_ids"][0]]

    def _pair(self) -> Any:
        texts = _Texts(self.inputs)
        inputs = self.tokenizer(texts["question"], texts["context"], return_tensors="pt")
        if "answers" in self.inputs:
            answers = self.inputs["answers"]
            found = answers.get("text") if isinstance(answers, Mapping) else None
            if not found or isinstance(found, str):
                arguments.refuse("input_text", answers, "answers as {'text': [...], 'answer_start': [...]}")
            inputs["label"] = found[0]
        return inputs

    def _source_and_target(self) -> BatchEncoding:
        several = [self.inputs] if isinstance(self.inputs, Mapping) else arguments.listed(self.inputs, "input_text")
        if len(several) != 1:
            arguments.fault(UsageError, "input_text", f"{len(several)} texts; expected one at a time")
        texts, most = _Texts(several[0]), self.config.get("model_max_length")
        inputs = self.tokenizer(self.config["prefix"] + texts[self.config["source"]], return_tensors="pt",
                                truncation=True, max_length=most)
        if self.config["target"] is not None:
            inputs["labels"] = self.tokenizer(texts[self.config["target"]], return_tensors="pt")["input_ids"]
        return BatchEncoding(inputs)


class _Texts:
    """The texts of an input, by name."""

    def __init__(self, texts: Any) -> None:
        if not isinstance(texts, Mapping):
            arguments.refuse("input_text", texts, "a dict of texts")
        self.texts = texts

    def __getitem__(self, name: Any) -> str:
        if name not in self.texts:
            arguments.fault(UsageError, "input_text", f"has no {name!r}, only {', '.join(map(str, self.texts))}; "
                            "expected the names of the task, or of the config's source and target")
        return arguments.text(self.texts[name], str(name))


def _loaded(name: Any, loader: Any) -> Any:
    return loader.from_pretrained(name) if hasattr(name, "__fspath__") or isinstance(name, str) else name


def _config(config: StrPath | dict[str, Any] | None) -> dict[str, Any]:
    if config is None or isinstance(config, dict):
        return config or {}
    path = arguments.path(config, "model_config_path")
    try:
        import yaml
    except ImportError:
        raise UsageError("model_config_path: PyYAML is not installed; expected it, or a dict; pip install pyyaml"
                         ) from None
    try:
        with open(path, encoding="utf-8") as file:
            found = yaml.safe_load(file) or {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        arguments.fault(InputError, "model_config_path", f"{path} cannot be read ({error}); expected a YAML file")
    if not isinstance(found, dict):
        arguments.fault(InputError, "model_config_path", f"{path} holds a {type(found).__name__}; expected names and "
                        "values")
    return found


__all__ = ["ExplainerHandler", "Preprocessor"]
