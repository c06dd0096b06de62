"""Streamlit's own files: compressed once, kept in memory, the rest passed on as it is."""

import asyncio
import gzip

import pytest

from ui.web.static import CompressStatic

BODY = b"console.log('water');" * 500
IMMUTABLE = [
    (b"cache-control", b"public, immutable, max-age=31536000"),
    (b"content-type", b"text/javascript; charset=utf-8"),
    (b"etag", b'"x"'),
]


class Files:
    """Serves BODY in two pieces and counts how often it is asked."""

    def __init__(self, headers=IMMUTABLE, status=200, body=BODY) -> None:
        self.headers, self.status, self.body, self.asked = headers, status, body, 0

    async def __call__(self, scope, receive, send):
        self.asked += 1
        length = [(b"content-length", str(len(self.body)).encode())]
        await send({"type": "http.response.start", "status": self.status, "headers": [*self.headers, *length]})
        await send({"type": "http.response.body", "body": self.body[:100], "more_body": True})
        await send({"type": "http.response.body", "body": self.body[100:]})


def fetch(app, path="/static/js/index.abc.js", method="GET", **headers: str) -> tuple[int, dict, bytes]:
    """Status, headers and body of one request."""
    sent = []

    async def send(message):
        sent.append(message)

    asked = {"accept-encoding": "gzip, br", **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {"type": "http", "path": path, "method": method, "headers": [(n.encode(), v.encode()) for n, v in asked.items()]}
    asyncio.run(app(scope, None, send))
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], told, b"".join(message.get("body", b"") for message in sent[1:])


def test_an_immutable_file_is_compressed_once_and_then_served_from_memory():
    files = Files()
    app = CompressStatic(files)
    first, again = fetch(app), fetch(app)
    assert first == again
    assert files.asked == 1
    status, headers, body = first
    assert (status, headers["content-encoding"], headers["content-length"]) == (200, "gzip", str(len(body)))
    assert gzip.decompress(body) == BODY
    assert "accept-encoding" in headers["vary"].lower()
    assert "etag" not in headers
    assert "immutable" in headers["cache-control"]


@pytest.mark.parametrize(
    "request_",
    [
        {"accept_encoding": "br"},
        {"accept_encoding": "gzip", "range": "bytes=0-9"},
        {"accept_encoding": "gzip", "if_none_match": '"x"'},
        {"path": "/media/x.js"},
        {"path": "/demand"},
        {"method": "HEAD"},
    ],
)
def test_other_requests_pass_as_they_are(request_):
    files = Files()
    app = CompressStatic(files)
    for _ in range(2):
        assert fetch(app, **request_)[2] == BODY
    assert files.asked == 2


@pytest.mark.parametrize(
    "files",
    [
        Files(status=404),
        Files(headers=[(b"cache-control", b"no-cache"), (b"content-type", b"text/html")]),
        Files(headers=[(b"cache-control", b"immutable"), (b"content-type", b"font/woff2")]),
        Files(headers=[*IMMUTABLE, (b"content-encoding", b"br")]),
        Files(body=b"x" * 200),
    ],
    ids=["missing", "changing", "compressed type", "compressed", "small"],
)
def test_other_answers_pass_as_they_are(files):
    status, headers, body = fetch(CompressStatic(files))
    assert (status, body) == (files.status, files.body)
    assert headers.get("content-encoding") in (None, "br")


def test_the_running_app_sends_its_script_compressed_and_once(app):
    with app.client(app.session_of("viewer")) as client:
        index = client.get("/").text
        address = "/" + index.partition('src="./')[2].partition('"')[0]
        plain = client.get(address, headers={"Accept-Encoding": "identity"})
        packed = client.get(address)
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
