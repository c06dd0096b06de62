import numpy as np
import pytest

from ml.customers import fit_customers
from ml.customers.days import collapse, day_number
from ml.customers.features import FEATURES, Panel
from ml.customers.reasons import CODES, MOST, REASONS, neutral
from tests.unit.customers.conftest import AS_OF


@pytest.fixture(scope="module")
def scored(log):
    model = fit_customers(log, AS_OF, 30)
    panel = Panel(collapse(log, AS_OF), 30)
    snapshot = panel.snapshot(day_number(AS_OF))
    return model, snapshot, model.reasons(snapshot)


def test_every_feature_belongs_to_one_group_and_codes_are_unique():
    features = [name for group in REASONS for name in group.features]
    assert sorted(features) == sorted(FEATURES)
    assert len(set(CODES)) == len(CODES) == 2 * len(REASONS)


def test_most_customers_have_a_reason_and_none_more_than_three(scored):
    _, _, reasons = scored
    assert max(map(len, reasons)) <= MOST
    assert np.mean([len(cell) > 0 for cell in reasons]) > 0.9


def test_changing_what_a_reason_names_moves_the_score_as_it_says(scored):
    model, snapshot, reasons = scored
    before = model.log_odds(snapshot)
    checked = 0
    for row, cell in enumerate(reasons):
        for reason in cell:
            group = next(group for group in REASONS if reason["code"] in (group.raises, group.lowers))
            after = model.log_odds(neutral(snapshot.take(np.array([row])), group, model.typical))[0]
            assert (after < before[row]) == (reason["code"] == group.raises)
            checked += 1
    assert checked > 100


def test_high_risk_is_explained_by_what_raises_it(scored):
    model, snapshot, reasons = scored
    raising = {group.raises for group in REASONS}
    for odds, cell in zip(model.log_odds(snapshot), reasons, strict=True):
        assert all((reason["code"] in raising) == (odds >= model.shrinkage.base) for reason in cell)


def test_facts_are_the_customers_own(scored):
    _, snapshot, reasons = scored
    silence = snapshot["days_since_last_order"]
    late = [(row, reason) for row, cell in enumerate(reasons) for reason in cell if reason["code"] == "late_for_own_rhythm"]
    assert late
    assert all(reason["params"]["days_since_last_order"] == silence[row] for row, reason in late)
    assert all(reason["params"]["typical_gap_days"] > 0 for _, reason in late)
