"""A progress line on the terminal, for `progress=True`."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TextIO

from explainer import arguments
from explainer.aliases import Progress, ProgressCallback


class ProgressLine:
    """Called with (stage, fraction done). Writes to a terminal only, and only once the work has taken a second; `close`
    erases the line."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.start = time.monotonic()
        self.last_shown = 0.0
        self.width = 0  # of the text on the line now

    def __call__(self, stage: str, done: float) -> None:
        now = time.monotonic()
        if self.stream.isatty() and now - self.start > 1 and now - self.last_shown > 0.1:
            filled = int(24 * done)
            self._write(f"{stage} [{'=' * filled}{' ' * (24 - filled)}] {100 * done:3.0f} %")
            self.last_shown = now

    def close(self) -> None:
        if self.width:
            self._write("")

    def _write(self, text: str) -> None:
        self.stream.write("\r" + text.ljust(self.width) + ("\r" if not text else ""))
        self.stream.flush()
        self.width = len(text)


@contextlib.contextmanager
def progress_callback(progress: Progress | None) -> Iterator[ProgressCallback | None]:
    """The function to call with progress: the caller's own, a `ProgressLine` for True, None for False and None."""
    if progress is not True:
        yield arguments.function(progress or None, "progress")
        return
    line = ProgressLine()
    try:
        yield line
    finally:
        line.close()


__all__ = ["ProgressLine", "progress_callback"]
