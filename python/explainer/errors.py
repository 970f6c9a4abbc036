"""One exception class for each error code of the library; `code` is the exit code of the command line."""

from explainer import _core  # noqa: F401  loads it with its own way of waiting
from explainer._core import (
    CancelledError,
    ContextOverflowError,
    Error,
    InputError,
    InternalError,
    ModelError,
    OutputError,
    UnsupportedError,
    UsageError,
)

__all__ = ["CancelledError", "ContextOverflowError", "Error", "InputError", "InternalError", "ModelError",
           "OutputError", "UnsupportedError", "UsageError"]
