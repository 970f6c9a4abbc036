"""200 requests by 16 clients, a third of them broken or broken off: every other one gets its own result, and
memory does not grow."""

import json
import os
import random
import re
import socket
import threading
import time
import unittest

from service import DEMO_MODEL, TINY, TINY_MODEL, Service, Stream

CLIENTS = 16


def own_memory(process):
    """Megabytes that are the process's own: the model's file, which it maps, is the system's to keep or drop."""
    with open(f"/proc/{process}/status") as file:
        return int(re.search(r"RssAnon:\s+(\d+) kB", file.read()).group(1)) / 1e3


def settled_memory(process, patience=20):
    """Once it has not changed for a second: a result is on its way before its memory is given back."""
    end, readings = time.monotonic() + patience, []
    while time.monotonic() < end:
        readings = [*readings[-9:], own_memory(process)]
        if len(readings) == 10 and max(readings) - min(readings) < 1:
            break
        time.sleep(0.1)
    return readings[-1]


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


class Load:
    """One round: so many requests by CLIENTS clients at a time."""

    def __init__(self, service, body_of, requests, seed):
        self.service, self.body_of = service, body_of
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.left = list(range(requests))
        self.seconds, self.wrong = [], []
        self.counts = {"explain": 0, "stream": 0, "malformed": 0, "cancelled": 0}

    def run(self):
        threads = [threading.Thread(target=self.client) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self

    def client(self):
        while True:
            with self.lock:
                if not self.left:
                    return
                number = self.left.pop()
                kind = (("malformed", "cancelled")[number // 3 % 2] if number % 3 == 0
                        else self.random.choice(("explain", "stream")))
                pause = self.random.random()
            try:
                getattr(self, kind)(number, pause)
            except Exception as error:
                self.note(f"{number} {kind}: {type(error).__name__}: {error}")
            with self.lock:
                self.counts[kind] += 1

    def note(self, what):
        with self.lock:
            self.wrong.append(what)

    def check(self, number, result, start):
        """The result is that of this request: its own prompt comes back."""
        with self.lock:
            self.seconds.append(time.monotonic() - start)
        body = self.body_of(number)
        for key in ("prompt_ids", "messages"):
            if key in body and result["command"][key] != body[key]:
                self.note(f"{number}: {result['command'][key]} came back for {body[key]}")

    def explain(self, number, _):
        start = time.monotonic()
        answer = self.service.post("/v1/explain", self.body_of(number), timeout=600)
        if answer.status != 200:
            self.note(f"{number}: {answer.status} {answer.body[:200]}")
            return
        self.check(number, answer.json, start)

    def stream(self, number, _):
        start = time.monotonic()
        with Stream(self.service, "/v1/explain/stream", self.body_of(number)) as stream:
            if stream.response.status != 200:
                self.note(f"{number}: {stream.response.status} {stream.response.read()[:200]}")
                return
            name, data = list(stream)[-1]
        if name != "result":
            self.note(f"{number}: {name} {data[:200]}")
            return
        self.check(number, json.loads(data), start)

    def malformed(self, number, _):
        broken = [("{", 400), (json.dumps({"nothing": number}), 400), ("[" * 5000, 400), (" " * (2 << 20), 413),
                  (json.dumps({**self.body_of(number), "method": "none"}), 400)]
        body, status = broken[number // 6 % len(broken)]
        answer = self.service.post("/v1/explain", body, timeout=600)
        if answer.status != status or "message" not in answer.error:
            self.note(f"{number}: {answer.status} {answer.body[:200]}; expected {status}")

    def cancelled(self, number, pause):
        text = json.dumps(self.body_of(number)).encode()
        with socket.create_connection(("127.0.0.1", self.service.port)) as connection:
            connection.sendall(b"POST /v1/explain%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
                               b"\r\nContent-Length: %d\r\n\r\n%s" % ((b"", b"/stream")[number % 2], len(text), text))
            time.sleep(0.3 * pause)


def tiny(number):
    """A prompt of its own for each number."""
    return {**TINY, "prompt_ids": [1, 3 + number % 20, 3 + number // 20, *TINY["prompt_ids"]]}


def demo(number):
    return {"messages": [{"role": "user", "content": f"Say {number}."}], "answer": f" {number}",
            "method": ["saliency"]}


class LoadTest(unittest.TestCase):
    maxDiff = None

    def under_load(self, model, body_of, requests, rounds):
        # Whoever has left stays in the queue until that is noticed.
        with Service("--max-queue", str(3 * CLIENTS), "--quiet", model=model) as service:
            memory, seconds, worker = [], [], service.worker()
            for at in range(rounds):
                load = Load(service, body_of, requests, seed=at).run()
                self.assertEqual(load.wrong, [])
                self.assertEqual(sum(load.counts.values()), requests)
                self.assertEqual(len(load.seconds), load.counts["explain"] + load.counts["stream"])
                service.wait_for(lambda: service.metric("llmx_requests_running") +
                                 service.metric("llmx_requests_waiting") == 0)
                memory.append((settled_memory(service.process.pid), settled_memory(worker)))
                seconds += load.seconds
            self.assertEqual(service.worker(), worker)
            self.assertEqual(service.metric("llmx_worker_restarts_total"), 0)
            print(f"\n{os.path.basename(model)}: {rounds} x {requests} requests by {CLIENTS} clients: {load.counts}; "
                  f"p50 {percentile(seconds, 0.5):.3f} s, p99 {percentile(seconds, 0.99):.3f} s; memory in MB of "
                  f"service and worker after each round: "
                  + ", ".join(f"{a:.0f} and {b:.0f}" for a, b in memory))
            first, last = memory[0], memory[-1]
            self.assertLess(last[0], first[0] + 16)
            self.assertLess(last[1], 1.1 * first[1] + 16)

    def test_tiny_model(self):
        self.under_load(TINY_MODEL, tiny, requests=200, rounds=4)

    @unittest.skipUnless(DEMO_MODEL, "no demo model")
    def test_demo_model(self):
        self.under_load(DEMO_MODEL, demo, requests=48, rounds=2)


if __name__ == "__main__":
    unittest.main()
