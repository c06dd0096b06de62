"""A price test of known elasticity: what it says by itself, and together with the history."""

import numpy as np
import pandas as pd
import pytest

from ml.pricing.elasticity import DRAWS, Elasticity
from ml.pricing.model import PriceTests, fit_prices
from ml.pricing.trials import Trial, combined, read_trials
from tests.unit.pricing.conftest import AS_OF
from tests.unit.pricing.trial_company import CUSTOMERS, TRUTH, company, found


def test_a_test_finds_the_elasticity_it_was_made_with():
    trials = [found(*company(seed))[0] for seed in range(24)]
    values = np.array([trial.value for trial in trials])
    inside = [trial.interval(0.95)[0] <= TRUTH <= trial.interval(0.95)[1] for trial in trials]
    assert abs(values.mean() - TRUTH) < 3 * values.std(ddof=1) / np.sqrt(len(values))
    assert sum(inside) >= 21
    assert np.mean([trial.se for trial in trials]) == pytest.approx(values.std(ddof=1), rel=0.5)
    assert all(0.08 < trial.price_change < 0.12 for trial in trials)


def test_together_they_are_nearer_to_the_truth_and_surer_than_the_history_alone():
    errors, widths = [], []
    for seed in range(6):
        lines, tests = company(seed, rise=0.2, rate=1.0, share=0.05)
        rng = [np.random.default_rng(1) for _ in range(2)]
        alone = fit_prices(lines, pd.DataFrame(columns=["product_id", "date", "unit_cost"]), AS_OF, rng=rng[0])
        both = fit_prices(lines, pd.DataFrame(columns=["product_id", "date", "unit_cost"]), AS_OF, rng=rng[1], tests=tests)
        pair = [model.cells[("PC", "Hogar")].elasticity for model in (alone, both)]
        assert pair[1].history.value == pair[0].value and len(pair[1].trials) == 1
        errors.append([abs(one.value - TRUTH) for one in pair])
        widths.append([np.diff(one.interval(0.8))[0] for one in pair])
    errors, widths = np.array(errors), np.array(widths)
    assert errors[:, 1].mean() < errors[:, 0].mean()
    assert (widths[:, 1] < widths[:, 0]).all()


def history(value: float, sd: float, reason: str | None = None) -> Elasticity:
    draws = value + sd * np.random.default_rng(5).normal(size=DRAWS)
    return Elasticity(value, draws if reason is None else np.zeros(0), reason, 0.05, 100)


def trial(value: float, se: float, df: float = 1000.0) -> Trial:
    day = pd.Timestamp(AS_OF)
    return Trial("one", "PC", "Hogar", day, day, value, se, df, 0.1, -0.1, (100, 100), False)


def test_each_counts_by_the_inverse_of_its_variance(rng):
    both = combined(history(-1.0, 0.3), [trial(-0.4, 0.3)], rng)
    assert both.value == pytest.approx(-0.7, abs=0.03)
    assert both.draws.std() == pytest.approx(0.3 / np.sqrt(2), rel=0.15)
    sure = combined(history(-1.0, 0.3), [trial(-0.7, 0.03)], rng)
    assert sure.value == pytest.approx(-0.7, abs=0.01)


def test_without_a_test_nothing_changes(rng):
    alone = history(-1.0, 0.3)
    assert combined(alone, [], rng) is alone


def test_few_customers_count_for_less_than_their_standard_error_says(rng):
    few = combined(history(-1.0, 0.3), [trial(-0.4, 0.3, df=4.0)], rng)
    assert few.value < combined(history(-1.0, 0.3), [trial(-0.4, 0.3)], rng).value


def test_where_history_and_test_differ_beyond_chance_the_test_prevails(rng):
    both = combined(history(1.5, 0.2), [trial(-0.8, 0.2)], rng)
    assert both.value == pytest.approx(-0.8, abs=0.1)


def test_a_test_speaks_where_the_history_cannot_be_read(rng):
    alone = combined(history(np.nan, 1.0, "not_enough_price_variation"), [trial(-0.6, 0.2)], rng)
    assert (alone.reason, alone.value) == (None, -0.6)
    vague = combined(history(np.nan, 1.0, "not_enough_price_variation"), [trial(-0.6, 5.0)], rng)
    assert vague.reason == "not_enough_price_variation" and len(vague.trials) == 1


def test_a_test_whose_prices_hardly_differed_says_nothing():
    lines, tests = company(3, rise=0.0)
    assert found(lines, tests) == []


def test_a_quantity_discount_is_not_taken_for_a_price():
    lines, tests = company(4, rise=0.0, sizes=np.where(np.arange(CUSTOMERS) % 2, 2, 12), discount=0.2)
    assert found(lines, tests) == []


def test_arms_of_a_handful_of_customers_say_nothing():
    lines, tests = company(5)
    few = replace_rows(tests, pd.concat([tests.rows[tests.rows["arm"] == 1].head(4), tests.rows[tests.rows["arm"] == 0]]))
    assert found(lines, few) == []


def test_a_test_of_no_named_product_is_read_for_each():
    lines, tests = company(6)
    unnamed = replace_rows(tests, tests.rows.assign(product_id=None))
    assert read_trials(unnamed.rows, lines, unnamed.customers, ["PC", "CUP"]).keys() == {("PC", "Hogar")}
    other = replace_rows(tests, tests.rows.assign(product_id="CUP"))
    assert read_trials(other.rows, lines, other.customers, ["PC", "CUP"]) == {}


def test_posted_units_and_prices_count_before_the_order_lines():
    lines, tests = company(7)
    usual = np.where(np.arange(CUSTOMERS) % 3 == 0, 4.0, 8.0)
    treated = tests.rows["arm"] == 1
    prices = np.where(treated, 3300.0, 3000.0) * 1.08
    rows = tests.rows.assign(units=usual * np.where(treated, 0.9, 1.0), unit_price=prices, is_simulated=True)
    (one,) = found(lines, replace_rows(tests, rows))
    assert one.is_simulated and one.units_change == pytest.approx(-0.1, abs=0.06)
    assert one.price_change == pytest.approx(0.1, abs=0.02)


def replace_rows(tests: PriceTests, rows: pd.DataFrame) -> PriceTests:
    return tests._replace(rows=rows)


def test_every_day_after_the_end_is_none_of_its_business():
    lines, tests = company(8)
    before = found(lines, tests)
    later = lines.tail(200).assign(day=pd.Timestamp(AS_OF) + pd.Timedelta(days=3), quantity=500.0)
    assert found(pd.concat([lines, later], ignore_index=True), tests) == before
