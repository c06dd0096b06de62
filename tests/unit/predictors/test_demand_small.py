"""Little history, or under one order a day: a shrunken usual week with honest bands, what is missing, and no word about seasons."""

import numpy as np
import pandas as pd
import pytest

from ml.forecasting import fit_series, totals_of
from ml.forecasting.behind import behind
from ml.predictors.base import Company
from ml.predictors.demand import Demand
from ml.source.tables import SPECS, Tables, conform
from tests.unit.predictors.test_demand import END, company, whole
from tests.unit.predictors.test_demand_bad_input import Light

RATES = np.array([6.0, 4.0, 4.0, 4.0, 2.0, 0.0, 0.0])


def with_weather(tables: Tables) -> Tables:
    """The same company with a thermometer: hot on every third day."""
    days = pd.date_range(tables["orders"]["order_date"].min(), pd.Timestamp(END), unit="us")
    heat = np.where(np.arange(len(days)) % 3 == 0, 32.0, 20.0)
    frame = pd.DataFrame({"date": days, "temp_max_c": heat, "humidity": 40.0, "precip_mm": 0.0, "known_at": days + pd.Timedelta(days=1)})
    return tables.with_rows("weather", conform(SPECS["weather"], frame))


def counts(days: int, seed: int) -> pd.DataFrame:
    ds = pd.date_range("2025-03-03", periods=days, unit="us")
    return pd.DataFrame({"ds": ds, "y": np.random.default_rng(seed).poisson(RATES[ds.day_of_week]).astype(float)})


@pytest.mark.parametrize("days", [20, 60, 119])
def test_what_is_missing_is_said_and_nothing_of_seasons_or_weather(days):
    tables = with_weather(company(days, 4.0))
    answer = Demand(Company()).fit(tables, END).predict(tables, END)
    own = whole(answer)
    assert len(own) == 3 * 92 and own[["value", "lo80", "hi80", "lo95", "hi95"]].notna().all(axis=None)
    told = own.loc[own["window_days"] == 1, "detail"]
    first = tables["orders"]["order_date"].min()
    known = (pd.Timestamp(END) - first).days + 1
    assert all(detail["reason"] == {"code": "short_history", "params": {"days": known, "needed": 120}} for detail in told)
    assert all(set(detail["members"]) == {"profile"} for detail in told)
    said = {
        row.measure: row.detail for row in answer[(answer["entity_type"] == "measure") & (answer["entity_id"] == "orders")].itertuples()
    }
    assert said["behind"] == {}
    assert {effect["code"] for effect in said["weather_effect"]["effects"]} == {"short_history"}
    assert said["weather_effect"]["kept"] == []


@pytest.mark.parametrize(("days", "is_said"), [(500, False), (740, True)])
def test_a_season_is_spoken_of_after_two_years_and_not_before(days, is_said):
    history = counts(days, 3)
    said = behind(fit_series(history, members="light"), history)
    assert (said["season"] is not None) == is_said and said["trend"] is not None


@pytest.mark.parametrize("days", [20, 60, 119])
def test_the_usual_week_is_drawn_to_the_mean_the_more_the_less_is_known(days):
    history = counts(days, 1)
    frame = fit_series(history).predict(history, 14)
    opened = frame[frame["is_open"]]
    assert not opened["ds"].dt.day_of_week.isin([5, 6]).any()
    means = opened.groupby(opened["ds"].dt.day_of_week)["yhat"].mean()
    seen = history.groupby(history["ds"].dt.day_of_week)["y"].mean().reindex(means.index)
    assert (means.max() - means.min()) < (seen.max() - seen.min())
    assert means.idxmax() == 0 and means.idxmin() == 4


def test_bands_of_little_data_cover_what_they_say_and_narrow_with_more_of_it():
    """Forty worlds: whole counts cover at least their share of days; the total's band too, though its level is barely known."""
    widths = []
    for days in (20, 60, 119):
        inside, totals, width = [], [], []
        for seed in range(40):
            history = counts(days + 30, seed)
            frame = fit_series(history.iloc[:days]).predict(history.iloc[:days], 30)
            came = history["y"].iloc[days:].to_numpy()
            judged = frame["is_open"].to_numpy() & (RATES[frame["ds"].dt.day_of_week] > 0)
            inside.append(((came >= frame["lo80"]) & (came <= frame["hi80"]))[judged].mean())
            month = totals_of(frame).iloc[1]
            totals.append(month["lo80"] <= came.sum() <= month["hi80"])
            width.append((month["hi80"] - month["lo80"]) / month["total"])
        assert np.mean(inside) >= 0.78, days
        assert np.mean(totals) >= 0.67, f"{days}: 0.8 less two standard errors of forty worlds"
        widths.append(np.mean(width))
    assert widths[0] > widths[1] > widths[2]


def test_a_company_of_an_order_a_week_is_forecast_and_not_taken_for_closed():
    tables = company(400, 0.2)
    own = whole(Light(Company()).fit(tables, END).predict(tables, END))
    month = own[own["window_days"] == 30].set_index("measure")
    usual = 30 * len(tables["orders"]) / 400
    assert month["value"]["orders"] == pytest.approx(usual, rel=0.5) and month["lo80"]["orders"] < usual < month["hi80"]["orders"]
    assert (month["value"] > 0).all() and (month["hi80"] > month["value"]).all()
    days = own[(own["window_days"] == 1) & (own["measure"] == "orders")]
    assert {detail["reason"]["code"] for detail in days["detail"]} == {"few_sales"}
