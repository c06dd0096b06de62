from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from ml.pricing.units import WINDOW_DAYS, daily_units, fit_units

AS_OF = date(2026, 10, 28)


def sold(per_weekday, days=420, product="PC", seed=1, growth=0.0):
    """Lines: units of each weekday (Monday first) with Poisson noise."""
    rng = np.random.default_rng(seed)
    rows = []
    for back in range(days):
        day = AS_OF - timedelta(days=back)
        units = rng.poisson(per_weekday[day.weekday()] * np.exp(-growth * back))
        rows += [(product, pd.Timestamp(day), float(units), 1000.0)] if units else []
    return pd.DataFrame(rows, columns=["product_id", "day", "quantity", "price"])


WORKING = [20, 25, 30, 20, 15, 0, 0]


def test_days_without_a_sale_are_zeros_and_columns_keep_the_order_asked():
    lines = pd.concat([sold(WORKING), sold(WORKING, product="PET", seed=2)])
    daily = daily_units(lines, ["PET", "PC", "none"], AS_OF)
    assert list(daily.columns) == ["PET", "PC", "none"]
    assert daily.index[-1] == pd.Timestamp(AS_OF)
    assert (daily["none"] == 0).all()
    assert daily["PC"].sum() == lines.loc[lines["product_id"] == "PC", "quantity"].sum()


def test_a_steady_product_is_foreseen_at_its_rate_with_a_band_around():
    lines = pd.concat([sold(WORKING, product=f"P{number}", seed=number) for number in range(6)])
    model = fit_units(lines, 10, AS_OF, ())
    answer = model.predict(daily_units(lines, [f"P{number}" for number in range(6)], AS_OF), AS_OF, ())
    np.testing.assert_allclose(answer["value"], 4 * sum(WORKING), rtol=0.1)
    assert (answer["lo95"] <= answer["lo80"]).all()
    assert (answer["lo80"] <= answer["value"]).all()
    assert (answer["hi80"] <= answer["hi95"]).all()
    assert (answer["lo95"] >= 0).all()


def test_holidays_ahead_take_their_day_when_they_did_before():
    before = [AS_OF - timedelta(days=back) for back in range(1, 400) if (AS_OF - timedelta(days=back)).day == 2]
    ahead = [AS_OF + timedelta(days=step) for step in range(1, 29) if (AS_OF + timedelta(days=step)).weekday() == 2]
    lines = sold(WORKING)
    lines = lines[~lines["day"].dt.date.isin(set(before))]
    model = fit_units(lines, 10, AS_OF, frozenset(before))
    daily = daily_units(lines, ["PC"], AS_OF)
    usual, closed = model.units(daily, AS_OF, frozenset(before)), model.units(daily, AS_OF, frozenset(before) | frozenset(ahead))
    assert model.holiday_weight == 0
    assert closed[0] / usual[0] == pytest.approx(1 - 30 / sum(WORKING), abs=0.05)


def test_a_young_company_gets_the_usual_choice_without_a_band():
    lines = sold(WORKING, days=40)
    model = fit_units(lines, 10, AS_OF, ())
    assert model.error_bands == ()
    answer = model.predict(daily_units(lines, ["PC"], AS_OF), AS_OF, ())
    assert answer["value"].iloc[0] > 0
    assert np.isnan(answer["lo80"].iloc[0])


def test_the_window_is_28_days():
    assert WINDOW_DAYS == 28
