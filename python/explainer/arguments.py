"""Arguments in one form. Each function returns the value, or raises an error that names the argument and says what was
expected."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from explainer.errors import Error, InputError, UsageError


def fault(kind: type[Error], name: str, what: str) -> NoReturn:
    """Raises an error whose `key` is the argument."""
    error = kind(f"`{name}`: {what}")
    error.key = name
    raise error


def refuse(name: str, value: object, expected: str) -> NoReturn:
    """Raises UsageError for a value of a wrong type, or that is not allowed."""
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    fault(UsageError, name, f"got {shown} ({type(value).__name__}); expected {expected}")


def text(value: Any, name: str, expected: str = "a text") -> str:
    """Raises InputError for half of a surrogate pair, which no encoding of Unicode has."""
    if not isinstance(value, str):
        refuse(name, value, expected)
    for place, character in enumerate(value if not value.isascii() else ""):
        if "\ud800" <= character <= "\udfff":
            fault(InputError, name, f"character {place} is half of a surrogate pair ({character!a}); expected Unicode, "
                                    "such as text.encode('utf-8', 'replace').decode() gives")
    return str(value)


def path(value: Any, name: str) -> str:
    if not isinstance(value, (str, bytes, os.PathLike)):
        refuse(name, value, "a path")
    found = os.fsdecode(value)
    if not found or "\0" in found:
        refuse(name, value, "the name of a file")
    return found


def whole(value: Any, name: str, low: int | None = None, high: int | None = None) -> int:
    """A whole number; neither True nor "5" is one."""
    expected = "a whole number"
    expected += "" if low is None else f" from {low}"
    expected += "" if high is None else f" to {high}"
    if isinstance(value, (bool, str)) or type(value).__name__ in ("bool_", "bool"):
        refuse(name, value, expected)
    try:
        number = operator.index(value)
    except TypeError:
        refuse(name, value, expected)
    if (low is not None and number < low) or (high is not None and number > high):
        refuse(name, value, expected)
    return number


def real(value: Any, name: str) -> float:
    """A finite number."""
    if isinstance(value, (bool, str, bytes)) or (not hasattr(value, "__float__") and not hasattr(value, "__index__")):
        refuse(name, value, "a number")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        refuse(name, value, "a number")
    if number - number != 0:  # not finite
        refuse(name, value, "a finite number")
    return number


def flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool) and type(value).__name__ not in ("bool_", "bool"):
        refuse(name, value, "True or False")
    return bool(value)


def function(value: Any, name: str) -> Callable[..., Any] | None:
    if value is not None and not callable(value):
        refuse(name, value, "a function, or None")
    found: Callable[..., Any] | None = value
    return found


def listed(value: Any, name: str, expected: str = "a list") -> list[Any]:
    """A list of one for a text or a path; else the elements."""
    if isinstance(value, (str, bytes, os.PathLike)):
        return [value]
    if not isinstance(value, Iterable) or isinstance(value, dict):
        refuse(name, value, expected)
    return list(value)


__all__ = ["fault", "flag", "function", "listed", "path", "real", "refuse", "text", "whole"]
