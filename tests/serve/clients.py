"""The clients of others, with the parameters that they send: the official one of the chat completions API, and
LangChain's. scripts/test-clients installs them and runs this."""

import asyncio
import unittest

from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI, BadRequestError, NotFoundError, OpenAI
from service import DEMO_MODEL, Service

ASKED = [{"role": "user", "content": "Name three colours, one on each line."}]


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service("--api-key", "secret", model=DEMO_MODEL)
        cls.url = f"http://127.0.0.1:{cls.service.port}/v1"
        cls.client = OpenAI(base_url=cls.url, api_key="secret", max_retries=0)

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.service.stop()

    def complete(self, messages=ASKED, **keys):
        return self.client.chat.completions.create(model="gpt-4o", messages=messages, **{"max_tokens": 24, **keys})

    def test_a_chat_goes_on_with_its_answers_as_dumped(self):
        answer = self.complete()
        messages = [*ASKED, answer.choices[0].message.model_dump(), {"role": "user", "content": "And one more?"}]
        self.assertTrue(self.complete(messages).choices[0].message.content)
        messages[1] = {"role": "assistant", "content": None, "refusal": None}
        self.assertTrue(self.complete(messages).choices[0].message.content)
        messages[0] = {"role": "developer", "content": "Be brief."}
        self.assertTrue(self.complete(messages).choices[0].message.content)

    def test_stop(self):
        whole = self.complete().choices[0].message.content
        self.assertIn("\n", whole)
        for stop in ("\n", ["\n", "never"]):
            answer = self.complete(stop=stop)
            self.assertEqual(answer.choices[0].message.content, whole.split("\n")[0])
            self.assertEqual(answer.choices[0].finish_reason, "stop")
        with self.complete(stop="\n", stream=True) as stream:
            text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
        self.assertEqual(text, whole.split("\n")[0])
        explained = self.complete(stop="\n", extra_body={"explain": {"method": ["saliency"]}}).model_dump()
        self.assertEqual(explained["explanation"]["command"]["stop"], ["\n"])

    def test_what_changes_nothing(self):
        plain = self.complete().choices[0].message.content
        for keys in ({"tool_choice": "auto"}, {"tool_choice": "none", "tools": []}, {"parallel_tool_calls": False},
                     {"reasoning_effort": "low"}, {"extra_body": {"top_k": -1}}, {"user": "me"}, {"n": 1},
                     {"logprobs": False}, {"presence_penalty": 0, "frequency_penalty": 0}, {"logit_bias": {}},
                     {"response_format": {"type": "text"}}, {"store": False, "metadata": {"a": "b"}},
                     {"service_tier": "auto"}, {"seed": 7}, {"modalities": ["text"]}, {"stop": None},
                     {"prompt_cache_key": "a", "safety_identifier": "b", "verbosity": "low"}):
            with self.subTest(keys):
                self.assertEqual(self.complete(**keys).choices[0].message.content, plain)

    def test_more_tokens_than_allowed(self):
        answer = self.complete([{"role": "user", "content": "Say hello."}], max_tokens=100_000, stop=["."])
        self.assertTrue(answer.choices[0].message.content)
        self.assertEqual(self.complete(max_tokens=None, max_completion_tokens=4).usage.completion_tokens, 4)

    def test_stream_with_usage(self):
        chunks = list(self.complete(stream=True, stream_options={"include_usage": True}))
        text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        whole = self.complete()
        self.assertEqual(text, whole.choices[0].message.content)
        self.assertEqual(chunks[-1].usage, whole.usage)

    def test_models(self):
        models = self.client.models.list().data
        self.assertEqual(self.client.models.retrieve(models[0].id).id, models[0].id)
        with self.assertRaises(NotFoundError):
            self.client.models.retrieve("gpt-4o")

    def test_what_cannot_be_done_is_refused(self):
        tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
        for keys in ({"n": 2}, {"tools": [tool]}, {"tool_choice": "required"}, {"logprobs": True},
                     {"response_format": {"type": "json_object"}}, {"frequency_penalty": 1}):
            with self.subTest(keys), self.assertRaises(BadRequestError):
                self.complete(**keys)

    def test_several_at_a_time(self):
        async def ask():
            async with AsyncOpenAI(base_url=self.url, api_key="secret") as client:
                return await asyncio.gather(*(client.chat.completions.create(model="m", messages=ASKED, max_tokens=8)
                                              for _ in range(4)))

        self.assertEqual(len({answer.choices[0].message.content for answer in asyncio.run(ask())}), 1)

    def test_langchain(self):
        chat = ChatOpenAI(base_url=self.url, api_key="secret", model="any", temperature=0, max_tokens=24, stop=["\n"])
        whole = self.complete().choices[0].message.content
        answer = chat.invoke("Name three colours, one on each line.")
        self.assertEqual(answer.content, whole.split("\n")[0])
        again = chat.invoke([("human", "Name a colour."), answer, ("human", "And one more?")])
        self.assertTrue(again.content)
        streamed = "".join(part.content for part in chat.stream("Name three colours, one on each line."))
        self.assertEqual(streamed, answer.content)


if __name__ == "__main__":
    unittest.main()
