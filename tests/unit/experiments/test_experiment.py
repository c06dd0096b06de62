"""The API kept from the earlier system, its bad inputs, and what a refresh makes of a running experiment."""

import json
from datetime import date, datetime, timedelta

import numpy as np
import pytest
import sqlalchemy as sa

import ml.experiments as api
from ml.experiments import reading
from ml.experiments.errors import ExperimentError
from ml.store import experiments as store
from ml.store import schema
from ml.store.engine import begin_write
from ml.store.experiments import ExperimentRefused
from ml.store.refused import Refused
from ml.store.schema_experiments import experiment_units, experiments
from tests.unit.experiments.conftest import CUSTOMERS, NOW, TODAY, fill

pytestmark = pytest.mark.filterwarnings("ignore::ml.experiments.errors.TooSmallWarning")
UNKNOWN = [f"new-{number}" for number in range(40)]


def follow_up(options) -> list[str]:
    with begin_write(options["store"]) as connection:
        return reading.follow_up(connection, now=NOW)


def rows_in(options, table) -> int:
    with options["store"].connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_the_documented_example_of_the_earlier_system_runs(monkeypatch, tmp_path):
    """Only the import changed: no store and no settings are handed in."""
    monkeypatch.setenv("INSIGHTS_HOME", str(tmp_path))
    monkeypatch.setenv("INSIGHTS_SECRET_KEY", "k" * 40)
    experiment = api.create_dynamic_pricing_experiment(customer_ids=UNKNOWN, start_date=datetime(2026, 6, 1, 9), duration_days=30)
    for customer_id in UNKNOWN:
        revenue = 12_000 if experiment.is_customer_in_treatment(customer_id) else 10_000
        experiment.record_outcome(customer_id, {"revenue": revenue, "orders_count": 2, "churned": False})
    metrics = experiment.calculate_metrics()
    assert metrics["control"] == {
        "customers": 20, "total_revenue": 200_000, "avg_revenue_per_customer": 10_000, "total_orders": 40, "churned_customers": 0,
        "churn_rate": 0.0,
    }  # fmt: skip
    assert metrics["uplift"] == pytest.approx(
        {"revenue_uplift_pct": 20.0, "churn_reduction_pct": 0.0, "absolute_revenue_diff": 2_000, "orders_diff": 0}
    )
    assert metrics["old_rule"] == {"uplift_pct": pytest.approx(20.0), "recommendation": "scale"}
    assert metrics["decision"]["verdict"] == "go_on"
    report = experiment.generate_report()
    assert report.suffix == ".md" and report.with_suffix(".html").read_text(encoding="utf-8").startswith("<!doctype html>")
    saved = json.loads(experiment.save_experiment().read_text(encoding="utf-8"))
    assert (saved["experiment_id"], saved["control_group_size"]) == ("dynamic_pricing_20260601", 20)
    assert api.load_experiment(experiment.experiment_id).treatment_group == experiment.treatment_group


def test_ids_are_numbered_and_kinds_have_their_own_days(company):
    first = api.create_dynamic_pricing_experiment(CUSTOMERS[:60], TODAY, **company)
    second = api.create_dynamic_pricing_experiment(CUSTOMERS[60:120], TODAY, **company)
    alerts = api.create_churn_alert_experiment(CUSTOMERS[120:180], **company)
    stock = api.create_demand_forecast_experiment([f"p{n}|zone" for n in range(8)], TODAY, 14, **company)
    assert [one.experiment_id for one in (first, second, alerts, stock)] == [
        "dynamic_pricing_20260601", "dynamic_pricing_20260601-2", "churn_alert_20260601", "demand_forecast_20260601",
    ]  # fmt: skip
    assert (alerts.end_date - alerts.start_date).days == 59
    assert (first.plan.looks, first.plan.metrics) == (1, ("revenue",))
    assert stock.plan.primary == "stock_outs"
    stock.record_outcome("p0|zone", {"stock_outs": 2, "units_short": 9, "cost_clp": 15_000})
    assert sum(stock.calculate_metrics()["tests"]["stock_outs"][f"{arm}_mean"] for arm in ("control", "treatment")) > 0


def test_pairs_are_alike_before_the_start_within_their_zone(company):
    experiment = api.create_dynamic_pricing_experiment(CUSTOMERS, TODAY, **company)
    with company["store"].connect() as connection:
        units = store.units_of(connection, experiment.experiment_id)
    pre = np.array([one["revenue"] for one in units["pre"]])
    means = [pre[units["arm"] == arm].mean() for arm in (0, 1)]
    assert abs(means[1] / means[0] - 1) < 0.05
    assert units.groupby("zone")["arm"].mean().between(0.45, 0.55).all()


def test_outcomes_are_read_from_the_orders_and_silent_customers_count(company):
    experiment = api.create_dynamic_pricing_experiment(CUSTOMERS, TODAY, 28, **company)
    lift = dict.fromkeys(experiment.treatment_group, 1.5) | {experiment.control_group[0]: 0.0}
    fill(company["store"], last=TODAY + timedelta(days=40), lift=lift, since=TODAY)
    assert follow_up(company) == [experiment.experiment_id]
    told = experiment.calculate_metrics()
    with company["store"].connect() as connection:
        orders = store.orders_between(connection, experiment.start_date, experiment.end_date)
    spent = orders.groupby("customer_id")["amount"].sum()
    for name, group in (("control", experiment.control_group), ("treatment", experiment.treatment_group)):
        assert told[name]["total_revenue"] == pytest.approx(spent.reindex(group).sum())
        assert told[name]["customers"] == len(group) == 120
    assert told["control"]["churned_customers"] >= 1
    assert told["tests"]["revenue"]["method"] == "cuped"
    assert told["decision"]["verdict"] == "scale" and told["decision"]["monthly"]["low"] > 0
    assert told["looks"][0]["result"]["crossed"] and experiment.status == "completed"
    assert told["decision"]["chance_of_harm"] < 0.05
    assert len(told["weeks"]) == 4 and told["segments"]
    text = experiment.generate_report("en").read_text(encoding="utf-8")
    assert "Do it for everybody" in text and "## Timeline" in text
    assert "<svg" in experiment.generate_report("es").with_suffix(".html").read_text(encoding="utf-8")


def test_posted_outcomes_are_checked_against_the_orders(company):
    experiment = api.create_dynamic_pricing_experiment(CUSTOMERS, TODAY, 14, **company)
    experiment.record_outcome(CUSTOMERS[3], {"revenue": 123_456_789})
    fill(company["store"], last=TODAY + timedelta(days=3))
    told = experiment.calculate_metrics()
    assert told["source"] == "orders" and told["health"]["outcomes"]["mismatches"] == 1


def test_without_an_effect_nothing_is_scaled_and_the_range_says_so(company):
    experiment = api.create_dynamic_pricing_experiment(CUSTOMERS, TODAY, 28, **company)
    fill(company["store"], last=TODAY + timedelta(days=40))
    follow_up(company)
    decision = experiment.calculate_metrics()["decision"]
    assert decision["verdict"] in ("stop", "inconclusive")
    assert decision["monthly"]["low"] < 0 < decision["monthly"]["high"]


def test_looks_are_taken_on_their_days_and_only_once(company):
    experiment = api.create_dynamic_pricing_experiment(CUSTOMERS, TODAY, 28, looks=4, **company)
    fill(company["store"], last=TODAY + timedelta(days=5))
    assert follow_up(company) == []
    between = experiment.calculate_metrics()
    assert between["is_look"] is False and between["looks"] == [] and between["decision"]["reason"] == "between_looks"
    assert between["next_look"] == (TODAY + timedelta(days=6)).isoformat()
    fill(company["store"], last=TODAY + timedelta(days=6))
    assert follow_up(company) == [experiment.experiment_id] and follow_up(company) == []
    look = experiment.calculate_metrics()["looks"][0]
    assert look["boundary"] == pytest.approx(4.332634, abs=1e-5)
    result = look["result"]
    assert result["repeated"]["low"] == pytest.approx(result["effect"] - look["boundary"] * result["se"])


def test_an_early_stop_is_called_inflated_and_corrected(company):
    experiment = api.create_dynamic_pricing_experiment(CUSTOMERS, TODAY, 28, looks=4, **company)
    fill(company["store"], last=TODAY + timedelta(days=13), lift=dict.fromkeys(experiment.treatment_group, 6.0), since=TODAY)
    follow_up(company)
    look = experiment.calculate_metrics()["looks"][-1]
    assert look["result"]["crossed"]
    assert 0 < look["result"]["adjusted"]["effect"] <= look["result"]["effect"] * 1.001


def test_a_sample_ratio_alarm_stops_the_reading(company):
    experiment = api.create_dynamic_pricing_experiment(CUSTOMERS, TODAY, 28, **company)
    with begin_write(company["store"]) as connection:
        for customer in experiment.control_group[:100] + experiment.treatment_group[:40]:
            store.note_reached(connection, experiment.experiment_id, customer, at=NOW)
    fill(company["store"], last=TODAY + timedelta(days=40))
    follow_up(company)
    told = experiment.calculate_metrics()
    assert told["health"]["sample_ratio"]["light"] == "alarm" and told["srm"] < 0.001
    assert (told["readable"], told["decision"]["verdict"], experiment.status) == (False, "unreadable", "paused")
    assert told["looks"] == [] and told["decision"]["monthly"] is None


def test_a_part_of_the_customers_may_be_kept_out_for_good(company):
    experiment = api.create_dynamic_pricing_experiment(CUSTOMERS, TODAY, 28, hold_out=0.1, **company)
    tested = len(experiment.control_group) + len(experiment.treatment_group)
    assert 200 <= tested < 240
    fill(company["store"], last=TODAY + timedelta(days=10))
    told = experiment.calculate_metrics()
    assert told["hold_out"]["customers"] == 240 - tested
    assert told["control"]["customers"] + told["treatment"]["customers"] == tested


def test_unequal_splits_and_routes_have_their_own_analysis(company):
    unequal = api.create_dynamic_pricing_experiment(CUSTOMERS[:120], TODAY, 14, weights=(0.8, 0.2), **company)
    clusters = {customer: f"route {place % 12}" for place, customer in enumerate(CUSTOMERS[120:])}
    routes = api.create_dynamic_pricing_experiment(list(clusters), TODAY, 14, clusters=clusters, **company)
    fill(company["store"], last=TODAY + timedelta(days=20))
    assert unequal.calculate_metrics()["tests"]["revenue"]["method"] == "permutation"
    tested = routes.calculate_metrics()["tests"]["revenue"]
    assert tested["method"] == "clusters" and tested["df"] < 11
    for route in set(clusters.values()):
        assert len({routes.is_customer_in_treatment(c) for c, mine in clusters.items() if mine == route}) == 1


def test_a_file_of_the_earlier_form_is_imported(company, tmp_path):
    groups = {"control_group": ["a", "b", "c"], "treatment_group": ["d", "e", "f"]}
    results = {
               "control": [{"customer_id": "a", "revenue": 100, "orders_count": 1, "timestamp": "2025-11-03T10:00:00"}],
               "treatment": [{"customer_id": "d", "revenue": 150, "orders_count": 2, "timestamp": "2025-11-04T10:00:00"}]}  # fmt: skip
    told = {"experiment_id": "dynamic_pricing_20251101", "name": "Precios", "type": "dynamic_pricing", "description": "Prueba",
            "start_date": "2025-11-01T00:00:00", "end_date": "2025-11-30T00:00:00", "status": "completed", "control_group_size": 3,
            "treatment_group_size": 3, **groups, "results": results}  # fmt: skip
    path = tmp_path / "old.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    experiment = api.import_experiment(path, **company)
    metrics = experiment.calculate_metrics()
    assert metrics["control"]["avg_revenue_per_customer"] == pytest.approx(100 / 3)
    assert (experiment.status, experiment.control_group) == ("completed", ["a", "b", "c"])
    with pytest.raises(ExperimentError, match="already"):
        api.import_experiment(path, **company)


def test_what_is_exported_can_be_imported_elsewhere(company, tmp_path):
    experiment = api.create_dynamic_pricing_experiment(CUSTOMERS[:40], TODAY, 14, **company)
    experiment.record_outcome(CUSTOMERS[0], {"revenue": 5_000, "orders_count": 1})
    path = experiment.save_experiment(tmp_path / "one.json")
    with begin_write(company["store"]) as connection:
        connection.execute(sa.delete(experiments))
    again = api.import_experiment(path, **company)
    assert again.treatment_group == experiment.treatment_group
    assert again.plan == experiment.plan
    assert again.calculate_metrics()["control"]["total_revenue"] + again.calculate_metrics()["treatment"]["total_revenue"] == 5_000


BROKEN_FILES = [
    ('{"format": "3t-insights-experiment", "version": 9}', "version 9"),
    ('{"format": "other"}', "'other'"),
    ("[1, 2]", "holds a list"),
    ("{not json", "cannot be read"),
    ('{"experiment_id": "x"}', "lacks name"),
    (json.dumps({"experiment_id": "x", "name": "n", "type": "dynamic_pricing", "start_date": "2025-01-01", "end_date": "2025-01-31",
                 "status": "completed", "control_group": ["a", "b"], "treatment_group": ["b", "c"]}), "two groups"),
    (json.dumps({"experiment_id": "x", "name": "n", "type": "dynamic_pricing", "start_date": "2025-01-01", "end_date": "2025-01-31",
                 "status": "completed", "control_group": ["a", "b"], "treatment_group": ["c", "d"],
                 "results": [{"customer_id": "z", "revenue": 1}]}), "neither group"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), BROKEN_FILES)
def test_a_file_that_cannot_be_used_leaves_nothing_behind(empty, tmp_path, text, sentence):
    path = tmp_path / "broken.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ExperimentError, match=sentence):
        api.import_experiment(path, **empty)
    assert rows_in(empty, experiments) == rows_in(empty, experiment_units) == 0


@pytest.mark.parametrize(
    ("ids", "start", "days", "more", "sentence"),
    [
        ([], TODAY, 30, {}, "0 customers came"),
        (["a"], TODAY, 30, {}, "1 customers came"),
        (["a", "b", "c", "a"], TODAY, 30, {}, "appears twice"),
        (["a", "b", "c", " "], TODAY, 30, {}, "is empty"),
        (CUSTOMERS, date(2026, 4, 1), 30, {}, "before today"),
        (CUSTOMERS, TODAY, 0, {}, "duration was 0"),
        (CUSTOMERS, "soon", 30, {}, "The day was 'soon'"),
        (CUSTOMERS, TODAY, 30, {"weights": (1.0, 0.0)}, "split was"),
        (["a", "b", "c", "d"], TODAY, 30, {"weights": (0.9999, 0.0001)}, "leaves nobody in treatment"),
        (CUSTOMERS, TODAY, 30, {"looks": 99}, "99 looks"),
        (CUSTOMERS, TODAY, 30, {"metrics": ("clicks",)}, "no metric 'clicks'"),
        (CUSTOMERS, TODAY, 30, {"clusters": {"c000": "r1"}}, "have no route"),
    ],
)
def test_what_cannot_be_started_says_why_and_leaves_nothing_behind(empty, ids, start, days, more, sentence):
    with pytest.raises(Refused, match=sentence):
        api.create_dynamic_pricing_experiment(ids, start, days, **more, **empty)
    assert rows_in(empty, experiments) == rows_in(empty, experiment_units) == 0


def test_overlapping_experiments_are_refused_until_the_first_has_ended(company):
    first = api.create_dynamic_pricing_experiment(CUSTOMERS[:50], TODAY, 30, **company)
    with pytest.raises(ExperimentRefused, match="10 of the units are in another experiment"):
        api.create_churn_alert_experiment(CUSTOMERS[40:90], TODAY + timedelta(days=29), **company)
    assert rows_in(company, experiments) == 1
    api.create_churn_alert_experiment(CUSTOMERS[100:120], TODAY, **company)
    first.complete()
    api.create_churn_alert_experiment(CUSTOMERS[40:90], TODAY, **company)


@pytest.mark.parametrize(
    ("who", "outcome", "sentence"),
    [
        ("nobody", {"revenue": 1}, "'nobody' is not part of"),
        ("new-0", {"revenue": float("nan")}, "revenue of new-0 was nan"),
        ("new-0", {"revenue": -5}, "revenue of new-0 was -5"),
        ("new-0", {"revenue": "much"}, "revenue of new-0 was 'much'"),
        ("new-0", {"orders_count": 1.5}, "whole number"),
        ("new-0", {"churned": "no"}, "true or false"),
        ("new-0", {"clicks": 1}, "accepted are revenue"),
        ("new-0", {}, "the fields none"),
        ("new-0", {"revenue": 1, "timestamp": date(2026, 5, 31)}, "counts from 2026-06-01"),
        ("new-0", {"revenue": 1, "timestamp": "2026-07-02"}, "to 2026-06-30"),
    ],
)
def test_an_outcome_that_cannot_be_is_refused_and_nothing_kept(empty, who, outcome, sentence):
    experiment = api.create_dynamic_pricing_experiment(UNKNOWN, TODAY, **empty)
    with pytest.raises(ExperimentError, match=sentence):
        experiment.record_outcomes({"new-1": {"revenue": 10}, who: outcome})
    assert experiment.calculate_metrics()["source"] == "none"


def test_the_same_outcome_counts_once_and_another_for_the_same_day_is_refused(empty):
    experiment = api.create_dynamic_pricing_experiment(UNKNOWN, TODAY, **empty)
    outcome = {"revenue": 900, "orders_count": 1, "churned": False}
    assert experiment.record_outcome("new-0", outcome) is True
    assert experiment.record_outcome("new-0", outcome) is False
    with pytest.raises(ExperimentRefused, match="outcomes are never changed"):
        experiment.record_outcome("new-0", {**outcome, "revenue": 901})
    experiment.record_outcome("new-0", {**outcome, "timestamp": TODAY + timedelta(days=1)})
    told = experiment.calculate_metrics()
    assert told["control"]["total_revenue"] + told["treatment"]["total_revenue"] == 1_800


@pytest.mark.parametrize("value", [0, 5_000])
def test_outcomes_that_do_not_vary_give_no_test_but_no_error(empty, value):
    experiment = api.create_dynamic_pricing_experiment(UNKNOWN, TODAY, **empty)
    experiment.record_outcomes({unit: {"revenue": value} for unit in UNKNOWN})
    tested = experiment.calculate_metrics()["tests"]["revenue"]
    assert tested["p"] is None and "nothing varies" in tested["problem"]
    json.dumps(experiment.calculate_metrics(), allow_nan=False)


def test_the_split_is_fixed_at_the_start(empty):
    draft = api.create_dynamic_pricing_experiment(UNKNOWN, TODAY, state="draft", **empty)
    draft.change_split((0.2, 0.8))
    assert len(draft.treatment_group) > 22
    draft.start()
    with pytest.raises(ExperimentRefused, match="its split was fixed at the start"):
        draft.change_split((0.5, 0.5))


def test_states_follow_each_other_and_every_change_is_audited(empty):
    experiment = api.create_dynamic_pricing_experiment(UNKNOWN, TODAY, **empty)
    experiment.pause()
    experiment.resume()
    experiment.complete()
    with pytest.raises(ExperimentRefused, match="is completed and cannot become active"):
        experiment.resume()
    with pytest.raises(ExperimentError, match="outcomes are taken while it runs"):
        experiment.record_outcome("new-0", {"revenue": 1})
    with empty["store"].connect() as connection:
        audited = connection.execute(sa.select(schema.audit.c.action).order_by(schema.audit.c.id)).scalars().all()
        seen = [one["action"] for one in store.events_of(connection, experiment.experiment_id)]
    assert audited == seen == ["experiment.create", "experiment.paused", "experiment.active", "experiment.completed"]


def test_an_unknown_experiment_is_one_sentence(empty):
    with pytest.raises(ExperimentRefused, match="There is no experiment 'nope'"):
        api.load_experiment("nope", **empty)
