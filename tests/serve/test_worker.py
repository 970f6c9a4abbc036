"""The model worker: it may die, be busy, be told to stop, and nobody else suffers."""

import http.client
import json
import os
import signal
import socket
import threading
import time
import unittest

from service import DEMO_MODEL, LONG, TINY, Service, Stream


def in_thread(work):
    """Starts work(); .result() waits for what it returned or raised."""
    box = {}

    def run():
        try:
            box["value"] = work()
        except Exception as error:  # handed to whoever asks
            box["error"] = error

    thread = threading.Thread(target=run)
    thread.start()

    def result(longest=120):
        thread.join(longest)
        if thread.is_alive():
            raise TimeoutError(f"no answer in {longest} s")
        if "error" in box:
            raise box["error"]
        return box["value"]

    thread.result = result
    return thread


def in_the_middle(service, work):
    """in_thread(work), once the worker computes for it: a request that it had only been sent would be tried again."""
    def processor_seconds():
        with open(f"/proc/{service.worker()}/stat") as file:
            return sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")

    before = processor_seconds()
    thread = in_thread(work)
    service.wait_for(lambda: processor_seconds() > before + 0.1)
    return thread


def post_and_leave(service, path="/v1/explain", body=None):
    connection = socket.create_connection(("127.0.0.1", service.port))
    text = json.dumps(body or LONG).encode()
    connection.sendall(b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                       b"Content-Length: %d\r\n\r\n%s" % (path.encode(), len(text), text))
    return connection


class Worker(unittest.TestCase):
    def test_stopped_before_a_large_request(self):
        body = {**TINY, "prompt_ids": [1, 5, 9, 12] * 60_000}
        with Service("--time-limit", "2", "--max-prompt-tokens", "1000000") as service:
            os.kill(service.worker(), signal.SIGSTOP)
            start = time.monotonic()
            answer = service.post("/v1/explain", body)
            self.assertEqual(answer.status, 504, answer.body)
            self.assertLess(time.monotonic() - start, 4)
            service.wait_for(lambda: service.get("/health").status == 200)
            self.assertEqual(service.explain().status, 200)
            os.kill(service.worker(), signal.SIGSTOP)
            with post_and_leave(service, body=body):
                service.wait_for(service.is_running_one)
            start = time.monotonic()
            service.wait_for(lambda: service.metric("llmx_worker_restarts_total") == 2)
            self.assertLess(time.monotonic() - start, 1.5)

    def test_killed_in_the_middle_of_a_request(self):
        with Service() as service:
            first = service.explain().json
            for _ in range(3):
                asked = in_the_middle(service, lambda: service.post("/v1/explain", LONG))
                waiting = in_thread(service.explain)
                service.wait_for(lambda: service.metric("llmx_requests_waiting") == 1)
                killed = service.worker()
                os.kill(killed, signal.SIGKILL)
                start = time.monotonic()
                answer = asked.result()
                self.assertEqual(answer.status, 502, answer.body)
                self.assertEqual(answer.error["type"], "worker_died")
                self.assertIn("signal 9", answer.error["message"])
                self.assertEqual(waiting.result().json["Gradient" if "Gradient" in first else "Prompt"],
                                 first["Gradient" if "Gradient" in first else "Prompt"])
                self.assertEqual(service.explain().status, 200)
                print(f"\nafter kill -9: the next request served in {time.monotonic() - start:.2f} s")
                self.assertNotEqual(service.worker(), killed)
            self.assertEqual(service.metric("llmx_worker_restarts_total"), 3)

    def test_killed_while_nothing_runs(self):
        with Service() as service:
            os.kill(service.worker(), signal.SIGKILL)
            self.assertEqual(service.explain().status, 200)
            os.kill(service.worker(), signal.SIGABRT)  # as llama.cpp ends it
            service.wait_for(lambda: service.metric("llmx_worker_restarts_total") == 2)
            service.wait_for(lambda: service.get("/health").status == 200)
            self.assertIn("signal 6", service.errors())
            self.assertEqual(service.explain().status, 200)

    def test_killed_before_it_begins_a_request(self):
        with Service() as service:
            os.kill(service.worker(), signal.SIGSTOP)  # takes no request any more
            asked = in_thread(service.explain)
            service.wait_for(service.is_running_one)
            os.kill(service.worker(), signal.SIGKILL)
            self.assertEqual(asked.result().status, 200)
            self.assertEqual(service.metric("llmx_worker_restarts_total"), 1)

    def test_killed_while_it_streams(self):
        with Service() as service:
            with Stream(service, "/v1/explain/stream", LONG) as stream:
                events = iter(stream)
                self.assertEqual(next(events)[0], "progress")
                os.kill(service.worker(), signal.SIGKILL)
                name, data = list(events)[-1]
            self.assertEqual((name, json.loads(data)["error"]["type"]), ("error", "worker_died"))

    def test_one_that_does_not_listen_is_replaced(self):
        with Service("--time-limit", "1") as service:
            os.kill(service.worker(), signal.SIGSTOP)
            answer = service.explain()
            self.assertEqual((answer.status, answer.error["type"]), (504, "timeout"))
            self.assertEqual(service.explain().status, 200)
            self.assertEqual(service.metric("llmx_worker_restarts_total"), 1)

    def test_a_request_that_takes_too_long_is_ended(self):
        with Service("--time-limit", "1") as service:
            process = service.worker()
            answer = service.post("/v1/explain", LONG)
            self.assertEqual((answer.status, answer.error["type"]), (504, "timeout"))
            self.assertEqual(service.explain().status, 200)
            self.assertEqual(service.worker(), process)
            self.assertEqual(service.metric("llmx_timed_out_total"), 1)

    def test_a_client_that_leaves_ends_its_work(self):
        with Service() as service:
            process = service.worker()
            for path in ("/v1/explain", "/v1/explain/stream"):
                running = post_and_leave(service, path)
                service.wait_for(service.is_running_one)
                waiting = post_and_leave(service, path)
                service.wait_for(lambda: service.metric("llmx_requests_waiting") == 1)
                waiting.close()  # while it is queued
                service.wait_for(lambda: service.metric("llmx_requests_waiting") == 0)
                self.assertEqual(service.metric("llmx_requests_running"), 1)
                running.close()
                service.wait_for(lambda: service.metric("llmx_requests_running") == 0)
            self.assertEqual(service.explain().status, 200)
            self.assertEqual(service.worker(), process)
            self.assertEqual(service.metric("llmx_abandoned_total"), 4)

    def test_a_full_queue(self):
        with Service("--max-queue", "2") as service:
            asked = [post_and_leave(service)]
            service.wait_for(service.is_running_one)
            asked += [post_and_leave(service), post_and_leave(service, "/v1/explain/stream")]
            service.wait_for(lambda: service.metric("llmx_requests_waiting") == 2)
            for path, body in (("/v1/explain", TINY), ("/v1/explain/stream", TINY)):
                answer = service.post(path, body)
                self.assertEqual((answer.status, answer.error["type"]), (429, "busy"))
                self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
            self.assertEqual(service.get("/health").status, 200)
            for connection in asked:
                connection.close()
            service.wait_for(lambda: service.metric("llmx_requests_running") == 0)
            self.assertEqual(service.explain().status, 200)

    def test_a_queued_stream_is_told_its_place(self):
        with Service() as service:
            running = post_and_leave(service)
            service.wait_for(service.is_running_one)
            with Stream(service, "/v1/explain/stream", TINY) as stream:
                events = iter(stream)
                name, data = next(events)
                self.assertEqual((name, json.loads(data)), ("progress", {"stage": "queue", "done": 0.0, "ahead": 1}))
                running.close()
                self.assertEqual(list(events)[-1][0], "result")


class Stop(unittest.TestCase):
    def test_what_runs_is_finished(self):
        with Service("--grace", "60") as service:
            work = {**LONG, "steps": 16}
            running = in_thread(lambda: service.post("/v1/explain", work))
            service.wait_for(service.is_running_one)
            with Stream(service, "/v1/explain/stream", TINY) as waiting:
                service.wait_for(lambda: service.metric("llmx_requests_waiting") == 1)
                service.process.send_signal(signal.SIGTERM)
                name, data = list(waiting)[-1]
            self.assertEqual((name, json.loads(data)["error"]["type"]), ("error", "stopping"))
            self.assertEqual(running.result().status, 200)
            self.assertEqual(service.process.wait(10), 0)

    def test_what_runs_too_long_is_told(self):
        with Service("--grace", "1") as service:
            worker = service.worker()
            running = in_thread(lambda: service.post("/v1/explain", LONG))
            service.wait_for(service.is_running_one)
            service.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            late = service.explain()
            self.assertEqual((late.status, late.error["type"]), (503, "stopping"))
            self.assertTrue(late.headers["Retry-After"])
            self.assertEqual(service.get("/health").json["status"], "stopping")
            answer = running.result()
            self.assertEqual((answer.status, answer.error["type"]), (503, "stopping"))
            self.assertEqual(service.process.wait(15), 0)
            self.assertFalse(os.path.exists(f"/proc/{worker}"))

    def test_ctrl_c_stops_it_too(self):
        with Service() as service:
            service.process.send_signal(signal.SIGINT)
            self.assertEqual(service.process.wait(20), 0)

    def test_without_a_service_there_is_no_worker(self):
        with Service() as service:
            worker = service.worker()
            asked = in_thread(lambda: service.post("/v1/explain", LONG))
            service.wait_for(service.is_running_one)
            service.process.kill()
            service.process.wait()
            with self.assertRaises((OSError, http.client.HTTPException)):
                asked.result()
            until = time.monotonic() + 10
            while os.path.exists(f"/proc/{worker}") and time.monotonic() < until:
                with open(f"/proc/{worker}/stat") as file:
                    if file.read().rsplit(")", 1)[1].split()[0] == "Z":
                        break
                time.sleep(0.05)
            else:
                self.assertFalse(os.path.exists(f"/proc/{worker}"))

    @unittest.skipUnless(DEMO_MODEL, "no demo model")
    def test_a_real_model_is_back_soon(self):
        body = {"user": "When is it open?", "answer": " From 8 to 5.", "method": ["saliency"]}
        with Service(model=DEMO_MODEL) as service:
            asked = in_the_middle(service, lambda: service.post(
                "/v1/explain", {**body, "method": ["integrated_gradients"], "steps": 2000, "rule": "midpoint"}))
            os.kill(service.worker(), signal.SIGKILL)
            start = time.monotonic()
            self.assertEqual(asked.result().status, 502)
            self.assertEqual(service.post("/v1/explain", body).status, 200)
            print(f"\nafter kill -9 of the demo model: the next request served in {time.monotonic() - start:.2f} s")


if __name__ == "__main__":
    unittest.main()
