from datetime import date

import numpy as np
import pandas as pd

from ml.pricing.panel import make_panel
from tests.unit.pricing.conftest import AS_OF, WEEKS, sell, week_days


def test_weeks_without_a_sale_are_zeros_not_gaps():
    lines = sell(1, np.zeros(WEEKS), 0.0, customers=3, rate=0.3)
    panel = make_panel(lines, ["PC"], AS_OF)
    (cell,) = panel.cells
    assert WEEKS - 5 <= panel.weeks <= WEEKS
    assert (cell.units == 0).sum() > 0
    assert cell.units.sum() == lines["quantity"].sum()


def test_the_last_week_ends_on_as_of_and_later_lines_are_not_seen():
    lines = sell(1, np.zeros(WEEKS), 0.0)
    later = lines.assign(day=lines["day"] + np.timedelta64(7 * WEEKS, "D"))
    both = make_panel(pd.concat([lines, later]), ["PC"], AS_OF)
    assert both.as_of.date() == AS_OF
    assert both.cells[0].units.sum() == lines["quantity"].sum()


def test_at_personal_prices_rows_are_customers_at_a_list_price_the_market():
    listed = make_panel(sell(2, np.zeros(WEEKS), 0.0), ["PC"], AS_OF).cells[0]
    personal = make_panel(sell(2, np.zeros(WEEKS), 0.0, factors=np.linspace(0.7, 1.2, 40)), ["PC"], AS_OF).cells[0]
    assert listed.bought.shape == (1, WEEKS)
    assert personal.bought.shape == (40, WEEKS)


def test_a_hoard_counts_as_at_most_three_usual_purchases():
    lines = sell(3, np.zeros(WEEKS), 0.0, customers=10)
    lines.loc[lines.index[5], "quantity"] = 10_000.0
    cell = make_panel(lines, ["PC"], AS_OF).cells[0]
    assert cell.bought.max() < 10 * 3 + 1


def test_a_long_silence_is_a_pause_and_a_short_one_is_not():
    lines = sell(4, np.zeros(WEEKS), 0.0, customers=12, rate=1.5, factors=np.linspace(0.7, 1.2, 12))
    away = (lines["customer_id"] == "Hogar-0") & lines["day"].isin(week_days()[30:60])
    cell = make_panel(lines[~away], ["PC"], AS_OF).cells[0]
    pauses = (cell.active == 0).sum(axis=1)
    assert (pauses > 0).sum() == 1
    assert 24 <= pauses.max() <= 32


def test_controls_know_trend_season_and_holidays_and_are_centred():
    holidays = [date(2026, 9, 18), date(2026, 9, 19), date(2025, 12, 25)]  # Friday, Saturday, Thursday
    panel = make_panel(sell(5, np.zeros(WEEKS), 0.0), ["PC"], AS_OF, holidays)
    assert {"trend", "sin_1", "cos_2", "holidays"} <= set(panel.control_names)
    np.testing.assert_allclose(panel.controls.mean(axis=0), 0, atol=1e-12)
    closed = panel.controls[:, panel.control_names.index("holidays")]
    assert (closed > closed.min() + 0.1).sum() == 2
    assert panel.penalties[panel.control_names.index("trend")] == 0
    assert (np.delete(panel.penalties, panel.control_names.index("trend")) > 0).all()


def test_no_lines_give_an_empty_panel():
    panel = make_panel(sell(1, np.zeros(WEEKS), 0.0), ["none such"], AS_OF)
    assert panel.weeks == 0
    assert panel.cells == ()
