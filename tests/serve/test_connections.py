"""Connections: those that say nothing, say it slowly or do not read take nobody's place."""

import contextlib
import json
import os
import resource
import socket
import time
import unittest

from service import LONG, TINY, Service

HEAD = b"Host: localhost\r\nContent-Type: application/json\r\n"
POST = b"POST /v1/explain HTTP/1.1\r\n" + HEAD
SLOW_BODY = POST + b"Content-Length: 500\r\n\r\n{"


class Connections(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        cls.service = Service("--quiet")

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()

    @contextlib.contextmanager
    def beside(self, count, beginning=b""):
        with contextlib.ExitStack() as stack:
            for _ in range(count):
                connection = stack.enter_context(socket.create_connection(("127.0.0.1", self.service.port)))
                with contextlib.suppress(ConnectionError):
                    connection.sendall(beginning)
            yield

    def health_seconds(self):
        longest = 0
        self.service.get("/health")  # behind what was sent at once just now
        for _ in range(20):
            start = time.monotonic()
            self.assertEqual(self.service.get("/health").status, 200)
            longest = max(longest, time.monotonic() - start)
        return longest

    def test_nobody_waits_for_those_who_do_not_go_on(self):
        cases = {"silent": b"", "half a line": b"GET /he", "half a head": b"GET /health HTTP/1.1\r\nHost: loc",
                 "half a body": SLOW_BODY,
                 "half a chunked body": POST + b"Transfer-Encoding: chunked\r\n\r\n1000\r\n{",
                 "not reading": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                 "not closing": b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"}
        for name, beginning in cases.items():
            for count in (48, 500):
                with self.subTest(name, count=count), self.beside(count, beginning):
                    seconds = self.health_seconds()
                    print(f"\n{count} {name}: /health in {1000 * seconds:.0f} ms at most", end="")
                    self.assertLess(seconds, 0.1)
                    self.assertEqual(self.service.explain().status, 200)

    def test_threads_and_memory_stay(self):
        def threads():
            return len(os.listdir(f"/proc/{self.service.process.pid}/task"))

        before = threads()
        with self.beside(500, b"GET /"):
            self.assertEqual(threads(), before)

    def test_a_head_that_is_too_slow_is_told_so(self):
        with socket.create_connection(("127.0.0.1", self.service.port), timeout=60) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\n")
            start = time.monotonic()
            answer = connection.recv(4096)
        self.assertTrue(answer.startswith(b"HTTP/1.1 408 "), answer)
        self.assertGreater(time.monotonic() - start, 10)

    def test_a_head_in_pieces(self):
        with socket.create_connection(("127.0.0.1", self.service.port), timeout=60) as connection:
            for byte in b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n":
                connection.sendall(bytes([byte]))
            self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 200 "))

    def test_a_large_answer_to_a_slow_reader(self):
        body = json.dumps({**TINY, "prompt_ids": [1, 5, 9, 12] * 64, "per_token": True, "raw": True,
                           "max_new_tokens": 16}).encode()
        want = self.service.post("/v1/explain", body).body
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", self.service.port))
            connection.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            self.service.wait_for(lambda: not self.service.is_running_one())
            got = b""
            while part := connection.recv(1 << 16):
                got += part
        head, _, got = got.partition(b"\r\n\r\n")
        self.assertIn(f"Content-Length: {len(got)}".encode(), head)
        self.assertAlmostEqual(len(got), len(want), delta=200)

    def test_leaving_clients_are_noticed_at_once(self):
        body = json.dumps(LONG).encode()
        request = POST + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        with self.beside(17, request):
            self.service.wait_for(lambda: self.service.metric("llmx_requests_waiting") == 16)
        start = time.monotonic()
        self.service.wait_for(lambda: self.service.metric("llmx_requests_waiting") == 0)
        self.assertLess(time.monotonic() - start, 0.5)
        self.service.wait_for(lambda: not self.service.is_running_one())
        self.assertLess(time.monotonic() - start, 1.5)

    def test_a_client_that_closes_its_half_is_told_so(self):
        body = json.dumps(LONG).encode()
        with socket.create_connection(("127.0.0.1", self.service.port), timeout=60) as connection:
            connection.sendall(POST + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while part := connection.recv(4096):
                answer += part
        self.assertTrue(answer.startswith(b"HTTP/1.1 400 Bad Request"), answer)
        self.assertIn(b"half", answer)
        self.assertIn('path="/v1/explain",status="499"', self.service.get("/metrics").body.decode())

    def test_http_1_0_gets_no_chunks(self):
        body = json.dumps(TINY).encode()
        answer = self.service.raw(b"POST /v1/explain/stream HTTP/1.0\r\n" + HEAD +
                                  b"Content-Length: %d\r\n\r\n%s" % (len(body), body), wait=60)
        head, _, events = answer.partition(b"\r\n\r\n")
        self.assertNotIn(b"chunked", head)
        self.assertTrue(events.startswith(b"event: "), events[:50])
        self.assertTrue(events.endswith(b"}\n\n"), events[-50:])

    def test_heads_that_nobody_serves(self):
        for head, status in ((b"BREW /health HTTP/1.1\r\nHost: localhost", 501),
                             (b"GET /health HTTP/2.0\r\nHost: localhost", 505),
                             (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: localhost", 414),
                             (b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 9000, 431),
                             (b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 90_000, 431),
                             (b"GET /health HTTP/1.1\r\nHost: localhost" + b"\r\nX: a" * 200, 431),
                             (b"GET /health HTTP/1.1\r\nHost: localhost" + b"\r\nX: a" * 90, 200),
                             (b"hello", 400)):
            with self.subTest(head[:40]):
                answer = self.service.raw(head + b"\r\n\r\n")
                self.assertEqual(int(answer[9:12]), status, answer[:200])
                body = json.loads(answer.partition(b"\r\n\r\n")[2])
                self.assertTrue(status == 200 or body["error"]["message"])


if __name__ == "__main__":
    unittest.main()
