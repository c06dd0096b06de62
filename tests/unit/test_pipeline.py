"""The main flow on a toy company: what is kept, what a failure leaves alone, and that a run is one transaction."""

import json
from datetime import datetime, timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from ml import gathering, pipeline
from ml.evaluation import proving
from ml.pipeline import PipelineError, refresh, retrain
from ml.settings import Settings
from ml.store import alerts
from ml.store.engine import begin_write, open_store
from ml.store.pointers import in_service, pointer_history
from ml.store.predictions import read_predictions, read_scores
from ml.store.realities import read_months
from ml.store.releases import ReleaseError, list_releases
from ml.store.schema import audit, customer_facts, predictions, reading
from ml.store.schema_alerts import alerts as alert_table
from ml.store.schema_outbox import outbox
from ml.store.values import load_preferences, set_preference
from ml.store.verdicts import suspected, waiting
from tests.conftest import settings_for
from tests.fakes import AS_OF, DAYS, Broken, Orders, PerfectOrders, Shy, Silent, WorseOrders, toy_reading, toy_tables

NOW = datetime(2026, 11, 1, 5)


class Company:
    """A toy company with its store; the predictors and the day can be changed between runs."""

    def __init__(self, settings: Settings, monkeypatch) -> None:
        self.settings, self.store = settings, open_store(settings)
        self.reading = toy_reading()
        self.lines: list[str] = []
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(gathering, "read_company", lambda _settings, _today, **_options: self.reading)
        monkeypatch.setattr(pipeline, "examine_release", proving.examine_here)
        self.use(Orders)

    def use(self, *classes) -> None:
        known = {cls.name: cls for cls in classes}
        self._monkeypatch.setattr(pipeline, "PREDICTORS", tuple((name, "tests.fakes") for name in known))
        self._monkeypatch.setattr(pipeline, "make_predictor", lambda name, company: known[name](company))

    def retrain(self, **options):
        return retrain(self.settings, self.store, run_id=1, say=self.lines.append, **options)

    def refresh(self, **options):
        return refresh(self.settings, self.store, run_id=2, say=self.lines.append, **options)

    def serving(self):
        with self.store.connect() as connection:
            return in_service(connection)

    def count(self, table) -> int:
        with self.store.connect() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()

    def said(self, release_id, as_of=AS_OF):
        with self.store.connect() as connection:
            return read_predictions(connection, release_id, "orders", as_of)


@pytest.fixture
def company(tmp_path, monkeypatch):
    return Company(settings_for(tmp_path, source="csv:toy"), monkeypatch)


def test_a_first_retrain_keeps_everything_and_says_so(company):
    outcome = company.retrain()
    assert company.serving() == {"orders": outcome.release_id}
    said = company.said(outcome.release_id)
    assert len(said) == 41
    assert set(said["run_id"]) == {1}
    with company.store.connect() as connection:
        record = read_scores(connection, outcome.release_id, "orders")
        newest = pointer_history(connection)[0]
    assert {score.metric for score in record} >= {"mae", "coverage80", "coverage95", "bias"}
    assert newest["reason"]["code"] == "first_release"
    assert company.count(reading) == 1
    assert company.count(customer_facts) == 5
    assert json.loads((company.settings.models_folder / "current.json").read_text()) == company.serving()


def test_the_steps_come_in_order_with_their_time(company):
    company.retrain()
    steps = [line.split()[1] for line in company.lines if line.strip().startswith("·")]
    assert steps == ["read", "check", "fit", "judge", "write", "prove", "predict", "keep"]
    assert all(" s " in line for line in company.lines if line.strip().startswith("·"))


def test_the_report_and_the_log_tell_the_run(company):
    outcome = company.retrain()
    report = outcome.report_path.read_text()
    for part in (
        "## Data",
        "## Findings",
        "future_date",
        "## Models",
        "promoted",
        "| orders | orders | day | mae | 0.4 | 1 |",
        "## Time and memory",
    ):
        assert part in report
    log = outcome.log_path.read_text()
    assert "keep" in log
    assert all(line[:4] == "2026" or line[0].isspace() or line[:2] == "20" for line in log.splitlines())


def test_a_second_retrain_is_compared_with_the_first(company):
    first = company.retrain().release_id
    outcome = company.retrain()
    assert outcome.release_id != first or len(list_releases(company.settings.models_folder)) == 1
    assert outcome.candidates[0].decision.code == "not_worse"
    assert (outcome.candidates[0].decision.params["basis"], outcome.candidates[0].decision.params["rows"]) == ("cutoffs", 84)
    assert "### Against the release before" in outcome.report_path.read_text()


def test_a_clearly_worse_challenger_is_kept_back_and_the_champion_predicts_the_newer_day(company):
    champion = company.retrain().release_id
    company.use(WorseOrders)
    company.reading = toy_reading(toy_tables(221), AS_OF + timedelta(days=1))
    outcome = company.retrain()
    assert company.serving() == {"orders": champion}
    assert outcome.candidates[0].decision.code == "clearly_worse"
    assert len(company.said(champion, AS_OF + timedelta(days=1))) == 41
    assert outcome.release_id in list_releases(company.settings.models_folder)
    with company.store.connect() as connection:
        assert read_scores(connection, outcome.release_id, "orders")


def test_an_unusable_answer_is_in_no_release(company):
    company.use(Silent)
    outcome = company.retrain()
    assert outcome.candidates[0].decision.code == "not_a_number"
    assert outcome.release_id is None
    assert company.serving() == {}
    assert company.count(predictions) == 0
    assert "holds no usable number" in outcome.report_path.read_text()


def test_too_good_to_be_true_waits_for_a_person_with_its_answer_ready(company):
    champion = company.retrain().release_id
    company.use(PerfectOrders)
    company.reading = toy_reading(toy_tables(221), AS_OF + timedelta(days=1))
    fates = {}
    outcome = company.retrain(finish=lambda _connection, told: fates.update(told))
    assert (outcome.candidates[0].decision.state, fates["orders"]["state"]) == ("review", "review")
    assert [reason["code"] for reason in fates["orders"]["reasons"]] == ["too_good"]
    assert company.serving() == {"orders": champion}
    assert len(company.said(champion, AS_OF + timedelta(days=1))) == len(company.said(outcome.release_id, AS_OF + timedelta(days=1))) == 41
    with company.store.connect() as connection:
        asked = waiting(connection)["orders"]
    assert (asked["release_id"], asked["code"]) == (outcome.release_id, "too_good")
    assert "needs a person's yes" in outcome.report_path.read_text()


def test_the_first_release_serves_even_when_it_is_too_good_to_be_true_and_that_is_said_aloud(company):
    company.use(PerfectOrders)
    fates = {}
    outcome = company.retrain(finish=lambda _connection, told: fates.update(told))
    assert company.serving() == {"orders": outcome.release_id}
    assert (fates["orders"]["state"], [reason["code"] for reason in fates["orders"]["reasons"]]) == (
        "promoted", ["first_release", "too_good"],
    )  # fmt: skip
    assert "**promoted, but do not rely on it yet**" in outcome.report_path.read_text()
    assert any("nobody should rely on it yet: Too good to be true" in line for line in company.lines)
    with company.store.connect() as connection:
        (asked,) = suspected(connection)
        (told,) = connection.execute(sa.select(outbox).where(outbox.c.dedup_key.startswith("alert:"))).all()
        assert waiting(connection) == {}
    assert (asked["code"], asked["release_id"]) == ("first_release", outcome.release_id)
    assert told.dedup_key == "alert:leak_suspected:orders:1" and "Too good to be true" in told.body["sentences"][0]


def test_what_a_fresh_process_cannot_repeat_stays_out_of_service(company, monkeypatch):
    champion = company.retrain().release_id
    told = proving.Told(np.full((41, 5), 7.0), 41, 0.1)
    monkeypatch.setattr(pipeline, "examine_release", lambda _asked: {"orders": told})
    outcome = company.retrain()
    assert outcome.candidates[0].decision.code == "not_repeatable"
    assert company.serving() == {"orders": champion}


def test_a_challenger_that_learnt_from_half_the_data_is_refused(company):
    champion = company.retrain().release_id
    company.reading = toy_reading(toy_tables(customers=2))
    outcome = company.retrain()
    assert outcome.candidates[0].decision.reason == {"code": "too_little_data", "params": {"table": "orders", "now": 440, "before": 1100}}
    assert outcome.release_id is None
    assert company.serving() == {"orders": champion}


def test_a_champion_is_held_against_the_recipe_on_the_window_it_has_not_seen(company):
    champion = company.retrain().release_id
    company.use(WorseOrders)
    company.reading = toy_reading(toy_tables(DAYS + 28), AS_OF + timedelta(days=28))
    outcome = company.retrain()
    decision = outcome.candidates[0].decision
    assert (decision.code, decision.params["basis"], decision.params["rows"]) == ("clearly_worse", "unseen", 28)
    assert (decision.params["challenger"], decision.params["champion"]) == (pytest.approx(0.9), pytest.approx(0.4))
    assert company.serving() == {"orders": champion}


def test_one_that_fails_and_one_without_data_leave_the_others(company):
    company.use(Broken, Orders, Shy)
    fates = {}
    outcome = company.retrain(finish=lambda _connection, told: fates.update(told))
    assert set(company.serving()) == {"orders"}
    assert fates["broken"] == {"state": "unavailable", "reason": "ZeroDivisionError: nothing to divide by", "reasons": []}
    assert fates["shy"] == {"state": "unavailable", "reason": "There are no tours; at least 5 are needed.", "reasons": []}
    assert fates["orders"]["state"] == "promoted"
    report = outcome.report_path.read_text()
    assert "nothing to divide by" in report
    assert "at least 5 are needed" in report
    assert "Traceback" in outcome.log_path.read_text()
    assert not any("Traceback" in line for line in company.lines)


def test_one_that_cannot_be_stored_leaves_the_others(company, monkeypatch):
    company.use(WorseOrders, type("Local", (Orders,), {"name": "local"}))
    outcome = company.retrain()
    assert company.serving() == {"orders": outcome.release_id}
    assert "The predictor cannot be stored" in outcome.candidates[1].failure


def test_a_predictor_that_starts_to_fail_keeps_its_release_in_service(company):
    champion = company.retrain().release_id

    class Failing(Broken):
        name = "orders"

    company.use(Failing)
    company.reading = toy_reading(toy_tables(221), AS_OF + timedelta(days=1))
    outcome = company.retrain()
    assert (outcome.release_id, company.serving()) == (None, {"orders": champion})
    assert len(company.said(champion, AS_OF + timedelta(days=1))) == 41
    assert any(f"{champion} stays in service" in line for line in company.lines)


def test_when_the_models_cannot_be_written_nothing_of_the_run_is_kept(company):
    company.settings.models_folder.write_text("a file where the folder should be")
    with pytest.raises(ReleaseError, match="could not be written"):
        company.retrain()
    assert (company.serving(), company.count(reading), company.count(predictions)) == ({}, 0, 0)


def test_when_the_run_was_taken_over_nothing_is_kept_but_the_files(company):
    def lost(_connection, _fates):
        raise RuntimeError("taken over")

    with pytest.raises(RuntimeError, match="taken over"):
        company.retrain(finish=lost)
    assert (company.serving(), company.count(reading), company.count(predictions), company.count(customer_facts)) == ({}, 0, 0, 0)
    assert len(list_releases(company.settings.models_folder)) == 1


def test_refresh_without_a_release_is_a_clear_sentence(company):
    with pytest.raises(PipelineError, match="no release in service yet.*run `python -m ml retrain` first"):
        company.refresh()


def test_refresh_predicts_the_new_day_without_fitting_and_brings_the_truth(company, monkeypatch):
    release = company.retrain().release_id
    monkeypatch.setattr(Orders, "_fit", lambda *_: pytest.fail("refresh must not fit"))
    company.reading = toy_reading(toy_tables(230), AS_OF + timedelta(days=10))
    fates = {}
    company.refresh(finish=lambda _connection, told: fates.update(told))
    assert fates == {"orders": {"state": "answers", "reason": None, "reasons": []}}
    assert len(company.said(release, AS_OF + timedelta(days=10))) == 41
    first = company.said(release)
    known = first[first["actual"].notna()]
    assert sorted(known[known["window_days"] == 1]["actual"]) == [5.0] * 10
    assert known[known["window_days"] == 7]["actual"].tolist() == [35.0]
    assert company.count(reading) == 2


def test_refresh_with_a_damaged_release_serves_the_one_before_and_says_so(company):
    first = company.retrain().release_id
    company.reading = toy_reading(toy_tables(221), AS_OF + timedelta(days=1))
    second = company.retrain().release_id
    assert company.serving() == {"orders": second}
    (company.settings.models_folder / "versions" / second / "orders.joblib").write_bytes(b"broken")
    company.refresh()
    assert company.serving() == {"orders": first}
    assert len(company.said(first, AS_OF + timedelta(days=1))) == 41
    assert any("orders.joblib" in line and f"{first} serves orders instead" in line for line in company.lines)
    with company.store.connect() as connection:
        newest = pointer_history(connection)[0]
    assert newest["reason"]["code"] == "release_damaged"
    assert second in newest["reason"]["params"]["problem"]


def test_what_needs_a_person_is_told_once_to_the_technical_readers(company):
    def told() -> list[tuple[str, int]]:
        with company.store.connect() as connection:
            keys = connection.execute(sa.select(outbox.c.dedup_key, sa.func.count()).group_by(outbox.c.dedup_key)).all()
        return sorted((key, count) for key, count in keys if key.startswith("alert:"))

    company.retrain()
    assert told() == []
    company.use(PerfectOrders)
    company.retrain()
    assert told() == [("alert:needs_review:orders:1", 1)]
    serving = company.serving()["orders"]
    (company.settings.models_folder / "versions" / serving / "orders.joblib").write_bytes(b"broken")
    company.refresh()
    company.refresh()
    assert (f"alert:release_damaged:orders:{serving}", 1) in told()


def test_two_months_worse_than_promised_are_an_alarm_told_once(company, monkeypatch):
    """The demand of the toy company doubles: what was said stays, and every day is off by five orders."""
    release = company.retrain().release_id
    end = AS_OF
    for step in (30, 60, 90):
        company.reading = toy_reading(toy_tables(DAYS + step, customers=5), AS_OF + timedelta(days=step))
        truth = Orders._actual
        monkeypatch.setattr(Orders, "_actual", lambda self, tables, said, as_of, truth=truth: truth(self, tables, said, as_of) * 2)
        company.refresh()
        monkeypatch.setattr(Orders, "_actual", truth)
        end = AS_OF + timedelta(days=step)
    with company.store.connect() as connection:
        alarms = connection.execute(sa.select(audit.c.target, audit.c.detail).where(audit.c.action == "model.worse")).all()
        months = read_months(connection, "orders")
        keys = list(connection.execute(sa.select(outbox.c.dedup_key)).scalars())
    assert {row["month"] for row in months} >= {(end - timedelta(days=60)).replace(day=1)}
    assert len(alarms) >= 1
    assert {(target, detail["release"], detail["measure"]) for target, detail in alarms} == {("orders", release, "orders")}
    assert any(key.startswith("alert:model_worse:orders:") for key in keys)
    assert any("worse than its checks promised" in line for line in company.lines)


def test_when_every_release_is_damaged_a_retrain_replaces_it_and_a_refresh_keeps_the_old_answers(company):
    first = company.retrain().release_id
    (company.settings.models_folder / "versions" / first / "manifest.json").unlink()
    company.refresh()
    assert company.serving() == {"orders": first}
    assert len(company.said(first)) == 41
    outcome = company.retrain()
    assert outcome.candidates[0].decision.code == "champion_damaged"
    assert company.serving() == {"orders": outcome.release_id}


def test_a_champion_that_cannot_answer_gives_way_to_a_challenger_that_can(company, monkeypatch):
    company.retrain()
    company.use(WorseOrders)
    monkeypatch.setattr(Orders, "_predict", lambda *_: 1 / 0)
    monkeypatch.setattr(WorseOrders, "_predict", lambda self, _tables, as_of: self._answer(as_of, self.mean_ + self.error), raising=False)
    outcome = company.retrain()
    assert outcome.candidates[0].decision.code == "champion_damaged"
    assert company.serving() == {"orders": outcome.release_id}


def test_a_proposed_preference_is_kept_once_and_then_left_to_people(company, monkeypatch):
    monkeypatch.setattr(Orders, "proposals", lambda _self: {"churn_horizon_days": 44, "call_cost": 1.0})
    company.retrain()
    with begin_write(company.store) as connection:
        kept = load_preferences(connection)
        assert [row.who for row in connection.execute(sa.select(audit))] == ["system"]
    assert (kept.churn_horizon_days, kept.call_cost) == (44, 1500)
    company.retrain()
    assert company.count(audit) == 1


def test_the_loaded_release_works_with_the_values_of_today(company, monkeypatch):
    company.retrain()
    seen = []

    def spy(self, _tables, as_of):
        seen.append(self.company.preferences.call_cost)
        return self._answer(as_of, 5.0)

    with begin_write(company.store) as connection:
        set_preference(connection, "call_cost", 2222, who="ana", at=NOW)
    monkeypatch.setattr(Orders, "_predict", spy)
    company.refresh()
    assert seen == [2222]


def test_the_demo_company_is_made_and_extended_to_yesterday(tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr("ml.source.demo.make_demo", lambda path, size, end: done.append(("made", size, end)))
    monkeypatch.setattr("ml.source.demo.extend_demo", lambda path, end: done.append(("extended", end)))
    ends = iter([None, AS_OF - timedelta(days=3), AS_OF])
    monkeypatch.setattr("ml.source.demo.demo_end", lambda path: next(ends))
    for _ in range(3):
        gathering.update_demo(tmp_path / "data" / "demo.db", AS_OF)
    assert done == [("made", "standard", AS_OF), ("extended", AS_OF)]


def test_a_run_closes_the_alert_of_a_customer_who_ordered(company):
    day = AS_OF - timedelta(days=5)
    row = {"customer_id": "C1", "kind": "at_risk", "as_of": day, "horizon_days": 28}
    with begin_write(company.store) as connection:
        (opened,) = alerts.open_for(connection, [row], run_id=None, now=NOW)
    company.retrain()
    with company.store.connect() as connection:
        kept = connection.execute(sa.select(alert_table.c.state, alert_table.c.order_day).where(alert_table.c.id == opened)).one()
    assert tuple(kept) == ("saved", day + timedelta(days=1))
