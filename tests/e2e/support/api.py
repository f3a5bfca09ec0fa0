"""A small client of the HTTP API in plain Python: what a portal would write. Every answer is held against the description."""

import http.client
import json
import socket
import ssl
import threading
from urllib.parse import quote, urlencode

from .openapi import DESCRIPTION, PROBLEM
from .people import wait_until

PREFIX = "/api/v1"


class Answer:
    """What came back."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def __repr__(self):
        return f"<{self.status} {self.media} {self.body[:2000]!r}>"

    @property
    def media(self):
        return (self.headers.get("Content-Type") or "").partition(";")[0].strip()

    def json(self):
        return json.loads(self.body)

    def lines(self):
        return [json.loads(line) for line in self.body.split(b"\n") if line]

    def text(self):
        return self.body.decode()

    def ok(self, status=None):
        """The JSON of an answer that must have gone well."""
        assert self.status == status if status else self.status < 300, self
        return self.json() if self.body and self.media == "application/json" else None

    def problem(self, kind=None, status=None, sqlstate=None, field=None):
        """The problem that this must be; `kind` is the last part of its type."""
        assert self.media == PROBLEM, self
        problem = self.json()
        assert kind is None or problem["type"] == f"urn:jit-access:problem:{kind}", self
        assert status is None or self.status == status, self
        assert sqlstate is None or problem.get("sqlstate") == sqlstate, self
        assert field is None or problem.get("field") == field, self
        return problem


class Rows:
    """The JSON lines of POST /sql, sorted."""

    def __init__(self, lines):
        self.lines = lines
        assert lines and lines[-1]["type"] == "end", f"no end: {lines[-3:]}"
        self.end = lines[-1]

    def _of(self, kind):
        return [line for line in self.lines if line["type"] == kind]

    @property
    def columns(self):
        return [[(c["name"], c["type"]) for c in line["columns"]] for line in self._of("columns")]

    @property
    def rows(self):
        return [line["values"] for line in self._of("row")]

    @property
    def commands(self):
        return [line["command"] for line in self._of("complete")]

    @property
    def notices(self):
        return self._of("notice")

    @property
    def error(self):
        found = self._of("error")
        return found[0]["problem"] if found else None


class Server:
    """Where the API is: host, port, and the certificate to expect (None: no TLS)."""

    def __init__(self, port, ca=None, host="127.0.0.1", name="localhost"):
        self.host, self.port, self.ca, self.name = host, port, ca, name

    def context(self):
        return ssl.create_default_context(cafile=str(self.ca))

    def socket(self, timeout=30):
        plain = socket.create_connection((self.host, self.port), timeout=timeout)
        return self.context().wrap_socket(plain, server_hostname=self.name) if self.ca else plain

    def connection(self, timeout=60):
        if self.ca is None:
            return http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        connection = http.client.HTTPSConnection(self.name, self.port, timeout=timeout, context=self.context())
        connection._create_connection = lambda address, *rest: socket.create_connection((self.host, self.port),
                                                                                        timeout=timeout)
        return connection

    def raw(self, request, timeout=15):
        """Sends bytes as they are; all that comes back until the server closes or says nothing for `timeout`."""
        if isinstance(request, str):
            request = request.encode("latin-1")
        received = b""
        with self.socket(timeout) as connection:
            try:
                connection.sendall(request)
                while chunk := connection.recv(65536):
                    received += chunk
            except (socket.timeout, ConnectionError):
                pass
        return received


class Client:
    """One caller. Without credentials: anybody."""

    def __init__(self, server, headers=None):
        self.server = server
        self.headers = dict(headers or {})
        self.checked = True
        self.me = None

    # Identity.
    def login(self, user, password=None, target=None, expect=201, **more):
        """A client with a session of its own, as that person. The tests' passwords are the names."""
        body = {"user": user, "password": user if password is None else password, **more}
        if target is not None:
            body["target"] = target
        answer = Client(self.server).call("POST", "/login", body=body)
        assert answer.status == expect, answer
        if expect != 201:
            return answer
        session = Client(self.server)
        session.me = answer.json()
        session.headers = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0],
                           "X-CSRF-Token": session.me["csrf_token"]}
        session.set_cookie = answer.headers["Set-Cookie"]
        return session

    def bearer(self, token, target=None):
        """A client that goes by a token."""
        headers = {"Authorization": f"Bearer {token}"}
        if target is not None:
            headers["Jit-Target"] = target
        return Client(self.server, headers)

    def without(self, *names):
        """The same caller, with headers missing."""
        return Client(self.server, {k: v for k, v in self.headers.items() if k not in names})

    def with_headers(self, **headers):
        """The same caller, with other headers; underscores stand for hyphens."""
        return Client(self.server, {**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}})

    # One exchange.
    def open(self, method, path, query=None, body=None, data=None, headers=None, timeout=60, whole=False):
        """Sends; returns the connection and the response, whose body is still to be read. `whole`: the path is all of it."""
        url = path if whole or path.startswith(("/api/", "/openapi", "/metrics", "/healthz",
                                                "/readyz")) else PREFIX + path
        query = {k: str(v).lower() if isinstance(v, bool) else v for k, v in (query or {}).items() if v is not None}
        if query:
            url += "?" + urlencode(query)
        headers = {**self.headers, **(headers or {})}
        if body is not None:
            data = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection = self.server.connection(timeout)
        try:
            connection.request(method, url, body=data, headers={k: v for k, v in headers.items() if v is not None})
            return url, connection, connection.getresponse()
        except BaseException:
            connection.close()
            raise

    def call(self, method, path, query=None, body=None, **options):
        url, connection, response = self.open(method, path, query, body, **options)
        try:
            answer = Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
        if self.checked:
            DESCRIPTION.check(method, url, body, answer)
        return answer

    def get(self, path, **query):
        return self.call("GET", path, query)

    def post(self, path, **body):
        return self.call("POST", path, body=body or None)

    def delete(self, path):
        return self.call("DELETE", path)

    # What people do with it.
    def user(self):
        return self.get("/me").ok()["user"]

    def ask(self, access="SELECT ON sales.orders", duration="1 hour", reason="INC-1: a test", **more):
        """The number of a new request."""
        return self.post("/requests", access=access, duration=duration, reason=reason, **more).ok(201)["id"]

    def status(self, request):
        return self.get(f"/requests/{request}").ok()["status"]

    def wait_for(self, request, status, timeout=30):
        return wait_until(lambda: self.status(request) == status, timeout, f"request {request} being {status}")

    def token(self, *scopes, name="ci", **more):
        """A new token: its secret."""
        return self.post("/tokens", name=name, scopes=list(scopes), **more).ok(201)["token"]

    def sql(self, sql, *parameters, **options):
        """Rows of a statement that the database did take."""
        answer = self.run(sql, *parameters, **options)
        assert answer.status == 200, answer
        return Rows(answer.lines())

    def run(self, sql, *parameters, **options):
        """The answer, whatever it is."""
        if parameters:
            options["parameters"] = list(parameters)
        return self.post("/sql", sql=sql, **options)

    def value(self, sql, *parameters, **options):
        return self.sql(sql, *parameters, **options).rows[0][0]

    def refused(self, sql, **options):
        """The problem of a statement that must be refused for want of a privilege."""
        return self.run(sql, **options).problem(status=403, sqlstate="42501")

    def csv(self, sql, *parameters, **options):
        body = {"sql": sql, **({"parameters": list(parameters)} if parameters else {}), **options}
        return self.call("POST", "/sql", body=body, headers={"Accept": "text/csv"})

    def stream(self, method="POST", path="/sql", query=None, body=None, headers=None, timeout=60):
        return Stream(*self.open(method, path, query, body, headers=headers, timeout=timeout))

    def events(self, **options):
        return Events(self, **options)

    def pages(self, path, member, **query):
        """Every entry of a list, page by page, as lists."""
        cursor = None
        while True:
            page = self.get(path, **query, **({"cursor": cursor} if cursor else {})).ok()
            yield page[member]
            cursor = page["next_cursor"]
            if cursor is None:
                return


class Stream:
    """An answer that is read as it comes."""

    def __init__(self, url, connection, response):
        self.connection, self.response = connection, response
        self.status = response.status

    def line(self):
        """The next line, parsed; None at the end. http.client raises IncompleteRead where it was cut off."""
        line = self.response.readline()
        return json.loads(line) if line else None

    def rest(self):
        return [json.loads(line) for line in self.response.read().split(b"\n") if line]

    def close(self):
        _abandon(self.connection, self.response)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Events:
    """The caller's event stream, read by a thread of its own."""

    def __init__(self, client, since=None, last_event_id=None):
        headers = {"Accept": "text/event-stream"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = str(last_event_id)
        _, self._connection, self._response = client.open("GET", "/events", {"since": since}, headers=headers,
                                                          timeout=120)
        self.status = self._response.status
        self.headers = self._response.headers
        self.received = []
        self.comments = 0
        self.ended = threading.Event()
        if self.status != 200:
            self.answer = Answer(self.status, self.headers, self._response.read())
            DESCRIPTION.check("GET", PREFIX + "/events", None, self.answer)
            self._connection.close()
            self.ended.set()
            return
        DESCRIPTION.driven.setdefault("follow_events", set()).add(200)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        fields = {}
        try:
            while line := self._response.readline():
                line = line.decode().rstrip("\r\n")
                if not line:
                    if fields:
                        self._take(fields)
                    fields = {}
                elif line.startswith(":"):
                    self.comments += 1
                else:
                    name, _, value = line.partition(": ")
                    assert name not in fields, f"field {name} twice"
                    fields[name] = value
        except (OSError, ValueError, http.client.HTTPException, AttributeError):
            pass
        finally:
            self.ended.set()

    def _take(self, fields):
        if "data" in fields:  # what has none is no event
            self.received.append({"id": int(fields["id"]) if "id" in fields else None, "event": fields.get("event"),
                                  "data": json.loads(fields["data"])})

    def kinds(self, request=None):
        return [e["event"] for e in list(self.received)
                if request is None or (e["data"] or {}).get("request_id") == request]

    def wait_for(self, kind, request=None, timeout=15):
        """The first event of that kind (about that request), held against the description."""
        def found():
            for event in list(self.received):
                if event["event"] == kind and (request is None or event["data"]["request_id"] == request):
                    return event
            return None

        event = wait_until(found, timeout, f"the event {kind} among {self.received}")
        if event["id"] is not None:
            DESCRIPTION.check_event(event["data"])
            assert event["id"] == event["data"]["id"] and event["event"] == event["data"]["event"], event
        return event

    def close(self):
        _abandon(self._connection, self._response)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _abandon(connection, response):
    """Closes the socket under a response that may be read by another thread."""
    raw = getattr(getattr(response, "fp", None), "raw", None)
    under = getattr(raw, "_sock", None) or connection.sock
    try:
        if under is not None:
            under.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()


def segment(text):
    """A name as one segment of a path."""
    return quote(text, safe="")


def parse(received):
    """The answers in bytes that came over a raw socket: [(status, headers, body)]."""
    answers = []
    while received:
        head, separator, rest = received.partition(b"\r\n\r\n")
        if not separator:
            break
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        answers.append((int(first.split(" ")[1]), headers, rest[:length]))
        received = rest[length:]
    return answers
