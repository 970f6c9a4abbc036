"""Explains why a language model wrote what it wrote: attention, gradients and perturbation, on llama.cpp.

    import explainer

    model = explainer.load("model.gguf")
    result = model.explain(user="When is the shop open?", method=["attention", "gradient"])
    result.plot()

`Explainer` has the interface of the original toolbox; docs/migration.md lists the differences. Names are imported on
first use.
"""

import importlib
import os

_HOMES = {
    "explainer.auto": ("AutoModelForCausalLM", "AutoModelForQuestionAnswering", "AutoModelForSeq2SeqLM",
                       "AutoTokenizer"),
    "explainer.demo": ("demo_model",),
    "explainer.errors": ("Error", "UsageError", "InputError", "ModelError", "UnsupportedError",
                         "ContextOverflowError", "OutputError", "CancelledError", "InternalError"),
    "explainer.explainer": ("Explainer",),
    "explainer.extra": ("ModelExplanationTask",),
    "explainer.models": ("Model", "explain", "load", "methods", "quantize"),
    "explainer.result": ("Result", "load_result"),
    "explainer.tokenizer": ("Tokenizer",),
    "explainer.version": ("__version__",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(name for name in _HOME_OF if name != "__version__")


def _extension() -> object:
    """The extension module. Its threads, where one waits for another, spin for some microseconds and then sleep, unless
    the environment says how to wait: libgomp reads that when it is loaded."""
    own = "GOMP_SPINCOUNT" not in os.environ and "OMP_WAIT_POLICY" not in os.environ
    if own:
        os.environ["GOMP_SPINCOUNT"] = "300"
    try:
        return importlib.import_module("explainer._core")
    finally:
        if own:
            os.environ.pop("GOMP_SPINCOUNT", None)


def __getattr__(name: str) -> object:
    if name == "_core":
        return _extension()
    if name not in _HOME_OF:
        raise AttributeError(f"module 'explainer' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
