import numpy as np
import pytest

from ml.forecasting.holt_winters import GRID, advance, fit_holt_winters

WEEKDAY = np.arange(400) % 7
PATTERN = np.array([1.2, 1.1, 1.0, 1.0, 0.9, 0.8, 1.0])
ALL = np.ones(400, dtype=bool)


def plain(values: np.ndarray, alpha: float, beta: float, gamma: float, phi: float, level: float, season: np.ndarray) -> tuple[float, float]:
    """Damped multiplicative Holt-Winters written down once more, day by day (Hyndman and Athanasopoulos, 2021, section 8.3)."""
    trend = 0.0
    for day, value in zip(WEEKDAY, values, strict=False):
        base = level + phi * trend
        error = value - base * season[day]
        moved = base + alpha * error / season[day]
        season[day] += gamma * error / moved
        trend = phi * trend + beta * (moved - base)
        level = moved
    return level, trend


def test_the_grid_moves_as_the_plain_recursion_does():
    values = 100 * PATTERN[WEEKDAY] * (1 + 0.01 * np.sin(np.arange(400)))
    row = np.array([[0.15, 0.05, 0.06, 0.9]])
    first = values[:28].mean()
    season = (np.bincount(WEEKDAY[:84], weights=values[:84]) / values[:84].mean() + 2) / (12 + 2)
    run = advance(values, WEEKDAY, ALL, row)
    level, trend = plain(values, *row[0], first, season)
    assert run.level[0] == pytest.approx(level, rel=1e-3) and run.trend[0] == pytest.approx(trend, abs=0.05)


def test_a_weekly_pattern_is_continued():
    values = 100 * PATTERN[WEEKDAY]
    model = fit_holt_winters(values, WEEKDAY, ALL)
    future = (np.arange(400, 430)) % 7
    answer = model.predict(values, WEEKDAY, ALL, future, np.ones(30, dtype=bool))
    assert np.allclose(answer, 100 * PATTERN[future], rtol=0.03)


def test_a_new_level_is_followed():
    values = np.where(np.arange(400) < 340, 100.0, 200.0) * PATTERN[WEEKDAY]
    model = fit_holt_winters(values, WEEKDAY, ALL)
    answer = model.predict(values, WEEKDAY, ALL, np.arange(400, 407) % 7, np.ones(7, dtype=bool))
    assert answer.mean() > 170


def test_days_out_of_use_change_nothing():
    values = 100 * PATTERN[WEEKDAY]
    use = ALL.copy()
    use[200:210] = False
    broken = values.copy()
    broken[200:210] = 9e9
    expected = advance(values, WEEKDAY, use, GRID[:3])
    assert np.allclose(advance(broken, WEEKDAY, use, GRID[:3]).level, expected.level)
