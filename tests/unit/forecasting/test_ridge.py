import numpy as np
import pytest

from ml.forecasting.days import day_table
from ml.forecasting.features import columns, design_for
from ml.forecasting.ridge import fit_ridge

TABLE = day_table(np.datetime64("2023-01-02"), 800, "CL")
OPEN = TABLE.weekday < 6
USE = OPEN & (np.arange(800) < 760)
RNG = np.random.default_rng(3)


def truth() -> np.ndarray:
    """A level of 300, busy Mondays, a quiet January, and twice as much on the day before a holiday."""
    y = 300.0 * np.where(TABLE.weekday == 0, 1.4, 1.0) * np.where(TABLE.month == 1, 0.7, 1.0)
    before_holiday = np.append(TABLE.is_holiday[1:], False) & ~TABLE.is_holiday
    return np.where(before_holiday, 2.0, 1.0) * y


def test_weekday_and_holiday_effects_are_found():
    y = truth() * np.exp(RNG.normal(0, 0.05, 800))
    model = fit_ridge(y, TABLE, OPEN, USE)
    expected = model.predict(TABLE, OPEN)
    mondays = expected[USE & (TABLE.weekday == 0)].mean() / expected[USE & (TABLE.weekday == 2)].mean()
    assert mondays == pytest.approx(1.4, rel=0.05)
    before = np.append(TABLE.is_holiday[1:], False) & ~TABLE.is_holiday & USE & (TABLE.weekday != 0)
    assert (expected[before] / truth()[before]).mean() == pytest.approx(1.0, abs=0.15)


def test_outliers_hardly_move_the_fit():
    y = truth() * np.exp(RNG.normal(0, 0.05, 800))
    spoilt = y.copy()
    spoilt[100:760:33] *= 6
    plain, robust = (fit_ridge(values, TABLE, OPEN, USE).predict(TABLE, OPEN)[760:] for values in (y, spoilt))
    assert abs(robust.mean() / plain.mean() - 1) < 0.12


def test_counts_keep_their_mean():
    mean = 2.0 * np.where(TABLE.weekday == 0, 1.5, 1.0)
    totals = []
    for seed in range(5):
        y = np.random.default_rng(seed).poisson(mean).astype(float)
        model = fit_ridge(y, TABLE, OPEN, USE)
        assert model.poisson
        totals.append(model.predict(TABLE, OPEN)[300:760][OPEN[300:760]].sum() / mean[300:760][OPEN[300:760]].sum())
    assert np.mean(totals) == pytest.approx(1.0, abs=0.04)


def test_the_effects_of_all_groups_make_the_whole():
    y = truth()
    model = fit_ridge(y, TABLE, OPEN, USE)
    groups = tuple(dict.fromkeys(model.groups))
    parts = sum(model.effects(TABLE, OPEN, (group,)) for group in groups)
    assert np.allclose(parts, model.effects(TABLE, OPEN))


@pytest.mark.parametrize(("begin", "factor"), [(700, 1.6), (700, 0.5), (725, 1.5)])
def test_a_level_shift_is_followed(begin: int, factor: float):
    y = 300.0 * np.where(np.arange(800) >= begin, factor, 1.0) * np.exp(RNG.normal(0, 0.05, 800))
    model = fit_ridge(y, TABLE, OPEN, USE)
    late = np.flatnonzero(OPEN[761:]) + 761
    assert model.predict(TABLE, OPEN)[late].sum() / y[late].sum() == pytest.approx(1.0, abs=0.12)


def test_columns_follow_the_length_of_the_history():
    short = design_for(TABLE, USE & (np.arange(800) < 200))
    long = design_for(TABLE, USE)
    assert short.harmonics == 0 and long.harmonics == 2
    assert short.hinges == (28, 84) and long.hinges == (28, 84, 180, 365)
    matrix, groups = columns(long, TABLE, OPEN)
    assert matrix.shape == (800, len(groups)) and np.isfinite(matrix).all()


def test_a_customary_day_keeps_its_effect_as_it_moves():
    """Twice the sales on Easter Sunday of 2023 and 2024: expected again on that of 2025."""
    table = day_table(np.datetime64("2023-01-02"), 860, "CL")
    history = np.arange(860) < 820
    easter = table.custom == "Easter Sunday"
    noise = np.exp(np.random.default_rng(5).normal(0, 0.1, 860))
    y = np.where(history, np.where(easter, 200.0, 100.0) * noise, np.nan)
    found = fit_ridge(y, table, np.ones(860, dtype=bool), history).predict(table, np.ones(860, dtype=bool))
    coming = np.flatnonzero(easter & ~history)
    assert table.days[coming] == np.datetime64("2025-04-20")
    assert 120 < found[coming[0]] < 200 and abs(found[coming[0] - 7] - 100) < 8
