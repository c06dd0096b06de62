"""A total divided: the better way by past weeks, bands that cover, orders by service level that keep their word."""

import numpy as np
import pandas as pd
import pytest

from ml.forecasting.parts import FEWEST_WEEKS, SERVICE_LEVELS, fit_parts

RNG = np.random.default_rng(11)
DAYS = pd.Series(pd.date_range("2025-01-06", periods=400, unit="us"))
OPEN = DAYS.dt.day_of_week.to_numpy() < 5


def frames(**columns: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    parts = pd.DataFrame({"ds": DAYS, **columns})
    return parts[["ds"]].assign(y=parts.drop(columns="ds").sum(axis=1)), parts


def counts(rate: float | np.ndarray) -> np.ndarray:
    return RNG.poisson(rate, len(DAYS)) * OPEN.astype(float)


@pytest.fixture(scope="module")
def steady():
    total, parts = frames(a=counts(6.0), b=counts(2.0), c=counts(0.4))
    return total, parts, fit_parts(total, parts, {}, step_weeks=1)


def test_without_models_proportions_divide_and_add_up(steady):
    total, parts, model = steady
    ahead = pd.DataFrame({"ds": pd.date_range("2026-02-10", periods=30, unit="us"), "yhat": 8.4})
    values = model.divide(parts, ahead)
    assert model.method == "top_down" and set(model.errors) == {"top_down"}
    assert values.sum(axis=1) == pytest.approx(np.full(30, 8.4))
    assert values.sum(axis=0)[0] == pytest.approx(30 * 6.0, rel=0.15)


def test_bands_of_weekly_sums_cover_what_comes(steady):
    _, _, model = steady
    for place, rate in enumerate((30.0, 10.0, 2.0)):
        low, high = model.quantiles(np.array([rate]), place, (0.1, 0.9))[:, 0]
        came = RNG.poisson(rate, 4000)
        assert ((came >= low) & (came <= high)).mean() >= 0.78
        assert high <= rate + 6 * np.sqrt(rate) + 2


def test_an_order_at_a_service_level_lasts_about_that_often(steady):
    _, _, model = steady
    for name in ("a", "b"):
        told = model.service[name]
        assert told["weeks"] == 26 - FEWEST_WEEKS
        assert set(told["levels"]) == {str(level) for level in SERVICE_LEVELS}
        assert told["levels"]["0.9"]["kept"] >= 0.75 * told["weeks"]
        assert told["levels"]["0.5"]["kept"] <= 0.85 * told["weeks"]
        assert told["levels"]["0.99"]["surplus"] > told["levels"]["0.6"]["surplus"]


def test_models_of_the_parts_are_used_only_where_they_did_better():
    total, parts = frames(a=counts(10.0), b=counts(10.0))
    same = fit_parts(total, parts, {"a": "light", "b": "light"}, step_weeks=4)
    assert set(same.errors) == {"top_down", "min_trace"}
    assert (same.method == "min_trace") == (same.errors["min_trace"] < 0.98 * same.errors["top_down"])
    assert bool(same.models) == (same.method == "min_trace")


def test_minimum_trace_parts_add_up_as_well():
    grows = np.linspace(2.0, 30.0, len(DAYS))
    total, parts = frames(a=counts(grows), b=counts(12.0))
    model = fit_parts(total, parts, {"a": "light", "b": "light"}, step_weeks=4)
    ahead = pd.DataFrame({"ds": pd.date_range("2026-02-10", periods=14, unit="us"), "yhat": np.r_[40.0, 0.0, np.full(12, 35.0)]})
    values = model.divide(parts, ahead)
    assert values.sum(axis=1) == pytest.approx(ahead["yhat"].to_numpy())
    assert (values[1] == 0).all()


def test_a_short_history_divides_untried_with_wide_bands():
    total, parts = frames(a=counts(4.0), b=counts(1.0))
    short = fit_parts(total.head(60), parts.head(60), {"a": "light"})
    assert short.method == "top_down" and short.errors == {} and short.service == {}
    assert (short.level_error == 0.30).all()


def test_money_has_bands_that_are_no_counts_and_nothing_expected_has_none():
    money = np.where(OPEN, RNG.gamma(2.0, 5000.0, len(DAYS)), 0.0)
    total, parts = frames(a=money, b=money * RNG.uniform(0.2, 0.6, len(DAYS)))
    model = fit_parts(total, parts, {}, step_weeks=4)
    low, high = model.quantiles(np.array([50_000.0, 0.0]), 0, (0.1, 0.9))
    assert 0 < low[0] < 50_000 < high[0] and not model.whole
    assert low[1] == high[1] == 0
