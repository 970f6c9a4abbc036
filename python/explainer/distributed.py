"""Explains many records on many processes and machines, with Ray Data: see docs/python-distributed.md.

    from explainer.distributed import explain_dataset, read

    explain_dataset("requests.jsonl", "results", model="/models/m.gguf", methods=["saliency"], workers=2)
    for row in read("results"):
        ...

Needs `pip install 'llm-explainer[ray]'`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from explainer import _core, errors
from explainer.aliases import StrPath
from explainer.errors import InternalError, UsageError
from explainer.request import request_json
from explainer.version import __version__

if TYPE_CHECKING:  # they need pyarrow and ray
    from explainer._dataset_io import Parts, Row
    from explainer._dataset_plan import Plan
    from explainer._dataset_worker import Pool


@dataclasses.dataclass(frozen=True)
class Summary:
    """What a run did. done + failed + kept is the number of the source's records.

    done, failed: records explained, and records that failed, in this run. kept: records whose rows already existed;
    kept_failed: how many of those are failed ones. others: rows of the output whose ids are not in the source; they
    are not touched. output: the directory.
    """

    done: int
    failed: int
    kept: int
    kept_failed: int
    others: int
    output: str


def explain_dataset(source: Any, output: StrPath, *, model: StrPath,
                    methods: str | Sequence[str] = "automatic", workers: int | None = None,
                    threads_per_worker: int | None = None, batch_size: int = 8, id_column: str = "id",
                    format: str = "parquet", rows_per_part: int = 1000, retry_failed: bool = False,
                    load_options: dict[str, Any] | None = None, **request: Any) -> Summary:
    """Explains every record of `source` with an actor pool of Ray Data, and writes a row for each into `output`.

    source: a path, directory or glob of .jsonl and .parquet files, a list of dicts, or a ray.data.Dataset. A record
        has the keys of `Model.explain`; `request` and `methods` are the defaults for keys that it lacks or sets to
        None.
    output: a directory of part files; `format` is "parquet" or "jsonl". Columns: id, digest, status ("done", "failed"),
        error, error_class, prediction, answer_text, result (JSON text, schema llm-explainer/1), seconds, worker
        ("node:process id"). Rows are in the order in which they were finished.
    model: a path that exists on every machine of the cluster. Each worker loads it once, with `load_options` (those of
        `explainer.load`; files as absolute paths).
    workers, threads_per_worker: by default one worker per machine, with all its cores. batch_size: records sent to a
        worker at a time. rows_per_part: the most rows in a part file (fewer after 32 MB of text, or a minute).
    id_column: the key of each record's id, a string or a whole number; records without one are numbered in the order
        of the source, with six digits.

    Repeating the call resumes an interrupted run; `retry_failed` explains failed records again.
    Returns a `Summary`. Raises ModelError or UnsupportedError for a model that cannot be loaded, InputError for
    duplicate ids and unreadable files, UsageError, OutputError, and InternalError if Ray gives up. A record that fails
    becomes a row, not an exception.
    """
    ray = _ray()
    from explainer._dataset_io import Parts
    from explainer._dataset_plan import Plan
    from explainer._dataset_worker import Pool, model_digest

    options = _checked_load_options(model, load_options)
    defaults = _checked_defaults(methods, request)
    _check_counts(batch_size=batch_size, rows_per_part=rows_per_part)
    _check_counts(**{name: value for name, value in (("workers", workers), ("threads_per_worker", threads_per_worker))
                     if value is not None})
    if not ray.is_initialized():
        ray.init()
    workers, threads = _layout(ray, workers, threads_per_worker)
    parts = Parts(output, format, rows_per_part)
    try:
        model = os.path.abspath(os.fspath(model))
        sha256_16 = model_digest(model, threads, options)
        plan = Plan(ray, parts.state(), batch_size, retry_failed,
                    key=[__version__, sha256_16, {k: v for k, v in options.items() if k != "use_mmap"}])
        plan.read(_records(ray, source), id_column, defaults, has_places=not isinstance(source, ray.data.Dataset))
        return _run(plan, Pool(workers, threads, (model, options, sha256_16, __version__)), parts)
    finally:
        parts.close()  # after Ctrl-C, too: finished rows are written


def read(output: StrPath) -> Iterator[Row]:
    """Iterates over the rows of an output directory: dicts with the columns of `explain_dataset`.

    `explainer.load_result(row["result"])` turns a row that is done into a `Result`. Raises InputError if there is no
    such directory, OutputError for an unreadable part.
    """
    _ray()
    from explainer import _dataset_io as io

    io.part_files(output)  # raises now, not at the first row, if there is no directory
    return io.read_rows(output)


def _ray() -> Any:
    try:
        import pyarrow  # noqa: F401
        import ray
        import ray.data
    except ImportError as error:
        raise UsageError(f"explainer.distributed: {error.name or 'ray'} is not installed; expected ray and pyarrow; "
                         "pip install 'llm-explainer[ray]'") from None
    return ray


def _check_counts(**counts: Any) -> None:
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise UsageError(f"{name}: {value!r}; expected a whole number of at least 1")


def _checked_load_options(model: Any, load_options: dict[str, Any] | None) -> dict[str, Any]:
    if not isinstance(model, (str, os.PathLike)):
        raise UsageError(f"model: {type(model).__name__}; expected a path: every worker loads a model of its own")
    options = dict(load_options or {})
    known = ["use_mmap", *(key for key in _core.load_keys() if key not in ("threads", "rpc"))]
    for key in options:
        if key not in known:
            raise UsageError(f"load_options: {key!r}; expected {', '.join(known[:-1])} or {known[-1]} (threads: "
                             "threads_per_worker)")
    return options


def _checked_defaults(methods: str | Sequence[str], request: dict[str, Any]) -> dict[str, Any]:
    from explainer._dataset_plan import NOT_FOR_RECORDS

    for key in request:
        if key == "method":
            raise UsageError("method: is a key of single records; expected methods=[...] for all records")
        if key in NOT_FOR_RECORDS:
            raise UsageError(f"{key}: a Python object, which cannot be sent to other machines; expected keys of a "
                             "request")
    methods = [methods] if isinstance(methods, str) else list(methods)
    defaults = {"method": methods, **{key: value for key, value in request.items() if value is not None}}
    _core.check_keys(request_json(defaults))  # a mistake here would fail every record and remove its old row
    return defaults


def _layout(ray: Any, workers: int | None, threads: int | None) -> tuple[int, int]:
    """The number of workers, and of threads (Ray's CPUs) for each. Raises UsageError if they do not fit the cluster."""
    nodes = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    nodes = [cpus for cpus in nodes if cpus]
    if not nodes:
        raise UsageError("Ray's cluster: has no CPUs; expected one for each worker; ray.init(num_cpus=...)")
    workers = workers or len(nodes)
    threads = threads or max(1, min(nodes) // math.ceil(workers / len(nodes)))
    room = sum(cpus // threads for cpus in nodes)
    if workers > room:
        # Ray would silently wait for more machines, forever.
        raise UsageError(f"workers: {workers} with {threads} threads each; expected at most {room} in this cluster of "
                         f"{sum(nodes)} CPUs; use fewer workers, or more CPUs (ray.init(num_cpus=...))")
    return workers, threads


def _records(ray: Any, source: Any) -> Iterator[Any]:
    from explainer._dataset_io import read_records, source_files

    if isinstance(source, ray.data.Dataset):
        for batch in source.iter_batches(batch_size=256, batch_format="pyarrow", prefetch_batches=0):
            yield from batch.to_pylist()
    elif isinstance(source, (str, os.PathLike)):
        for path in source_files(source):
            yield from read_records(path)
    elif isinstance(source, dict) or not hasattr(source, "__iter__"):
        raise UsageError(f"source: {type(source).__name__}; expected a path, a list of dicts or a ray.data.Dataset")
    else:
        yield from source


def _run(plan: Plan, pool: Pool, parts: Parts) -> Summary:
    """Only the caller writes, and it accepts one row for each pending id. So no id gets a second row, whatever Ray
    delivers after restarting a block; and rows that Ray fails to deliver are asked for again. If the workers wrote,
    that would take a shared file system."""
    done = failed = 0
    parts.drop(plan.stale, plan.state)
    for row in plan.failures:
        failed += 1
        parts.add(row)
    while plan.pending:
        before = len(plan.pending)
        with contextlib.closing(pool.rows(plan.blocks)) as rows:
            for row in rows:
                if row["status"] == "refused":
                    raise getattr(errors, row["error_class"])(row["error"])
                if plan.pending.pop(row["id"], None) is None:
                    continue
                done += row["status"] == "done"
                failed += row["status"] == "failed"
                parts.add(row)
        if len(plan.pending) == before:
            raise InternalError(f"Ray: returned no row for {before} records; expected one for each; see Ray's log")
        plan.keep_pending()
    return Summary(done, failed, plan.kept, plan.kept_failed, plan.others, parts.directory)


__all__ = ["Summary", "explain_dataset", "read"]
