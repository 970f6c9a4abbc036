"""A line on the terminal that says how far the engine is: `progress=True`."""

import sys
import time


class ProgressLine:
    """Called with (stage, part done). Shows what takes longer than a second, on a terminal only, and takes it away at
    the end of the work."""

    def __init__(self, stream=None):
        self.stream = sys.stderr if stream is None else stream
        self.start = time.monotonic()
        self.shown = 0.0  # when
        self.width = 0  # of what stands there

    def __call__(self, stage, done):
        now = time.monotonic()
        if self.stream.isatty() and now - self.start > 1 and now - self.shown > 0.1:
            filled = int(24 * done)
            self._write(f"{stage} [{'=' * filled}{' ' * (24 - filled)}] {100 * done:3.0f} %")
            self.shown = now

    def close(self):
        if self.width:
            self._write("")

    def _write(self, text):
        self.stream.write("\r" + text.ljust(self.width) + ("\r" if not text else ""))
        self.stream.flush()
        self.width = len(text)


class told:
    """`with told(progress) as callback`: a function as it is, a `ProgressLine` for True, None for False and None."""

    def __init__(self, progress):
        self.callback = ProgressLine() if progress is True else progress or None

    def __enter__(self):
        return self.callback

    def __exit__(self, *_):
        if isinstance(self.callback, ProgressLine):
            self.callback.close()


__all__ = ["ProgressLine", "told"]
