import io

import joblib
import numpy as np
import pandas as pd
import pytest

from ml.routing.learning import MIN_TOURS, learn_correction
from ml.routing.model import fit_routes
from ml.routing.physics import actual_cost
from ml.store.preferences import Preferences
from tests.unit.routing.conftest import make_town


@pytest.fixture(scope="module")
def model(town):
    return fit_routes(town.tours, town.orders, town.addresses, Preferences())


def test_what_history_teaches_is_learnt_where_it_beats_the_formula(town, model):
    assert model.basis == "learnt"
    assert model.correction.forest_mae < 0.98 * model.correction.formula_mae
    features = model.features(town.tours, town.orders, town.addresses)
    said = model.cost(features)
    wednesday = town.tours["date"].dt.day_of_week == 2
    ratio = said["cost"] / features["physics"]
    assert ratio[wednesday].mean() > 1.1 * ratio[~wednesday].mean()


def test_bands_hold_most_of_the_truth(town, model):
    said = model.cost(model.features(town.tours, town.orders, town.addresses))
    truth = actual_cost(town.tours, Preferences())
    assert (said["lo95"] <= said["lo80"]).all()
    assert (said["hi80"] <= said["hi95"]).all()
    assert ((said["lo80"] <= truth) & (truth <= said["hi80"])).mean() > 0.75


def test_few_tours_leave_the_formula_alone(town):
    few = town.tours.head(MIN_TOURS - 1)
    model = fit_routes(few, town.orders, town.addresses, Preferences())
    assert model.basis == "calculated"
    assert model.usual_factor == 1
    features = model.features(few, town.orders, town.addresses)
    np.testing.assert_allclose(model.cost(features)["cost"], features["physics"])


def test_a_formula_that_is_right_is_kept():
    rng = np.random.default_rng(1)
    count = 200
    features = pd.DataFrame({name: rng.normal(size=count) for name in ("stops", "bottles", "day_stops", "kilometres", "distance_km")})
    features = features.assign(area_km2=1.0, log_physics=0.0, weekday=rng.integers(0, 5, count), month=1.0, physics=1000.0)
    actual = pd.Series(1000 * np.exp(rng.normal(0, 0.05, count)))
    correction = learn_correction(features, actual, pd.Series(pd.date_range("2025-01-01", periods=count)), seed=1)
    assert correction.forest is None
    assert correction.judged_tours == count // 2


def test_without_tours_or_places_it_still_answers_with_what_there_is(town):
    no_tours = fit_routes(town.tours.iloc[:0], town.orders, town.addresses, Preferences())
    assert no_tours.basis == "calculated"
    assert no_tours.usual_day_stops > 5
    no_places = fit_routes(town.tours, town.orders, town.addresses.iloc[:0], Preferences())
    assert no_places.usual is None
    assert no_places.typical_km == pytest.approx(town.tours["driven_km"].median())


def test_it_is_repeatable_pickles_and_shrugs_off_the_order_of_rows(town, model):
    again = fit_routes(town.tours.sample(frac=1, random_state=1), town.orders.sample(frac=1, random_state=2), town.addresses, Preferences())
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    buffer.seek(0)
    features = model.features(town.tours, town.orders, town.addresses)
    for other in (joblib.load(buffer), again):
        if other is not again:
            np.testing.assert_array_equal(other.cost(features)["cost"], model.cost(features)["cost"])
        assert other.basis == model.basis
        assert other.usual == pytest.approx(model.usual)


def test_recorded_costs_are_the_truth_where_there_are_any():
    town = make_town(seed=3)
    priced = town.tours.assign(cost=50_000.0)
    model = fit_routes(priced, town.orders, town.addresses, Preferences())
    features = model.features(priced, town.orders, town.addresses)
    assert model.basis == "learnt"
    assert (model.cost(features)["cost"] - 50_000).abs().mean() < 2_000
