"""The workers of `explainer.distributed`: an actor pool of Ray Data, one model each."""

import contextlib
import json
import os
import time

import pyarrow
import ray
import ray.data
import ray.util
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from explainer import errors
from explainer._dataset_io import SCHEMA, first_line, row_of
from explainer.errors import Error, InternalError, ModelError, UsageError
from explainer.models import load
from explainer.version import __version__

_TRIES = 3  # how often a record may take its worker process with it before it counts as failed


@contextlib.contextmanager
def own_errors():
    """Makes InternalError of Ray's errors."""
    try:
        yield
    except ray.exceptions.RayError as error:
        raise InternalError(f"Ray: {first_line(getattr(error, 'cause', None) or error)}; expected workers that stay; "
                            "what is done is kept, the same call goes on") from error


def model_digest(model, threads, options):
    """Loads the model once, somewhere in the cluster: a model that cannot be loaded fails before any work, with the
    library's own message, and the caller's machine need not have the memory for it."""
    with own_errors():
        found = ray.get(ray.remote(num_cpus=threads)(_try_model).remote(model, threads, options))
    if "error" in found:
        raise getattr(errors, found["error_class"])(found["error"])
    return found["sha256_16"]


def _try_model(model, threads, options):
    try:
        return {"sha256_16": load(model, threads=threads, **options).sha256_16}
    except Error as error:
        return {"error": str(error), "error_class": type(error).__name__}


class Tries:
    """An actor that knows which records are being worked on, so that one which kills its worker (out of memory, a
    crash) is not tried for ever: Ray itself would."""

    def __init__(self):
        self.begun = {}

    def begin(self, id):
        """How often the record was begun before and not ended."""
        before = self.begun.get(id, 0)
        self.begun[id] = before + 1
        return before

    def end(self, id):
        self.begun.pop(id, None)


class Worker:
    """One actor of the pool: a loaded model, called with blocks of requests; yields a row after the other."""

    def __init__(self, model, options, sha256_16, version, threads, tries):
        self.tries, self.refusal = tries, None
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
            self.refusal = error  # an exception here would come to the caller as one of Ray's

    def __call__(self, block):
        for record in block.to_pylist():
            yield pyarrow.Table.from_pylist([self.explain(**record)], schema=SCHEMA)

    def explain(self, id, digest, request):
        if self.refusal is not None:
            return row_of(id, digest, error=self.refusal, status="refused", seconds=0.0, worker=self.name)
        begin = time.monotonic()
        before = ray.get(self.tries.begin.remote(id))
        try:
            if before >= _TRIES:
                raise InternalError(f"worker: died {before} times while it explained this record; expected it to live; "
                                    "see Ray's log (out of memory?), then retry_failed=True")
            result = self.model.explain(**json.loads(request))
            row = row_of(id, digest, seconds=time.monotonic() - begin, worker=self.name, result=result.to_json(),
                         prediction=result["Prediction"], answer_text=result.answer_text)
        except Exception as error:  # whatever a record does: the others go on
            row = row_of(id, digest, error=error, seconds=time.monotonic() - begin, worker=self.name)
        self.tries.end.remote(id)
        return row


class Pool:
    """Runs blocks of requests through Ray Data."""

    def __init__(self, workers, threads, worker_arguments):
        self.workers, self.threads = workers, threads
        # On the caller's machine: without that there is nobody who needs it.
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self.tries = ray.remote(num_cpus=0, scheduling_strategy=here)(Tries).remote()
        self.arguments = (*worker_arguments, threads, self.tries)

    def rows(self, blocks):
        """Iterates over the rows as they are finished. Ray Data stops giving out blocks while finished ones wait for
        the caller and its share of the object store is full."""
        with own_errors():
            dataset = ray.data.from_arrow_refs(blocks).map_batches(
                Worker, fn_constructor_args=self.arguments, batch_size=None, batch_format="pyarrow",
                # One block at a time: a worker that dies takes no others' tries along. Ray Data's own default is to
                # start a dead worker again and to send it its block again, for ever.
                compute=ray.data.ActorPoolStrategy(size=min(self.workers, len(blocks)),
                                                   max_tasks_in_flight_per_actor=1),
                num_cpus=self.threads)
            dataset.context.execution_no_progress_timeout_s = -1  # a record may take hours
            batches = iter(dataset.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0))
            with contextlib.closing(batches):  # stops the workers, whoever still holds a traceback
                for batch in batches:
                    yield from batch.to_pylist()


__all__ = ["Pool", "Tries", "Worker", "model_digest", "own_errors"]
