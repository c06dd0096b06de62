import numpy as np
import pytest

from ml.customers.blend import Window
from ml.customers.record import judge


def window(cutoff: int, skill: float, naive_skill: float = 0.0, rows: int = 1500) -> Window:
    rng = np.random.default_rng(cutoff)
    churned = rng.random(rows) < 0.5
    members = rng.normal(size=(rows, 3)) + skill * (churned[:, None] - 0.5)
    return Window(cutoff, members, rng.normal(size=rows) + naive_skill * (churned - 0.5), churned)


def test_skill_is_usable_and_its_bounds_hold_the_figure():
    record = judge([window(1, 0.8), window(2, 0.8)], 1500)
    assert record.usable
    assert record.verdict["code"] == "usable"
    assert record.windows == 2
    assert record.customers == 3000
    assert 0.7 < record.auc_lo < record.auc < record.auc_hi < 0.9
    assert record.gain == pytest.approx(record.auc - record.baseline_auc)
    assert set(record.members_auc) == {"purchase", "logistic", "trees"}


def test_noise_is_no_usable_signal():
    record = judge([window(1, 0.0), window(2, 0.0)], 1500)
    assert not record.usable
    assert record.verdict["code"] == "no_usable_signal"
    assert record.auc_hi < 0.6


def test_a_naive_rule_that_is_better_is_said():
    record = judge([window(1, 0.5, naive_skill=2.0)], 1500)
    assert not record.usable
    assert record.verdict["code"] == "no_gain_over_baseline"


def test_last_years_window_is_no_part_of_the_record():
    season = window(9, 3.0)
    assert judge([window(1, 0.8), Window(9, season.members, season.naive, season.churned, year_ago=True)], 1500).windows == 1


def test_windows_of_a_young_log_count_only_where_there_are_no_others():
    good, bad = window(1, 0.8), window(9, 0.0, naive_skill=2.0)
    young = Window(9, bad.members, bad.naive, bad.churned, young=True)
    assert judge([good, young], 1500).windows == 1 and judge([good, young], 1500).usable
    alone = judge([young], 1500)
    assert alone.windows == 1 and not alone.usable


@pytest.mark.parametrize(("value", "code"), [(True, "everybody_churned"), (False, "nobody_churned")])
def test_one_sided_windows_have_no_figure(value, code):
    record = judge([Window(1, np.zeros((5, 3)), np.zeros(5), np.full(5, value))], 5)
    assert record.verdict["code"] == code
    assert np.isnan(record.auc)
    assert not record.usable


def test_no_window_is_a_history_too_short():
    assert judge([], 5).verdict["code"] == "history_too_short"
