"""What a request may cost: bounds of numbers, of keys and of what comes back, estimates before work, cancelling."""

import json
import socket
import time
import unittest

from service import DEMO_MODEL, SOURCE, TEMPLATE, TINY, Service

HUGE = 10**9
METHODS_OF = {"samples": ["lime"], "permutations": ["shapley"], "steps": ["integrated_gradients"]}


class Limits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service("--chat-template", TEMPLATE, "--quiet")

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()

    def refused(self, keys, words, path="/v1/explain"):
        start = time.monotonic()
        answer = self.service.post(path, keys)
        self.assertLess(time.monotonic() - start, 1)
        self.assertEqual(answer.status, 400, answer.body[:300])
        self.assertLess(len(answer.body), 2500)
        for word in words:
            self.assertIn(word, answer.error["message"])
        return answer.error["message"]

    def test_numbers_have_bounds(self):
        for key in ("seeds", "samples", "permutations", "steps", "alternatives", "num_beams", "logit_lens",
                    "draft_tokens", "max_new_tokens", "input_shape", "stride"):
            with self.subTest(key):
                method = METHODS_OF.get(key, ["occlusion" if key == "stride" else "saliency"])
                self.refused({**TINY, key: HUGE, "method": method, "check": key == "seeds"}, [f"`{key}`"])
        for key in ("unit_spans", "target_span", "context_span"):
            with self.subTest(key):
                self.refused({**TINY, key: f"0:{HUGE}", "unit": "spans" if key == "unit_spans" else "token"}, [])
        # These cost nothing, however large.
        self.assertEqual(self.service.explain(top_k=HUGE, ubatch=HUGE, context_tokens=HUGE, seed=HUGE,
                                              view_budget=HUGE).status, 200)

    def test_runs_and_memory_are_estimated(self):
        prompt = {**TINY, "prompt_ids": [1, 5, 9, 12] * 16, "answer_ids": [3]}
        for keys, words in (({"method": ["shapley"], "permutations": 100000}, ["shapley", "`permutations`", "runs"]),
                            ({"method": ["shapley"], "exact": "yes", "prompt_ids": [5] * 19}, ["shapley", "runs"]),
                            ({"method": ["smoothgrad"], "samples": 1000000}, ["smoothgrad", "`samples`", "runs"]),
                            ({"method": ["saliency", "lime"], "samples": 100000}, ["lime", "`samples`", "runs"])):
            with self.subTest(keys):
                self.refused({**prompt, **keys}, words)
        with Service("--quiet", "--memory-budget", "20MB", "--max-runs", "10000000") as service:
            answer = service.post("/v1/explain", {**prompt, "method": ["lime"], "samples": 100000})
            self.assertEqual(answer.status, 400, answer.body[:300])
            self.assertIn("`memory_budget`", answer.error["message"])
        with Service("--quiet", "--max-runs", "20") as service:
            self.assertEqual(service.explain(method=["integrated_gradients"], steps=10).status, 200)
            self.assertIn("20 runs", service.explain(method=["integrated_gradients"], steps=30).error["message"])
            self.assertIn("`seeds`", service.explain(check=True).error["message"])

    def test_numbers_that_no_double_holds(self):
        for number in ("1e999", "-1e999", "9" * 1000):
            for path in ("/v1/explain", "/v1/explain/stream", "/v1/chat/completions"):
                with self.subTest(number[:10], path=path):
                    text = json.dumps({"messages": [{"role": "user", "content": "a"}], "temperature": 7})
                    self.refused(text.replace("7", number), ["`temperature`"], path)
        self.refused(json.dumps(TINY)[:-1] + ',"messages":[{"role":[[1e999]]}]}', ["`messages`"])

    def test_many_keys_and_long_names(self):
        for path in ("/v1/explain", "/v1/chat/completions"):
            for more in ({}, {"messages": []}):
                self.refused({**more, **{f"k{i}": 1 for i in range(70000)}}, ["500 keys"], path)
        self.refused({**TINY, "messages": [{f"k{i}": "x" for i in range(70000)}]}, ["500 keys"])
        name = "x" * 900_000
        for keys in ({name: 1}, {"method": [name]}, {"method": [f"saliency:{name}=1"]}, {"unit": name}, {"task": name},
                     {"method": [f"lime:samples={name}"]}, {"method": [f"lime:{name}"]}, {"measure": name},
                     {"max_new_tokens": name}, {"messages": [{name: "x"}]}, {"prompt_ids": name}, {"seed": [name]},
                     {"method": ["saliency"] * 50_000}):
            with self.subTest(str(keys)[:40]):
                self.refused({**TINY, **keys}, [])
        for keys in ({name: 1}, {"n": name}, {"stream": name}, {"messages": [{"role": "user", "content": {"a": name}}]},
                     {"messages": [{"role": "user", "content": "a", name: "a"}]}):
            with self.subTest(str(keys)[:40]):
                self.refused({"messages": [{"role": "user", "content": "a"}], **keys}, [], "/v1/chat/completions")
        self.refused({"messages": [{"role": "user", "content": "a"}] * 20_000}, ["messages"])

    def test_steps_may_be_auto(self):
        for keys in ({"steps": "auto", "method": ["integrated_gradients"]},
                     {"method": "integrated_gradients:steps=auto"}):
            answer = self.service.explain(**keys)
            self.assertEqual(answer.status, 200, answer.body[:300])
            again = self.service.post("/v1/explain", answer.json["command"])
            self.assertEqual(again.status, 200, again.body[:300])
        steps = self.service.get("/openapi.json").json["components"]["schemas"]["ExplainRequest"]["properties"]["steps"]
        self.assertIn("auto", str(steps))


@unittest.skipUnless(DEMO_MODEL, "no demo model")
class Cancelling(unittest.TestCase):
    """A client that leaves frees the worker at once, whatever it is at."""

    def test_every_method(self):
        with open(f"{SOURCE}/LICENSE") as file:
            text = file.read()[:800]
        many = {"steps": 10000, "samples": 100000, "permutations": 1000}
        with Service("--quiet", "--max-runs", "10000000", model=DEMO_MODEL) as service:
            methods = service.get("/v1/methods").json["methods"]
            longest, worker = {}, service.worker()
            for method in methods:
                own = {o["name"] for o in method["options"]}
                keys = {"method": [method["name"]], **{k: v for k, v in many.items() if k in own}}
                if method["name"] == "context_reliance":
                    keys["context_span"] = "0:400"
                for pause in (0.3, 1, 2.5):
                    asked = {"prompt": text, "answer": text[:150], "per_token": True, **keys}
                    seconds = self.leave(service, asked, pause)
                    longest[method["name"]] = max(seconds, longest.get(method["name"], 0))
            for name, keys in (("seeds", {"check": True, "seeds": 1000, "method": ["saliency"]}),
                               ("beams", {"num_beams": 8, "max_new_tokens": 200}), ("lens", {"logit_lens": 5})):
                longest[name] = self.leave(service, {"prompt": text, **keys}, 2)
            print("\nfree after: " + ", ".join(f"{name} {1000 * s:.0f} ms" for name, s in longest.items()))
            self.assertLess(max(longest.values()), 2)  # 0.1 s on a machine that does nothing else
            self.assertEqual(service.worker(), worker)

    def leave(self, service, keys, pause):
        body = json.dumps(keys).encode()
        with socket.create_connection(("127.0.0.1", service.port)) as connection:
            connection.sendall(b"POST /v1/explain HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                               b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            time.sleep(pause)
        start = time.monotonic()
        service.wait_for(lambda: not service.is_running_one())
        return time.monotonic() - start


if __name__ == "__main__":
    unittest.main()
