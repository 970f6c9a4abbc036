"""What goes wrong, one class for each of the library's error codes: `code` is the command line's exit code."""

from explainer._core import (CancelledError, ContextOverflowError, Error, InputError, InternalError, ModelError,
                             OutputError, UnsupportedError, UsageError)

__all__ = ["CancelledError", "ContextOverflowError", "Error", "InputError", "InternalError", "ModelError",
           "OutputError", "UnsupportedError", "UsageError"]
