"""Drawings of a result."""

from __future__ import annotations

import io
import os
import subprocess
import tempfile
from collections.abc import Callable
from typing import Any

from explainer import arguments
from explainer.aliases import StrPath
from explainer.errors import OutputError, UnsupportedError, UsageError
from explainer.program import find_program


class Picture:
    """An SVG drawing. Notebooks display it, `save` writes it as SVG or PNG, `figure` makes it a matplotlib figure."""

    def __init__(self, svg: str, result_json: str, options: list[str]) -> None:
        """options: those of `llmx plot` that draw the same."""
        self.svg = svg
        self._result_json = result_json
        self._options = options

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"Picture({len(self.svg)} bytes of SVG)"

    def png(self) -> bytes:
        """The drawing as PNG, two pixels a px, by the program `llmx`."""
        program = find_program()
        if program is None:
            raise UnsupportedError("picture: the program llmx, which draws PNG, is neither beside this package nor in "
                                   "PATH; expected an SVG")
        with tempfile.TemporaryDirectory(prefix="explainer-") as folder:
            source, out = os.path.join(folder, "result.json"), os.path.join(folder, "picture.png")
            with open(source, "w", encoding="utf-8") as file:
                file.write(self._result_json)
            done = subprocess.run([program, "plot", source, *self._options, "-o", out], capture_output=True, text=True,
                                  check=False)
            if done.returncode != 0:
                raise OutputError(f"picture: {done.stderr.strip()}")
            with open(out, "rb") as image:
                return image.read()

    def figure(self) -> Any:
        """A matplotlib Figure that shows the drawing. Needs matplotlib."""
        try:
            from matplotlib.figure import Figure
            from matplotlib.image import imread
        except ImportError:
            raise UsageError("figure: matplotlib is not installed; expected pip install matplotlib") from None
        image = imread(io.BytesIO(self.png()), format="png")
        height, width = image.shape[:2]
        figure = Figure(figsize=(width / 200, height / 200), dpi=200)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.imshow(image)
        return figure

    def save(self, path: StrPath) -> None:
        """Writes an SVG or PNG file, as the name's ending says."""
        name = arguments.path(path, "path")
        make: dict[str, Callable[[], bytes]] = {".svg": self.svg.encode, ".png": self.png}
        form = make.get(os.path.splitext(name)[1])
        if form is None:
            arguments.refuse("path", name, "a name that ends in .svg or .png")
        content = form()
        try:
            with open(name, "wb") as file:
                file.write(content)
        except OSError as error:
            raise OutputError(f"picture {name}: {error.strerror}; expected a place that can be written to") from None


__all__ = ["Picture"]
