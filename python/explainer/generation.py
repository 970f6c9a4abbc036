"""`generate` with the arguments and the return values of Hugging Face's."""

from __future__ import annotations

import difflib
import json
import random
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from explainer import _core, arguments
from explainer.aliases import Progress
from explainer.errors import UsageError
from explainer.ids import TokenArray, ids_of, require_no_padding
from explainer.progress import progress_callback

# Arguments of Hugging Face's generate that change nothing for a single text.
_WITHOUT_EFFECT = {"use_cache", "pad_token_id", "bos_token_id", "token_type_ids"}
# Unsupported arguments, with the values that turn them off.
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "output_attentions": (False, None), "output_hidden_states": (False, None), "num_return_sequences": (1, None),
    "output_scores": (False, True, None), "no_repeat_ngram_size": (0, None), "min_new_tokens": (0, None),
    "min_length": (0, None), "penalty_alpha": (0, None), "typical_p": (1.0, None), "num_beam_groups": (1, None),
    "bad_words_ids": (None,), "forced_bos_token_id": (None,), "forced_eos_token_id": (None,),
    "suppress_tokens": (None,), "begin_suppress_tokens": (None,), "encoder_no_repeat_ngram_size": (0, None),
    "diversity_penalty": (0.0, None)}
_DEFAULTS: dict[str, Any] = {
    "max_new_tokens": None, "max_length": None, "do_sample": False, "temperature": 1.0, "top_k": 50, "top_p": 1.0,
    "min_p": None, "num_beams": 1, "repetition_penalty": 1.0, "length_penalty": 1.0, "early_stopping": False,
    "eos_token_id": None}
# Arguments of `generate` here that are not among those.
_OWN = {"return_dict_in_generate", "output_logits", "assistant_model", "num_assistant_tokens",
        "prompt_lookup_num_tokens", "attention_mask", "streamer", "seed", "progress"}


class GenerateOutput(dict[str, Any]):
    """What `generate` returns with return_dict_in_generate=True. Keys are attributes, too.

    sequences: [1, tokens]; a decoder's prompt and answer, or an encoder-decoder's start token and answer
    logits: a tuple of [1, vocabulary], one for each answer token, with output_logits=True
    generation: the engine's own record (`ended`, `score`, `n_drafted`, `n_matches`, `warnings`, ...)
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def _early_stopping(value: Any) -> str:
    names = {False: "no", True: "yes", "never": "never"}
    if not isinstance(value, (bool, str)) or value not in names:
        arguments.refuse("early_stopping", value, "True, False or 'never'")
    return names[value]


def _sampling(options: Mapping[str, Any]) -> dict[str, Any]:
    if not arguments.flag(options["do_sample"], "do_sample"):  # as in Hugging Face: greedy, and these are ignored
        return {"temperature": 0.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0}
    if options["num_beams"] > 1:
        arguments.refuse("num_beams", options["num_beams"], "1 with do_sample=True")
    return {"temperature": arguments.real(options["temperature"], "temperature"),
            "top_k": arguments.whole(options["top_k"], "top_k"), "top_p": arguments.real(options["top_p"], "top_p"),
            "min_p": arguments.real(options["min_p"] or 0.0, "min_p")}


def _max_new_tokens(options: Mapping[str, Any], prompt_tokens: int, is_decoder: bool) -> int:
    if options["max_new_tokens"] is not None:
        return arguments.whole(options["max_new_tokens"], "max_new_tokens")
    if options["max_length"] is None:
        return 20  # Hugging Face's default
    # max_length covers a decoder's prompt; an encoder-decoder's source does not count, its start token does.
    left = arguments.whole(options["max_length"], "max_length") - (prompt_tokens if is_decoder else 1)
    if left < 1:
        arguments.refuse("max_length", options["max_length"], f"more than the {prompt_tokens} tokens of the prompt")
    return left


def _extra_ends(options: Mapping[str, Any], own: int | None) -> set[int]:
    """Tokens that end the text besides the one that the model's file names."""
    given = options["eos_token_id"]
    is_one = isinstance(given, (int, np.generic))
    ends = set([] if given is None else ids_of([given] if is_one else given, "eos_token_id")) - {own}
    if ends and options["num_beams"] > 1:
        arguments.refuse("eos_token_id", given, "the model's own with num_beams")
    return ends


def _on_token(streamer: Any, ends: set[int], before: list[int]) -> Callable[[int, str], object] | None:
    """The engine's callback for each token; returning False ends the text."""
    if streamer is not None and hasattr(streamer, "put"):
        streamer.put(TokenArray([before]))

    def on_token(token: int, text: str) -> object:
        goes_on = None
        if streamer is not None and hasattr(streamer, "put"):
            streamer.put(TokenArray([token]))
        elif streamer is not None:
            goes_on = streamer(text)
        return False if token in ends else goes_on
    return on_token if ends or streamer is not None else None


def _resolved(config: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The options given; else those of the checkpoint's generation_config.json; else Hugging Face's defaults."""
    for name in given:
        if name not in _DEFAULTS and name not in _NEUTRAL and name not in _WITHOUT_EFFECT:
            known = sorted({*_DEFAULTS, *_OWN})
            near = difflib.get_close_matches(name, known, 1)
            arguments.fault(UsageError, name, "is no argument of generate; expected " +
                            (f"{near[0]}, or another of " if near else "one of ") + ", ".join(known))
    own = {name: value for name, value in config.items()
           if (name in _DEFAULTS or name in _NEUTRAL) and name != "eos_token_id"}
    options = {**own, **{name: value for name, value in given.items() if value is not None or name not in own}}
    for name, values in _NEUTRAL.items():
        if options.get(name, values[0]) not in values:
            where = "" if name in given else f" in generation_config.json (to turn it off: {name}={values[0]!r})"
            arguments.fault(UsageError, name, f"is {options[name]!r}{where}; expected "
                            + " or ".join(repr(value) for value in values))
    return {name: default if options.get(name) is None else options[name] for name, default in _DEFAULTS.items()}


def generate(core: _core.Model, config: Mapping[str, Any], input_ids: Any, *, return_dict_in_generate: bool = False,
             output_logits: bool = False, assistant_model: Any = None, num_assistant_tokens: int = 5,
             prompt_lookup_num_tokens: int | None = None, attention_mask: Any = None, streamer: Any = None,
             seed: int | None = None, progress: Progress | None = None, **given: Any) -> TokenArray | GenerateOutput:
    """See `Model.generate`. config: the checkpoint's generation_config.json."""
    require_no_padding(attention_mask)
    if streamer is not None and not hasattr(streamer, "put"):
        arguments.function(streamer, "streamer")
    options = _resolved(config, given)
    options["num_beams"] = arguments.whole(options["num_beams"], "num_beams", 1)
    prompt = ids_of(input_ids, "input_ids")
    start = core.decoder_start_token  # None for a decoder
    if assistant_model is not None and not hasattr(assistant_model, "core"):
        arguments.refuse("assistant_model", assistant_model, "a model of this package: explainer.load(...)")
    before = prompt if start is None else [start]
    ends = _extra_ends(options, core.special_tokens.get("eos"))
    keys = {"max_new_tokens": _max_new_tokens(options, len(prompt), start is None), **_sampling(options),
            "repetition_penalty": arguments.real(options["repetition_penalty"], "repetition_penalty"),
            "seed": random.getrandbits(32) if seed is None else arguments.whole(seed, "seed"),
            "draft_tokens": (arguments.whole(num_assistant_tokens, "num_assistant_tokens", 1)
                             if prompt_lookup_num_tokens is None else
                             arguments.whole(prompt_lookup_num_tokens, "prompt_lookup_num_tokens", 1)),
            "num_beams": options["num_beams"],
            "length_penalty": arguments.real(options["length_penalty"], "length_penalty"),
            "early_stopping": _early_stopping(options["early_stopping"])}
    with progress_callback(progress) as callback:
        written = core.generate(
            prompt, json.dumps(keys), assistant=None if assistant_model is None else assistant_model.core,
            prompt_lookup=prompt_lookup_num_tokens is not None,
            keep_logits=return_dict_in_generate and output_logits,
            on_token=_on_token(streamer, ends, before), progress=callback)
    if streamer is not None and hasattr(streamer, "end"):
        streamer.end()
    sequences = TokenArray([before + written.ids])
    if not return_dict_in_generate:
        return sequences
    output = GenerateOutput(sequences=sequences, generation=written)
    if output_logits:
        logits: Any = written.logits
        output["logits"] = tuple(logits[i:i + 1] for i in range(len(written.ids)))
    return output


__all__ = ["GenerateOutput", "generate"]
