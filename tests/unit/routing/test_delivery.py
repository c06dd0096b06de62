import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.routing.delivery import RoutingError, estimate_delivery
from ml.routing.model import fit_routes
from ml.store.preferences import Preferences
from tests.unit.routing.conftest import DEPOT

PREFERENCES = Preferences()
NEAR = (DEPOT[0] + 0.05, DEPOT[1] + 0.05)


def test_a_delivery_by_hand():
    """At the depot no trip is shared: detour 1.35 × 0.57 × 1.5 km between stops, and 8 minutes."""
    answer = estimate_delivery(*DEPOT, 5, "Hogar", PREFERENCES)
    km = 1.35 * 0.57 * 1.5
    assert answer.distance_from_center_km == pytest.approx(0)
    assert answer.estimated_cost == pytest.approx(km * 350 + (km / 28 + 8 / 60) * 6500)
    assert answer.delivery_time_estimate_hours == pytest.approx(8 / 60)
    assert answer.basis == "calculated"


def test_the_components_add_up():
    answer = estimate_delivery(*NEAR, 5, None, PREFERENCES)
    assert sum(answer.components[part] for part in ("line_haul", "local", "service")) == pytest.approx(answer.estimated_cost)


@given(st.floats(1, 200), st.floats(0, 0.3))
def test_more_bottles_or_a_longer_way_never_cost_less(quantity, away):
    here = estimate_delivery(DEPOT[0] + away, DEPOT[1], quantity, None, PREFERENCES)
    assert estimate_delivery(DEPOT[0] + away, DEPOT[1], quantity + 1, None, PREFERENCES).estimated_cost >= here.estimated_cost
    assert estimate_delivery(DEPOT[0] + away + 0.1, DEPOT[1], quantity, None, PREFERENCES).estimated_cost > here.estimated_cost


def test_a_full_van_pays_its_whole_trip():
    answer = estimate_delivery(*NEAR, 55, None, PREFERENCES)
    assert answer.components["van_share"] == 1
    assert answer.components["kilometres"] == pytest.approx(1.35 * (2 * answer.distance_from_center_km + 0.57 * 1.5))


@pytest.mark.parametrize(
    ("quantity", "kind", "level"), [(20, "Hogar", "high"), (5, "Hogar", "medium"), (3, "Hogar", "low"), (3, "Empresa", "medium")]
)
def test_priority_grows_with_the_share_of_the_van(quantity, kind, level):
    assert estimate_delivery(*NEAR, quantity, kind, PREFERENCES).priority_level == level


def test_a_learnt_model_scales_the_estimate_and_says_so(town):
    model = fit_routes(town.tours, town.orders, town.addresses, PREFERENCES)
    doubled, plain = (
        estimate_delivery(*NEAR, 5, None, PREFERENCES, dataclasses.replace(model, usual_factor=factor)) for factor in (2.0, 1.0)
    )
    assert doubled.estimated_cost == pytest.approx(2 * plain.estimated_cost)
    assert doubled.basis == "learnt"


@pytest.mark.parametrize(
    ("place", "quantity", "sentence"),
    [
        ((95.0, 0.0), 1.0, "not on the globe"),
        ((float("nan"), 0.0), 1.0, "not on the globe"),
        (NEAR, 0.0, "not a number of bottles above 0"),
        (NEAR, float("nan"), "not a number of bottles above 0"),
        ((51.5, -0.1), 1.0, "km from the depot; deliveries up to 500 km are costed"),
    ],
)
def test_an_impossible_delivery_is_refused_with_a_sentence(place, quantity, sentence):
    with pytest.raises(RoutingError, match=sentence):
        estimate_delivery(*place, quantity, None, PREFERENCES)
