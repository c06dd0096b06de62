import numpy as np
import pytest

from ml.forecasting.days import day_table
from ml.forecasting.trees import fit_trees

TABLE = day_table(np.datetime64("2023-01-02"), 460, "CL")
OPEN = TABLE.weekday < 5
Y = 100.0 * (1 + 0.3 * (TABLE.weekday == 2)) * OPEN * np.random.default_rng(1).lognormal(0, 0.1, 460)


def test_the_weekly_pattern_is_continued_for_every_day_ahead():
    history, use = Y[:400], OPEN[:400]
    model = fit_trees(history, use, TABLE.take(slice(0, 400)), OPEN[:400], seed=1)
    answer = model.predict(history, use, TABLE, OPEN, 60)
    ahead = OPEN[400:]
    wednesday = TABLE.weekday[400:] == 2
    assert answer[ahead & wednesday].mean() == pytest.approx(130, rel=0.1)
    assert answer[ahead & ~wednesday].mean() == pytest.approx(100, rel=0.1)


def test_values_to_come_change_nothing():
    use = OPEN[:400]
    model = fit_trees(Y[:400], use, TABLE.take(slice(0, 400)), OPEN[:400], seed=1)
    again = fit_trees(Y[:400].copy(), use, TABLE.take(slice(0, 400)), OPEN[:400], seed=1)
    assert model == again


def test_counts_keep_their_mean():
    rng = np.random.default_rng(5)
    y = rng.poisson(3.0, 400).astype(float)
    use = np.ones(400, dtype=bool)
    table = day_table(np.datetime64("2023-01-02"), 430, "XX")
    model = fit_trees(y, use, table.take(slice(0, 400)), use, seed=1)
    assert model.predict(y, use, table, np.ones(430, dtype=bool), 30).mean() == pytest.approx(3.0, rel=0.25)


def test_too_short_a_history_has_no_trees():
    assert fit_trees(Y[:60], OPEN[:60], TABLE.take(slice(0, 60)), OPEN[:60], seed=1) is None
    assert fit_trees(Y[:20], OPEN[:20], TABLE.take(slice(0, 20)), OPEN[:20], seed=1) is None
