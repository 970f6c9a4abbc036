"""Many records on a local Ray cluster of two workers: none lost, none twice, whatever dies meanwhile."""

import importlib.util
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from unittest import mock

import explainer
from explainer import errors
from explainer.distributed import _run, explain_dataset, read

MODEL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "llama-tiny.gguf")
MISSING = [name for name in ("ray", "pyarrow") if importlib.util.find_spec(name) is None]
NEEDS_RAY = unittest.skipIf(MISSING, f"not installed: {' and '.join(MISSING)} (pip install 'llm-explainer[ray]')")
FATAL = [1, 2, 3, 2, 1]  # a prompt that kills the process which explains it
LONGEST = 60  # seconds that something is waited for


def records_of(count, **keys):
    """Records with prompts of their own."""
    return [{"id": f"r{i}", "prompt_ids": [1, 5, 9, 10 + i % 20, 40 + i // 20], "max_new_tokens": 4, **keys}
            for i in range(count)]


def setup_hook():
    """Runs in each worker process: makes one prompt fatal. Inside, so that Ray sends the code and not its name."""
    def hook():
        from explainer.models import Model

        explain = Model.explain

        def fatal(self, **request):
            if request.get("prompt_ids") == [1, 2, 3, 2, 1]:
                os.kill(os.getpid(), signal.SIGKILL)
            return explain(self, **request)

        Model.explain = fatal

    return hook


def process_of(row):
    return int(row["worker"].rsplit(":", 1)[1])


def same_for_all_runs(row):
    """A row without what is another in each run."""
    row = {key: value for key, value in row.items() if key not in ("seconds", "worker")}
    if row["result"] is not None:
        row["result"] = json.loads(row["result"])
        for key in ("timings_s", "peak_rss_bytes"):
            row["result"].pop(key)
    return row


class Watcher(threading.Thread):
    """Waits for `count` rows to be in an output directory; then calls `action` with them."""

    def __init__(self, output, count, action):
        super().__init__(daemon=True)
        self.output, self.count, self.action, self.rows = output, count, action, []
        self.start()

    def run(self):
        until = time.monotonic() + LONGEST
        while time.monotonic() < until:
            rows = list(read(self.output)) if os.path.isdir(self.output) else []
            if len(rows) >= self.count:
                self.rows = rows
                self.action(rows)
                return
            time.sleep(0.05)


class Directory(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.output = os.path.join(self.directory, "out")

    def path(self, name, text=None):
        path = os.path.join(self.directory, name)
        if text is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return path

    def rows(self, output=None):
        """Rows by id; fails where an id is in two."""
        rows = list(read(output or self.output))
        by_id = {row["id"]: row for row in rows}
        self.assertEqual(len(rows), len(by_id), "an id is there twice")
        return by_id


@NEEDS_RAY
class OnACluster(Directory):
    @classmethod
    def setUpClass(cls):
        import ray

        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR,
                 object_store_memory=100_000_000, runtime_env={"worker_process_setup_hook": setup_hook()})
        ray.data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)

    @classmethod
    def tearDownClass(cls):
        import ray

        ray.shutdown()

    def explain(self, source, output=None, **options):
        return explain_dataset(source, output or self.output,
                               **{"model": MODEL, "methods": ["saliency"], "workers": 2, **options})

    def test_a_slip_in_the_call_costs_no_rows(self):
        self.explain(records_of(2))
        with self.assertRaisesRegex(explainer.UsageError, "unknown request key \"stepz\""):
            self.explain(records_of(2), stepz=3)
        self.assertEqual(2, len(self.rows()))

    def test_none_is_lost_and_none_twice_when_a_worker_is_killed(self):
        records = records_of(200, method=["integrated_gradients"], steps=64)
        killed = []

        def kill(rows):
            killed.append(process_of(rows[-1]))
            os.kill(killed[0], signal.SIGKILL)

        watcher = Watcher(self.output, 20, kill)
        summary = self.explain(records, batch_size=4, rows_per_part=10)
        watcher.join(LONGEST)

        self.assertEqual(1, len(killed), "nobody was killed")
        before = {row["id"] for row in watcher.rows}
        self.assertLess(len(before), 150, "the kill came too late to be one in mid-run")
        self.assertEqual((200, 0, 0), (summary.done, summary.failed, summary.kept))
        rows = self.rows()
        self.assertEqual({record["id"] for record in records}, set(rows))
        known = {process_of(row) for row in watcher.rows}
        new = {process_of(row) for row in rows.values()} - known
        self.assertIn(killed[0], known)
        self.assertTrue(new, "no new process went on with the work of the killed one")
        for record in records:
            row = rows[record["id"]]
            self.assertEqual("done", row["status"], row["error"])
            self.assertEqual(record["prompt_ids"], json.loads(row["result"])["prompt_ids"])
        model = explainer.load(MODEL, threads=1)
        for record in records[::50]:
            own = model.explain(**{key: value for key, value in record.items() if key != "id"}).to_dict()
            result = explainer.load_result(rows[record["id"]]["result"]).to_dict()
            self.assertEqual(own["attributions"], result["attributions"])
            self.assertEqual(own["answer_text"], rows[record["id"]]["answer_text"])

    def test_a_record_that_kills_its_worker_is_a_row(self):
        records = [*records_of(5), {"id": "fatal", "prompt_ids": FATAL, "max_new_tokens": 4}]
        summary = self.explain(records, batch_size=3)
        self.assertEqual((5, 1), (summary.done, summary.failed))
        row = self.rows()["fatal"]
        self.assertEqual("InternalError", row["error_class"])
        self.assertIn("died 3 times", row["error"])

    def test_ctrl_c_keeps_what_is_done_and_the_next_run_goes_on(self):
        records = records_of(30, method=["integrated_gradients"], steps=128)
        Watcher(self.output, 6, lambda rows: os.kill(os.getpid(), signal.SIGINT))
        try:
            self.explain(records, batch_size=2, rows_per_part=3)
            self.fail("was not interrupted")
        except KeyboardInterrupt as error:
            held = error  # as notebooks do: the workers must go all the same
        before = self.rows()
        self.assertTrue(6 <= len(before) < 30, len(before))

        summary = self.explain(records, batch_size=2, rows_per_part=3)
        self.assertEqual((30 - len(before), 0, len(before)), (summary.done, summary.failed, summary.kept))
        del held
        after = self.rows()
        self.assertEqual({record["id"] for record in records}, set(after))
        for id, row in before.items():
            self.assertEqual(row, after[id], "was done again")

        parts = sorted(os.listdir(self.output))
        summary = self.explain(records)
        self.assertEqual((0, 0, 30), (summary.done, summary.failed, summary.kept))
        self.assertEqual(parts, sorted(os.listdir(self.output)))

    def test_failed_records_are_rows_and_do_not_stop_the_others(self):
        records = [{"prompt_ids": [1, 5, 9, 12, 7], "max_new_tokens": 4}, {"prompt_ids": [1, 99999]},
                   {"prompt_idz": [1]}, {"progress": 3}, "no record",
                   {"id": 7, "prompt_ids": [1, 5], "steps": object()},
                   {"prompt_ids": [1, 5, 9, 12, 8], "max_new_tokens": 4}]
        summary = self.explain(records)
        self.assertEqual((2, 5, 0), (summary.done, summary.failed, summary.kept))
        rows = self.rows()
        self.assertEqual({"000001", "000002", "000003", "000004", "000005", "7", "000007"}, set(rows))
        self.assertEqual({"000002": "InputError", "000003": "UsageError", "000004": "UsageError",
                          "000005": "InputError", "7": "UsageError"},
                         {id: row["error_class"] for id, row in rows.items() if row["status"] == "failed"})
        self.assertIn("prompt_idz", rows["000003"]["error"])
        self.assertIsNone(rows["000003"]["result"])

        again = self.explain(records)
        self.assertEqual((0, 0, 7, 5), (again.done, again.failed, again.kept, again.kept_failed))
        again = self.explain(records, retry_failed=True)
        self.assertEqual((0, 5, 2, 0), (again.done, again.failed, again.kept, again.kept_failed))
        self.assertEqual(7, len(self.rows()))

    def test_parquet_json_lines_and_datasets_give_the_same(self):
        import pyarrow
        import pyarrow.parquet
        import ray

        records = [*records_of(4), {"id": "words", "prompt_ids": [1, 99999], "method": ["saliency"]},
                   {"id": "messages", "messages": [{"role": "user", "content": "!"}], "max_new_tokens": 2}]
        table = pyarrow.Table.from_pylist(records, schema=pyarrow.schema([
            ("id", pyarrow.string()), ("prompt_ids", pyarrow.list_(pyarrow.int32())),
            ("max_new_tokens", pyarrow.int64()), ("method", pyarrow.list_(pyarrow.string())),
            ("messages", pyarrow.list_(pyarrow.struct([("role", pyarrow.string()), ("content", pyarrow.string())])))]))
        pyarrow.parquet.write_table(table, self.path("in.parquet"))
        lines = self.path("in.jsonl", "\n\n".join(json.dumps(record) for record in records))

        found = {}
        for name, source in (("parquet", self.path("in.parquet")), ("jsonl", lines),
                             ("dataset", ray.data.from_arrow(table))):
            output = self.path(f"out-{name}")
            self.explain(source, output, format="jsonl" if name == "jsonl" else "parquet")
            found[name] = {id: same_for_all_runs(row) for id, row in self.rows(output).items()}
        self.assertEqual(6, len(found["parquet"]))
        self.assertEqual("failed", found["parquet"]["words"]["status"])
        self.assertEqual(found["parquet"], found["jsonl"])
        self.assertEqual(found["parquet"], found["dataset"])

    def test_a_changed_request_replaces_its_row(self):
        self.explain(records_of(6), rows_per_part=2)
        before = self.rows()
        records = records_of(5)
        records[2]["max_new_tokens"] = 2
        summary = self.explain(records, rows_per_part=2)
        self.assertEqual((1, 0, 4, 1), (summary.done, summary.failed, summary.kept, summary.others))
        after = self.rows()
        self.assertEqual(set(before), set(after))
        self.assertEqual(["r2"], [id for id in after if after[id] != before[id]])
        self.assertEqual(2, len(json.loads(after["r2"]["result"])["answer_ids"]))

    def test_ids_that_stand_twice_are_refused_before_any_work(self):
        for records, id in (([{"id": "a"}, {"id": "b"}, {"id": "a"}], '"a"'), ([{"id": "7"}, {"id": 7}], '"7"'),
                            ([{"id": "000002"}, {}], '"000002"')):
            with self.assertRaisesRegex(errors.InputError, f"id {id} appears twice"):
                self.explain(records)
        for id in (1.5, float("inf"), True, [1], "\ud800"):
            with self.assertRaises(errors.InputError):
                self.explain([{"id": id}])
        self.assertEqual([], list(read(self.output)))

    def test_cells_that_tables_leave_empty_are_not_given(self):
        import ray
        from explainer._dataset_plan import Plan

        whole = {"id": 5, "user": "hello", "max_new_tokens": 2}
        nan = float("nan")
        plans = []
        for record in (whole, {**whole, "id": 5.0, "system": "", "label": ""}, {**whole, "system": nan, "seed": None},
                       {**whole, "id": "5", "label": nan, "system": None}):
            plan = Plan(ray, {}, 2, False, key=[])
            plan.read([record], "id", {}, has_places=True)
            self.assertEqual([], plan.failures)
            plans.append(plan.pending)
        self.assertEqual(["5"], list(plans[0]))
        self.assertEqual(plans[:1] * 4, plans)
        # An empty text is a text where nothing else could be meant.
        plan = Plan(ray, {}, 2, False, key=[])
        plan.read([{**whole, "id": nan, "user": ""}], "id", {}, has_places=True)
        self.assertNotEqual(plans[0], plan.pending)
        self.assertEqual(["000001"], list(plan.pending))

    def test_a_line_that_is_no_record_is_a_failed_row(self):
        path = self.path("in.jsonl", '{"prompt_ids": [1, 5], "max_new_tokens": 1}\n{"id": \n\n[1]\n')
        summary = self.explain(path)
        self.assertEqual((1, 2), (summary.done, summary.failed))
        rows = self.rows()
        self.assertIn("in.jsonl:2: invalid JSON", rows["000002"]["error"])
        self.assertIn("in.jsonl:4: not an object", rows["000003"]["error"])

    def test_what_cannot_be_done_is_said_at_the_start(self):
        import ray

        records = records_of(1)
        for expected, message, source, options in (
                (errors.ModelError, "no such file", records, {"model": self.path("none.gguf")}),
                (errors.UsageError, "expected at most 2", records, {"workers": 3}),
                (errors.UsageError, "batch_size: 0", records, {"batch_size": 0}),
                (errors.UsageError, "expected methods", records, {"method": "saliency"}),
                (errors.UsageError, "progress", records, {"progress": print}),
                (errors.UsageError, "load_options", records, {"load_options": {"threads": 2}}),
                (errors.UsageError, "format: 'csv'", records, {"format": "csv"}),
                (errors.InputError, "no such file", self.path("none.jsonl"), {}),
                (errors.InputError, "unknown file type", self.path("in.txt", "{}"), {}),
                (errors.UsageError, "expected a path, a list", 5, {}),
                (errors.InputError, "no fixed order", ray.data.from_items([{"user": "x"}]), {})):
            with self.subTest(message), self.assertRaisesRegex(expected, message):
                self.explain(source, **options)

    def test_a_worker_without_the_model_stops_the_run(self):
        import pyarrow
        from explainer._dataset_worker import Worker

        block = pyarrow.Table.from_pylist([{"id": "a", "digest": "d", "request": "{}"}])
        for model, digest, message in ((self.path("none.gguf"), "", "no such file"),
                                       (MODEL, "other", "expected other")):
            rows = next(iter(Worker(model, {}, digest, explainer.__version__, 1, None)(block))).to_pylist()
            self.assertEqual("refused", rows[0]["status"])
            with self.assertRaisesRegex(errors.ModelError, message):
                _run(self.plan(["a"]), self.pool([rows]), mock.Mock())

    def test_rows_that_come_twice_or_not_at_all(self):
        rows = [{"id": id, "status": "done"} for id in "abc"]
        parts = mock.Mock(directory="out")
        summary = _run(self.plan("abc"), self.pool([[rows[0], rows[0], rows[1]], [rows[1], rows[2], rows[0]]]), parts)
        self.assertEqual(3, summary.done)
        self.assertEqual(["a", "b", "c"], [call.args[0]["id"] for call in parts.add.call_args_list])
        with self.assertRaisesRegex(errors.InternalError, "no row for 1 records"):
            _run(self.plan("a"), self.pool([[]]), parts)

    def test_what_is_asked_for_again_is_what_did_not_come(self):
        import ray
        from explainer._dataset_plan import Plan

        plan = Plan(ray, {}, 2, False, key=[])
        plan.read(records_of(5), "id", {}, has_places=True)
        self.assertEqual([2, 2, 1], [ray.get(block).num_rows for block in plan.blocks])
        plan.pending = {id: plan.pending[id] for id in ("r1", "r4")}
        plan.keep_pending()
        self.assertEqual([["r1"], ["r4"]], [ray.get(block)["id"].to_pylist() for block in plan.blocks])

    def test_an_error_of_ray_is_one_of_ours(self):
        import ray
        from explainer._dataset_worker import own_errors

        with self.assertRaisesRegex(errors.InternalError, "Ray: gone; expected"), own_errors():
            raise ray.exceptions.RayError("gone")

    @staticmethod
    def plan(ids):
        return mock.Mock(pending=dict.fromkeys(ids, "d"), failures=[], kept=0, kept_failed=0, others=0)

    @staticmethod
    def pool(rounds):
        return mock.Mock(rows=mock.Mock(side_effect=[(row for row in rows) for rows in rounds]))


@NEEDS_RAY
class Parts(Directory):
    def parts(self, format="parquet", rows_per_part=2):
        from explainer._dataset_io import Parts as Written

        return Written(self.output, format, rows_per_part)

    @staticmethod
    def row(id):
        from explainer._dataset_io import row_of

        return row_of(id, "d", seconds=0.5, result="{}")

    def test_rows_are_dropped_in_both_formats(self):
        for format in ("parquet", "jsonl"):
            self.output = self.path(format)
            parts = self.parts(format)
            for id in "abcde":
                parts.add(self.row(id))
            parts.flush()
            self.assertEqual(3, len(list(os.scandir(self.output))) - 1)
            parts.drop({"a", "c", "d"}, parts.state())
            parts.close()
            self.assertEqual([self.row("b"), self.row("e")], list(read(self.output)))

    def test_one_writer_at_a_time(self):
        parts = self.parts()
        with self.assertRaisesRegex(errors.OutputError, "another run is writing"):
            self.parts()
        parts.close()
        self.parts().close()

    def test_what_a_dead_run_left_goes(self):
        self.parts().close()
        self.path("out/.part-000001.parquet.tmp", "cut")
        self.parts().close()
        self.assertEqual([".lock"], os.listdir(self.output))

    def test_parts_of_another_format_and_broken_ones(self):
        parts = self.parts("jsonl")
        parts.add(self.row("a"))
        parts.close()
        with self.assertRaisesRegex(errors.UsageError, "another format"):
            self.parts("parquet")
        self.path("out/part-000002.jsonl", '{"id": "b"')
        parts = self.parts("jsonl")
        self.addCleanup(parts.close)
        with self.assertRaisesRegex(errors.OutputError, "part-000002.jsonl"):
            parts.state()
        with self.assertRaisesRegex(errors.InputError, "expected a directory"):
            read(self.path("none"))


class WithoutRay(unittest.TestCase):
    def test_ray_is_not_imported_until_it_is_used(self):
        code = "import explainer, explainer.distributed, sys; explainer.load; sys.exit('ray' in sys.modules)"
        subprocess.run([sys.executable, "-c", code], check=True)

    def test_what_is_missing_is_said(self):
        with mock.patch.dict(sys.modules, {"ray": None}), \
                self.assertRaisesRegex(errors.UsageError, r"is not installed.*llm-explainer\[ray\]"):
            explain_dataset([], "out", model=MODEL)


if __name__ == "__main__":
    unittest.main()
