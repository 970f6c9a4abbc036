"""Records in and rows out for `explainer.distributed`: JSON lines and Parquet files, read and written with pyarrow."""

import fcntl
import glob
import json
import os
import re
import time

import pyarrow
import pyarrow.parquet

from explainer.errors import InputError, OutputError, UsageError

ENDINGS = {"parquet": ".parquet", "jsonl": ".jsonl"}
SCHEMA = pyarrow.schema([
    ("id", pyarrow.string()), ("digest", pyarrow.string()), ("status", pyarrow.string()), ("error", pyarrow.string()),
    ("error_class", pyarrow.string()), ("prediction", pyarrow.string()), ("answer_text", pyarrow.string()),
    ("result", pyarrow.string()), ("seconds", pyarrow.float64()), ("worker", pyarrow.string())])
COLUMNS = SCHEMA.names
_PART = re.compile(r"part-(\d{6,})(\.parquet|\.jsonl)")
_BYTES_OF_A_PART = 32 << 20  # of the rows' texts, so that they do not pile up in the caller
_SECONDS_OF_A_PART = 60      # how much finished work the death of the caller's process can cost


def row_of(id, digest, *, error=None, status=None, seconds, **done):
    """A row with all columns: of `error`, where there is one."""
    row = dict.fromkeys(COLUMNS)
    row.update(id=id, digest=digest, status=status or ("done" if error is None else "failed"), seconds=seconds, **done)
    if error is not None:
        row.update(error=first_line(error), error_class=type(error).__name__)
    return row


class Broken:
    """A line of a source that is no record: `text` as it stands there, and what is wrong with it."""

    def __init__(self, text, error):
        self.text, self.error = text, error


def source_files(source):
    """The .jsonl and .parquet files of a path, a directory (not those below it) or a glob, sorted by name."""
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
            raise InputError(f"source {path}: unknown ending; expected a name that ends in .jsonl or .parquet")
    return sorted(found)


def read_records(path):
    """Iterates over a file's records: dicts, and a `Broken` for each line that is none. Blank lines are passed over."""
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
        raise InputError(f"source {path}: {error.strerror or error}; expected a file that can be read") from error
    except pyarrow.ArrowException as error:
        raise InputError(f"source {path}: {first_line(error)}; expected a Parquet file") from error


def _record_of(line, place):
    text = line.decode("utf-8", "replace").strip()
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Broken(text, f"{place}: no valid JSON: {first_line(error)}; expected an object")
    return record if isinstance(record, dict) else Broken(text, f"{place}: is no object; expected one for each line")


def first_line(error):
    """An exception's message, in one line and without what UTF-8 cannot hold."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].encode("utf-8", "replace").decode()


class Parts:
    """The part files of an output directory: `part-NNNNNN.parquet` or `.jsonl`.

    A part is written to a temporary name, flushed to the disk and renamed, so that it is there as a whole or not at
    all. No id is in two rows, at any time: `drop` takes old rows out before new ones are added. One writer at a time:
    the directory is locked. Raises OutputError for what cannot be written or is no part.
    """

    def __init__(self, directory, format, rows_per_part):
        if format not in ENDINGS:
            raise UsageError(f"format: {format!r}; expected one of {', '.join(ENDINGS)}")
        self.directory, self.ending, self.rows_per_part = os.fspath(directory), ENDINGS[format], rows_per_part
        self._rows, self._bytes, self._since = [], 0, time.monotonic()
        try:
            os.makedirs(self.directory, exist_ok=True)
            self._lock = open(os.path.join(self.directory, ".lock"), "ab")
        except OSError as error:
            raise _not_written(self.directory, error) from error
        try:
            self._take_over()
        except BaseException:
            self._lock.close()
            raise

    def _take_over(self):
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OutputError(f"output {self.directory}: another run is writing to it; expected one at a time; wait "
                              "for it, or choose another directory") from None
        for path in part_files(self.directory):
            if not path.endswith(self.ending):
                raise UsageError(f"output {path}: a part of another format; expected {self.ending}; choose that "
                                 "format, or another directory")
        for path in glob.glob(os.path.join(glob.escape(self.directory), ".part-*.tmp")):
            os.unlink(path)  # of a run that died while it wrote
        self._number = max([_number(path) for path in part_files(self.directory)], default=0) + 1

    def state(self):
        """What is there: {id: (digest, status, path of the part)}."""
        there = {}
        for path in part_files(self.directory):
            for row in _read_part(path, ["id", "digest", "status"]):
                if row["id"] in there:
                    raise OutputError(f"output {path}: id {json.dumps(row['id'])} is in {there[row['id']][2]} too; "
                                      "expected it once; remove one of the files")
                there[row["id"]] = (row["digest"], row["status"], path)
        return there

    def drop(self, ids, state):
        """Rewrites the parts that have rows of `ids` without them."""
        for path in sorted({state[id][2] for id in ids}):
            rows = [row for row in _read_part(path) if row["id"] not in ids]
            if rows:
                self._write(path, rows)
            else:
                os.unlink(path)

    def add(self, row):
        """Takes a row; writes a part once enough have come together."""
        if not self._rows:
            self._since = time.monotonic()
        self._rows.append(row)
        self._bytes += sum(len(value) for value in row.values() if isinstance(value, str))
        if (len(self._rows) >= self.rows_per_part or self._bytes >= _BYTES_OF_A_PART
                or time.monotonic() - self._since >= _SECONDS_OF_A_PART):
            self.flush()

    def flush(self):
        """Writes the rows that wait."""
        if not self._rows:
            return
        self._write(os.path.join(self.directory, f"part-{self._number:06}{self.ending}"), self._rows)
        # In this order: Ctrl-C in between must not make the same rows a second part.
        self._rows = []
        self._bytes = 0
        self._number += 1

    def close(self):
        """Writes the rows that wait, and lets another run write."""
        try:
            self.flush()
        finally:
            self._lock.close()

    def _write(self, path, rows):
        temporary = os.path.join(self.directory, f".{os.path.basename(path)}.tmp")
        try:
            with open(temporary, "wb") as file:
                if self.ending == ".parquet":
                    table = pyarrow.Table.from_pylist(rows, schema=SCHEMA)
                    pyarrow.parquet.write_table(table, file, compression="zstd")
                else:
                    for row in rows:
                        file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
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


def _not_written(path, error):
    return OutputError(f"output {path}: {error.strerror or error}; expected a directory that can be written")


def _number(path):
    return int(_PART.fullmatch(os.path.basename(path)).group(1))


def part_files(directory):
    """The parts of an output directory, in the order in which they were begun. Other files are passed over."""
    try:
        return sorted((os.path.join(directory, name) for name in os.listdir(directory) if _PART.fullmatch(name)),
                      key=_number)
    except OSError as error:
        raise InputError(f"output {directory}: {error.strerror}; expected a directory of parts") from error


def _read_part(path, columns=None):
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
        raise OutputError(f"output {path}: {first_line(error)}; expected a part that explain_dataset wrote; remove "
                          "it, and its records are done again") from error


def read_rows(directory):
    """Iterates over all rows of an output directory, as dicts with the keys of `COLUMNS`."""
    for path in part_files(directory):
        yield from _read_part(path)


__all__ = ["Broken", "COLUMNS", "ENDINGS", "Parts", "SCHEMA", "first_line", "part_files", "read_records", "read_rows",
           "row_of", "source_files"]
