"""What is older than it is kept goes; what serves, is one step back or waits for a yes stays."""

import os
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from ml.settings import load_settings
from ml.store import housekeeping, verdicts
from ml.store.engine import begin_write, open_store
from ml.store.pointers import point_to
from ml.store.predictions import write_predictions
from ml.store.releases import Content, list_releases, pack, write_release
from ml.store.schema import login_attempts, predictions
from ml.store.values import load_preferences, set_preference
from tests.fakes import rows_of

KEY = "k" * 40
NOW = datetime(2026, 11, 1, 4)
REASON = {"code": "not_worse", "params": {}}


@pytest.fixture
def settings(tmp_path):
    return load_settings(env_file=None, home=tmp_path, secret_key=KEY)


@pytest.fixture
def store(settings):
    return open_store(settings)


def releases(settings, number: int) -> list[str]:
    made = []
    for day in range(number):
        at = NOW - timedelta(days=100 - day)
        content = Content({"demand": pack(day), "price": pack(day)})
        made.append(write_release(settings.models_folder, content, key=KEY, now=at, as_of=date(2026, 1, 1), fingerprint="f"))
    return made


def test_releases_beyond_what_is_kept_go_but_never_what_is_needed(settings, store):
    made = releases(settings, 8)
    with begin_write(store) as connection:
        set_preference(connection, "kept_releases", 2, who="ana", at=NOW)
        for number, name in ((0, "price"), (1, "price"), (7, "demand"), (2, "demand")):
            point_to(connection, name, made[number], at=NOW, by="x", reason=REASON)
        verdicts.write_verdict(
            connection, run_id=1, predictor="demand", release_id=made[4], at=NOW, state="review", checks=[("leak_fit", "ask", {})]
        )
    housekeeping.run(settings, store, run_id=1, say=lambda _line: None)
    assert list_releases(settings.models_folder) == [made[n] for n in (7, 6, 4, 2, 1, 0)]
    assert not list((settings.models_folder / "versions").glob(".*"))


def test_a_release_that_resists_is_said_and_the_rest_goes_on(settings, store, monkeypatch):
    releases(settings, 4)

    def refuse(_models, release_id):
        raise housekeeping.ReleaseError(f"The release {release_id} could not be removed (busy).")

    monkeypatch.setattr(housekeeping, "remove_release", refuse)
    lines: list[str] = []
    with begin_write(store) as connection:
        set_preference(connection, "kept_releases", 2, who="ana", at=NOW)
    housekeeping.run(settings, store, run_id=1, say=lines.append)
    assert sum("could not be removed" in line for line in lines) == 2


def test_old_rows_go_and_one_answer_a_week_about_customers_stays(settings, store):
    with begin_write(store) as connection:
        for ago in (*range(200, 193, -1), 10, 800):
            day = (NOW - timedelta(days=ago)).date()
            rows = rows_of("churn", [day], 0.4, 30).assign(entity_type="customer")
            write_predictions(connection, rows, run_id=1, release_id="r", predictor="customers", as_of=day)
        for days in (100, 10):
            connection.execute(sa.insert(login_attempts).values(at=NOW - timedelta(days=days), email="a", address="b", succeeded=False))
        done = housekeeping.tidy_tables(connection, load_preferences(connection), NOW)
        left = sorted(connection.execute(sa.select(predictions.c.as_of)).scalars())
    assert done["login_attempts"] == 1
    assert left[-1] == (NOW - timedelta(days=10)).date()
    assert len(left) == 1 + len({day.isocalendar()[:2] for day in left[:-1]}) <= 3


def test_old_logs_and_reports_go(settings, store):
    for folder, name in (("logs", "a.log"), ("logs", "b.log"), ("reports", "a.md")):
        path = settings.home / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    old = (NOW - timedelta(days=200)).timestamp()
    os.utime(settings.home / "logs" / "a.log", (old, old))
    with store.connect() as connection:
        done = housekeeping.tidy_files(settings, [], load_preferences(connection), NOW, lambda _line: None)
    assert (done["logs"], done["reports"]) == (1, 0)
    assert (settings.home / "logs" / "b.log").exists()


def test_the_end_of_the_run_is_in_the_transaction_of_the_tables(settings, store):
    def stop(connection, _told):
        assert connection.in_transaction()
        raise ZeroDivisionError

    with begin_write(store) as connection:
        connection.execute(sa.insert(login_attempts).values(at=datetime(2020, 1, 1), email="a", address="b", succeeded=False))
    with pytest.raises(ZeroDivisionError):
        housekeeping.run(settings, store, run_id=1, say=lambda _line: None, finish=stop)
    with store.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(login_attempts)).scalar_one() == 1
