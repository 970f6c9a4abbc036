"""`generate` with the arguments and the return shape of Hugging Face's."""

import random

from explainer.errors import UsageError
from explainer.ids import TokenArray, ids_of, require_no_padding

# What Hugging Face's generate takes and this one has no use for: asked for or not, the result is the same.
_WITHOUT_EFFECT = {"use_cache", "pad_token_id", "eos_token_id", "bos_token_id", "token_type_ids"}
# What asks for something that there is none of; these values ask for nothing.
_NEUTRAL = {"output_attentions": (False, None), "output_hidden_states": (False, None),
            "num_return_sequences": (1, None), "output_scores": (False, True, None), "no_repeat_ngram_size": (0, None),
            "min_new_tokens": (0, None), "penalty_alpha": (0, None), "typical_p": (1.0, None),
            "num_beam_groups": (1, None)}


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


def _sampling(do_sample, temperature, top_k, top_p, num_beams):
    if not do_sample:  # as Hugging Face: greedy, and these do nothing
        return {"temperature": 0.0, "top_k": 0, "top_p": 1.0}
    if num_beams > 1:
        _refuse("num_beams", num_beams, "1 with do_sample=True")
    return {"temperature": 1.0 if temperature is None else float(temperature),
            "top_k": 50 if top_k is None else int(top_k), "top_p": 1.0 if top_p is None else float(top_p)}


def _new_tokens(max_new_tokens, max_length, prompt, is_decoder):
    if max_new_tokens is not None:
        return int(max_new_tokens)
    if max_length is None:
        return 20  # Hugging Face's
    # Of an encoder-decoder the start token counts, the source does not.
    left = int(max_length) - (prompt if is_decoder else 1)
    if left < 1:
        _refuse("max_length", max_length, f"more than the {prompt} tokens of the prompt")
    return left


def _on_token(streamer, tokenizer, prompt):
    if streamer is None:
        return None
    if hasattr(streamer, "put"):
        streamer.put(TokenArray([prompt]))
        return lambda token, _: streamer.put(TokenArray([token]))
    return lambda _, text: streamer(text)


def generate(model, input_ids, *, max_new_tokens=None, max_length=None, do_sample=False, temperature=None, top_k=None,
             top_p=None, num_beams=1, repetition_penalty=1.0, length_penalty=1.0, early_stopping=False,
             return_dict_in_generate=False, output_logits=False, assistant_model=None, num_assistant_tokens=5,
             prompt_lookup_num_tokens=None, attention_mask=None, streamer=None, seed=None, progress=None, **others):
    """See `Model.generate`."""
    require_no_padding(attention_mask)
    for name, value in others.items():
        if name in _WITHOUT_EFFECT or (name in _NEUTRAL and value in _NEUTRAL[name]):
            continue
        if name in _NEUTRAL:
            _refuse(name, value, " or ".join(repr(v) for v in _NEUTRAL[name]))
        raise TypeError(f"generate() got an unexpected keyword argument {name!r}")
    prompt = ids_of(input_ids, "input_ids")
    is_decoder = model.facts["kind"] == "decoder"
    if assistant_model is not None and not hasattr(assistant_model, "core"):
        _refuse("assistant_model", type(assistant_model).__name__, "a model of this package: explainer.load(...)")
    written = model.core.generate(
        prompt, max_new_tokens=_new_tokens(max_new_tokens, max_length, len(prompt), is_decoder),
        **_sampling(do_sample, temperature, top_k, top_p, num_beams), repetition_penalty=repetition_penalty,
        seed=random.getrandbits(32) if seed is None else seed,
        assistant=None if assistant_model is None else assistant_model.core,
        prompt_lookup=prompt_lookup_num_tokens is not None,
        draft_tokens=prompt_lookup_num_tokens or num_assistant_tokens, num_beams=num_beams,
        length_penalty=length_penalty, early_stopping=_early_stopping(early_stopping),
        keep_logits=return_dict_in_generate and output_logits,
        on_token=_on_token(streamer, model.tokenizer, prompt), progress=progress)
    if streamer is not None and hasattr(streamer, "end"):
        streamer.end()
    before = prompt if is_decoder else [model.core.decoder_start_token]
    sequences = TokenArray([before + written.ids])
    if not return_dict_in_generate:
        return sequences
    output = GenerateOutput(sequences=sequences, generation=written)
    if output_logits:
        output["logits"] = tuple(written.logits[i:i + 1] for i in range(len(written.ids)))
    return output


__all__ = ["GenerateOutput", "generate"]
