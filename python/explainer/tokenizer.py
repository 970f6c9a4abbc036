"""Text to token ids and back, by the tokenizer in a model's file, with the interface of Hugging Face's tokenizers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from explainer import _core
from explainer.errors import InputError, UsageError
from explainer.ids import TokenArray, TokenList, ids_of


class BatchEncoding(dict[str, Any]):
    """A tokenizer's result: `input_ids`, `attention_mask` and, for pairs, `token_type_ids`. Keys are attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def to(self, *_: Any, **__: Any) -> BatchEncoding:
        return self


def messages_of(messages: Iterable[Any]) -> list[tuple[str, str]]:
    """[(role, content)] of a chat in Hugging Face's form. Raises InputError for anything but texts (tools, images)."""
    pairs = []
    for message in messages:
        if not isinstance(message, dict) or set(message) != {"role", "content"} or not all(
                isinstance(text, str) for text in message.values()):
            raise InputError(f"messages: {str(message)[:60]!r}; expected {{'role': text, 'content': text}} and nothing "
                             "else; render other templates yourself and pass the prompt")
        pairs.append((message["role"], message["content"]))
    return pairs


class Tokenizer:
    """Returned by `AutoTokenizer.from_pretrained`; also `Model.tokenizer`."""

    padding_side = "right"

    def __init__(self, core: _core.Model) -> None:
        self.core = core
        special = core.special_tokens
        self.bos_token_id = special.get("bos")
        self.eos_token_id = special.get("eos")
        self.pad_token_id = special.get("pad", self.eos_token_id)
        self.sep_token_id = special.get("sep")
        self.mask_token_id = special.get("mask")
        self.bos_token = self._special(self.bos_token_id)
        self.eos_token = self._special(self.eos_token_id)
        self.pad_token = self._special(self.pad_token_id)
        self.sep_token = self._special(self.sep_token_id)
        self.mask_token = self._special(self.mask_token_id)
        self.all_special_ids = sorted(set(special.values()))
        self.model_max_length: int = core.facts["context"]
        self.vocab_size: int = core.facts["vocabulary"]

    def _special(self, token: int | None) -> str | None:
        return None if token is None else self._token_text(token)

    def _token_text(self, token: int) -> str:
        return self.core.token_bytes(token).decode("utf-8", "replace")

    def __len__(self) -> int:
        return self.vocab_size

    def __repr__(self) -> str:
        return f"Tokenizer({self.core.facts['name'] or self.core.facts['path']!r}, vocab_size={self.vocab_size})"

    def __call__(self, text: str | list[str], text_pair: str | list[str] | None = None, *,
                 add_special_tokens: bool = True, truncation: bool = False, max_length: int | None = None,
                 padding: bool | str = False, return_tensors: str | None = None, return_attention_mask: bool = True,
                 return_token_type_ids: bool | None = None) -> BatchEncoding:
        """Tokenizes one text or several.

        return_tensors: None for lists; any other value for NumPy arrays [texts, tokens] (`TokenArray`). "pt" works
            without PyTorch; `torch.as_tensor` converts the arrays.
        """
        several = not isinstance(text, str)
        texts = [text] if isinstance(text, str) else list(text)
        pairs: Sequence[str | None] = ([None] * len(texts) if text_pair is None else
                                       [text_pair] if isinstance(text_pair, str) else list(text_pair))
        if len(pairs) != len(texts):
            raise InputError(f"text_pair: {len(pairs)} texts for {len(texts)}; expected as many as in text")
        rows = [self._row(first, second, add_special_tokens) for first, second in zip(texts, pairs)]
        if truncation:
            if text_pair is not None:
                raise UsageError("truncation: not available for pairs; expected question and context passed to "
                                 "Model.explain, which reads long contexts in windows")
            rows = [self._truncated(ids, types, max_length or self.model_max_length) for ids, types in rows]
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

    def _row(self, text: str, pair: str | None, add_special_tokens: bool) -> tuple[list[int], list[int]]:
        """Token ids and token types."""
        if pair is None:
            ids = self.core.tokenize(text, add_special_tokens, True)
            return ids, [0] * len(ids)
        if not add_special_tokens:
            raise UsageError("text_pair: given with add_special_tokens=False; expected True: special tokens separate "
                             "the two texts")
        return self.core.pair(text, pair)

    def _truncated(self, ids: list[int], types: list[int], most: int) -> tuple[list[int], list[int]]:
        """The first tokens; keeps the special token that ends every text, if the model has one."""
        if len(ids) <= most:
            return ids, types
        around = self.core.tokenize("", True)
        ends = bool(around) and around[-1] != self.bos_token_id and ids[-1:] == around[-1:]
        return ids[:most - 1] + around[-1:] if ends else ids[:most], types[:most]

    def _padded(self, rows: list[tuple[list[int], list[int]]], masks: list[list[int]], padding: bool | str,
                return_tensors: str | None) -> tuple[list[tuple[list[int], list[int]]], list[list[int]]]:
        if padding not in (True, False, "longest", "do_not_pad"):
            raise UsageError(f"padding: is {padding!r}; expected True or False: padding beyond the longest text is not "
                             "available")
        longest = max(len(ids) for ids, _ in rows)
        if all(len(ids) == longest for ids, _ in rows):
            return rows, masks
        if padding not in (True, "longest"):
            if return_tensors is not None:
                raise UsageError("return_tensors: texts have different lengths; expected padding=True")
            return rows, masks
        fill = [longest - len(ids) for ids, _ in rows]
        return ([(ids + [self.pad_token_id or 0] * n, types + [0] * n) for (ids, types), n in zip(rows, fill)],
                [mask + [0] * n for mask, n in zip(masks, fill)])

    def encode(self, text: str | list[str], text_pair: str | list[str] | None = None, *,
               add_special_tokens: bool = True, return_tensors: str | None = None) -> Any:
        return self(text, text_pair, add_special_tokens=add_special_tokens, return_tensors=return_tensors)["input_ids"]

    def decode(self, token_ids: Any, skip_special_tokens: bool = False) -> str:
        """The text of one id or several; bytes that are not valid UTF-8 become U+FFFD."""
        if hasattr(token_ids, "tolist"):
            token_ids = token_ids.tolist()
        ids = [token_ids] if isinstance(token_ids, int) else ids_of(token_ids, "token_ids")
        return self.core.detokenize(ids, not skip_special_tokens)

    def batch_decode(self, sequences: Iterable[Any], skip_special_tokens: bool = False) -> list[str]:
        return [self.decode(ids, skip_special_tokens) for ids in sequences]

    def tokenize(self, text: str, add_special_tokens: bool = False) -> list[str]:
        return [self._token_text(token) for token in self.core.tokenize(text, add_special_tokens, True)]

    def convert_ids_to_tokens(self, ids: int | Iterable[int]) -> Any:
        """Each token's text (not its spelling in the vocabulary): str for one id, list of str for several."""
        return self._token_text(ids) if isinstance(ids, int) else [self._token_text(int(token)) for token in ids]

    def apply_chat_template(self, messages: Iterable[Mapping[str, str]], *, tokenize: bool = True,
                            add_generation_prompt: bool = False, return_tensors: str | None = None,
                            return_dict: bool = False) -> Any:
        """Renders a chat with the model's own template: as text, as a list of ids, or as an array [1, tokens]."""
        text = self.core.render_chat(messages_of(messages), add_generation_prompt)
        if not tokenize:
            return text
        ids = self.core.tokenize(text, False, True)
        values = TokenList(ids) if return_tensors is None else TokenArray([ids])
        if not return_dict:
            return values
        mask = [1] * len(ids)
        return BatchEncoding(input_ids=values, attention_mask=mask if return_tensors is None else TokenArray([mask]))


__all__ = ["BatchEncoding", "Tokenizer", "messages_of"]
