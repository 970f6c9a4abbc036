"""The service under test: a process of its own, and a client for it made of Python's library alone."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time

CLI = os.environ["LLMX_CLI"]
SOURCE = os.environ["LLMX_SOURCE"]
DEMO_MODEL = os.environ.get("LLMX_DEMO_MODEL", "")
TINY_MODEL = os.path.join(SOURCE, "tests/data/llama-tiny.gguf")
# Each message's text between marks that the tiny vocabulary has, too.
TEMPLATE = "{% for m in messages %}{{ m['content'] }} {% endfor %}"
TINY = {"prompt_ids": [1, 5, 9, 12, 7], "max_new_tokens": 4, "method": ["saliency"]}


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json["error"]


class Service:
    """llmx serve on a free port. Standard error is kept in `log`, or goes to the descriptor `errors`, or to where a
    shell's redirection says."""

    def __init__(self, *arguments, model=TINY_MODEL, errors=None, shell=None):
        self.log = tempfile.TemporaryFile("w+")
        environment = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
        environment["OMP_WAIT_POLICY"] = "passive"
        command = [CLI, "serve", "--model", model, "--port", "0", *arguments]
        if shell:
            command = ["bash", "-c", f'exec "$@" {shell}', "bash", *command]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE,
                                        stderr=self.log if errors is None else errors, text=True, env=environment)
        line = self.process.stdout.readline()
        found = re.search(r"http://.*:(\d+)/", line)
        if not found:
            self.stop()
            raise RuntimeError(f"no service: {line!r} {self.errors()!r}")
        self.port = int(found.group(1))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.log.close()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
        self.process.stdout.close()
        return self.process.returncode

    def errors(self):
        self.log.seek(0)
        return self.log.read()

    def worker(self):
        """The process id of the model worker; None where there is none at the moment."""
        try:
            with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as file:
                children = [int(child) for child in file.read().split()]
        except FileNotFoundError:
            children = []
        # A worker that was started again is a child of the thread that did it.
        with contextlib.suppress(FileNotFoundError):
            for task in os.listdir(f"/proc/{self.process.pid}/task"):
                with open(f"/proc/{self.process.pid}/task/{task}/children") as file:
                    children += [int(child) for child in file.read().split()]
        return children[-1] if children else None

    def send(self, method, path, body=None, headers=None, timeout=120):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path, headers=None):
        return self.send("GET", path, headers=headers)

    def post(self, path, body, headers=None, timeout=120):
        return self.send("POST", path, body, headers, timeout)

    def explain(self, **keys):
        return self.post("/v1/explain", {**TINY, **keys})

    def raw(self, data, wait=10):
        """Sends bytes as they are and reads until the other end closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait) as connection:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(data)
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                while part := connection.recv(65536):
                    answer += part
            return answer

    def metric(self, name):
        for line in self.get("/metrics").body.decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[-1])
        raise KeyError(name)

    def wait_for(self, condition, longest=30):
        until = time.monotonic() + longest
        while not condition():
            if time.monotonic() > until:
                raise TimeoutError("the service did not come to that")
            time.sleep(0.02)

    def is_running_one(self):
        return self.metric("llmx_requests_running") == 1


class Stream:
    """Server-sent events as they come: (name, data)."""

    def __init__(self, service, path, body, headers=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=120)
        self.connection.request("POST", path, json.dumps(body),
                                {"Content-Type": "application/json", **(headers or {})})
        self.response = self.connection.getresponse()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def __iter__(self):
        name, data = "message", []
        for raw in self.response:
            line = raw.decode().rstrip("\n")
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data.append(line[6:])
            elif line == "" and data:
                yield name, "\n".join(data)
                name, data = "message", []


def command_line(*arguments, input=None):
    return subprocess.run([CLI, *arguments], input=input, capture_output=True, text=True, check=False)


# Long enough that something can happen meanwhile; ends soon once it is cancelled.
LONG = {"prompt_ids": [1, 5, 9, 12, 7, 3, 8, 6] * 16, "max_new_tokens": 32, "method": ["integrated_gradients"],
        "steps": 4096, "rule": "midpoint", "per_token": True}
