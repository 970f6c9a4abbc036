"""Text to token ids and back, by the tokenizer that a model file carries, with the interface of Hugging Face's."""

from __future__ import annotations

from typing import Any

from explainer.errors import InputError, UsageError
from explainer.ids import TokenArray, TokenList, ids_of


class BatchEncoding(dict):
    """What a tokenizer returns: `input_ids`, `attention_mask` and, of pairs, `token_type_ids`; keys are attributes."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def to(self, *_, **__):
        return self


def messages_of(messages):
    """[(role, content)] of a chat in Hugging Face's form. Throws InputError for more than texts: tools, pictures."""
    for message in messages:
        if not isinstance(message, dict) or set(message) != {"role", "content"} or not all(
                isinstance(text, str) for text in message.values()):
            raise InputError(f"messages: {str(message)[:60]!r}; expected {{'role': text, 'content': text}} and nothing "
                             "else: render other templates yourself and give the prompt")
    return [(message["role"], message["content"]) for message in messages]


class Tokenizer:
    """Made by `AutoTokenizer.from_pretrained` or as `Model.tokenizer`."""

    padding_side = "right"

    def __init__(self, core):
        self.core = core
        special = core.special_tokens
        self.bos_token_id = special.get("bos")
        self.eos_token_id = special.get("eos")
        self.pad_token_id = special.get("pad", self.eos_token_id)
        self.sep_token_id = special.get("sep")
        self.mask_token_id = special.get("mask")
        self.bos_token, self.eos_token, self.pad_token, self.sep_token, self.mask_token = (
            None if one is None else core.token_bytes(one).decode("utf-8", "replace") for one in (
                self.bos_token_id, self.eos_token_id, self.pad_token_id, self.sep_token_id, self.mask_token_id))
        self.all_special_ids = sorted({id for id in special.values()})
        self.model_max_length = core.facts["context"]
        self.vocab_size = core.facts["vocabulary"]

    def __len__(self):
        return self.vocab_size

    def __repr__(self):
        return f"Tokenizer({self.core.facts['name'] or self.core.facts['path']!r}, vocab_size={self.vocab_size})"

    def __call__(self, text: str | list[str], text_pair: str | list[str] | None = None, *,
                 add_special_tokens: bool = True, truncation: bool = False, max_length: int | None = None,
                 padding: bool | str = False, return_tensors: str | None = None, return_attention_mask: bool = True,
                 return_token_type_ids: bool | None = None) -> BatchEncoding:
        """Ids of a text, or of several. `return_tensors`: None gives lists, anything else NumPy arrays [texts, tokens]
        (`TokenArray`; "pt" too: PyTorch is not needed, and `torch.as_tensor` takes them)."""
        several = not isinstance(text, str)
        texts = list(text) if several else [text]
        pairs = [None] * len(texts) if text_pair is None else list(text_pair) if several else [text_pair]
        if len(pairs) != len(texts):
            raise InputError(f"text_pair: {len(pairs)} texts for {len(texts)}; expected as many")
        rows = [self._row(first, second, add_special_tokens) for first, second in zip(texts, pairs)]
        if truncation:
            if text_pair is not None:
                raise UsageError("truncation: of pairs; expected question and context given to Model.explain, which "
                                 "reads long contexts in windows")
            rows = [(self._truncated(ids, max_length or self.model_max_length), types) for ids, types in rows]
            rows = [(ids, types[:len(ids)]) for ids, types in rows]
        masks = [[1] * len(ids) for ids, _ in rows]
        rows, masks = self._padded(rows, masks, padding, return_tensors)
        encoding = BatchEncoding(input_ids=[ids for ids, _ in rows])
        if return_token_type_ids or (return_token_type_ids is None and text_pair is not None):
            encoding["token_type_ids"] = [types for _, types in rows]
        if return_attention_mask:
            encoding["attention_mask"] = masks
        if return_tensors is not None:
            return BatchEncoding({key: TokenArray(value) for key, value in encoding.items()})
        return encoding if several else BatchEncoding({key: value[0] for key, value in encoding.items()})

    def _row(self, text, pair, add_special_tokens):
        if pair is None:
            ids = self.core.tokenize(text, add_special_tokens, True)
            return ids, [0] * len(ids)
        if not add_special_tokens:
            raise UsageError("text_pair: given with add_special_tokens=False; expected True: they part the texts")
        return self.core.pair(text, pair)

    def _truncated(self, ids, most):
        """The first tokens, with the special one that ends every text, if there is such a one."""
        around = self.core.tokenize("", True)
        ends = bool(around) and around[-1] != self.bos_token_id and ids[-1:] == around[-1:]
        return ids if len(ids) <= most else ids[:most - 1] + around[-1:] if ends else ids[:most]

    def _padded(self, rows, masks, padding, return_tensors):
        if padding not in (True, False, "longest", "do_not_pad"):
            raise UsageError(f"padding: is {padding!r}; expected True or False: nothing here wants a longer text")
        padding = padding in (True, "longest")
        longest = max(len(ids) for ids, _ in rows)
        if all(len(ids) == longest for ids, _ in rows):
            return rows, masks
        if not padding:
            if return_tensors is not None:
                raise UsageError("return_tensors: texts of different length; expected padding=True")
            return rows, masks
        fill = [longest - len(ids) for ids, _ in rows]
        return ([(ids + [self.pad_token_id or 0] * n, types + [0] * n) for (ids, types), n in zip(rows, fill)],
                [mask + [0] * n for mask, n in zip(masks, fill)])

    def encode(self, text, text_pair=None, *, add_special_tokens=True, return_tensors=None):
        return self(text, text_pair, add_special_tokens=add_special_tokens, return_tensors=return_tensors)["input_ids"]

    def decode(self, token_ids: Any, skip_special_tokens: bool = False) -> str:
        """The text of some ids, or of one; what is no whole UTF-8 character becomes U+FFFD."""
        if hasattr(token_ids, "tolist"):
            token_ids = token_ids.tolist()
        ids = [token_ids] if isinstance(token_ids, int) else ids_of(token_ids, "token_ids")
        return self.core.detokenize(ids, not skip_special_tokens)

    def batch_decode(self, sequences: Any, skip_special_tokens: bool = False) -> list[str]:
        return [self.decode(ids, skip_special_tokens) for ids in sequences]

    def tokenize(self, text, add_special_tokens=False):
        return self.convert_ids_to_tokens(self.core.tokenize(text, add_special_tokens, True))

    def convert_ids_to_tokens(self, ids):
        """Each token's text (not the vocabulary's spelling of it)."""
        if isinstance(ids, int):
            return self.core.token_bytes(ids).decode("utf-8", "replace")
        return [self.convert_ids_to_tokens(int(id)) for id in ids]

    def apply_chat_template(self, messages: list[dict[str, str]], *, tokenize: bool = True,
                            add_generation_prompt: bool = False, return_tensors: str | None = None,
                            return_dict: bool = False) -> Any:
        """A chat as the model wants it, by its own template: text, or ids as a list, or [1, tokens]."""
        text = self.core.render_chat(messages_of(messages), add_generation_prompt)
        if not tokenize:
            return text
        ids = self.core.tokenize(text, False, True)
        values = TokenList(ids) if return_tensors is None else TokenArray([ids])
        if not return_dict:
            return values
        mask = [1] * len(ids)
        return BatchEncoding(input_ids=values, attention_mask=mask if return_tensors is None else TokenArray([mask]))


class AutoTokenizer:
    """`from_pretrained` as Hugging Face's."""

    @staticmethod
    def from_pretrained(path: Any, **options: Any) -> Tokenizer:
        """The tokenizer of a GGUF file or a Hugging Face directory. A model loaded from the same path with the
        same options is not loaded again."""
        from explainer.models import load, without_loader_flags

        return load(path, **without_loader_flags(options)).tokenizer


__all__ = ["AutoTokenizer", "BatchEncoding", "Tokenizer"]
