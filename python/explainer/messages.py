"""Chats in Hugging Face's form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from explainer import arguments
from explainer.errors import InputError


def messages_of(messages: Any, name: str = "messages") -> list[tuple[str, str]]:
    """[(role, content)]. Raises InputError for anything but texts (tools, images)."""
    if isinstance(messages, (str, bytes, Mapping)) or not isinstance(messages, Iterable):
        arguments.refuse(name, messages, "a list of {'role': text, 'content': text}")
    pairs = []
    for message in messages:
        if not isinstance(message, Mapping) or set(message) != {"role", "content"} or not all(
                isinstance(text, str) for text in message.values()):
            arguments.fault(InputError, name, f"{str(message)[:60]!r}; expected {{'role': text, 'content': text}} and "
                            "nothing else; render other templates yourself and pass the prompt")
        pairs.append((arguments.text(message["role"], name), arguments.text(message["content"], name)))
    return pairs


__all__ = ["messages_of"]
