"""The app as its users meet it: a real server in a process of its own, and a browser's websocket reduced to the messages."""

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import httpx
import sqlalchemy as sa
from argon2 import PasswordHasher
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from ml.clock import utc_now
from ml.settings import load_settings
from ml.store import sessions, users
from ml.store.engine import begin_write, open_store
from tests.people import PASSWORD
from ui.web.cookies import SESSION

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = {"admin": "admin", "analyst": "analyst", "viewer": "viewer", "leaver": "viewer"}
READY_SECONDS = 60


@dataclass
class Served:
    """A running app. `store` is its database, opened from here; `first_contact` what strangers got of each screen when it was fresh."""

    url: str
    store: sa.Engine
    process: subprocess.Popen = field(repr=False)
    log: Path
    first_contact: dict[str, tuple[int, int]] = field(default_factory=dict)
    ready_seconds: float = 0.0

    def session_of(self, name: str, *, age=None) -> str:
        """A new session id of `<name>@example.com`, opened `age` ago."""
        with begin_write(self.store) as connection:
            user = users.get(connection, f"{name}@example.com")
            return sessions.create(connection, user.id, now=utc_now() - age if age else utc_now())

    def client(self, session: str | None = None, **headers: str) -> httpx.Client:
        """An HTTP client with that session's cookie; redirects are not followed."""
        cookies = {SESSION: session} if session is not None else None
        return httpx.Client(base_url=self.url, cookies=cookies, headers=headers, timeout=30, verify=False)

    def websocket(self, session: str | None = None) -> ClientConnection:
        """Streamlit's websocket, as a browser of this origin opens it."""
        headers = {"Cookie": f"{SESSION}={session}"} if session is not None else {}
        address = self.url.replace("http://", "ws://") + "/_stcore/stream"
        return connect(address, additional_headers=headers, origin=self.url, subprotocols=["streamlit"], max_size=None)

    def try_screens(self, names: list[str]) -> None:
        """Open each screen as a stranger, by address and by websocket, and keep both statuses in `first_contact`."""
        with self.client(Accept="text/html") as stranger:
            for name in names:
                status = stranger.get(f"/{name}").status_code
                try:
                    self.websocket().close()
                    self.first_contact[name] = (status, 101)
                except InvalidStatus as refused:
                    self.first_contact[name] = (status, refused.response.status_code)

    def stop(self) -> str:
        """End the server as Ctrl-C does; its messages."""
        self.process.terminate()
        self.process.wait(timeout=20)
        return self.log.read_text(encoding="utf-8")


def serve(home: Path, app: str = "app:app", **environment: str) -> Served:
    """Start the app on a free port with a store of its own, people in it and nobody signed in; returns when /health answers."""
    store = prepared_store(home)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--host", "127.0.0.1", "--port", str(port), "--no-server-header", "--log-level", "warning"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INSIGHTS_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", app, *options],
        cwd=ROOT,
        env={**kept, "INSIGHTS_HOME": str(home), **environment},
        stdout=(home / "server.log").open("w"),
        stderr=subprocess.STDOUT,
    )
    served = Served(f"http://127.0.0.1:{port}", store, process, home / "server.log")
    began = time.monotonic()
    while time.monotonic() < began + READY_SECONDS and process.poll() is None:
        try:
            if httpx.get(f"{served.url}/health", timeout=5).status_code == 200:
                served.ready_seconds = time.monotonic() - began
                return served
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"The app did not start: {served.stop()}")


def prepared_store(home: Path) -> sa.Engine:
    """The store under `home`, with one person of each role and one who is disabled."""
    store = open_store(load_settings(None, home=home))
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with begin_write(store) as connection, patch.object(users, "_hasher", lambda: cheap):
        for name, role in PEOPLE.items():
            if users.find(connection, f"{name}@example.com") is None:
                users.add(connection, f"{name}@example.com", name, role, PASSWORD, now=utc_now())
    return store


def run_page(socket: ClientConnection, page: str, **asked: str) -> list[ForwardMsg]:
    """Ask for one run of a screen by its name, as a fresh browser at its address does; the messages until the run has ended."""
    message = BackMsg()
    message.rerun_script.page_name = page
    message.rerun_script.context_info.locale = asked.get("locale", "es-CL")
    message.rerun_script.context_info.url = asked.get("url", "")
    return send(socket, message)


def send(socket: ClientConnection, message: BackMsg) -> list[ForwardMsg]:
    """Send a message and collect the answers until a script run has ended."""
    socket.send(message.SerializeToString())
    found: list[ForwardMsg] = []
    while not (found and found[-1].WhichOneof("type") == "script_finished"):
        found.append(ForwardMsg.FromString(socket.recv(timeout=60)))
    return found


def texts(messages: list[ForwardMsg]) -> str:
    """Everything readable that the messages put on the screen."""
    elements = [message.delta.new_element for message in messages if message.WhichOneof("type") == "delta"]
    return "\n".join(str(element) for element in elements if element.WhichOneof("type"))
