"""The OpenAPI document says what the service does: every path, and every status that was seen."""

import json
import re
import unittest

from service import SOURCE, TEMPLATE, TINY, Service

CHAT = {"messages": [{"role": "user", "content": "a"}], "max_tokens": 2}


def resolved(document, schema):
    while "$ref" in schema:
        at = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            at = at[part]
        schema = at
    return schema


def offence(document, schema, value, where="$"):
    """Why `value` does not fit `schema`, in the part of JSON schema that the document uses; None where it does."""
    schema = resolved(document, schema)
    unknown = set(schema) - {"type", "properties", "required", "items", "enum", "oneOf", "description", "nullable",
                             "additionalProperties", "minimum", "maximum", "minItems"}
    if unknown:
        return f"{where}: the schema has {unknown}, which this check does not know"
    if value is None:
        return None if schema.get("nullable") or "type" not in schema else f"{where}: is null"
    if "oneOf" in schema:
        reasons = [offence(document, one, value, where) for one in schema["oneOf"]]
        return None if reasons.count(None) == 1 else f"{where}: fits {reasons.count(None)} of oneOf: {reasons}"
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float)}
    kind = schema.get("type")
    if kind and (not isinstance(value, kinds[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return f"{where}: is {value!r:.40}; expected {kind}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{where}: is {value!r}; expected one of {schema['enum']}"
    if ("minimum" in schema and value < schema["minimum"]) or ("maximum" in schema and value > schema["maximum"]):
        return f"{where}: {value} is out of bounds"
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            return f"{where}: too few"
        for i, one in enumerate(value):
            if reason := offence(document, schema.get("items", {}), one, f"{where}[{i}]"):
                return reason
    if isinstance(value, dict):
        for key in schema.get("required", []):
            if key not in value:
                return f"{where}: no {key}"
        for key, one in value.items():
            if key in schema.get("properties", {}):
                if reason := offence(document, schema["properties"][key], one, f"{where}.{key}"):
                    return reason
            elif schema.get("additionalProperties") is False:
                return f"{where}: {key} is not described"
    return None


class OpenApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service("--api-key", "key", "--chat-template", TEMPLATE, "--max-body", "9000")
        cls.document = cls.service.get("/openapi.json").json

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()

    def fits(self, schema, value):
        self.assertIsNone(offence(self.document, schema, value))

    def described(self, method, path, answer):
        """An answer of the service fits what the document says of it."""
        responses = self.document["paths"][path][method]["responses"]
        self.assertIn(str(answer.status), responses, f"{method} {path}")
        content = resolved(self.document, responses[str(answer.status)])["content"]
        kind = answer.headers["Content-Type"].split(";")[0]
        self.assertIn(kind, content)
        if kind == "application/json":
            self.fits(content[kind]["schema"], answer.json)

    def test_it_is_a_whole_document(self):
        self.assertRegex(self.document["openapi"], r"^3\.0\.\d$")
        self.assertEqual(set(self.document["info"]) - {"title", "version", "description", "license"}, set())
        text = json.dumps(self.document)
        for reference in re.findall(r'"\$ref": "([^"]+)"', text):
            resolved(self.document, {"$ref": reference})
        names = set()
        for path, methods in self.document["paths"].items():
            self.assertTrue(path.startswith("/"))
            for method, operation in methods.items():
                self.assertIn(method, ("get", "post"))
                names.add(operation["operationId"])
                for status, response in operation["responses"].items():
                    self.assertRegex(status, r"^\d{3}$")
                    self.assertTrue(resolved(self.document, response)["description"])
                for content in operation.get("requestBody", {}).get("content", {}).values():
                    for example in content["examples"].values():
                        self.fits(content["schema"], example["value"])
        self.assertEqual(len(names), sum(len(methods) for methods in self.document["paths"].values()))

    def test_every_path_is_described(self):
        with open(SOURCE + "/apps/serve/router.cpp") as file:
            routes = set(re.findall(r'\{"(GET|POST)", "(/[^"]*)"', file.read()))
        described = {(m.upper(), p) for p, methods in self.document["paths"].items() for m in methods}
        pages = {(m, p) for m, p in routes if not p.startswith("/v1") and p not in
                 ("/metrics", "/health", "/openapi.json")}
        self.assertEqual(routes - pages, described)
        self.assertTrue(routes)

    def test_every_key_of_a_request_is_described(self):
        result = self.service.post("/v1/explain", TINY, {"X-Api-Key": "key"}).json
        schema = self.document["components"]["schemas"]["ExplainRequest"]
        command = result["command"]
        self.fits(schema, command)
        with open(SOURCE + "/docs/options.md") as file:  # which a test of its own keeps current
            keys = set(re.findall(r"^\| `(\w+)` \|", file.read(), re.MULTILINE))
        self.assertIn("steps", keys)
        self.assertEqual(keys, set(schema["properties"]))
        self.assertNotIn("user_file", schema["properties"])
        self.assertEqual(self.service.post("/v1/explain", command, {"X-Api-Key": "key"}).status, 200)

    def test_every_answer_is_described(self):
        key = {"X-Api-Key": "key"}
        for path in self.document["paths"]:
            method = "get" if "get" in self.document["paths"][path] else "post"
            bodies = [None]
            if method == "post":
                good = CHAT if "chat" in path else TINY
                bodies = [good, {"x": 1}, {**good, "messages": []}, "x" * 9999]
            for body in bodies:
                for headers in (key, {}, {**key, "Host": "evil.example"}, {**key, "Content-Type": "text/plain"},
                                {**key, "Content-Type": "application/json", "Transfer-Encoding": "none"}):
                    with self.subTest(path=path, body=str(body)[:30], headers=headers):
                        self.described(method, path, self.service.send(method.upper(), path, body, headers))

    def test_a_wrong_answer_would_be_seen(self):
        error = self.document["components"]["schemas"]["Error"]
        self.assertIsNone(offence(self.document, error, {"error": {"message": "a", "type": "b", "code": None}}))
        for wrong in ({}, {"error": {}}, {"error": {"message": 1, "type": "b", "code": 2}},
                      {"error": {"message": "a", "type": "b", "code": "2"}}):
            self.assertIsNotNone(offence(self.document, error, wrong))


if __name__ == "__main__":
    unittest.main()
