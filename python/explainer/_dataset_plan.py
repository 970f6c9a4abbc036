"""What a run of `explainer.distributed` has to do: the source's records, less those that the output already holds."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow

from explainer._dataset_io import Broken, Row, row_of
from explainer.errors import Error, InputError, UsageError
from explainer.request import json_value, request_values

NOT_FOR_RECORDS = ("progress", "on_text", "tokenizer")  # arguments of Model.explain that are not keys of a request
EMPTY_IS_NONE = ("system", "label")  # in a table, an empty cell of these stands for a missing one


class Plan:
    """The work of a run.

    pending: {id: digest} of the records to explain. blocks: the same records, in Ray's object store. stale: ids whose
    old rows are to be removed. failures: rows of records that cannot be sent to a worker.
    """

    def __init__(self, ray: Any, state: Mapping[str, tuple[str, str, str]], batch_size: int, retry_failed: bool,
                 key: Any) -> None:
        self.ray, self.state, self.batch_size, self.retry_failed = ray, state, batch_size, retry_failed
        self.key = json.dumps(json_value(key, "load_options"), sort_keys=True)
        self.pending: dict[str, str] = {}
        self.blocks: list[Any] = []
        self.stale: set[str] = set()
        self.failures: list[Row] = []
        self.kept = self.kept_failed = self.others = 0

    def read(self, records: Iterable[Any], id_column: str, defaults: Mapping[str, Any], has_places: bool) -> None:
        """Reads the source once. The records go into the object store, which is on the caller's machine (they survive
        the loss of any other) and spills to its disk; the caller's process holds only ids and digests.

        has_places: the source has a fixed order, so a record without an id is named by its place.
        """
        seen: set[str] = set()
        rows: list[dict[str, str]] = []
        for place, record in enumerate(records, 1):
            id = _id_of(record, id_column, place, has_places)
            if id in seen:
                raise InputError(f"source: id {json.dumps(id)} appears twice (record {place}); expected a unique id "
                                 "for each record")
            seen.add(id)
            text, error = _request_of(record, id_column, defaults)
            digest = hashlib.sha256(f"{self.key}\n{text}".encode("utf-8", "replace")).hexdigest()[:16]
            if self._is_kept(id, digest):
                continue
            if error is not None:
                self.failures.append(row_of(id, digest, error=error, seconds=0.0))
                continue
            self.pending[id] = digest
            rows.append({"id": id, "digest": digest, "request": text})
            if len(rows) == self.batch_size:
                self._put(rows)
                rows = []
        if rows:
            self._put(rows)
        self.others = sum(1 for id in self.state if id not in seen)

    def _is_kept(self, id: str, digest: str) -> bool:
        if id not in self.state:
            return False
        old_digest, status, _ = self.state[id]
        if old_digest == digest and not (status == "failed" and self.retry_failed):
            self.kept += 1
            self.kept_failed += status == "failed"
            return True
        self.stale.add(id)
        return False

    def _put(self, rows: list[dict[str, str]]) -> None:
        self.blocks.append(self.ray.put(pyarrow.Table.from_pylist(rows)))

    def keep_pending(self) -> None:
        """Rebuilds the blocks from the records that are still pending."""
        blocks, self.blocks = self.blocks, []
        for block in blocks:
            rows = [row for row in self.ray.get(block).to_pylist() if row["id"] in self.pending]
            if rows:
                self._put(rows)


def _is_missing(cell: Any) -> bool:
    """Whether a cell is one that tables leave out: None, or a NaN of Python, NumPy or pandas."""
    if isinstance(cell, float):
        return math.isnan(cell)
    return cell is None or type(cell).__name__ in ("NAType", "NaTType")


def _id_of(record: Any, id_column: str, place: int, has_places: bool) -> str:
    id = record.get(id_column) if isinstance(record, dict) else None
    if id is None or _is_missing(id):
        if not has_places:
            raise InputError(f"source: a record of the Ray dataset has no {id_column!r}; expected an id in each: rows "
                             "of a dataset have no fixed order")
        return f"{place:06}"
    if isinstance(id, float) and id.is_integer():
        id = int(id)  # a column of whole numbers with a missing cell is read as floats
    if isinstance(id, bool) or not isinstance(id, (str, int)):
        raise InputError(f"source: record {place}: {id_column} is {type(id).__name__}; expected a string or a whole "
                         "number")
    try:
        str(id).encode()
    except UnicodeEncodeError:
        raise InputError(f"source: record {place}: {id_column} {id!a} is not valid UTF-8; expected a string") from None
    return str(id)


def _request_of(record: Any, id_column: str, defaults: Mapping[str, Any]) -> tuple[str, Error | None]:
    """A record's request with its defaults, as JSON; and the error if it has none."""
    if isinstance(record, Broken):
        return record.text, InputError(record.error)
    if not isinstance(record, dict):
        return repr(record), InputError(f"record: {type(record).__name__}; expected a dict")
    own = {key: value for key, value in record.items()
           if key != id_column and not _is_missing(value) and not (key in EMPTY_IS_NONE and value == "")}
    for key in NOT_FOR_RECORDS:
        if key in own:
            return repr(own), UsageError(f"record: {key} is not a key of a request; expected keys of Model.explain")
    try:
        return json.dumps(request_values({**defaults, **own}), sort_keys=True), None
    except (Error, TypeError, ValueError, RecursionError) as error:
        return repr(sorted(own)), error if isinstance(error, Error) else InputError(f"record: {error}; expected JSON")


__all__ = ["NOT_FOR_RECORDS", "Plan"]
