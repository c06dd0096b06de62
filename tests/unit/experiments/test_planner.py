"""What a test can see, before it is made: said by figures of the company's own history, with what can be done instead."""

import warnings
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

import ml.experiments as api
from ml.experiments import words
from ml.experiments.errors import TooSmallWarning
from ml.experiments.planner import History, plan_test
from ml.experiments.stats import mean_test, minimum_detectable_effect
from ml.i18n import translator
from ml.i18n.figures import Formatter
from ml.store import experiments as store
from tests.unit.experiments.conftest import AS_OF, CUSTOMERS, TODAY

FEW = CUSTOMERS[:24]


def planned(options, ids=FEW, **given):
    with options["store"].connect() as connection:
        return plan_test(connection, ids, **{"kind": "dynamic_pricing", "days": 14, "smallest_effect": 0.05, **given})


def test_the_smallest_effect_is_that_of_the_own_history(company):
    told = planned(company, CUSTOMERS, days=90)
    with company["store"].connect() as connection:
        orders = store.orders_between(connection, AS_OF - timedelta(days=89), AS_OF)
        before = store.orders_between(connection, AS_OF - timedelta(days=179), AS_OF - timedelta(days=90))
    y, x = (part.groupby("customer_id")["amount"].sum().reindex(CUSTOMERS).fillna(0.0).to_numpy() for part in (orders, before))
    cap = np.quantile(x[x > 0], 0.99)
    y, x = np.minimum(y, cap), np.minimum(x, cap)
    assert told["detectable"] == pytest.approx(minimum_detectable_effect(y.std(ddof=1), 120) / y.mean())
    r2 = np.corrcoef(y, x)[0, 1] ** 2
    assert told["r2"] == pytest.approx(r2) and told["detectable_cuped"] == pytest.approx(told["detectable"] * np.sqrt(1 - r2))


def test_an_effect_of_that_size_is_found_four_times_in_five(company):
    """The promise held against the planned analysis on the same history, arms drawn by coin."""
    told = planned(company, CUSTOMERS, days=90)
    with company["store"].connect() as connection:
        orders = store.orders_between(connection, AS_OF - timedelta(days=179), AS_OF)
    history = History(orders, CUSTOMERS, AS_OF, AS_OF - timedelta(days=179))
    y, x = history.window("revenue", 90), history.window("revenue", 90, 1)
    cap = np.quantile(x[x > 0], 0.99)
    y, x, rng = np.minimum(y, cap), np.minimum(x, cap), np.random.default_rng(3)
    found = 0
    for _ in range(400):
        arm = rng.permutation(len(y)) % 2
        found += mean_test(y + arm * told["detectable_cuped"] * y.mean(), arm, x).p < 0.05
    assert 0.72 < found / 400 < 0.88


def test_silence_is_refused_with_figures_of_what_can_be_done(company):
    told = planned(company, CUSTOMERS, days=28, smallest_effect=0.02)
    assert told["can_see"] is False
    offers = {one["code"]: one for one in told["offers"]}
    assert set(offers) == {"longer", "orders", "without_key_accounts", "crossover"}
    assert all(0 < one["detectable"] < 10 and one["enough"] == (one["detectable"] <= 0.02) for one in offers.values())
    assert len({round(one["detectable"], 6) for one in offers.values()}) == 4
    assert offers["longer"]["more"] == offers["longer"]["days"] - 28 > 0
    assert offers["longer"]["detectable"] < told["detectable_cuped"]
    said = " ".join(words.offers(Formatter(translator("en")), told))
    assert f"{offers['longer']['days']} days instead, {offers['longer']['more']} more: finds from" in said
    assert "Count orders per customer instead" in said and "largest 5 %" in said
    assert said.count("(enough)") + said.count("still too little)") + said.count("(no help here)") == 4
    assert all(one["is_better"] == (one["detectable"] < told["detectable_cuped"]) for one in offers.values())


def test_what_can_see_enough_needs_no_offer(company):
    told = planned(company, CUSTOMERS, days=60, smallest_effect=0.9)
    assert told["can_see"] is True and told["offers"] == [] and told["days_needed"] == 60


def test_alerts_are_planned_by_who_stays_silent_and_not_week_by_week(company):
    told = planned(company, kind="churn_alert", ids=CUSTOMERS)
    assert told["metric"] == "churned" and 0 < told["mean"] < 1
    codes = {one["code"] for one in told["offers"]}
    assert {"orders", "without_key_accounts"} <= codes and "crossover" not in codes


def test_routes_count_as_routes(company):
    routes = {customer: f"route {place % 12}" for place, customer in enumerate(CUSTOMERS)}
    whole, by_route = planned(company, CUSTOMERS), planned(company, CUSTOMERS, clusters=routes)
    assert by_route["detectable"] != whole["detectable"] and by_route["r2"] == 0
    assert {one["code"] for one in by_route["offers"]} == {"longer", "orders"}


def test_without_a_history_nothing_is_promised(empty):
    told = planned(empty)
    assert told["can_see"] is None and told["offers"] == []
    assert "There is no history" in words.planner(Formatter(translator("en")), told)
    stock = planned(empty, kind="demand_forecast")
    assert stock["can_see"] is None and stock["metric"] == "stock_outs"


def test_going_on_all_the_same_is_warned_and_kept_on_the_timeline(company):
    with pytest.warns(TooSmallWarning, match=r"cannot see a realistic effect \(5\s%\)\. .* days instead"):
        experiment = api.create_dynamic_pricing_experiment(FEW, TODAY, 14, smallest_effect=0.05, **company)
    assert "no puede ver un efecto realista" in experiment.planner()
    with company["store"].connect() as connection:
        made, warned = store.events_of(connection, experiment.experiment_id)
        audited = connection.exec_driver_sql("SELECT who, action FROM audit ORDER BY id").all()
    assert (made["action"], warned["action"]) == ("experiment.create", "experiment.too_small")
    assert warned["detail"]["detectable"] > warned["detail"]["realistic"] == 0.05 and warned["detail"]["offers"]
    assert ("api", "experiment.too_small") in [tuple(row) for row in audited]
    assert "made although it finds effects from" in words.event(Formatter(translator("en")), warned)
    assert "aunque" in experiment.generate_report("es").read_text(encoding="utf-8")


def test_a_test_that_can_see_enough_is_made_without_a_word(company):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        experiment = api.create_dynamic_pricing_experiment(CUSTOMERS, TODAY, 60, smallest_effect=0.9, **company)
    with company["store"].connect() as connection:
        assert [one["action"] for one in store.events_of(connection, experiment.experiment_id)] == ["experiment.create"]


def test_a_program_can_ask_before_it_makes_one(company):
    told = api.plan_experiment("dynamic_pricing", FEW, 14, smallest_effect=0.05, **company)
    assert told["can_see"] is False and told["sentence"].startswith("This test cannot see a realistic effect (5\u00a0%).")
    assert pd.notna(told["detectable_cuped"]) and "It would need" in told["sentence"]
