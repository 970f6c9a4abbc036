"""`generate` with the arguments and the return shape of Hugging Face's."""

import json
import random

from explainer.errors import UsageError
from explainer.ids import TokenArray, ids_of, require_no_padding
from explainer.progress import told

# What Hugging Face's generate takes and what changes nothing for one text.
_WITHOUT_EFFECT = {"use_cache", "pad_token_id", "bos_token_id", "token_type_ids"}
# What asks for something that there is none of; these values ask for nothing.
_NEUTRAL = {"output_attentions": (False, None), "output_hidden_states": (False, None),
            "num_return_sequences": (1, None), "output_scores": (False, True, None), "no_repeat_ngram_size": (0, None),
            "min_new_tokens": (0, None), "min_length": (0, None), "penalty_alpha": (0, None), "typical_p": (1.0, None),
            "num_beam_groups": (1, None), "bad_words_ids": (None,), "forced_bos_token_id": (None,),
            "forced_eos_token_id": (None,), "suppress_tokens": (None,), "begin_suppress_tokens": (None,),
            "encoder_no_repeat_ngram_size": (0, None), "diversity_penalty": (0.0, None), "min_p": (0.0, None)}
_DEFAULTS = {"max_new_tokens": None, "max_length": None, "do_sample": False, "temperature": 1.0, "top_k": 50,
             "top_p": 1.0, "num_beams": 1, "repetition_penalty": 1.0, "length_penalty": 1.0, "early_stopping": False,
             "eos_token_id": None}


class GenerateOutput(dict):
    """`sequences` [1, tokens] (of a decoder prompt and answer, else the decoder's start token and the answer), `logits`
    (a tuple of [1, vocabulary] for each answer token, if asked for), `generation` (what the engine says of it). Keys
    are attributes."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def _refuse(name, value, expected):
    raise UsageError(f"generate: {name} is {value!r}; expected {expected}")


def _early_stopping(value):
    names = {False: "no", True: "yes", "never": "never"}
    if value not in names:
        _refuse("early_stopping", value, "True, False or 'never'")
    return names[value]


def _sampling(options):
    if not options["do_sample"]:  # as Hugging Face: greedy, and these do nothing
        return {"temperature": 0.0, "top_k": 0, "top_p": 1.0}
    if options["num_beams"] > 1:
        _refuse("num_beams", options["num_beams"], "1 with do_sample=True")
    return {"temperature": float(options["temperature"]), "top_k": int(options["top_k"]),
            "top_p": float(options["top_p"])}


def _new_tokens(options, prompt, is_decoder):
    if options["max_new_tokens"] is not None:
        return int(options["max_new_tokens"])
    if options["max_length"] is None:
        return 20  # Hugging Face's
    # Of an encoder-decoder the start token counts, the source does not.
    left = int(options["max_length"]) - (prompt if is_decoder else 1)
    if left < 1:
        _refuse("max_length", options["max_length"], f"more than the {prompt} tokens of the prompt")
    return left


def _ends(options, model):
    """Tokens that end the text beside those that the model's file says do."""
    ends = options["eos_token_id"]
    ends = [] if ends is None else [ends] if isinstance(ends, int) else ids_of(ends, "eos_token_id")
    ends = set(ends) - {model.tokenizer.eos_token_id}
    if ends and options["num_beams"] > 1:
        _refuse("eos_token_id", options["eos_token_id"], "the model's own with num_beams")
    return ends


def _on_token(streamer, ends, before):
    """What the engine tells of each token; False ends the text."""
    if streamer is not None and hasattr(streamer, "put"):
        streamer.put(TokenArray([before]))

    def told(token, text):
        goes_on = None
        if streamer is not None and hasattr(streamer, "put"):
            streamer.put(TokenArray([token]))
        elif streamer is not None:
            goes_on = streamer(text)
        return False if token in ends else goes_on
    return told if ends or streamer is not None else None


def _resolved(model, given):
    """What was asked for; else what the checkpoint's generation_config.json says; else Hugging Face's defaults."""
    for name in given:
        if name not in _DEFAULTS and name not in _NEUTRAL and name not in _WITHOUT_EFFECT:
            raise TypeError(f"generate() got an unexpected keyword argument {name!r}")
    own = {name: value for name, value in model.generation_config.items()
           if (name in _DEFAULTS or name in _NEUTRAL) and name != "eos_token_id"}
    options = {**own, **{name: value for name, value in given.items() if value is not None or name not in own}}
    for name, values in _NEUTRAL.items():
        if options.get(name, values[0]) not in values:
            where = "" if name in given else f" in generation_config.json (to go without: {name}={values[0]!r})"
            raise UsageError(f"generate: {name} is {options[name]!r}{where}; expected "
                             + " or ".join(repr(value) for value in values))
    return {name: default if options.get(name) is None else options[name] for name, default in _DEFAULTS.items()}


def generate(model, input_ids, *, return_dict_in_generate=False, output_logits=False, assistant_model=None,
             num_assistant_tokens=5, prompt_lookup_num_tokens=None, attention_mask=None, streamer=None, seed=None,
             progress=None, **given):
    """See `Model.generate`."""
    require_no_padding(attention_mask)
    options = _resolved(model, given)
    prompt = ids_of(input_ids, "input_ids")
    is_decoder = model.facts["kind"] == "decoder"
    if assistant_model is not None and not hasattr(assistant_model, "core"):
        _refuse("assistant_model", type(assistant_model).__name__, "a model of this package: explainer.load(...)")
    before = prompt if is_decoder else [model.core.decoder_start_token]
    with told(progress) as callback:
        keys = {"max_new_tokens": _new_tokens(options, len(prompt), is_decoder), **_sampling(options),
                "repetition_penalty": float(options["repetition_penalty"]),
                "seed": random.getrandbits(32) if seed is None else int(seed),
                "draft_tokens": int(prompt_lookup_num_tokens or num_assistant_tokens),
                "num_beams": int(options["num_beams"]),
                "length_penalty": float(options["length_penalty"]),
                "early_stopping": _early_stopping(options["early_stopping"])}
        written = model.core.generate(
            prompt, json.dumps(keys), assistant=None if assistant_model is None else assistant_model.core,
            prompt_lookup=prompt_lookup_num_tokens is not None,
            keep_logits=return_dict_in_generate and output_logits,
            on_token=_on_token(streamer, _ends(options, model), before), progress=callback)
    if streamer is not None and hasattr(streamer, "end"):
        streamer.end()
    sequences = TokenArray([before + written.ids])
    if not return_dict_in_generate:
        return sequences
    output = GenerateOutput(sequences=sequences, generation=written)
    if output_logits:
        output["logits"] = tuple(written.logits[i:i + 1] for i in range(len(written.ids)))
    return output


__all__ = ["GenerateOutput", "generate"]
