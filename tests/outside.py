"""Servers of the outside world for tests of messages: a real HTTP and a real SMTP server on this machine, which answer as they are told."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Request(NamedTuple):
    """What an HTTP server received."""

    path: str
    headers: dict[str, str]
    body: bytes


class Web:
    """An HTTP server: `answers` are used up one by one as (status, headers, body), or "hang" for silence; then 200 ok."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answers: list = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.requests.append(Request(self.path, dict(self.headers), body))
                answer = outer.answers.pop(0) if outer.answers else (200, {}, b"ok")
                if answer == "hang":
                    time.sleep(1.5)
                    self.close_connection = True
                    return
                status, headers, text = answer
                self.send_response(status)
                for name, value in {"Content-Length": str(len(text)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_arguments: object) -> None:
                """Silence."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@contextlib.contextmanager
def web() -> Iterator[Web]:
    """A running HTTP server."""
    running = Web()
    thread = threading.Thread(target=running.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.server.shutdown()
        running.server.server_close()


class Mailbox:
    """Takes mails; `replies` are used up one by one at RCPT ("rcpt"), after DATA ("data"), or cut the line after DATA ("cut")."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, EmailMessage]] = []
        self.replies: list[tuple[str, str]] = []

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self.replies and self.replies[0][0] == "rcpt":
            return self.replies.pop(0)[1]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.replies and self.replies[0][0] == "data":
            return self.replies.pop(0)[1]
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append((envelope.rcpt_tos[0], message_from_bytes(content, policy=policy.default)))  # type: ignore[arg-type]
        if self.replies and self.replies[0][0] == "cut":
            self.replies.pop(0)
            server.transport.abort()
        return "250 taken"


@contextlib.contextmanager
def post_office(**options) -> Iterator[tuple[Mailbox, int]]:
    """A running SMTP server: its mailbox and its port. `options` go to aiosmtpd."""
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield box, port
    finally:
        controller.stop()
