"""The files of docs/deploy are performed: the Dockerfile's steps in an empty folder, app and scheduler by the units' own commands."""

import configparser
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

import httpx
import pytest
import yaml

from ml.settings import CHECKOUT, SETTINGS, load_settings
from ml.store.engine import open_store
from ml.store.pointers import in_service
from tests.conftest import SECRET_KEY
from tests.pages.filled_store import fill

DEPLOY = CHECKOUT / "docs" / "deploy"
UNITS = ("insights-app", "insights-scheduler")
READY_SECONDS, STOP_SECONDS = 120, 30
INSTALLED = "/opt/insights"


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, rest), continuation lines joined."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line and line[0] != "#")]


def rest_of(name: str) -> list[str]:
    return [rest for word, rest in instructions() if word == name]


def unit(name: str) -> dict[str, list[str]]:
    """The [Service] section of a unit: option -> its values, in order."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in (DEPLOY / f"{name}.service").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line
        elif line and not line.startswith("#") and section == "[Service]":
            option, _, value = line.partition("=")
            found.setdefault(option, []).append(value)
    return found


def compose() -> dict:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def perform_copies(target: Path) -> None:
    """What COPY does, of what .dockerignore lets through."""
    rules = [line for line in (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    for rest in rest_of("COPY"):
        *sources, into = rest.split()
        for source in sources:
            assert source in allowed, f"{source} is copied, and kept back by .dockerignore"
            if (CHECKOUT / source).is_dir():
                shutil.copytree(CHECKOUT / source, target / into, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
            else:
                (target / into).mkdir(parents=True, exist_ok=True)
                shutil.copy(CHECKOUT / source, target / into)


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """An empty folder after the Dockerfile's steps; the installed packages are this environment's."""
    target = tmp_path_factory.mktemp("deploy") / "insights"
    target.mkdir()
    perform_copies(target)
    assert (target / "requirements.txt").exists()
    (target / ".venv").symlink_to(sys.prefix)
    for step in rest_of("RUN"):
        if step.startswith("python -m compileall"):
            subprocess.run([sys.executable, *shlex.split(step)[1:]], cwd=target, check=True)
    return target


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """INSIGHTS_HOME with a filled store and a source without data: no job that falls due does any work."""
    home = tmp_path_factory.mktemp("home")
    (home / "empty").mkdir()
    engine = open_store(load_settings(None, home=home, source=f"csv:{home / 'empty'}"))
    fill(engine, experiments=False)
    with engine.connect() as connection:
        for release in set(in_service(connection).values()):
            (home / "models" / "versions" / release).mkdir(parents=True)
    engine.dispose()
    return home


@pytest.fixture(scope="module")
def environment(home) -> dict[str, str]:
    """The unit's environment: its own lines, then the settings file filled in as its comments say."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("INSIGHTS_", "PYTHON"))}
    own = dict(pair.partition("=")[::2] for pair in unit("insights-app")["Environment"][0].split())
    filed = dict(line.partition("=")[::2] for line in env_lines())
    filled = {"INSIGHTS_SECRET_KEY": SECRET_KEY, "INSIGHTS_ADMIN_PASSWORD": "a long enough password", "INSIGHTS_HOME": str(home)}
    return kept | own | filed | filled | {"INSIGHTS_SOURCE": f"csv:{home / 'empty'}", "HOME": str(home)}


def env_lines() -> list[str]:
    text = (DEPLOY / "insights.env.example").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def command(line: str, installed: Path, port: int | None = None) -> list[str]:
    """A unit's command line, for the folder it is installed in here and a port that is free here."""
    assert line.startswith(f"{INSTALLED}/.venv/bin/python ")
    words = shlex.split(line.replace(INSTALLED, str(installed)))
    return [str(port) if word == "8501" and port else word for word in words]


@contextmanager
def running(words: list[str], folder: Path, environment: dict[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("w") as output:
        process = subprocess.Popen(words, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def until(ready: Callable[[], object], process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not ready():
        assert process.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
        time.sleep(0.2)


def health(port: int) -> dict:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/health", timeout=10)
    except httpx.TransportError:
        return {}
    return answer.json() if answer.status_code == 200 else {}


def stop(process: "subprocess.Popen[bytes]") -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(STOP_SECONDS)


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if ".venv" not in path.parts}


def test_app_and_scheduler_run_from_the_installed_folder_and_write_nothing_there(installed, home, environment, tmp_path):
    before = files_in(installed)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app, scheduler = unit("insights-app"), unit("insights-scheduler")
    assert app["Environment"] == scheduler["Environment"]
    prepare = command(app["ExecStartPre"][0], installed)
    said = subprocess.run(prepare, cwd=installed, env=environment, capture_output=True, text=True, timeout=READY_SECONDS, check=True).stdout
    assert "User:     admin@example.com" in said
    assert "Password" not in said  # it was given, so no log holds it
    with (
        running(command(app["ExecStart"][0], installed, port), installed, environment, tmp_path / "app.log") as web,
        running(command(scheduler["ExecStart"][0], installed), installed, environment, tmp_path / "scheduler.log") as clock,
    ):
        until(lambda: health(port), web, tmp_path / "app.log")
        until(lambda: health(port)["scheduler"]["alive"], clock, tmp_path / "scheduler.log")
        assert health(port)["status"] == "ok"
        assert httpx.get(f"http://127.0.0.1:{port}/", headers={"Accept": "text/html"}).headers["location"].startswith("/login")
        assert stop(clock) == 0
        assert stop(web) in (0, -signal.SIGTERM)
    assert files_in(installed) == before
    assert json.loads((home / "models" / "current.json").read_text(encoding="utf-8"))


def test_the_check_of_the_image_says_whether_the_app_is_well(environment):
    """The HEALTHCHECK's own command, against nothing: it must fail."""
    check = next(rest for rest in rest_of("HEALTHCHECK"))
    words = json.loads(check[check.index("CMD") + 3 :])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = str(probe.getsockname()[1])
    assert "127.0.0.1:8501/health" in words[-1]
    words = [sys.executable, *words[1:-1], words[-1].replace("8501", free)]
    assert subprocess.run(words, env=environment, capture_output=True, timeout=30).returncode == 1


def test_the_image_has_what_runs_and_no_secret():
    copied = {source for rest in rest_of("COPY") for source in rest.split()[:-1]}
    assert {"requirements.txt", "app.py", "scheduler.py", "ml", "ui", "pages"} <= copied
    assert not [source for source in copied for secret in (".env", "secrets.toml", "data", "models", ".") if fnmatch(source, f"*/{secret}")]
    assert not copied & {".", ".env", "data", "models", ".streamlit"}
    order = [word for word, _ in instructions()]
    assert order.index("USER") < order.index("CMD")
    assert rest_of("USER") == ["insights"]
    assert "useradd --uid 10001" in " ".join(rest_of("RUN"))


def test_image_and_unit_start_the_app_alike():
    image = json.loads(rest_of("CMD")[0])
    service = shlex.split(unit("insights-app")["ExecStart"][0])
    assert image[1:] == ["0.0.0.0" if word == "127.0.0.1" else word for word in service[1:]]
    assert shlex.split(unit("insights-scheduler")["ExecStart"][0])[1:] == compose()["services"]["scheduler"]["command"][1:]
    assert shlex.split(unit("insights-app")["ExecStartPre"][0])[1:] == compose()["services"]["prepare"]["command"][1:]
    security = (CHECKOUT / "docs" / "security.md").read_text(encoding="utf-8")
    assert " ".join(service[1:]) in security


def test_compose_runs_app_and_scheduler_on_one_volume():
    described = compose()
    services = described["services"]
    assert set(services) == {"prepare", "app", "scheduler"}
    assert list(described["volumes"]) == ["insights-data"]
    for service in services.values():
        assert service["volumes"] == ["insights-data:/data"]
        assert service["user"] == "10001:10001"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["env_file"] == "insights.env"
    for name in ("app", "scheduler"):
        assert services[name]["depends_on"] == {"prepare": {"condition": "service_completed_successfully"}}
    assert services["app"]["ports"] == ["127.0.0.1:8501:8501"]
    assert "healthcheck" not in services["app"]  # the image's own
    build = services["prepare"]["build"]
    assert (DEPLOY / build["context"]).resolve() == CHECKOUT
    assert (CHECKOUT / build["dockerfile"]).exists()
    gateway = described["networks"]["default"]["ipam"]["config"][0]["gateway"]
    assert services["app"]["environment"]["INSIGHTS_TRUSTED_PROXIES"] == gateway


@pytest.mark.parametrize("name", UNITS)
def test_the_units_are_shut_in(name):
    service = unit(name)
    assert service["User"] == ["insights"]
    assert service["EnvironmentFile"] == ["/etc/insights/insights.env"]
    for option in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "RestrictSUIDSGID", "ProtectControlGroups"):
        assert service[option] == ["yes"]
    assert service["ProtectSystem"] == ["strict"]
    assert service["StateDirectory"] == ["insights"]
    assert service["CapabilityBoundingSet"] == [""]


def test_systemd_reads_the_units(installed, tmp_path):
    copies = []
    for name in UNITS:
        text = (DEPLOY / f"{name}.service").read_text(encoding="utf-8").replace(INSTALLED, str(installed))
        copies.append(tmp_path / f"{name}.service")
        copies[-1].write_text(text, encoding="utf-8")
    outcome = subprocess.run(["systemd-analyze", "verify", *map(str, copies)], capture_output=True, text=True, timeout=60)
    complaints = [line for line in outcome.stderr.splitlines() if line.startswith(UNITS)]
    assert complaints == []


def test_the_settings_file_names_settings_that_exist_and_holds_no_secret():
    lines = dict(line.partition("=")[::2] for line in env_lines())
    assert set(lines) <= {setting.name for setting in SETTINGS}
    assert not [setting.name for setting in SETTINGS if setting.secret and lines.get(setting.name)]
    assert "insights.env" in (CHECKOUT / ".gitignore").read_text(encoding="utf-8").split()


@pytest.mark.parametrize("file", ["Caddyfile", "nginx.conf"])
def test_the_proxies_hand_on_host_scheme_and_websocket(file):
    text = (DEPLOY / file).read_text(encoding="utf-8")
    assert "127.0.0.1:8501" in text
    assert "INSIGHTS_TRUSTED_PROXIES=127.0.0.1" in text
    assert text.count("{") == text.count("}")
    if file == "nginx.conf":  # Caddy does all of this by itself
        for header in ("Host $host", "Upgrade $http_upgrade", "X-Forwarded-For $remote_addr", "X-Forwarded-Proto $scheme"):
            assert f"proxy_set_header {header};" in text


def test_the_page_names_every_file_and_links_to_nothing_that_is_missing():
    text = (DEPLOY / "README.md").read_text(encoding="utf-8")
    assert not [path.name for path in DEPLOY.iterdir() if path.name not in ("README.md", "insights.env") and f"({path.name})" not in text]
    assert not [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not (DEPLOY / link).exists()]


def test_units_parse_as_unit_files():
    for name in UNITS:
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.read_string((DEPLOY / f"{name}.service").read_text(encoding="utf-8"))
        assert {"Unit", "Service", "Install"} == set(parser.sections())
