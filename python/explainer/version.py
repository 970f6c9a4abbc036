"""The package's version, which is the engine's."""

from explainer import _core  # noqa: F401  loads it with its own way of waiting
from explainer._core import version as __version__

__all__ = ["__version__"]
