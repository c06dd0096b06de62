"""A total divided: the better way by past weeks, bands that cover, orders by service level that keep their word."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml.forecasting.parts import FEWEST_WEEKS, SERVICE_LEVELS, UNTRIED_LEVEL, fit_parts

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


def test_the_record_of_a_part_is_of_its_past_weeks(steady):
    """Poisson parts of 30, 10 and 2 a week: the smaller, the further off; the week before repeated is worse; the range holds most weeks."""
    _, _, model = steady
    errors = [model.record[name]["error"] for name in ("a", "b", "c")]
    assert errors == sorted(errors) and 0.08 < errors[0] < 0.25 and errors[2] > 0.4
    for told in model.record.values():
        assert told["weeks"] == 26 and told["error"] < told["rule"] and 18 <= told["within"] <= 26


def test_a_part_that_sold_nothing_of_late_has_no_record():
    gone = counts(5.0) * (np.arange(len(DAYS)) < 200)
    total, parts = frames(a=counts(6.0), gone=gone)
    assert set(fit_parts(total, parts, {}, step_weeks=4).record) == {"a"}


def test_one_or_two_past_weeks_are_no_record(steady):
    total, parts, _ = steady
    told = [fit_parts(total.head(days), parts.head(days), {}, step_weeks=4).record for days in (150, 170, 190)]
    assert told[0] == told[1] == {} and told[2]["a"]["weeks"] == 3


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
    assert short.method == "top_down" and short.errors == {} and short.service == {} and short.record == {}
    assert (short.level_error == 0.30).all()


def test_money_has_bands_that_are_no_counts_and_nothing_expected_has_none():
    money = np.where(OPEN, RNG.gamma(2.0, 5000.0, len(DAYS)), 0.0)
    total, parts = frames(a=money, b=money * RNG.uniform(0.2, 0.6, len(DAYS)))
    model = fit_parts(total, parts, {}, step_weeks=4)
    low, high = model.quantiles(np.array([50_000.0, 0.0]), 0, (0.1, 0.9))
    assert 0 < low[0] < 50_000 < high[0] and not model.whole
    assert low[1] == high[1] == 0


def wandering(seed: int, number: int = 12, pace: float = 0.05) -> np.ndarray:
    """Counts of parts whose shares of a steady total move by themselves (days × parts)."""
    rng = np.random.default_rng(seed)
    shares = np.exp(np.cumsum(rng.normal(0, pace, (len(DAYS) + 30, number)), axis=0))
    return rng.poisson(400 * shares / shares.sum(axis=1, keepdims=True)).astype(float)


def held(cells: np.ndarray) -> tuple[float, float]:
    """Share of the parts whose 30 days came within their 80 % band, and its mean width over the mean."""
    names = [f"p{place}" for place in range(cells.shape[1])]
    parts = pd.DataFrame(cells[: len(DAYS)], columns=names)
    parts.insert(0, "ds", DAYS)
    total = DAYS.to_frame("ds").assign(y=parts[names].sum(axis=1))
    model = fit_parts(total, parts, {}, step_weeks=4)
    ahead = pd.DataFrame({"ds": pd.date_range(DAYS.iloc[-1] + pd.Timedelta(days=1), periods=30, unit="us"), "yhat": 400.0})
    values = model.divide(parts, ahead)
    means = values.sum(axis=0)
    bands = np.array([model.quantiles(means[[place]], place, (0.1, 0.9), 30)[:, 0] for place in range(len(names))])
    came = cells[len(DAYS) :].sum(axis=0)
    return float(((came >= bands[:, 0]) & (came <= bands[:, 1])).mean()), float(((bands[:, 1] - bands[:, 0]) / means).mean())


def test_a_month_of_parts_that_come_and_go_is_covered():
    """Within a week their shares hardly move, within a month they do: the error of a month is learnt from months."""
    told = [held(wandering(seed)) for seed in range(5)]
    assert 0.7 <= np.mean([inside for inside, _ in told]) <= 0.95


def test_a_month_of_steady_parts_is_as_sure_as_their_week(steady):
    _, _, model = steady
    large = model.level_error[:2], model.month_error[:2]
    assert large[1] == pytest.approx(large[0], rel=0.1)


def test_an_older_release_keeps_the_bands_it_was_judged_with(steady):
    _, _, model = steady
    older = replace(model, month_error=None)
    assert (older.quantiles(np.array([180.0]), 0, (0.1, 0.9), 30) == older.quantiles(np.array([180.0]), 0, (0.1, 0.9), 7)).all()


def test_a_far_day_is_less_sure_than_a_near_one(steady):
    _, _, model = steady
    moving = replace(model, level_error=np.full(3, 0.1), month_error=np.full(3, 0.5))
    near, middle, far = moving.quantiles(np.full(3, 40.0), 0, (0.1, 0.9), np.array([3, 15, 30])).T
    assert near[1] - near[0] < middle[1] - middle[0] < far[1] - far[0]


def test_without_a_whole_month_to_look_back_on_the_month_is_as_unsure_as_untried():
    total, parts = frames(a=counts(6.0), b=counts(2.0))
    model = fit_parts(total.head(150), parts.head(150), {}, step_weeks=4)
    assert model.errors and (model.month_error >= UNTRIED_LEVEL).all() and (model.level_error <= model.month_error).all()
