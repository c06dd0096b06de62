"""Bad data through the whole product: orders that are odd, late, gone or refunded give a sound answer, the parts too, or a sentence."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from ml.predictors.base import Company
from ml.predictors.demand import Demand
from ml.source.tables import SPECS, TableError, Tables, conform
from tests.unit.predictors.test_demand import END, company

NUMBERS = ["value", "lo80", "hi80", "lo95", "hi95"]


class Light(Demand):
    """The predictor with the light members only and without the months told again: what is tested here is what surrounds them."""

    def _series(self, history, regressors, members="full"):
        return super()._series(history, regressors, "light")

    def _tell(self, *_asked) -> None: ...


@pytest.fixture(scope="module")
def plain() -> Tables:
    return company(170, 4.0)


def with_orders(tables: Tables, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Tables:
    """The same company with its orders and their lines changed alike."""
    frames = {name: tables[name] for name in ("orders", "order_lines", "products")}
    orders = change(frames["orders"].copy())
    lines = frames["order_lines"]
    lines = lines[lines["order_id"].isin(orders["order_id"])].assign(amount=lines["order_id"].map(orders.set_index("order_id")["amount"]))
    return Tables(frames | {"orders": orders.reset_index(drop=True), "order_lines": lines.reset_index(drop=True)})


def amounts(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda orders: orders.assign(amount=change(orders["amount"].to_numpy(dtype=float)))


def some(values: np.ndarray, to: float) -> np.ndarray:
    return np.where(np.arange(len(values)) % 9 == 0, to, values)


BAD = {
    "unknown amounts": amounts(lambda values: some(values, np.nan)),
    "refunds": amounts(lambda values: some(values, -9_000.0)),
    "every amount alike": amounts(lambda values: np.full(len(values), 5_000.0)),
    "no money at all": amounts(lambda values: np.zeros(len(values))),
    "a spike of 100 times": amounts(lambda values: np.where(np.arange(len(values)) == len(values) - 30, values * 100, values)),
    "a gap of six weeks": lambda orders: orders[~orders["order_date"].between("2025-08-25", "2025-10-05")],
    "one customer": lambda orders: orders.assign(customer_id="c1"),
    "ended 40 days ago": lambda orders: orders[orders["order_date"] <= pd.Timestamp(END) - pd.Timedelta(days=40)],
    "20 days": lambda orders: orders[orders["order_date"] > pd.Timestamp(END) - pd.Timedelta(days=20)],
}


def sound(answer: pd.DataFrame) -> None:
    """Complete, never below 0, bands in order, and the parts of a kind add up to the company."""
    own = answer[answer["entity_type"] == "company"]
    assert own[NUMBERS].notna().all(axis=None) and (own[NUMBERS] >= 0).all(axis=None)
    for _, rows in answer[answer["entity_type"] != "measure"].groupby("entity_type"):
        told = rows.dropna(subset=["lo80"])
        assert np.isfinite(told[NUMBERS]).all(axis=None)
        assert (told["lo95"] <= told["lo80"]).all() and (told["hi80"] <= told["hi95"]).all()
        assert (told["lo80"] <= told["value"] + 1e-6).all() and (told["value"] <= told["hi80"] + 1e-6).all()
    for keys, rows in answer[answer["entity_type"].isin(["product", "zone", "customer_type"])].groupby(["measure", "window_days"]):
        whole = own[(own["measure"] == keys[0]) & (own["window_days"] == keys[1])]["value"].iloc[0]
        for kind, parts in rows.groupby("entity_type"):
            modelled = parts[parts["detail"].map(lambda detail: detail["method"] != "proportion")]
            assert modelled["value"].sum() == pytest.approx(whole, rel=0.005), (keys, kind)


@pytest.mark.parametrize("kind", BAD)
def test_odd_orders_give_a_sound_answer(plain, kind):
    tables = with_orders(plain, BAD[kind])
    sound(Light(Company()).fit(tables, END).predict(tables, END))


@pytest.mark.parametrize("kind", BAD)
def test_a_model_learnt_before_answers_when_the_orders_turn_odd(plain, kind):
    model = Light(Company()).fit(plain, END - timedelta(days=30))
    sound(model.predict(with_orders(plain, BAD[kind]), END))


def test_a_country_without_holidays_is_forecast_without(plain):
    answer = Light(Company(country="XX")).fit(plain, END).predict(plain, END)
    sound(answer)
    days = answer[(answer["entity_type"] == "company") & (answer["window_days"] == 1)]
    assert all(detail["holiday"] is None for detail in days["detail"])


def test_weather_that_ends_before_the_horizon_is_filled_with_the_usual_one(plain):
    """A fit that uses weather meets a day without any forecast: the answer is whole, and no base is claimed."""
    days = pd.date_range("2025-06-20", END, unit="us")
    heat = 20 + 8 * np.sin(np.arange(len(days)) / 9)
    seen = pd.DataFrame({"date": days, "temp_max_c": heat, "humidity": 40.0, "precip_mm": 0.0, "known_at": days + pd.Timedelta(days=1)})
    tables = plain.with_rows("weather", seen)
    model = Light(Company()).fit(tables, END)
    history = model.models_["orders"]
    assert history is not None
    model.kept_["orders"] = ("temp_max_c",)
    orders = plain["orders"].groupby("order_date").size().reindex(days, fill_value=0)
    series = pd.DataFrame({"ds": days, "y": orders.to_numpy(dtype=float)})
    model.models_["orders"] = model._series(series, seen.rename(columns={"date": "ds"})[["ds", "temp_max_c"]])
    answer = model.predict(tables, END)
    sound(answer)
    own = answer[(answer["entity_type"] == "company") & (answer["measure"] == "orders") & (answer["window_days"] == 1)]
    assert not any("base" in detail for detail in own["detail"].tolist()[1:]), "beyond what is known there is nothing beside the forecast"


def test_timestamps_with_a_zone_are_a_matter_of_reading_and_refused_here(plain):
    zoned = plain["orders"].assign(order_date=plain["orders"]["order_date"].dt.tz_localize("America/Lima"))
    with pytest.raises(TableError, match="order_date cannot be read as day"):
        conform(SPECS["orders"], zoned)


def test_days_ahead_start_the_day_after_the_last_counted_one(plain):
    tables = with_orders(plain, BAD["ended 40 days ago"])
    answer = Light(Company()).fit(tables, END).predict(tables, END)
    assert answer.loc[answer["entity_type"] == "company", "target_date"].min() == pd.Timestamp(date(2025, 12, 11))
