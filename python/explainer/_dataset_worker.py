"""The workers of `explainer.distributed`: an actor pool of Ray Data, one model each."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Generator, Iterator
from typing import Any

import pyarrow
import ray
import ray.data
import ray.util
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from explainer import errors
from explainer._dataset_io import SCHEMA, Row, first_line, row_of
from explainer.errors import Error, InternalError, ModelError, UsageError
from explainer.models import load
from explainer.version import __version__

_MAX_DEATHS = 3  # a record that has killed its worker process this often has failed


@contextlib.contextmanager
def own_errors() -> Iterator[None]:
    """Raises Ray's errors as InternalError."""
    try:
        yield
    except ray.exceptions.RayError as error:
        raise InternalError(f"Ray: {first_line(getattr(error, 'cause', None) or error)}; expected workers that stay up;"
                            " finished records are kept, and the same call resumes") from error


def model_digest(model: str, threads: int, options: dict[str, Any]) -> str:
    """Loads the model once, somewhere in the cluster. So a model that cannot be loaded fails before any work and with
    the library's own message, and the caller's machine need not have the memory for it."""
    with own_errors():
        found: dict[str, str] = ray.get(ray.remote(num_cpus=threads)(_try_model).remote(model, threads, options))
    if "error" in found:
        raise getattr(errors, found["error_class"])(found["error"])
    return found["sha256_16"]


def _try_model(model: str, threads: int, options: dict[str, Any]) -> dict[str, str]:
    try:
        return {"sha256_16": load(model, threads=threads, **options).sha256_16}
    except Error as error:
        return {"error": str(error), "error_class": type(error).__name__}


class Tries:
    """An actor that counts the records in progress, so that one which kills its worker (out of memory, a crash) is not
    retried forever, as Ray itself would."""

    def __init__(self) -> None:
        self.begun: dict[str, int] = {}

    def begin(self, id: str) -> int:
        """How often the record was begun before without being ended."""
        before = self.begun.get(id, 0)
        self.begun[id] = before + 1
        return before

    def end(self, id: str) -> None:
        self.begun.pop(id, None)


class Worker:
    """One actor of the pool: a loaded model. Called with blocks of requests, yields a row for each."""

    def __init__(self, model: str, options: dict[str, Any], sha256_16: str, version: str, threads: int,
                 tries: Any) -> None:
        self.tries = tries
        self.refusal: Error | None = None
        node = ray.util.get_node_ip_address()
        self.name = f"{node}:{os.getpid()}"
        try:
            self.model = load(model, threads=threads, **options)
            if self.model.sha256_16 != sha256_16:
                raise ModelError(f"model {model}: digest {self.model.sha256_16} on {node}; expected {sha256_16}; "
                                 "put the same file on every machine")
            if __version__ != version:
                raise UsageError(f"explainer: version {__version__} on {node}; expected {version}; install the same "
                                 "version on every machine")
        except Error as error:
            self.refusal = error  # raised here, it would reach the caller as one of Ray's errors

    def __call__(self, block: pyarrow.Table) -> Iterator[pyarrow.Table]:
        for record in block.to_pylist():
            yield pyarrow.Table.from_pylist([self.explain(**record)], schema=SCHEMA)

    def explain(self, id: str, digest: str, request: str) -> Row:
        if self.refusal is not None:
            return row_of(id, digest, error=self.refusal, status="refused", seconds=0.0, worker=self.name)
        begin = time.monotonic()
        before = ray.get(self.tries.begin.remote(id))
        try:
            if before >= _MAX_DEATHS:
                raise InternalError(f"worker: died {before} times explaining this record; expected it to survive; "
                                    "see Ray's log (out of memory?), then use retry_failed=True")
            result = self.model.explain(**json.loads(request))
            row = row_of(id, digest, seconds=time.monotonic() - begin, worker=self.name, result=result.to_json(),
                         prediction=result["Prediction"], answer_text=result.answer_text)
        except Exception as error:  # no record stops the others
            row = row_of(id, digest, error=error, seconds=time.monotonic() - begin, worker=self.name)
        self.tries.end.remote(id)
        return row


class Pool:
    """Runs blocks of requests through Ray Data."""

    def __init__(self, workers: int, threads: int, worker_arguments: tuple[Any, ...]) -> None:
        self.workers, self.threads = workers, threads
        # On the caller's machine: if that dies, nobody needs it any more.
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self.tries = ray.remote(num_cpus=0, scheduling_strategy=here)(Tries).remote()
        self.arguments = (*worker_arguments, threads, self.tries)

    def rows(self, blocks: list[Any]) -> Generator[Row, None, None]:
        """Iterates over the rows as they are finished. Ray Data hands out no further blocks while finished rows wait
        for the caller and fill its share of the object store."""
        with own_errors():
            dataset = ray.data.from_arrow_refs(blocks).map_batches(
                Worker, fn_constructor_args=self.arguments, batch_size=None, batch_format="pyarrow",
                # One block at a time, so that a dying worker does not use up other records' tries. Ray Data restarts
                # dead workers and resends their blocks by default, forever.
                compute=ray.data.ActorPoolStrategy(size=min(self.workers, len(blocks)),
                                                   max_tasks_in_flight_per_actor=1),
                num_cpus=self.threads)
            dataset.context.execution_no_progress_timeout_s = -1  # a record may take hours
            batches = iter(dataset.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0))
            with contextlib.closing(batches):  # stops the workers even if somebody holds a traceback
                for batch in batches:
                    yield from batch.to_pylist()


__all__ = ["Pool", "Tries", "Worker", "model_digest", "own_errors"]
