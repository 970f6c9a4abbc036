"""What the service answers: the command line's results and errors, over HTTP."""

import json
import re
import unittest

from service import SOURCE, TEMPLATE, TINY, TINY_MODEL, Service, Stream, command_line

CHAT = {"messages": [{"role": "user", "content": "a b"}], "max_tokens": 4}


def without_times(result):
    return {k: v for k, v in result.items() if k not in ("timings_s", "peak_rss_bytes", "command")}


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service("--chat-template", TEMPLATE)

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()

    def of_command_line(self, **keys):
        run = command_line("explain", "--request", "-", "--json", "-",
                           input=json.dumps({"model": TINY_MODEL, "chat_template": TEMPLATE, **TINY, **keys}))
        self.assertEqual(run.returncode, 0, run.stderr)
        return json.loads(run.stdout)

    def test_a_result_is_the_command_lines(self):
        answer = self.service.explain(per_token=True)
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        self.assertEqual(without_times(answer.json), without_times(self.of_command_line(per_token=True)))

    def test_a_results_command_can_be_sent_again(self):
        first = self.service.explain().json
        self.assertEqual(first["command"]["model"], "llama-tiny.gguf")
        again = self.service.post("/v1/explain", first["command"])
        self.assertEqual(again.status, 200, again.body)
        self.assertEqual(without_times(again.json), without_times(first))
        self.assertEqual(again.json["command"], first["command"])

    def test_errors_are_the_command_lines_with_keys_for_flags(self):
        for keys, status in (({"methd": "saliency"}, 400), ({"method": "atention"}, 400),
                             ({"max_new_tokens": "four"}, 400), ({"user": "a", "prompt": "b"}, 400),
                             ({"prompt_ids": [1, 10**6]}, 400), ({"max_new_tokens": 1000}, 400),
                             ({"method": ["context_reliance"]}, 400), ({"qa_head": 3}, 400)):
            with self.subTest(keys):
                run = command_line("explain", "--request", "-", "--json", "-",
                                   input=json.dumps({"model": TINY_MODEL, **TINY, **keys}))
                answer = self.service.explain(**keys)
                self.assertEqual(answer.status, status, answer.body)
                # The command line spells keys as flags.
                message = re.sub(r"`(\w+)`", lambda key: "--" + key[1].replace("_", "-"), answer.error["message"])
                self.assertEqual("llmx: " + message, run.stderr.strip())
                self.assertEqual(answer.error["code"], run.returncode)

    def test_what_is_no_json_is_said(self):
        for body in ("", "{", "[1]", "nothing", "\"a\"", "[" * 100_000, '{"user":' * 5_000):
            with self.subTest(body[:10]):
                for path in ("/v1/explain", "/v1/explain/stream", "/v1/chat/completions"):
                    answer = self.service.post(path, body)
                    self.assertEqual(answer.status, 400, answer.body)
                    self.assertIn("request", answer.error["message"])

    def test_no_key_names_a_file(self):
        secret = SOURCE + "/LICENSE"
        for keys in ({"user_file": secret}, {"prompt_file": secret}, {"messages": secret}, {"messages": "-"},
                     {"prompt_ids": secret}, {"chat_template_file": secret}, {"label_file": secret},
                     {"contrast_file": secret}, {"answer_file": secret}, {"label_ids": "-"},
                     {"model": TINY_MODEL}, {"lora": secret}, {"qa_head": secret}, {"assistant": secret},
                     {"json": "x.json"}, {"tensors": "x.safetensors"}, {"request": secret}, {"threads": 1},
                     {"memory_budget": 0}):
            with self.subTest(keys):
                answer = self.service.explain(**keys)
                self.assertEqual(answer.status, 400, answer.body)
                self.assertNotIn("Apache", answer.body.decode())

    def test_a_dash_is_a_text(self):
        answer = self.service.post("/v1/explain", {"prompt": "-", "answer_ids": [3], "method": ["saliency"]})
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(answer.json["command"]["prompt"], "-")

    def test_stream(self):
        with Stream(self.service, "/v1/explain/stream", TINY) as stream:
            self.assertEqual(stream.response.getheader("Content-Type"), "text/event-stream")
            events = list(stream)
        names = [name for name, _ in events]
        self.assertEqual(names[-1], "result")
        self.assertEqual(names.count("result"), 1)
        result = json.loads(events[-1][1])
        self.assertEqual(without_times(result), without_times(self.of_command_line()))
        text = "".join(json.loads(data)["text"] for name, data in events if name == "token")
        self.assertEqual(text, result["answer_text"])
        stages = [json.loads(data)["stage"] for name, data in events if name == "progress"]
        self.assertIn("generate", stages)
        for name, data in events:
            if name == "progress":
                self.assertTrue(0 <= json.loads(data)["done"] <= 1)

    def test_stream_of_a_failure(self):
        with Stream(self.service, "/v1/explain/stream", {**TINY, "prompt_ids": [1, 10**6]}) as stream:
            self.assertEqual(stream.response.status, 200)
            events = list(stream)
        self.assertEqual(events[-1][0], "error")
        self.assertEqual(json.loads(events[-1][1])["error"]["code"], 3)

    def test_stream_of_what_is_refused_at_once(self):
        answer = self.service.post("/v1/explain/stream", {"methd": 1})
        self.assertEqual((answer.status, answer.error["code"]), (400, 2))

    def test_chat(self):
        answer = self.service.post("/v1/chat/completions", CHAT)
        self.assertEqual(answer.status, 200, answer.body)
        got = answer.json
        self.assertEqual(got["object"], "chat.completion")
        self.assertEqual(got["model"], "llama-tiny.gguf")
        self.assertNotIn("explanation", got)
        same = self.of_command_line(prompt_ids=None, messages=CHAT["messages"])
        self.assertEqual(got["choices"][0]["message"], {"role": "assistant", "content": same["answer_text"]})
        self.assertEqual(got["usage"]["prompt_tokens"], len(same["prompt_ids"]))
        self.assertEqual(got["usage"]["completion_tokens"], len(same["answer_ids"]))
        self.assertEqual(got["choices"][0]["finish_reason"], "length")

    def test_chat_with_its_explanation(self):
        explain = {"method": ["saliency"], "per_token": True}
        got = self.service.post("/v1/chat/completions", {**CHAT, "explain": explain}).json
        same = self.of_command_line(prompt_ids=None, messages=CHAT["messages"], **explain)
        self.assertEqual(without_times(got["explanation"]), without_times(same))
        got = self.service.post("/v1/chat/completions", {**CHAT, "explain": True}).json
        self.assertTrue(got["explanation"]["attributions"])

    def test_chat_cites_what_it_rests_on(self):
        documents = [{"title": "a.txt", "text": "Ada came at noon."}, "Bo left at nine.", "Cy slept."]
        body = {**CHAT, "documents": documents, "explain": "why"}
        got = self.service.post("/v1/chat/completions", body).json
        why = got["explanation"]["why"]
        self.assertEqual([passage["title"] for passage in why["passages"]], ["a.txt", "", ""])
        message = got["choices"][0]["message"]
        citations = message.get("annotations", [])
        named = [(sentence["text"], why["passages"][source["passage"]]["text"])
                 for sentence in why["sentences"] for source in sentence["sources"]]
        self.assertEqual([(message["content"][one["start_index"]:one["end_index"]], one["text"]) for one in citations],
                         named)
        refused = self.service.post("/v1/chat/completions", {**CHAT, "explain": "because"})
        self.assertEqual(refused.status, 400)
        self.assertIn('"why"', refused.error["message"])

    def test_chat_streams(self):
        body = {**CHAT, "stream": True, "stream_options": {"include_usage": True}, "explain": True}
        with Stream(self.service, "/v1/chat/completions", body) as stream:
            data = [data for _, data in stream]
        self.assertEqual(data[-1], "[DONE]")
        chunks = [json.loads(one) for one in data[:-1]]
        self.assertEqual({chunk["object"] for chunk in chunks}, {"chat.completion.chunk"})
        self.assertEqual(len({chunk["id"] for chunk in chunks}), 1)
        self.assertEqual(chunks[0]["choices"][0]["delta"]["role"], "assistant")
        whole = self.service.post("/v1/chat/completions", CHAT).json
        text = "".join(c["choices"][0]["delta"].get("content", "") for c in chunks if c["choices"])
        self.assertEqual(text, whole["choices"][0]["message"]["content"])
        self.assertEqual(chunks[-1]["usage"], whole["usage"])
        ends = [c for c in chunks if c["choices"] and c["choices"][0]["finish_reason"]]
        self.assertEqual(len(ends), 1)
        self.assertEqual(ends[0]["explanation"]["answer_text"], text)

    def test_chat_takes_what_common_clients_send(self):
        parts = [{"type": "text", "text": "a"}, {"type": "text", "text": " b"}]
        body = {"messages": [{"role": "user", "name": "me", "content": parts}], "max_completion_tokens": 4,
                "model": "llama-tiny.gguf", "n": 1, "stop": None, "tools": None, "user": "me", "stream": False,
                "temperature": 0, "top_p": 1, "seed": 3, "presence_penalty": 0, "response_format": {"type": "text"}}
        plain = self.service.post("/v1/chat/completions", CHAT).json
        for keys in ({}, {"model": "gpt-4o"}, {"tool_choice": "auto"}, {"parallel_tool_calls": False}, {"top_k": -1},
                     {"reasoning_effort": "low"}, {"stop": ["never written"]}, {"stop": "never written"}):
            with self.subTest(keys):
                answer = self.service.post("/v1/chat/completions", {**body, **keys})
                self.assertEqual(answer.status, 200, answer.body)
                self.assertEqual(answer.json["choices"], plain["choices"])
                self.assertEqual(answer.json["model"], "llama-tiny.gguf")

    def test_chat_goes_on_with_its_own_answer(self):
        dumped = {"role": "assistant", "content": "c", "refusal": None, "annotations": [], "audio": None,
                  "function_call": None, "tool_calls": None}
        plain = [*CHAT["messages"], {"role": "assistant", "content": "c"}, *CHAT["messages"]]
        want = self.service.post("/v1/chat/completions", {**CHAT, "messages": plain}).json
        got = self.service.post("/v1/chat/completions", {**CHAT, "messages": [plain[0], dumped, plain[2]]})
        self.assertEqual(got.status, 200, got.body)
        self.assertEqual(got.json["choices"], want["choices"])
        dumped["content"] = None
        got = self.service.post("/v1/chat/completions", {**CHAT, "messages": [plain[0], dumped, plain[2]]})
        self.assertEqual(got.status, 200, got.body)

    def test_more_tokens_than_allowed_are_as_many_as_allowed(self):
        with Service("--chat-template", TEMPLATE, "--max-answer-tokens", "6") as service:
            answer = service.post("/v1/chat/completions", {**CHAT, "max_tokens": 100_000})
            self.assertEqual(answer.status, 200, answer.body)
            self.assertEqual(answer.json["usage"]["completion_tokens"], 6)
            self.assertEqual(answer.json["choices"][0]["finish_reason"], "length")

    def test_stop_ends_an_answer_everywhere(self):
        whole = self.service.explain(max_new_tokens=12).json["answer_text"]
        stop = whole[len(whole) // 2:][:2]
        want = whole[:whole.index(stop)]
        self.assertTrue(want)
        for keys in ({"stop": stop}, {"stop": [stop, "never written"]}):
            answer = self.service.explain(max_new_tokens=12, **keys).json
            self.assertTrue(answer["answer_text"].startswith(want), answer["answer_text"])
            self.assertLess(len(answer["answer_ids"]), 12)
        self.assertEqual(self.of_command_line(max_new_tokens=12, stop=[stop])["answer_ids"], answer["answer_ids"])
        run = command_line("explain", "--model", TINY_MODEL, "--prompt-ids", ",".join(map(str, TINY["prompt_ids"])),
                           "--max-new-tokens", "12", "--stop", stop, "--method", "saliency", "--json", "-")
        self.assertEqual(json.loads(run.stdout)["answer_ids"], answer["answer_ids"], run.stderr)
        with Stream(self.service, "/v1/explain/stream", {**TINY, "max_new_tokens": 12, "stop": stop}) as stream:
            text = "".join(json.loads(data)["text"] for name, data in stream if name == "token")
        self.assertEqual(text, want)

    def test_chat_refuses_what_it_cannot_do(self):
        for keys in ({"n": 2}, {"stop": [1]}, {"stop": ["."] * 17}, {"tools": [{}]}, {"logprobs": True},
                     {"tool_choice": "required"}, {"messages": [{"role": "user", "content": "a", "tool_calls": [{}]}]},
                     {"messages": []}, {"messages": "hello"}, {"messages": [{"role": "user"}]},
                     {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, {"stream": "yes"},
                     {"max_tokens": 4, "max_completion_tokens": 5}, {"explain": 1}, {"explain": {"messages": []}},
                     {"explain": {"user_file": "/etc/passwd"}}, {"tempratur": 1}, {"max_tokens": 0}):
            with self.subTest(keys):
                answer = self.service.post("/v1/chat/completions", {**CHAT, **keys})
                self.assertEqual(answer.status, 400, answer.body)
                self.assertTrue(answer.error["message"])

    def test_models_and_methods(self):
        models = self.service.get("/v1/models").json["data"]
        self.assertEqual([m["id"] for m in models], ["llama-tiny.gguf"])
        self.assertEqual(self.service.get("/v1/models/llama-tiny.gguf").json, models[0])
        for name in ("gpt-4o", "llama-tiny.gguf/x", "x/llama-tiny.gguf"):
            self.assertEqual(self.service.get("/v1/models/" + name).status, 404)
        self.assertEqual(self.service.send("POST", "/v1/models/llama-tiny.gguf").status, 405)
        self.assertEqual(models[0]["architecture"], "llama")
        self.assertEqual(models[0]["kind"], "decoder")
        methods = {m["name"]: m for m in self.service.get("/v1/methods").json["methods"]}
        self.assertLessEqual({"attention", "gradient", "saliency", "shapley"}, set(methods))
        self.assertIn("steps", [o["name"] for o in methods["integrated_gradients"]["options"]])

    def test_health_and_metrics(self):
        self.assertEqual(self.service.get("/health").json, {"status": "ready"})
        before = self.service.metric('llmx_requests_total{path="/v1/explain",status="200"}') \
            if b'path="/v1/explain",status="200"' in self.service.get("/metrics").body else 0
        self.service.explain()
        answer = self.service.get("/metrics")
        self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4")
        self.assertEqual(self.service.metric('llmx_requests_total{path="/v1/explain",status="200"}'), before + 1)
        for line in answer.body.decode().splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? [-+.0-9e]+(inf)?)$')

    def test_prompts_and_answers_have_bounds(self):
        with Service("--max-prompt-tokens", "8", "--max-answer-tokens", "6", "--max-body", "10000") as small:
            self.assertEqual(small.explain(prompt_ids=[1] * 8).status, 200)
            for keys, words in (({"prompt_ids": [1] * 9}, "prompt of 9 tokens"),
                                ({"max_new_tokens": 7}, "`max_new_tokens` is 7"),
                                ({"answer_ids": [3] * 7}, "answer of 7 tokens"),
                                ({"label_ids": [3] * 7}, "label of 7 tokens")):
                answer = small.explain(**keys)
                self.assertEqual(answer.status, 400, answer.body)
                self.assertIn(words, answer.error["message"])
            self.assertEqual(small.explain(prompt="a" * 10000, prompt_ids=None).status, 413)
            chunked = (b"POST /v1/explain HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                       b"Transfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b" " * 4096 + b"\r\n")
            self.assertIn(b" 413 ", small.raw(chunked + b"1000\r\n" + b" " * 4096 + b"\r\n" +
                                              b"1000\r\n" + b" " * 4096 + b"\r\n"))

    def test_bodies_in_chunks(self):
        body = json.dumps(TINY).encode()
        parts = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (body[:7], body[7:])) + b"0\r\n\r\n"
        answer = self.service.raw(b"POST /v1/explain HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
                                  b"\r\nTransfer-Encoding: chunked\r\n\r\n" + parts, wait=60)
        self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer[:200])


if __name__ == "__main__":
    unittest.main()
