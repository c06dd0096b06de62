"""Streamlit's own files compressed once per process: it sends them plain, 8 MB for a first page with a figure."""

import gzip
from dataclasses import dataclass, field

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PREFIX = "/static/"
SMALLEST = 1_000
LEVEL = 6
TEXT_TYPES = ("text/", "application/javascript", "application/json", "image/svg+xml", "application/wasm")


@dataclass
class _Answer:
    """An answer on its way through: the held start, and the body so far."""

    start: Message
    body: bytearray = field(default_factory=bytearray)


class CompressStatic:
    """ASGI middleware that keeps the gzip of immutable files in memory. They bear a hash of their content in their name: never stale."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._kept: dict[str, tuple[list[tuple[bytes, bytes]], bytes]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory, else pass on and keep a compressible, immutable answer."""
        if not _wants_gzip(scope):
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        if path not in self._kept:
            await self._first_time(scope, receive, send)
            return
        headers, body = self._kept[path]
        await send({"type": "http.response.start", "status": 200, "headers": list(headers)})
        await send({"type": "http.response.body", "body": body})

    async def _first_time(self, scope: Scope, receive: Receive, send: Send) -> None:
        held: list[_Answer] = []

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start" and _worth_keeping(message):
                held.append(_Answer(message))
            elif not held:
                await send(message)
            else:
                held[0].body += message.get("body", b"")
                if not message.get("more_body"):
                    await self._finish(scope["path"], held[0], send)

        await self.app(scope, receive, collect)

    async def _finish(self, path: str, answer: _Answer, send: Send) -> None:
        body = await to_thread.run_sync(gzip.compress, bytes(answer.body), LEVEL)
        headers = MutableHeaders(raw=list(answer.start["headers"]))
        headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(body))
        headers.add_vary_header("Accept-Encoding")
        del headers["ETag"]
        self._kept[path] = (headers.raw, body)
        await send({**answer.start, "headers": list(headers.raw)})
        await send({"type": "http.response.body", "body": body})


def _wants_gzip(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(PREFIX):
        return False
    headers = Headers(scope=scope)
    return "gzip" in headers.get("accept-encoding", "") and "range" not in headers and "if-none-match" not in headers


def _worth_keeping(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    return (
        start["status"] == 200
        and "immutable" in headers.get("cache-control", "")
        and "content-encoding" not in headers
        and headers.get("content-type", "").startswith(TEXT_TYPES)
        and int(headers.get("content-length", 0)) >= SMALLEST
    )
