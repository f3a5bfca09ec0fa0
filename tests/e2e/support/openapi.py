"""The API's description (coordinator/openapi.yaml), and real answers held against it."""

import json
import re
from datetime import datetime
from functools import cached_property
from urllib.parse import urlsplit

import jsonschema
import yaml

from .server import ROOT

PROBLEM = "application/problem+json"
# On every answer, whatever it is.
SECURITY_HEADERS = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "x-frame-options": "DENY"}

_formats = jsonschema.FormatChecker(formats=())


@_formats.checks("date-time", raises=ValueError)
def _is_instant(value):
    if not isinstance(value, str):
        return True
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value):
        raise ValueError("not of the form of RFC 3339")
    return datetime.fromisoformat(re.sub(r"\.\d+|Z$", "", value)) is not None


class Differs(AssertionError):
    """An answer that is not as described."""


class Operation:
    """One method of one path."""

    def __init__(self, description, method, path, node):
        self.method = method.upper()
        self.path = path
        self.node = node
        self.id = node["operationId"]
        self.security = node.get("security", description.document["security"])
        self._description = description
        self.pattern = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))

    def sample_path(self):
        """A path of it, with names of something that is there in a shop."""
        return self.path.replace("{id}", "1").replace("{schema}", "sales").replace("{name}", "orders")

    @property
    def public(self):
        return {} in self.security

    @property
    def scopes(self):
        """Each scope that suffices; empty where any token does, None where tokens do not count."""
        of_tokens = [scheme["bearer"] for scheme in self.security if "bearer" in scheme]
        return sorted(sum(of_tokens, [])) if of_tokens else None

    @property
    def takes_csrf(self):
        return any("csrf" in scheme for scheme in self.security)

    @property
    def media(self):
        """What it answers when all is well."""
        return [media for status, answer in self.node["responses"].items() if status.startswith("2")
                for media in self._description.resolve(answer).get("content", {})]

    def body_schema(self):
        body = self.node.get("requestBody")
        return body and body["content"]["application/json"]["schema"]

    def answer(self, status):
        answers = self.node["responses"]
        found = answers.get(str(status)) or answers.get(f"{status // 100}XX") or (answers.get("default") if status >= 400 else None)
        return found and self._description.resolve(found)


class Description:
    """Parsed once; `driven` collects what was held against it: {operationId: {status}}."""

    def __init__(self, text):
        self.document = yaml.safe_load(text)
        self.driven = {}
        self._resolver = jsonschema.RefResolver("", self.document)

    @cached_property
    def operations(self):
        return [Operation(self, method, path, node) for path, item in self.document["paths"].items()
                for method, node in item.items()]

    def operation(self, operation_id):
        return next(found for found in self.operations if found.id == operation_id)

    def find(self, method, path):
        """The operation that answers; a path without variables comes before one with."""
        found = [o for o in self.operations if o.method == ("GET" if method == "HEAD" else method) and o.pattern.fullmatch(path)]
        return min(found, key=lambda o: o.path.count("{"), default=None)

    def resolve(self, node):
        while "$ref" in node:
            node = self._resolver.resolve(node["$ref"])[1]
        return node

    def validate(self, value, schema, what):
        validator = jsonschema.Draft202012Validator(schema, resolver=self._resolver, format_checker=_formats)
        error = jsonschema.exceptions.best_match(validator.iter_errors(value))
        if error is not None:
            place = "/".join(map(str, error.absolute_path)) or "the whole"
            raise Differs(f"{what}: {place}: {error.message}\n{json.dumps(value, indent=1)[:4000]}")

    def check(self, method, target, body, answer):
        """Holds an answer of a path that is described against it; `body` is what was sent, parsed."""
        path = urlsplit(target).path
        what = f"{method} {target} -> {answer.status}"
        _check_headers(answer, what)
        operation = self.find(method, path)
        if operation is None:
            if answer.status < 400:
                raise Differs(f"{what}: not described")
            return self.check_problem(answer, path, what)
        described = operation.answer(answer.status)
        if described is None:
            raise Differs(f"{what}: {operation.id} has no such status: {answer.body[:1000]!r}")
        for name, header in described.get("headers", {}).items():
            self._check_header(answer, name, self.resolve(header), what)
        self._check_content(described.get("content", {}), answer, path, what, method == "HEAD")
        if answer.status < 300 and body is not None:
            if operation.body_schema() is None:
                raise Differs(f"{what}: a body is not described")
            self.validate(body, operation.body_schema(), f"{what}, what was sent")
        self.driven.setdefault(operation.id, set()).add(answer.status)
        return operation

    def _check_header(self, answer, name, header, what):
        value = answer.headers.get(name)
        if value is None:
            if header.get("required"):
                raise Differs(f"{what}: the header {name} is missing")
            return
        if header["schema"].get("type") == "integer":
            value = int(value)
        self.validate(value, header["schema"], f"{what}, header {name}")

    def _check_content(self, content, answer, path, what, without_body):
        if not content:
            if answer.body:
                raise Differs(f"{what}: has a body: {answer.body[:200]!r}")
            return
        media = answer.media
        if media not in content:
            raise Differs(f"{what}: {media!r} is not among {list(content)}: {answer.body[:1000]!r}")
        if without_body:
            return
        if media == PROBLEM:
            self.check_problem(answer, path, what)
        elif media == "application/json":
            self.validate(answer.json(), content[media]["schema"], what)
        elif media == "application/x-ndjson":
            for line in answer.lines()[:2000]:
                self.validate(line, content[media]["schema"]["contentSchema"], what)
        elif not media.startswith(("text/", "application/yaml")):
            raise Differs(f"{what}: nothing checks {media}")

    def check_event(self, event):
        schema = self.operation("follow_events").answer(200)["content"]["text/event-stream"]["schema"]["contentSchema"]
        self.validate(event, schema, "an event")

    def check_problem(self, answer, path, what):
        if answer.media != PROBLEM:
            raise Differs(f"{what}: not a problem but {answer.media}: {answer.body[:1000]!r}")
        if not answer.body:  # of HEAD
            return
        problem = answer.json()
        self.validate(problem, {"$ref": "#/components/schemas/Problem"}, what)
        if problem["status"] != answer.status:
            raise Differs(f"{what}: the problem says {problem['status']}")
        # What could not be read as a request is of no path.
        unread = problem["type"].endswith((":bad-request", ":header-too-large",
                                           ":body-too-large")) and "instance" not in problem
        if problem.get("instance") != path and not unread:
            raise Differs(f"{what}: the problem's instance is {problem.get('instance')!r}")


def _check_headers(answer, what):
    for name, value in SECURITY_HEADERS.items():
        if answer.headers.get(name) != value:
            raise Differs(f"{what}: {name} is {answer.headers.get(name)!r}, not {value!r}")
    if "Content-Security-Policy" not in answer.headers:
        raise Differs(f"{what}: no Content-Security-Policy")
    if answer.media in ("application/json", PROBLEM) and answer.headers.get("Cache-Control") != "no-store":
        raise Differs(f"{what}: Cache-Control is {answer.headers.get('Cache-Control')!r}; what one may see is nobody else's")


DESCRIPTION = Description((ROOT / "coordinator" / "openapi.yaml").read_text())
