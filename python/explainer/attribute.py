"""Names of the original toolbox's `explainer.attribute`."""

from explainer.errors import UsageError
from explainer.extra import ModelExplanationTask
from explainer.models import (AutoModelForCausalLM, AutoModelForQuestionAnswering, AutoModelForSeq2SeqLM)
from explainer.tokenizer import AutoTokenizer, BatchEncoding


class ExplainerHandler:
    """The original's hook into a model's `generate`. There is nothing to hook: what `generate` returned is replayed.
    Calling it gives the model back."""

    def __init__(self, model, assistant_model=None):
        self.model = model
        self.assistant_model = assistant_model

    def __call__(self):
        return self.model

    def generate_parameter(self, tokenizer, output, task_type, labels=None, **others):
        """The arguments of `Explainer.compute`."""
        if self.assistant_model is not None:
            task_type = ModelExplanationTask.GENERATIVE_TEXT_CHAT_ASSISTANT
        return {"tokenizer": tokenizer, "output": output, "labels": labels, "task_type": task_type, **others}


class Preprocessor:
    """A task's texts as what its model reads.

    input_text: for translation and summarizations a list of one dict that holds source and target text under the
        config's names; for question answering {"question", "context"}, and of a ground truth
        {"answers": {"text": [...], "answer_start": [...]}}.
    task_type: "question_answering", "translation" or "summarizations".
    model_name_or_path, tokenizer: paths (the tokenizer's may be left out), or objects.
    model_config_path: the original's YAML file (needs PyYAML) or a dict: prefix, source, target, model_max_length.
    preprocess_input: what is ready already, returned as it is.
    """

    _MODELS = {"question_answering": AutoModelForQuestionAnswering, "translation": AutoModelForSeq2SeqLM,
               "summarizations": AutoModelForSeq2SeqLM}

    def __init__(self, preprocess_input=None, input_text=None, *, task_type, model_name_or_path, tokenizer=None,
                 model_config_path=None):
        if task_type not in self._MODELS:
            raise UsageError(f"Preprocessor: task_type {task_type!r}; expected one of {', '.join(self._MODELS)} "
                             "(a chat's ids come from tokenizer.apply_chat_template)")
        self.preprocess_input, self.inputs, self.task_type = preprocess_input, input_text, task_type
        self.model = _loaded(model_name_or_path, self._MODELS[task_type])
        self.tokenizer = _loaded(model_name_or_path if tokenizer is None else tokenizer, AutoTokenizer)
        self.config = {"prefix": "", "source": "text", "target": "summary", **_config(model_config_path)}

    def preprocess_function(self):
        """`input_ids`, and by task `token_type_ids`, `labels` (ids) or `label` (text)."""
        if self.preprocess_input is not None:
            return self.preprocess_input
        return self._pair() if self.task_type == "question_answering" else self._source_and_target()

    def __call__(self, keep_list=("input_ids", "token_type_ids", "attention_mask")):
        """(all inputs, those of `keep_list` that there are)."""
        inputs = self.preprocess_function()
        return inputs, {key: inputs[key] for key in keep_list if key in inputs}

    def decode_text(self, inputs):
        """Each token of the first text, decoded alone."""
        return [self.tokenizer.decode([id]) for id in inputs["input_ids"][0]]

    def _pair(self):
        text = self.inputs
        inputs = self.tokenizer(text["question"], text["context"], return_tensors="pt")
        if "answers" in text:
            inputs["label"] = text["answers"]["text"][0]
        return inputs

    def _source_and_target(self):
        if len(self.inputs) != 1:
            raise UsageError(f"Preprocessor: {len(self.inputs)} texts; expected one at a time")
        text = self.inputs[0]
        inputs = self.tokenizer(self.config["prefix"] + text[self.config["source"]], return_tensors="pt",
                                truncation=True, max_length=self.config.get("model_max_length"))
        if self.config["target"] is not None:
            inputs["labels"] = self.tokenizer(text[self.config["target"]], return_tensors="pt")["input_ids"]
        return BatchEncoding(inputs)


def _loaded(name, loader):
    return loader.from_pretrained(name) if hasattr(name, "__fspath__") or isinstance(name, str) else name


def _config(config):
    if config is None or isinstance(config, dict):
        return config or {}
    try:
        import yaml
    except ImportError:
        raise UsageError("model_config_path: reading YAML needs PyYAML; expected it installed, or a dict") from None
    with open(config, encoding="utf-8") as file:
        return yaml.safe_load(file) or {}


__all__ = ["ExplainerHandler", "Preprocessor"]
