"""Events and weather in the forecast: closures close, columns are used only where they help by what was known."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from ml.predictors.base import Company
from ml.predictors.demand import Demand, outside
from ml.source.tables import SPECS, Tables, conform

END = date(2025, 12, 10)
DAYS = pd.date_range(end=pd.Timestamp(END), periods=420, freq="D", unit="us")
OPEN = DAYS.day_of_week.to_numpy() < 5


def with_events(tables: Tables, *events: tuple) -> Tables:
    frame = pd.DataFrame(events, columns=["kind", "start", "end", "announced_at"])
    frame = frame.astype(dict.fromkeys(("start", "end", "announced_at"), "datetime64[us]"))
    return tables.with_rows("events", frame.assign(name="x", known_at=frame["announced_at"]))


def orders(rate: np.ndarray, seed: int = 2) -> Tables:
    rng = np.random.default_rng(seed)
    days = np.repeat(DAYS.to_numpy(), rng.poisson(rate * OPEN))
    frame = pd.DataFrame({"order_date": days, "known_at": days, "customer_id": "c1", "amount": 3000.0})
    return Tables({"orders": conform(SPECS["orders"], frame.assign(order_id=[f"o{n}" for n in range(len(frame))]))})


@pytest.fixture(scope="module")
def plain() -> Tables:
    return orders(np.full(len(DAYS), 6.0))


def test_an_announced_closure_closes_its_days_and_shrinks_the_total(plain):
    demand = Demand(Company(only_judged=True)).fit(plain, END)
    first = END + timedelta(days=5)
    closing = with_events(plain, ("closure", first, first + timedelta(days=2), END))
    before, after = (answer[answer["measure"] == "orders"] for answer in (demand.predict(plain, END), demand.predict(closing, END)))
    days = after[after["window_days"] == 1].set_index("target_date")
    for ahead in range(3):
        row = days.loc[pd.Timestamp(first + timedelta(days=ahead))]
        assert row["value"] == row["hi95"] == 0 and row["detail"]["open"] is False and row["detail"]["closure"] is True
    month, shorter = (answer[answer["window_days"] == 30].iloc[0] for answer in (before, after))
    assert shorter["value"] == pytest.approx(days["value"].iloc[:30].sum())
    assert shorter["value"] < month["value"] and shorter["lo80"] <= shorter["value"] <= shorter["hi80"] < month["hi80"]
    assert shorter["detail"]["open_days"] == month["detail"]["open_days"] - 3


def test_a_closure_nobody_had_announced_changes_nothing(plain):
    demand = Demand(Company(only_judged=True)).fit(plain, END)
    later = with_events(plain, ("closure", END + timedelta(days=5), None, END + timedelta(days=1)))
    pd.testing.assert_series_equal(demand.predict(plain, END)["value"], demand.predict(later, END)["value"])


def test_past_closures_say_nothing_about_ordinary_days(plain):
    history = pd.DataFrame({"ds": DAYS, "y": 5.0})
    history.loc[100:110, "y"] = 0.0
    shut = outside.without_closures(history, set(DAYS[98:112]))
    assert shut["y"].isna().sum() == 11, "a day with sales stays known"


def test_events_by_day_end_as_they_should():
    promotion, strike = ("promotion", DAYS[10], DAYS[12], DAYS[5]), ("strike", DAYS[20], None, DAYS[20])
    tables = with_events(Tables({}), promotion, strike, ("price_change", DAYS[400], None, DAYS[1]))
    days = outside.event_days(tables, DAYS[0].date(), END)
    assert days[["promotion", "strike", "price_change"]].sum().tolist() == [3.0, 1.0, 20.0]


def test_promotions_that_move_sales_are_learnt_and_used():
    promoted = np.isin(np.arange(len(DAYS)) // 7 % 4, [1])
    tables = orders(np.where(promoted, 20.0, 8.0))
    starts = [DAYS[place] for place in range(0, len(DAYS), 7) if promoted[place]]
    tables = with_events(tables, *[("promotion", day, day + pd.Timedelta(days=6), day - pd.Timedelta(days=40)) for day in starts])
    demand = Demand(Company(only_judged=True)).fit(tables, END)
    assert demand.kept_["orders"] == ("promotion",)
    monday = END + timedelta(days=5)
    coming = with_events(tables, ("promotion", monday, monday + timedelta(days=4), END))
    with_it, without = (
        answer[(answer["measure"] == "orders") & (answer["window_days"] == 1)].set_index("target_date")["value"]
        for answer in (demand.predict(coming, END), demand.predict(tables, END))
    )
    assert with_it[pd.Timestamp(monday)] > 1.3 * without[pd.Timestamp(monday)]


def test_weather_counts_only_as_it_was_known_then():
    """Heat moves sales, and the days are known ahead only where a forecast of them had been issued."""
    rng = np.random.default_rng(4)
    warm = 20 + 8 * rng.standard_normal(len(DAYS))
    tables = orders(12 * np.exp(0.05 * (warm - 20)))
    observed = pd.DataFrame({"date": DAYS, "temp_max_c": warm, "known_at": DAYS + pd.Timedelta(days=1)})
    told = pd.concat(
        [
            pd.DataFrame({"date": DAYS + pd.Timedelta(days=ahead), "issued_at": DAYS, "known_at": DAYS})
            for ahead in range(1, outside.WEATHER_DAYS + 1)
        ],
        ignore_index=True,
    )
    told["temp_max_c"] = told["date"].map(pd.Series(warm, index=DAYS))
    archived = pd.concat([observed, told.dropna(subset=["temp_max_c"])], ignore_index=True)
    blind, seeing = (tables.with_rows("weather", frame) for frame in (observed, archived))
    verdicts = {}
    for name, seen in (("blind", blind), ("seeing", seeing)):
        history = outside.without_closures(_history(seen), set())
        verdicts[name] = outside.judge_columns(history, {"weather": ("temp_max_c",)}, seen.known, country="CL", seed=1)
    figures = {name: verdict["groups"]["weather"] for name, verdict in verdicts.items()}
    assert verdicts["seeing"]["kept"] == ("temp_max_c",) and figures["seeing"]["days_known"] == pytest.approx(1.0, abs=0.01)
    assert figures["blind"]["days_known"] == 0 and figures["seeing"]["error_with"] < 0.95 * figures["blind"]["error_with"]
    assert figures["blind"]["error_if_known"] < 0.95 * figures["blind"]["error_with"], "an upper bound, and no ground to keep it"


def _history(tables: Tables) -> pd.DataFrame:
    sums = tables["orders"].groupby("order_date").size().reindex(DAYS, fill_value=0)
    return pd.DataFrame({"ds": DAYS, "y": sums.to_numpy(dtype=float)})


def test_an_as_of_in_the_past_knows_the_weather_as_it_was_forecast_then_never_as_it_came():
    days = pd.date_range(END - timedelta(days=40), END + timedelta(days=40), unit="us")
    came = pd.DataFrame({"date": days, "temp_max_c": 99.0, "known_at": days + pd.Timedelta(days=1)})
    issued = [pd.Timestamp(END) - pd.Timedelta(days=9), pd.Timestamp(END) - pd.Timedelta(days=3), pd.Timestamp(END) + pd.Timedelta(days=1)]
    told = pd.concat(
        [
            pd.DataFrame(
                {"date": pd.date_range(day, periods=outside.WEATHER_DAYS, unit="us"), "issued_at": day, "temp_max_c": 10.0 + place}
            )
            for place, day in enumerate(issued)
        ],
        ignore_index=True,
    )
    tables = Tables({}).with_rows("weather", came).with_rows("weather", told.assign(known_at=told["issued_at"]))
    frame = outside.columns_of(tables.known(END), ("temp_max_c",), days[0].date(), END)
    ahead = frame[frame["ds"] > pd.Timestamp(END)]["temp_max_c"].tolist()
    assert ahead[:12] == [11.0] * 12, "the newest forecast that was known, not the later one and not what came"
    assert np.isnan(ahead[12:]).all(), "beyond it the usual weather of the season stands in"
    assert (frame.loc[frame["ds"] < pd.Timestamp(END), "temp_max_c"] == 99.0).all(), "what had come by then counts as it came"
    assert frame.loc[frame["ds"] == pd.Timestamp(END), "temp_max_c"].tolist() == [11.0], "a day's own weather is known the day after"
