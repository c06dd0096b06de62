"""A canary in every secret setting: sent where it belongs, and found in no log, page, message, report or database row."""

import base64
import logging
from datetime import timedelta

import pytest
import sqlalchemy as sa
from aiosmtpd.smtp import AuthResult
from streamlit.testing.v1 import AppTest

from ml import clock
from ml.notify import alerts, churn_alerts, purchase_predictions, runs
from ml.notify.deliver import drain
from ml.notify.experiments import tell_ends
from ml.settings import SETTINGS, load_settings, without_secrets
from ml.store.engine import begin_write, open_store
from ml.store.schema_outbox import outbox as table
from ml.store.values import set_preference
from tests.outside import post_office, web
from tests.pages.conftest import make_home, texts_of
from tests.pages.filled_store import NOW, fill
from ui import registry

CANARY = "canary"


def canaries(home, web_port: int, smtp_port: int) -> dict[str, str]:
    """Every setting that is a secret, with a canary in it, and what else the channels need."""
    return {
        "INSIGHTS_SOURCE": f"postgresql://reader:{CANARY}-source@127.0.0.1:9/company",
        "INSIGHTS_DATABASE_URL": f"sqlite:///{home}/{CANARY}-store/insights.db",
        "INSIGHTS_ADMIN_PASSWORD": f"{CANARY}-password",
        "INSIGHTS_SECRET_KEY": f"{CANARY}-key-{'k' * 40}",
        "INSIGHTS_OIDC_CLIENT_SECRET": f"{CANARY}-oidc",
        "INSIGHTS_SLACK_WEBHOOK_URL": f"http://127.0.0.1:{web_port}/services/{CANARY}-slack",
        "INSIGHTS_SMTP_USER": f"{CANARY}-user",
        "INSIGHTS_SMTP_PASSWORD": f"{CANARY}-mail",
        "INSIGHTS_APPRISE_URLS": f"json://person:{CANARY}-apprise@127.0.0.1:{web_port}/{CANARY}-target",
        "INSIGHTS_WEBHOOK_URL": f"http://127.0.0.1:{web_port}/{CANARY}-hook",
        "INSIGHTS_WEBHOOK_SECRET": f"{CANARY}-signing-key",
    }


@pytest.fixture
def servers():
    def accept(_server, _session, _envelope, _mechanism, data):
        seen.append(data.password.decode())
        return AuthResult(success=True)

    seen: list[str] = []
    with web() as http, post_office(authenticator=accept, auth_require_tls=False) as (box, port):
        yield http, box, port, seen


def test_every_secret_has_a_canary(tmp_path):
    assert set(canaries(tmp_path, 1, 2)) == {setting.name for setting in SETTINGS if setting.secret}


def test_canaries_stay_where_they_belong(tmp_path, servers, monkeypatch, caplog, capfd, live):
    http, box, port, passwords = servers
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "mail.log")  # the server's own
    environment = canaries(tmp_path, http.server.server_port, port)
    plain = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_SECURITY": "none", "SMTP_FROM": "i@example.com", "HOME": str(tmp_path)}
    for name, value in (environment | {f"INSIGHTS_{name}": value for name, value in plain.items()}).items():
        monkeypatch.setenv(name, value)
    settings = load_settings(env_file=None)
    ends = say_everything(settings, http)
    assert ends and len(box.mails) == 3 + ends and set(passwords) == {f"{CANARY}-mail"}
    asked = {request.path for request in http.requests}
    assert asked == {f"/services/{CANARY}-slack", f"/{CANARY}-hook", f"/{CANARY}-target"}
    bodies = b"".join(request.body for request in http.requests).decode() + "".join(str(mail) for _, mail in box.mails)
    assert CANARY not in bodies and base64.b64encode(f"{CANARY}-mail".encode()).decode() not in bodies
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or CANARY.encode() not in path.read_bytes(), path
    monkeypatch.setenv("INSIGHTS_SECRET_KEY", environment["INSIGHTS_SECRET_KEY"])
    with open_store(settings).connect() as connection:
        newest = sa.select(sa.func.max(table.c.id)).group_by(table.c.channel)
        numbers = [str(number) for number in connection.execute(newest).scalars()]
    for page, queries in (
        ("operations", [{"part": "messages", "message": number} for number in numbers]),
        ("operations", [{"part": part} for part in ("data", "runs", "activity", "reports", "people")]),
        ("settings", [{"tab": tab} for tab in ("setup", "people", "values", "tokens", "system")]),
        ("account", [{}]),
        ("models", [{}]),
        ("overview", [{}]),
    ):
        for query in queries:
            said = everything_said(opened(live, tmp_path, environment, page, monkeypatch, query))
            assert len(said) > 50 and CANARY not in said, (page, query)
    assert CANARY not in caplog.text
    out, err = capfd.readouterr()
    assert CANARY not in out + err


def say_everything(settings, http) -> int:
    """Both messages, ends of tests, a failure whose text holds addresses, and an alert; sent with one failure on the way of each.

    Returns how many letters told of a test's end.
    """
    make_home(settings.home, fill)  # the environment names the store
    store, now = open_store(settings), clock.utc_now()
    with begin_write(store) as connection:
        for name in ("churn_alerts_recipients", "technical_recipients", "experiments_recipients"):
            set_preference(connection, name, "ana@example.com", who="ana", at=now)
        set_preference(connection, "quiet_to", 21, who="ana", at=now)
    for job in (churn_alerts, purchase_predictions):
        job.run(settings, store, run_id=3, say=lambda _line: None)
    told = f"cannot reach {settings.source_url} nor {settings.store_url} nor {settings.slack_webhook_url.get_secret_value()}"
    with begin_write(store) as connection:
        alerts.alert(connection, settings, "source_silent", {}, key="1", now=now, detail=without_secrets(settings, told))
        tell_ends(connection, settings, now=NOW)
        ends = connection.execute(
            sa.select(sa.func.count()).where(table.c.kind == "experiment_ended", table.c.channel == "email")
        ).scalar_one()
        runs.failed(connection, settings, {"id": 4, "job": "refresh", "attempt": 3}, told, f"{told}\nlogin {settings.smtp_password}", now)
    http.answers = [(500, {}, b"canary"), (400, {}, b"canary"), (503, {}, b"no")]
    for minutes in range(0, 30, 3):
        drain(settings, store, now + timedelta(minutes=minutes))
    store.dispose()
    return ends


def opened(live, home, environment, page: str, monkeypatch, query: dict) -> AppTest:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    app = live(home, page, **query)
    assert not app.exception and registry.page(page)
    return app


def everything_said(app: AppTest) -> str:
    pieces = [texts_of(app), *(code.value for code in app.code), *(frame.value.to_csv() for frame in app.dataframe)]
    pieces += [entry.value or "" for entry in app.get("html") if hasattr(entry, "value")]
    pieces += [str(entry.value) for kind in ("text_input", "number_input", "selectbox", "multiselect") for entry in app.get(kind)]
    return "\n".join(map(str, pieces))


def test_hidden_are_whole_values_passwords_and_paths(tmp_path):
    settings = load_settings(
        env_file=None, **{name.removeprefix("INSIGHTS_").lower(): value for name, value in canaries(tmp_path, 1, 2).items()}
    )
    for value in canaries(tmp_path, 1, 2).values():
        assert CANARY not in without_secrets(settings, f"before {value} after")
    assert without_secrets(settings, "nothing here") == "nothing here"
    assert CANARY not in without_secrets(settings, f"POST /services/{CANARY}-slack refused; {CANARY}-source")
