"""Who may ask, for what, and how much of it."""

import os
import re
import socket
import tempfile
import time
import unittest

from service import SOURCE, TINY, TINY_MODEL, Service, command_line

HEAD = b"Host: localhost\r\nContent-Type: application/json\r\n"


class Safety(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service()

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()

    def status_of(self, raw):
        answer = self.service.raw(raw, wait=40)
        self.assertRegex(answer, rb"^HTTP/1\.1 \d\d\d ")
        return int(answer[9:12])

    def test_names_that_others_point_here_are_refused(self):
        for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.1.5", "[::2]",
                     "localhost@evil.example"):
            for path in ("/v1/models", "/health", "/openapi.json", "/"):
                with self.subTest(host=host, path=path):
                    self.assertEqual(self.service.get(path, {"Host": host}).status, 403)
            self.assertEqual(self.service.post("/v1/explain", TINY, {"Host": host + ":8080"}).status, 403)
        for host in ("", "localhost:x", "[::1", "a:b:c:"):
            with self.subTest(host):
                self.assertIn(self.service.get("/health", {"Host": host}).status, (400, 403))
        self.assertEqual(self.status_of(b"GET /health HTTP/1.1\r\n\r\n"), 400)
        self.assertEqual(self.status_of(b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n"), 400)
        for host in ("localhost", "LOCALHOST:80", f"127.0.0.1:{self.service.port}", "[::1]:9", "127.9.9.9"):
            with self.subTest(host):
                self.assertEqual(self.service.get("/health", {"Host": host}).status, 200)

    def test_pages_of_other_sites_are_refused(self):
        own = f"127.0.0.1:{self.service.port}"
        for origin in ("http://evil.example", "null", f"http://{own}.evil.example", "http://127.0.0.1:1",
                       f"ftp://{own}"):
            with self.subTest(origin):
                answer = self.service.post("/v1/explain", TINY, {"Origin": origin})
                self.assertEqual(answer.status, 403)
                self.assertNotIn("Access-Control-Allow-Origin", answer.headers)
        self.assertEqual(self.service.post("/v1/explain", TINY, {"Origin": f"http://{own}"}).status, 200)
        for site in ("cross-site", "same-site"):
            self.assertEqual(self.service.get("/v1/models", {"Sec-Fetch-Site": site}).status, 403)
        self.assertEqual(self.service.get("/v1/models", {"Sec-Fetch-Site": "same-origin"}).status, 200)
        preflight = self.service.send("OPTIONS", "/v1/explain", headers={"Origin": "http://evil.example"})
        self.assertEqual(preflight.status, 403)
        self.assertEqual(self.service.send("OPTIONS", "/v1/explain").status, 405)
        # What a form of another site can send without being asked about it.
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
            self.assertEqual(self.service.post("/v1/explain", "{}", {"Content-Type": kind}).status, 415)

    def test_answers_say_how_they_may_be_used(self):
        for answer in (self.service.get("/v1/models"), self.service.get("/nowhere")):
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(answer.headers["Cross-Origin-Resource-Policy"], "same-origin")
            self.assertEqual(answer.headers["Cache-Control"], "no-store")

    def test_the_page(self):
        answer = self.service.get("/")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
        self.assertEqual(answer.headers["X-Frame-Options"], "DENY")
        page = answer.body.decode()
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page).group(1)
        self.assertIn("default-src 'none'", policy)
        self.assertIn("connect-src 'self'", policy)
        self.assertNotIn("unsafe", policy)
        self.assertNotRegex(page, r'<(script|link|img|iframe)[^>]*(src|href)="?(http|//)')

    def test_paths_and_methods(self):
        for path in ("/nowhere", "/v1", "/v1/explain/", "//health", "/../etc/passwd", "/%2e%2e/x", "/health%00"):
            with self.subTest(path):
                answer = self.service.get(path)
                self.assertEqual(answer.status, 404)
                self.assertEqual(answer.error["type"], "not_found")
        for method, path, allowed in (("GET", "/v1/explain", "POST"), ("PATCH", "/v1/models/x", "GET"),
                                      ("POST", "/health", "GET"),
                                      ("DELETE", "/v1/models", "GET"), ("PUT", "/v1/chat/completions", "POST")):
            answer = self.service.send(method, path)
            self.assertEqual((answer.status, answer.headers["Allow"]), (405, allowed))
        head = self.service.send("HEAD", "/health")
        self.assertEqual((head.status, head.body), (200, b""))

    def test_bodies(self):
        post = b"POST /v1/explain HTTP/1.1\r\n" + HEAD
        self.assertEqual(self.status_of(post + b"\r\n{}"), 411)
        self.assertEqual(self.status_of(post + b"Content-Length: -1\r\n\r\n{}"), 411)
        self.assertEqual(self.status_of(post + b"Content-Length: 1e3\r\n\r\n{}"), 411)
        self.assertEqual(self.status_of(post + b"Content-Length: 99999999999999999999999\r\n\r\n{}"), 413)
        self.assertEqual(self.status_of(post + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"), 400)
        self.assertEqual(self.status_of(
            post + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"), 400)
        self.assertEqual(self.status_of(post + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"), 415)
        # Refused by its head: nothing of it is waited for.
        self.assertEqual(self.status_of(post + b"Content-Length: 5000000000\r\nExpect: 100-continue\r\n\r\n"), 413)
        huge = self.service.send("POST", "/v1/explain", b" " * (3 << 20), {"Content-Type": "application/json"})
        self.assertEqual(huge.status, 413)
        self.assertEqual(huge.error["type"], "too_large")

    def test_what_is_no_http(self):
        for raw in (b"\r\n\r\n", b"hello\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                    b"\x16\x03\x01\x02\x00" * 99, b"GET /health HTTP/1.1\r\nno colon here\r\nHost: x\r\n\r\n",
                    b"\0" * 5000 + b"\r\n\r\n",
                    b"BREW /health HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            with self.subTest(raw[:20]):
                answer = self.service.raw(raw, wait=40)
                self.assertRegex(answer, rb"^($|HTTP/1\.1 (4\d\d|501|505) )")
        for length in (20_000, 40_000, 4_000_000):
            answer = self.service.raw(b"GET /" + b"a" * length + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 40)
            self.assertRegex(answer, rb"^($|HTTP/1\.1 (4\d\d|501|505) )")
        for header in (b"X: " + b"a" * 9000, b"Range: bytes=" + b"0-1," * 1500 + b"0-1", b"Range: bytes=" + b"1" * 8000,
                       b"\r\n".join(b"X%d: %s" % (i, b"a" * 500) for i in range(1000))):
            with self.subTest(header[:20]):
                answer = self.service.raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + header + b"\r\n\r\n", 40)
                self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 "), answer[:100])
        self.assertEqual(self.service.get("/health").status, 200)

    def test_slow_clients_do_not_hold_the_others_up(self):
        slow = []
        for beginning in (b"", b"GET /he", b"POST /v1/explain HTTP/1.1\r\n" + HEAD + b"Content-Length: 500\r\n\r\n{"):
            for _ in range(5):
                slow.append(socket.create_connection(("127.0.0.1", self.service.port)))
                slow[-1].sendall(beginning)
        self.assertEqual(self.service.explain().status, 200)
        # ... and are sent away.
        until = time.monotonic() + 60
        for connection in slow:
            connection.settimeout(max(0.1, until - time.monotonic()))
            answer = b""
            while part := connection.recv(4096):
                answer += part
            self.assertRegex(answer, rb"^($|HTTP/1\.1 (4\d\d|501|505) )")
            connection.close()


class Key(unittest.TestCase):
    def test_wrong_keys_are_slowed(self):
        with Service("--api-key", "right", "--quiet") as service:
            statuses = []
            start = time.monotonic()
            for i in range(200):
                answer = service.get("/v1/models", {"X-Api-Key": f"wrong{i}"})
                statuses.append(answer.status)
            seconds = time.monotonic() - start
            self.assertEqual(statuses[:10], [401] * 10)
            self.assertLessEqual(statuses.count(401), 11 + seconds)
            self.assertEqual(set(statuses), {401, 429})
            self.assertEqual(answer.headers["Retry-After"], "1")
            # No key at all is no guess, and what is open stays open.
            self.assertEqual(service.get("/v1/models").status, 401)
            self.assertEqual(service.get("/health").status, 200)
            service.wait_for(lambda: service.get("/v1/models", {"X-Api-Key": "right"}).status == 200, 3)

    def test_paths_of_the_server_are_not_told(self):
        with Service("--quiet", model=os.path.join(SOURCE, "tests/data/bertqa-tiny")) as service:
            for keys in ({"task": "translation", "source": "a"}, {"user": "a"}, {"prompt_ids": [1]},
                         {"context": "a", "question": "b", "method": ["context_reliance"], "context_span": "0:1"},
                         {"context": "a" * 2000, "question": "b " * 700}, {"context": "a", "question": "b"}):
                answer = service.post("/v1/explain", keys)
                self.assertNotIn(SOURCE, answer.body.decode())
            self.assertEqual(answer.status, 200)

    def test_another_address_needs_a_key(self):
        for host in ("0.0.0.0", "::", "192.168.1.5", "example.org"):
            run = command_line("serve", "--model", TINY_MODEL, "--host", host)
            self.assertEqual(run.returncode, 2)
            self.assertEqual(len(run.stderr.splitlines()), 1)
            self.assertIn("--api-key", run.stderr)
            self.assertEqual(run.stdout, "")

    def test_a_key_has_to_be_one(self):
        with tempfile.NamedTemporaryFile() as empty:
            for arguments, words in ((["--api-key", ""], "empty"), (["--api-key", "a b"], "letter"),
                                     (["--api-key-file", empty.name], "empty"),
                                     (["--api-key-file", "/nowhere/key"], "--api-key-file"),
                                     (["--api-key", "a", "--api-key-file", empty.name], "given together")):
                run = command_line("serve", "--model", TINY_MODEL, "--port", "0", *arguments)
                self.assertIn(run.returncode, (2, 3), run.stderr)
                self.assertIn(words, run.stderr)
                self.assertEqual(len(run.stderr.splitlines()), 1)

    def test_only_who_knows_it_is_answered(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("right-key-123\n")
            file.flush()
            with Service("--host", "0.0.0.0", "--api-key-file", file.name,
                         "--allow-host", "Explain.Example") as service:
                for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer right-key-12"},
                                {"Authorization": "Bearer right-key-1234"}, {"Authorization": "Basic right-key-123"},
                                {"X-Api-Key": ""}, {"X-Api-Key": "right-key-123 x"}):
                    # Few at a time: many wrong keys are not looked at.
                    for path in ("/v1/models", "/v1/models/x", "/v1/methods", "/metrics")[:1 if headers else 4]:
                        with self.subTest(headers=headers, path=path):
                            answer = service.get(path, headers)
                            self.assertEqual(answer.status, 401)
                            self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")
                    self.assertEqual(service.post("/v1/explain", TINY, headers).status, 401)
                self.assertEqual(service.post("/v1/chat/completions", {}).status, 401)
                for headers in ({"Authorization": "Bearer right-key-123"}, {"authorization": "bearer right-key-123"},
                                {"X-Api-Key": "right-key-123"}):
                    self.assertEqual(service.post("/v1/explain", TINY, headers).status, 200)
                self.assertEqual(service.get("/health").status, 200)
                # An address is no name that could be pointed elsewhere; a name has to be known.
                for host, status in (("10.1.2.3:80", 200), ("explain.example", 200), ("evil.example", 403)):
                    self.assertEqual(service.get("/health", {"Host": host}).status, status)

    def test_what_cannot_be_served_is_one_line(self):
        with Service() as service:
            for arguments, code, words in ((["--model", "/nowhere.gguf"], 4, "/nowhere.gguf"),
                                           (["--model", os.path.join(SOURCE, "LICENSE")], 4, "LICENSE"),
                                           (["--model", TINY_MODEL, "--port", str(service.port)], 2, "cannot listen"),
                                           (["--model", TINY_MODEL, "--lora", "/nowhere"], 4, "/nowhere"),
                                           ([], 2, "no model given")):
                run = command_line("serve", *(["--port", "0"] if "--port" not in arguments else []), *arguments)
                self.assertEqual(run.returncode, code, run.stderr)
                self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
                self.assertIn(words, run.stderr)


if __name__ == "__main__":
    unittest.main()
