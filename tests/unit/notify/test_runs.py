"""What is said of runs: the start with its time, the end with scores and report, the failure with step and log, and alerts once a key."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from ml.evaluation.candidate import Candidate
from ml.evaluation.promotion import Decision
from ml.notify import alerts, runs
from ml.notify.messages import message_of
from ml.store import outbox, pointers
from ml.store.engine import begin_write, open_store
from ml.store.outbox import Result
from ml.store.pointers import Served
from ml.store.predictions import Score, write_scores
from ml.store.schema_outbox import outbox as table
from ml.store.values import set_preference
from tests.unit.notify.sending import NOON, own_settings

RUN = {"id": 7, "job": "retrain", "attempt": 3, "progress": {"step": "fit customers", "count": 4}}
FATES = {"demand": {"state": "promoted", "reason": None}, "customers": {"state": "kept", "reason": "Its error grew by 22 %."}}


@pytest.fixture
def settings(tmp_path):
    return own_settings(
        tmp_path, slack_webhook_url="http://127.0.0.1:9/services/canary-path", smtp_host="127.0.0.1", smtp_from="i@example.com",
        database_url=f"sqlite:///{tmp_path / 'store.db'}",
    )  # fmt: skip


@pytest.fixture
def store(settings):
    engine = open_store(settings)
    with begin_write(engine) as connection:
        set_preference(connection, "technical_recipients", "it@3t.cl", who="ana", at=NOON)
        set_preference(connection, "technical_language", "en", who="ana", at=NOON)
    return engine


def said(store) -> list:
    with store.connect() as connection:
        return list(connection.execute(sa.select(table).order_by(table.c.id)))


@pytest.mark.parametrize(("seconds", "words"), [(90.0, "90 s"), (2_400.0, "40 min"), (None, "first one")])
def test_the_start_says_how_long_it_takes(settings, store, seconds, words):
    with begin_write(store) as connection:
        assert runs.started(connection, settings, RUN, seconds, NOON) == 2
        assert runs.started(connection, settings, RUN, seconds, NOON) == 0
    assert words in message_of(said(store)[0].body).sentences[0]


def test_other_jobs_begin_and_end_silently_but_fail_aloud(settings, store):
    run = RUN | {"job": "refresh"}
    with begin_write(store) as connection:
        assert runs.started(connection, settings, run, 9.0, NOON) == 0 and runs.done(connection, settings, run, {}, NOON) == 0
        assert runs.failed(connection, settings, run, "no disk", "", NOON) == 2
    assert said(store)[0].title == "Failed: Refresh of the predictions"


def test_the_end_compares_with_the_release_before_and_drops_the_start(settings, store):
    def score(value):
        fixed = {"predictor": "demand", "measure": "orders", "cutoff": None, "window_days": 1, "population": "all", "count": 40}
        simple = fixed | {"baseline": 0.98, "baseline_name": "weekday"}
        return [Score(metric="mase", value=value, **simple), Score(metric="bias", value=9.0, **simple)]

    with begin_write(store) as connection:
        for run_id, release, value in ((5, "old", 0.8), (7, "new", 0.7)):
            write_scores(connection, score(value), run_id=run_id, release_id=release, at=NOON)
            pointers.point_to(connection, "demand", release, at=NOON, by="system", reason={"code": "first_release"}, run_id=run_id)
        runs.started(connection, settings, RUN, 60.0, NOON)
        runs.done(connection, settings, RUN, FATES, NOON + timedelta(minutes=1))
    told = said(store)
    assert [(row.kind, row.state, row.reason) for row in told] == [
        *[("run_started", "kept", "overtaken")] * 2, *[("run_done", "queued", None)] * 2,
    ]  # fmt: skip
    message = message_of(told[-1].body)
    assert message.title == "Training done: 1 of 2 models is new" and message.report_of_run == 7
    assert message.sentences[1] == "Customers: risk, next order, value: version before stays. Its error grew by 22 %."
    assert message.table.rows == (("Demand", "orders · mase", "0,7", "0,8", "0,98"),)


def test_a_failure_says_step_error_and_the_logs_tail_without_secrets(settings, store):
    log = "\n".join(f"line {n}" for n in range(40)) + "\nPOST http://127.0.0.1:9/services/canary-path\x1b[31m failed"
    with begin_write(store) as connection:
        runs.failed(connection, settings, RUN, f"cannot open {settings.store_url}", log, NOON)
    message = message_of(said(store)[0].body)
    assert "fit customers" in message.sentences[1] and "3" in message.sentences[2]
    lines = message.log.splitlines()
    assert len(lines) == 25 and lines[-2] == "line 39" and "canary" not in message.log and "store.db" not in message.sentences[0]


def test_a_start_that_was_sent_stays_sent(settings, store):
    with begin_write(store) as connection:
        runs.started(connection, settings, RUN, 60.0, NOON)
    (held,) = outbox.claim(store, owner="me", channels=["slack"], now=NOON, limit=1)
    outbox.mark(store, held, Result("sent"), now=NOON)
    with begin_write(store) as connection:
        runs.failed(connection, settings, RUN, "no", "", NOON)
    assert [row.state for row in said(store)] == ["sent", "kept", "queued", "queued"]


@pytest.mark.parametrize("known", alerts.ALERTS, ids=lambda known: known.code)
def test_an_alert_is_told_once_a_key(settings, store, known):
    params = {"predictor": "demand <b>"} if "{predictor}" in known.title else {}
    with begin_write(store) as connection:
        assert alerts.alert(connection, settings, known.code, params, key="2026-11", now=NOON, detail="Two\r\nlines.") == 2
        assert alerts.alert(connection, settings, known.code, params, key="2026-11", now=NOON) == 0
        assert alerts.alert(connection, settings, known.code, params, key="2026-12", now=NOON) == 2
    message = message_of(said(store)[0].body)
    assert "{" not in message.title and message.sentences[0] == "Two lines." and len(message.sentences) == 2


def test_an_unknown_alert_is_refused(settings, store):
    with pytest.raises(alerts.UnknownAlert, match="release_damaged"), begin_write(store) as connection:
        alerts.alert(connection, settings, "nonsense", {}, key="x", now=NOON)


def test_models_that_need_a_person_are_told_once(settings, store):
    served = Served(None, "old", ("The file demand.joblib is damaged.",))
    review = Decision("review", "first_release", {}, ())
    candidates = [
        Candidate("demand", pointed="new", before=served),
        Candidate("segments", pointed="gone", failure="No version of segments can be used."),
        Candidate("customers", decision=review, fitted=object()),
        Candidate("price"),
    ]
    with begin_write(store) as connection:
        written = [alerts.about_models(connection, settings, candidates, ["price", "price"], run_id=7, now=NOON) for _ in range(2)]
    assert written == [8, 0]
    told = [(row.dedup_key, row.title) for row in said(store) if row.channel == "slack"]
    assert [key for key, _ in told] == [
        "alert:release_damaged:demand:new", "alert:release_damaged:segments:gone", "alert:needs_review:customers:7",
        "alert:model_worse:price:2026-11",
    ]  # fmt: skip
    assert told[0][1] == "A stored model is damaged: Demand"
    assert message_of(said(store)[0].body).sentences[0] == "The file demand.joblib is damaged."
