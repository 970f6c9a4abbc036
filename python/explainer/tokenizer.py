"""Text to token ids and back, by the tokenizer in a model's file, with the interface of Hugging Face's tokenizers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from explainer import _core, arguments
from explainer.errors import InputError, UsageError
from explainer.ids import TokenArray, TokenList, ids_of
from explainer.messages import messages_of


class BatchEncoding(dict[str, Any]):
    """A tokenizer's result: `input_ids`, `attention_mask` and, for pairs, `token_type_ids`. Keys are attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def to(self, *_: Any, **__: Any) -> BatchEncoding:
        return self


def _texts(value: Any, name: str) -> list[str]:
    return [arguments.text(one, name) for one in arguments.listed(value, name, "a text or a list of texts")]


def _require_known_tensors(kind: str | None) -> None:
    if kind not in (None, "np", "pt"):
        arguments.refuse("return_tensors", kind, "\"np\", \"pt\" (both NumPy arrays) or None")


class Tokenizer:
    """Returned by `AutoTokenizer.from_pretrained`; also `Model.tokenizer`.

    pad_token, pad_token_id: may be set; batches are filled with this token. The other special tokens are the model's.
    padding_side: "right" or "left".
    """

    def __init__(self, core: _core.Model) -> None:
        self.core = core
        special = core.special_tokens
        self._ids = {name: special.get(name) for name in ("bos", "eos", "sep", "mask")}
        self._pad: int | None = special.get("pad", special.get("eos"))
        self._padding_side = "right"
        self.all_special_ids = sorted(set(special.values()))
        self.model_max_length: int = core.facts["context"]
        self.vocab_size: int = core.facts["vocabulary"]

    bos_token_id = property(lambda self: self._ids["bos"])
    eos_token_id = property(lambda self: self._ids["eos"])
    sep_token_id = property(lambda self: self._ids["sep"])
    mask_token_id = property(lambda self: self._ids["mask"])
    bos_token = property(lambda self: self._special(self.bos_token_id))
    eos_token = property(lambda self: self._special(self.eos_token_id))
    sep_token = property(lambda self: self._special(self.sep_token_id))
    mask_token = property(lambda self: self._special(self.mask_token_id))

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("bos_token", "eos_token", "sep_token", "mask_token", "bos_token_id", "eos_token_id", "sep_token_id",
                    "mask_token_id"):
            arguments.fault(UsageError, name, "belongs to the model's file, and cannot be set; expected pad_token "
                            "as the only special token that is set")
        super().__setattr__(name, value)

    @property
    def pad_token_id(self) -> int | None:
        return self._pad

    @pad_token_id.setter
    def pad_token_id(self, token: int | None) -> None:
        self._pad = None if token is None else arguments.whole(token, "pad_token_id", 0, self.vocab_size - 1)

    @property
    def pad_token(self) -> str | None:
        return self._special(self._pad)

    @pad_token.setter
    def pad_token(self, token: str | None) -> None:
        ids = [] if token is None else self.core.tokenize(arguments.text(token, "pad_token"), False, True)
        if token is not None and len(ids) != 1:
            arguments.refuse("pad_token", token, "the text of one token of the vocabulary")
        self._pad = ids[0] if ids else None

    @property
    def padding_side(self) -> str:
        return self._padding_side

    @padding_side.setter
    def padding_side(self, side: str) -> None:
        if side not in ("left", "right"):
            arguments.refuse("padding_side", side, "\"right\" or \"left\"")
        self._padding_side = side

    def _special(self, token: int | None) -> str | None:
        return None if token is None else self._token_text(token)

    def _token_text(self, token: int) -> str:
        return self.core.token_bytes(token).decode("utf-8", "replace")

    def __len__(self) -> int:
        return self.vocab_size

    def __repr__(self) -> str:
        return f"Tokenizer({self.core.facts['name'] or self.core.facts['path']!r}, vocab_size={self.vocab_size})"

    def __call__(self, text: str | Sequence[str], text_pair: str | Sequence[str] | None = None, *,
                 add_special_tokens: bool = True, truncation: bool | str = False, max_length: int | None = None,
                 padding: bool | str = False, return_tensors: str | None = None, return_attention_mask: bool = True,
                 return_token_type_ids: bool | None = None) -> BatchEncoding:
        """Tokenizes one text or several.

        return_tensors: None for lists; "np" or "pt" for NumPy arrays [texts, tokens] (`TokenArray`). "pt" works without
            PyTorch; `torch.as_tensor` converts the arrays.
        """
        _require_known_tensors(return_tensors)
        several = not isinstance(text, str)
        texts = _texts(text, "text")
        pairs: Sequence[str | None] = [None] * len(texts) if text_pair is None else _texts(text_pair, "text_pair")
        if len(pairs) != len(texts):
            arguments.fault(InputError, "text_pair", f"{len(pairs)} texts for {len(texts)}; expected as many as in "
                            "text")
        most = self._most(truncation, max_length, text_pair is not None)
        rows = [self._row(first, second, add_special_tokens) for first, second in zip(texts, pairs)]
        if most is not None:
            rows = [self._truncated(ids, types, most) for ids, types in rows]
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

    def _most(self, truncation: bool | str, max_length: int | None, is_pair: bool) -> int | None:
        """The tokens that a text may have; None for any number."""
        if truncation not in (True, False, None, "longest_first", "only_first", "do_not_truncate"):
            arguments.refuse("truncation", truncation, "True or False")
        if not truncation or truncation == "do_not_truncate":
            if max_length is not None:
                arguments.refuse("max_length", max_length, "truncation=True with it: without, it has no effect")
            return None
        if is_pair:
            arguments.fault(UsageError, "truncation", "not available for pairs; expected question and context passed "
                            "to Model.explain, which reads long contexts in windows")
        return self.model_max_length if max_length is None else arguments.whole(max_length, "max_length", 1)

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
            arguments.refuse("padding", padding, "True or False: padding beyond the longest text (max_length) is not "
                                                 "available")
        longest = max((len(ids) for ids, _ in rows), default=0)
        if all(len(ids) == longest for ids, _ in rows):
            return rows, masks
        if padding not in (True, "longest"):
            if return_tensors is not None:
                arguments.fault(UsageError, "return_tensors", "texts have different lengths; expected padding=True")
            return rows, masks
        if self._pad is None:
            arguments.fault(UsageError, "padding", "the model has no token for it; expected tokenizer.pad_token to "
                            "be set")
        return ([(self._filled(ids, longest, self._pad), self._filled(types, longest, 0)) for ids, types in rows],
                [self._filled(mask, longest, 0) for mask in masks])

    def _filled(self, values: list[int], length: int, value: int) -> list[int]:
        fill = [value] * (length - len(values))
        return fill + values if self._padding_side == "left" else values + fill

    def encode(self, text: str | list[str], text_pair: str | list[str] | None = None, *,
               add_special_tokens: bool = True, return_tensors: str | None = None) -> Any:
        return self(text, text_pair, add_special_tokens=add_special_tokens, return_tensors=return_tensors)["input_ids"]

    def decode(self, token_ids: Any, skip_special_tokens: bool = False) -> str:
        """The text of one id or several; bytes that are not valid UTF-8 become U+FFFD."""
        is_one = isinstance(token_ids, (int, np.generic)) or getattr(token_ids, "shape", None) == ()
        ids = [arguments.whole(token_ids, "token_ids")] if is_one else ids_of(token_ids, "token_ids")
        return self.core.detokenize(self._known(ids, "token_ids"), not skip_special_tokens)

    def _known(self, ids: list[int], name: str) -> list[int]:
        for token in ids:
            if not 0 <= token < self.vocab_size:
                arguments.fault(InputError, name, f"id {token} is not in the vocabulary; expected 0 to "
                                                  f"{self.vocab_size - 1}")
        return ids

    def batch_decode(self, sequences: Iterable[Any], skip_special_tokens: bool = False) -> list[str]:
        return [self.decode(ids, skip_special_tokens) for ids in arguments.listed(sequences, "sequences")]

    def tokenize(self, text: str, add_special_tokens: bool = False) -> list[str]:
        ids = self.core.tokenize(arguments.text(text, "text"), add_special_tokens, True)
        return [self._token_text(token) for token in ids]

    def convert_ids_to_tokens(self, ids: Any) -> Any:
        """Each token's text (not its spelling in the vocabulary): str for one id, list of str for several."""
        is_one = isinstance(ids, (int, np.generic))
        found = [self._token_text(token) for token in
                 self._known([arguments.whole(ids, "ids")] if is_one else ids_of(ids, "ids"), "ids")]
        return found[0] if is_one else found

    def apply_chat_template(self, messages: Iterable[Mapping[str, str]], *, tokenize: bool = True,
                            add_generation_prompt: bool = False, return_tensors: str | None = None,
                            return_dict: bool = False) -> Any:
        """Renders a chat with the model's own template: as text, as a list of ids, or as an array [1, tokens]."""
        _require_known_tensors(return_tensors)
        arguments.flag(add_generation_prompt, "add_generation_prompt")
        text = self.core.render_chat(messages_of(messages), add_generation_prompt)
        if not tokenize:
            return text
        ids = self.core.tokenize(text, False, True)
        values = TokenList(ids) if return_tensors is None else TokenArray([ids])
        if not return_dict:
            return values
        mask = [1] * len(ids)
        return BatchEncoding(input_ids=values, attention_mask=mask if return_tensors is None else TokenArray([mask]))


__all__ = ["BatchEncoding", "Tokenizer"]
