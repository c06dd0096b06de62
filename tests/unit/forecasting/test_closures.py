import numpy as np

from ml.forecasting.closures import Closures, learn_closures
from ml.forecasting.days import DayTable, day_table


def table(days: int = 400, start: str = "2024-01-01", country: str = "CL") -> DayTable:
    return day_table(np.datetime64(start), days, country)


def test_weekdays_with_mostly_zeros_are_closed():
    days = table()
    y = np.where(days.weekday >= 5, 0.0, 10.0)
    y[np.flatnonzero(days.weekday == 5)[::10]] = 2.0  # a few stray Saturdays
    assert learn_closures(y, days).weekdays == {5, 6}


def test_only_the_last_half_year_counts():
    days = table()
    y = np.where(days.weekday == 6, 0.0, 10.0)
    y[-182:] = 10.0
    assert learn_closures(y, days).weekdays == frozenset()


def test_a_series_that_is_mostly_zero_has_no_closed_days():
    days = table()
    y = (np.random.default_rng(2).random(400) < 0.2).astype(float)
    assert learn_closures(y, days) == Closures()


def test_unknown_days_say_nothing():
    days = table()
    y = np.full(400, 10.0)
    y[days.weekday == 6] = np.nan
    assert learn_closures(y, days).weekdays == frozenset()


def test_a_holiday_follows_its_last_occurrence():
    days = table(760)
    y = np.full(760, 10.0)
    christmas = np.flatnonzero(days.holiday == "Navidad")
    y[christmas[0]], y[christmas[1]] = 0.0, 8.0
    labour_day = np.flatnonzero(days.holiday == "Día Nacional del Trabajo")
    y[labour_day] = [9.0, 0.0]
    learnt = learn_closures(y, days)
    assert learnt.closed_holidays == {"Día Nacional del Trabajo"} and "Navidad" in learnt.open_holidays
    assert not learnt.closed_on_new_holidays


def test_a_holiday_never_seen_follows_most_holidays():
    days = table(200, "2024-01-01")
    y = np.where(days.is_holiday, 0.0, 10.0)
    learnt = learn_closures(y, days)
    christmas = day_table(np.datetime64("2024-12-23"), 4, "CL")
    assert learnt.closed_on_new_holidays and learnt.is_open(christmas).tolist() == [True, True, False, True]


def test_a_week_closed_around_christmas_is_closed_again_next_year():
    days = table(420, "2024-06-03")
    y = np.where(days.weekday >= 5, 0.0, 10.0)
    gone = (days.days >= np.datetime64("2024-12-24")) & (days.days <= np.datetime64("2025-01-03"))
    y[gone] = 0.0
    lone = np.flatnonzero(days.days == np.datetime64("2024-10-02"))
    y[lone] = 0.0  # a strike is no season
    learnt = learn_closures(y, days)
    assert (12, 30) in learnt.closed_season and (10, 2) not in learnt.closed_season
    coming = day_table(np.datetime64("2025-12-29"), 5, "CL")
    assert learnt.is_open(coming).tolist() == [False, False, False, False, False]


def test_christmas_never_seen_is_closed_where_any_closed_day_is_known():
    days = table(200, "2024-03-01", "DE")
    coming = day_table(np.datetime64("2024-12-24"), 3, "DE")
    rests_on_sundays = np.where(days.weekday == 6, 0.0, 10.0)
    rests_on_sundays[days.is_holiday & (days.weekday != 6)] = 7.0
    assert learn_closures(rests_on_sundays, days).is_open(coming).tolist() == [True, False, True]
    assert learn_closures(np.full(200, 10.0), days).is_open(coming).all()


def test_christmas_that_was_worked_is_worked_again():
    days = table(400, "2023-10-01", "DE")
    y = np.where(days.weekday == 6, 0.0, 10.0)
    assert learn_closures(y, days).is_open(day_table(np.datetime64("2024-12-25"), 1, "DE")).all()


def test_shops_rest_on_irrevocable_days_never_seen():
    days = table(150, "2025-02-01")
    y = np.where((days.weekday == 6) | (days.holiday == "Viernes Santo"), 0.0, 10.0)
    learnt = learn_closures(y, days)
    assert learnt.is_open(day_table(np.datetime64("2025-09-17"), 3, "CL")).tolist() == [True, True, True]  # 1 May was worked
    y[days.holiday == "Día Nacional del Trabajo"] = 0.0
    assert learn_closures(y, days).is_open(day_table(np.datetime64("2025-09-17"), 3, "CL")).tolist() == [True, False, False]


def test_a_customary_day_moves_with_easter():
    days = table(400, "2017-03-01", "DE")
    y = np.full(400, 50.0)
    y[days.days == np.datetime64("2017-06-15")] = 0.0  # Corpus Christi, kept by some regions only
    learnt = learn_closures(y, days)
    assert learnt.closed_customs == {"Corpus Christi"}
    assert learnt.is_open(day_table(np.datetime64("2018-05-30"), 3, "DE")).tolist() == [True, False, True]


def test_a_customary_day_at_0_is_chance_where_zeros_are_usual():
    days = table(400, "2017-03-01", "DE")
    y = np.random.default_rng(3).poisson(3.0, 400).astype(float)
    y[days.days == np.datetime64("2017-06-15")] = 0.0
    assert (y == 0).mean() > 0.02 and learn_closures(y, days).closed_customs == frozenset()


def test_a_weekday_closed_four_times_running_stays_closed():
    days = table(300)
    y = np.full(300, 10.0)
    sundays = np.flatnonzero(days.weekday == 6)
    y[sundays[-3:]] = 0.0
    assert learn_closures(y, days).weekdays == frozenset()
    y[sundays[-4:]] = 0.0
    assert learn_closures(y, days).weekdays == {6}


def test_four_weeks_at_0_close_no_weekday():
    days = table(300)
    y = np.full(300, 10.0)
    y[-28:] = 0.0
    assert learn_closures(y, days).weekdays == frozenset()


def test_a_weekday_opened_lately_is_open_from_then_on():
    days = table(300)
    y = np.where(days.weekday == 6, 0.0, 10.0)
    sundays = np.flatnonzero(days.weekday == 6)
    y[sundays[-4:]] = 6.0
    is_open = learn_closures(y, days).is_open(table(330))
    assert not is_open[sundays[:-4]].any() and is_open[sundays[-4:]].all() and is_open[300:].all()


def test_sundays_of_december_are_open_next_december_alone():
    days = table(420, "2023-10-02")
    y = np.where((days.weekday == 6) & (days.month != 12), 0.0, 10.0)
    learnt = learn_closures(y, days)
    coming = day_table(np.datetime64("2024-11-25"), 60, "CL")
    ordinary = (coming.weekday == 6) & ~coming.is_holiday
    assert learnt.weekdays == {6} and learnt.open_months == {(6, 12)}
    assert (learnt.is_open(coming)[ordinary] == (coming.month[ordinary] == 12)).all()
