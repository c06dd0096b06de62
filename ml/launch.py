"""`make run`: prepares everything, starts the app and the scheduler side by side, and stops both on Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from types import FrameType

from ml.settings import CHECKOUT, Settings

READY_SECONDS = 60
STOP_SECONDS = 10
RESTART_SECONDS = 3
GRACE_SECONDS = 1  # for requests under way when the app is stopped


class LaunchError(RuntimeError):
    """The app could not be brought up; the sentence says why and what to do."""


def require_free_port(port: int) -> None:
    """Raises LaunchError when something else listens on 127.0.0.1:`port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise LaunchError(f"Port {port} is taken by another program: stop it, or set INSIGHTS_PORT to a free port.") from None


def serve(settings: Settings, say: Callable[[str], None]) -> int:
    """Run the app and the scheduler until Ctrl-C or SIGTERM, or until the app ends by itself; the exit code of `make run`.

    `say` is told the progress. Raises LaunchError when the app does not come up.
    """
    address = f"http://127.0.0.1:{settings.port}"
    environment = {**os.environ, "INSIGHTS_HOME": str(settings.home), "INSIGHTS_PORT": str(settings.port)}
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell started us with Ctrl-C ignored
        signal.signal(number, _interrupt)
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        children["the app"] = _start(_web_server(settings.port), environment)
        children["the scheduler"] = _start([sys.executable, str(CHECKOUT / "scheduler.py")], environment)
        _wait_until_ready(f"{address}/health", children)
        say(f"Ready: {address}   (Ctrl-C stops the app and the scheduler)")
        return _watch(children, environment, say)
    except KeyboardInterrupt:
        say("Stopping …")
        return 0
    finally:
        _stop(children)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _web_server(port: int) -> list[str]:
    """uvicorn with the app. Forwarded headers are the app's own matter (INSIGHTS_TRUSTED_PROXIES), so the server must not believe them."""
    address = ["--host", "127.0.0.1", "--port", str(port)]
    quiet = ["--no-server-header", "--no-proxy-headers", "--ws-per-message-deflate", "false", "--log-level", "warning", "--no-access-log"]
    return [sys.executable, "-m", "uvicorn", "app:app", *address, *quiet, "--timeout-graceful-shutdown", str(GRACE_SECONDS)]


def _start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches this process alone, which then stops its children in order.
    return subprocess.Popen(command, cwd=CHECKOUT, env=environment, start_new_session=True)


def _wait_until_ready(url: str, children: dict[str, subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        for name, child in children.items():
            if child.poll() is not None:
                raise LaunchError(f"{name.capitalize()} stopped at the start with exit code {child.returncode}: its message stands above.")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise LaunchError(f"The app did not answer at {url} within {READY_SECONDS} seconds: read the messages above and {CHECKOUT.name}/logs.")


def _watch(children: dict[str, subprocess.Popen[bytes]], environment: dict[str, str], say: Callable[[str], None]) -> int:
    """Until a child ends by itself. A scheduler that ends is started anew; an app that ends, ends everything."""
    while children["the app"].poll() is None:
        scheduler = children["the scheduler"]
        if scheduler.poll() is not None:
            say(f"The scheduler stopped with exit code {scheduler.returncode}; starting it again.")
            time.sleep(RESTART_SECONDS)
            children["the scheduler"] = _start([sys.executable, str(CHECKOUT / "scheduler.py")], environment)
        time.sleep(0.3)
    return int(children["the app"].returncode or 0)


def _stop(children: dict[str, subprocess.Popen[bytes]]) -> None:
    for child in children.values():
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children.values():
        try:
            child.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
