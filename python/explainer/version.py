"""The package's version, which is the engine's."""

from explainer._core import version as __version__

__all__ = ["__version__"]
