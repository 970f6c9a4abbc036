"""Records in and rows out for `explainer.distributed`: JSON lines and Parquet files, read and written with pyarrow."""

from __future__ import annotations

import fcntl
import glob
import json
import os
import re
import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any, BinaryIO

import pyarrow
import pyarrow.parquet

from explainer.aliases import StrPath
from explainer.errors import InputError, OutputError, UsageError

ENDINGS = {"parquet": ".parquet", "jsonl": ".jsonl"}
SCHEMA = pyarrow.schema([
    ("id", pyarrow.string()), ("digest", pyarrow.string()), ("status", pyarrow.string()), ("error", pyarrow.string()),
    ("error_class", pyarrow.string()), ("prediction", pyarrow.string()), ("answer_text", pyarrow.string()),
    ("result", pyarrow.string()), ("seconds", pyarrow.float64()), ("worker", pyarrow.string())])
COLUMNS = SCHEMA.names
_PART = re.compile(r"part-\d{6,}(\.parquet|\.jsonl)")
_MAX_PART_BYTES = 32 << 20  # of the rows' texts, so that they do not pile up in the caller's memory
_MAX_PART_SECONDS = 60  # the most finished work that is lost if the caller's process dies

Row = dict[str, Any]  # one value for each of COLUMNS


def row_of(id: str, digest: str, *, error: BaseException | None = None, status: str | None = None, seconds: float,
           **done: Any) -> Row:
    """A row with all columns; a failed one if `error` is given."""
    row: Row = dict.fromkeys(COLUMNS)
    row.update(id=id, digest=digest, status=status or ("done" if error is None else "failed"), seconds=seconds, **done)
    if error is not None:
        row.update(error=first_line(error), error_class=type(error).__name__)
    return row


class Broken:
    """A line of a source that is not a record: its text, and what is wrong with it."""

    def __init__(self, text: str, error: str) -> None:
        self.text, self.error = text, error


def source_files(source: StrPath) -> list[str]:
    """The .jsonl and .parquet files that a path, a directory (not searched recursively) or a glob names, sorted."""
    source = os.fspath(source)
    if os.path.isdir(source):
        found = [os.path.join(source, name) for name in os.listdir(source)
                 if name.endswith(tuple(ENDINGS.values())) and not name.startswith(".")]
    elif os.path.exists(source):
        found = [source]
    else:
        found = glob.glob(source)
    if not found:
        raise InputError(f"source {source}: no such file; expected .jsonl or .parquet files")
    for path in found:
        if not path.endswith(tuple(ENDINGS.values())):
            raise InputError(f"source {path}: unknown file type; expected a name that ends in .jsonl or .parquet")
    return sorted(found)


def read_records(path: str) -> Iterator[Any]:
    """Iterates over a file's records: dicts, and a `Broken` for each line that is not one. Skips blank lines."""
    try:
        if path.endswith(".parquet"):
            for batch in pyarrow.parquet.ParquetFile(path).iter_batches(batch_size=256):
                yield from batch.to_pylist()
            return
        with open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _record_of(line, f"{path}:{number}")
    except OSError as error:
        raise InputError(f"source {path}: {error.strerror or error}; expected a readable file") from error
    except pyarrow.ArrowException as error:
        raise InputError(f"source {path}: {first_line(error)}; expected a Parquet file") from error


def _record_of(line: bytes, place: str) -> Any:
    text = line.decode("utf-8", "replace").strip()
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Broken(text, f"{place}: invalid JSON: {first_line(error)}; expected an object")
    return record if isinstance(record, dict) else Broken(text, f"{place}: not an object; expected one on each line")


def first_line(error: BaseException) -> str:
    """The first line of an exception's message; characters that UTF-8 cannot hold are replaced."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].encode("utf-8", "replace").decode()


class Parts:
    """The part files of an output directory: `part-NNNNNN.parquet` or `.jsonl`.

    A part is written under a temporary name, flushed to disk and renamed, so it is either complete or not there. No id
    is ever in two rows: `drop` removes old rows before new ones are added. The directory is locked: one writer at a
    time. Raises OutputError for files that cannot be written or are not valid parts.
    """

    def __init__(self, directory: StrPath, format: str, rows_per_part: int) -> None:
        if format not in ENDINGS:
            raise UsageError(f"format: {format!r}; expected one of {', '.join(ENDINGS)}")
        self.directory, self.ending, self.rows_per_part = os.fspath(directory), ENDINGS[format], rows_per_part
        self._rows: list[Row] = []
        self._bytes, self._since = 0, time.monotonic()
        try:
            os.makedirs(self.directory, exist_ok=True)
            self._lock: BinaryIO = open(os.path.join(self.directory, ".lock"), "ab")  # closed by close
        except OSError as error:
            raise _not_written(self.directory, error) from error
        try:
            self._take_over()
        except BaseException:
            self._lock.close()
            raise

    def _take_over(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OutputError(f"output {self.directory}: another run is writing to it; expected one at a time; wait "
                              "for that run, or choose another directory") from None
        for path in part_files(self.directory):
            if not path.endswith(self.ending):
                raise UsageError(f"output {path}: a part in another format; expected {self.ending}; choose that "
                                 "format, or another directory")
        for path in glob.glob(os.path.join(glob.escape(self.directory), ".part-*.tmp")):
            os.unlink(path)  # left by a run that died while writing
        self._number = max([_number(path) for path in part_files(self.directory)], default=0) + 1

    def state(self) -> dict[str, tuple[str, str, str]]:
        """The rows on disk: {id: (digest, status, path of the part)}."""
        there: dict[str, tuple[str, str, str]] = {}
        for path in part_files(self.directory):
            for row in _read_part(path, ["id", "digest", "status"]):
                if row["id"] in there:
                    raise OutputError(f"output {path}: id {json.dumps(row['id'])} is in {there[row['id']][2]} too; "
                                      "expected it once; remove one of the files")
                there[row["id"]] = (row["digest"], row["status"], path)
        return there

    def drop(self, ids: Collection[str], state: Mapping[str, tuple[str, str, str]]) -> None:
        """Removes the rows of `ids` by rewriting the parts that hold them."""
        for path in sorted({state[id][2] for id in ids}):
            rows = [row for row in _read_part(path) if row["id"] not in ids]
            if rows:
                self._write(path, rows)
            else:
                os.unlink(path)

    def add(self, row: Row) -> None:
        """Adds a row; writes a part once enough rows have accumulated."""
        if not self._rows:
            self._since = time.monotonic()
        self._rows.append(row)
        self._bytes += sum(len(value) for value in row.values() if isinstance(value, str))
        if (len(self._rows) >= self.rows_per_part or self._bytes >= _MAX_PART_BYTES
                or time.monotonic() - self._since >= _MAX_PART_SECONDS):
            self.flush()

    def flush(self) -> None:
        """Writes the rows added since the last part."""
        if not self._rows:
            return
        self._write(os.path.join(self.directory, f"part-{self._number:06}{self.ending}"), self._rows)
        # In this order: Ctrl-C in between must not write the same rows to a second part.
        self._rows = []
        self._bytes = 0
        self._number += 1

    def close(self) -> None:
        """Writes the remaining rows and releases the lock."""
        try:
            self.flush()
        finally:
            self._lock.close()

    def _write(self, path: str, rows: list[Row]) -> None:
        temporary = os.path.join(self.directory, f".{os.path.basename(path)}.tmp")
        try:
            with open(temporary, "wb") as file:
                if self.ending == ".parquet":
                    table = pyarrow.Table.from_pylist(rows, schema=SCHEMA)
                    pyarrow.parquet.write_table(table, file, compression="zstd")
                else:
                    file.writelines(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
            descriptor = os.open(self.directory, os.O_RDONLY)
            try:
                os.fsync(descriptor)  # the name, too
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _not_written(path, error) from error


def _not_written(path: str, error: OSError) -> OutputError:
    return OutputError(f"output {path}: {error.strerror or error}; expected a writable directory")


def _number(path: str) -> int:
    return int(os.path.basename(path)[len("part-"):].split(".")[0])


def part_files(directory: StrPath) -> list[str]:
    """The parts of an output directory, in the order of their numbers. Ignores other files."""
    try:
        return sorted((os.path.join(directory, name) for name in os.listdir(directory) if _PART.fullmatch(name)),
                      key=_number)
    except OSError as error:
        raise InputError(f"output {directory}: {error.strerror}; expected a directory of parts") from error


def _read_part(path: str, columns: list[str] | None = None) -> Iterator[Row]:
    columns = columns or COLUMNS
    try:
        if path.endswith(".parquet"):
            for batch in pyarrow.parquet.ParquetFile(path).iter_batches(batch_size=64, columns=columns):
                yield from batch.to_pylist()
        else:
            with open(path, "rb") as file:
                for line in file:
                    row = json.loads(line)
                    yield {column: row[column] for column in columns}
    except (OSError, ValueError, KeyError, TypeError, pyarrow.ArrowException) as error:
        raise OutputError(f"output {path}: {first_line(error)}; expected a part written by explain_dataset; remove it, "
                          "and its records are explained again") from error


def read_rows(directory: StrPath) -> Iterator[Row]:
    """Iterates over all rows of an output directory."""
    for path in part_files(directory):
        yield from _read_part(path)


__all__ = [
    "COLUMNS",
    "ENDINGS",
    "SCHEMA",
    "Broken",
    "Parts",
    "first_line",
    "part_files",
    "read_records",
    "read_rows",
    "row_of",
    "source_files",
]
