"""A request as the engine reads it: JSON, from the values that Python has."""

from __future__ import annotations

import functools
import json
import math
import numbers
import os
from collections.abc import Mapping
from typing import Any

from explainer import _core, arguments
from explainer.ids import ids_of
from explainer.messages import messages_of


@functools.cache
def _kinds() -> dict[str, str]:
    kinds: dict[str, str] = _core.request_kinds()
    return kinds


def request_values(request: Mapping[str, Any]) -> dict[str, Any]:
    """The request in values that JSON has. Raises UsageError and InputError that name the key at fault."""
    return {key: _request_value(value, key, _kinds().get(key, "value")) for key, value in request.items()}


def request_json(request: Mapping[str, Any]) -> str:
    """The same as JSON."""
    return json.dumps(request_values(request))


def _request_value(value: Any, key: str, kind: str) -> Any:
    """One value of a request. kind: what the engine expects (`_core.request_kinds`)."""
    if value is None:
        return None
    if kind == "ids":
        return arguments.text(value, key) if isinstance(value, str) else ids_of(value, key)
    if kind == "messages" and not isinstance(value, str):
        return [{"role": role, "content": content} for role, content in messages_of(value, key)]
    if kind in ("span", "place"):
        return _span(value, key, kind)
    if kind == "path" and isinstance(value, (str, bytes, os.PathLike)):
        value = arguments.path(value, key)
    return json_value(value, key)


def _span(value: Any, key: str, kind: str) -> Any:
    """A place in a text: (first, last), a text, or, of spans, a list of these."""
    if isinstance(value, str):
        return arguments.text(value, key)
    rows = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(rows, range) and rows.step == 1:
        rows = (rows.start, rows.stop)
    if not isinstance(rows, (list, tuple)):
        arguments.refuse(key, value, "a place such as (14, 28) or \"14:28\"")
    if len(rows) == 2 and not any(isinstance(one, (str, list, tuple)) for one in rows):
        pair = [arguments.whole(one, key, 0) for one in rows]
        # As a text, the pair of a place could also be words.
        return pair if kind == "place" else f"{pair[0]}:{pair[1]}"
    return [_span(one, key, kind) for one in rows]


def _name(name: Any) -> Any:
    """A number may name an entry, such as a unit of `replacements`."""
    return str(int(name)) if isinstance(name, numbers.Integral) and not isinstance(name, bool) else name


def json_value(value: Any, key: str) -> Any:
    """What JSON holds in place of a value. Raises UsageError for what it cannot hold."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return arguments.text(value, key)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            arguments.refuse(key, value, "a value: this stands for a missing one" if math.isnan(value) else
                             "a finite number")
        return float(value)
    if isinstance(value, os.PathLike):
        return arguments.path(value, key)
    if hasattr(value, "tolist"):
        return json_value(value.tolist(), key)
    if isinstance(value, Mapping):
        return {arguments.text(_name(name), key): json_value(one, key) for name, one in value.items()}
    if isinstance(value, (list, tuple, range, set, frozenset)) or hasattr(value, "__next__"):
        return [json_value(one, key) for one in value]
    return arguments.refuse(key, value, "a text, a number, True or False, or a list of these")


__all__ = ["json_value", "request_json", "request_values"]
