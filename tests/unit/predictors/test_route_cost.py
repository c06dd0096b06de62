from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from ml.predictors.base import Company, NotEnoughData, PredictorError
from ml.predictors.route_cost import RouteCost
from ml.routing.physics import actual_cost
from ml.source.tables import SPECS, Tables, conform
from ml.store.preferences import Preferences
from tests.unit.routing.conftest import Town, make_town

CUTOFF = date(2026, 5, 15)
MONTH = timedelta(days=30)


@pytest.fixture(scope="module")
def town() -> Town:
    return make_town(wednesday_factor=1.5)


@pytest.fixture(scope="module")
def tables(town) -> Tables:
    return Tables({"orders": town.orders, "addresses": town.addresses, "tours": town.tours})


@pytest.fixture(scope="module")
def fitted(tables) -> RouteCost:
    return RouteCost(Company()).fit(tables, CUTOFF)


def test_a_same_day_question_is_judged_without_seeing_its_truth(fitted, tables):
    """Fitted at a cutoff, asked a month later with the kilometres held back to the cutoff: the tours of that month are costed."""
    later = CUTOFF + MONTH
    held = tables.known(later, cells_as_of=CUTOFF)
    answer = fitted.predict(held, later)
    tours = answer[answer["measure"] == "tour_cost"]
    assert tours["target_date"].min() > pd.Timestamp(CUTOFF)
    assert tours["target_date"].max() <= pd.Timestamp(later)
    truth = fitted.actual(tables, answer, later)[tours.index]
    baseline = fitted.baseline(held, later)
    assert truth.notna().all()
    formula = baseline.set_index("entity_id")["value"].loc[tours["entity_id"]].to_numpy()
    assert (tours["value"] - truth).abs().mean() < np.abs(formula - truth.to_numpy()).mean()
    assert fitted.actual(held, answer, later)[tours.index].isna().all()


def test_the_answer_does_not_move_when_the_kilometres_become_known(fitted, tables):
    later = CUTOFF + MONTH
    held, known = (fitted.predict(seen, later) for seen in (tables.known(later, cells_as_of=CUTOFF), tables))
    pd.testing.assert_frame_equal(held, known)


def test_kilometres_planted_beyond_the_cutoff_teach_nothing(tables, town):
    wrong = town.tours.assign(driven_km=town.tours["driven_km"].where(town.tours["date"] <= pd.Timestamp(CUTOFF), 1e6))
    other = RouteCost(Company()).fit(Tables({"orders": town.orders, "addresses": town.addresses, "tours": wrong}), CUTOFF)
    honest = RouteCost(Company()).fit(tables, CUTOFF)
    pd.testing.assert_frame_equal(other.predict(tables, CUTOFF), honest.predict(tables, CUTOFF))


def test_zones_have_a_delivery_cost_and_its_parts(fitted, tables):
    answer = fitted.predict(tables, CUTOFF)
    zones = answer[answer["measure"] == "delivery_cost"]
    assert set(zones["entity_id"]) == {f"zone {number}" for number in range(5)}
    assert (zones["value"] > 0).all()
    assert all({"line_haul", "local", "service"} <= set(detail["components"]) for detail in zones["detail"])
    assert fitted.actual(tables, answer, CUTOFF)[zones.index].isna().all()


def test_details_say_calculated_or_learnt(fitted, tables, town):
    learnt = fitted.predict(tables, CUTOFF)
    assert {detail["basis"] for detail in learnt["detail"]} == {"learnt"}
    few = Tables({"orders": town.orders, "addresses": town.addresses, "tours": town.tours.head(20)})
    calculated = RouteCost(Company()).fit(few, CUTOFF)
    assert {detail["basis"] for detail in calculated.predict(few, date(2026, 2, 1))["detail"]} == {"calculated"}
    mean = actual_cost(town.tours.head(20), Preferences()).mean()
    assert calculated.baseline(few, date(2026, 2, 1))["value"].to_numpy() == pytest.approx(mean)


def test_coordinates_without_tours_give_zones_only(town):
    tables = Tables({"orders": town.orders, "addresses": town.addresses})
    answer = RouteCost(Company()).fit(tables, CUTOFF).predict(tables, CUTOFF)
    assert set(answer["measure"]) == {"delivery_cost"}


def test_tours_without_coordinates_stand_on_their_typical_kilometres(town):
    tables = Tables({"orders": town.orders, "tours": town.tours.head(30)})
    answer = RouteCost(Company()).fit(tables, CUTOFF).predict(tables, date(2026, 2, 1))
    assert set(answer["measure"]) == {"tour_cost"}
    assert answer["value"].gt(0).all()


def test_neither_places_nor_kilometres_are_not_enough(town):
    with pytest.raises(NotEnoughData, match="0 orders have coordinates .* and 0 tours have kilometres or a cost"):
        RouteCost(Company()).fit(Tables({"orders": town.orders}), CUTOFF)


def test_a_delivery_is_estimated_with_the_companys_rates(fitted):
    answer = fitted.estimate_delivery(-33.40, -70.60, 4, "Hogar")
    assert answer.basis == "learnt"
    assert answer.estimated_cost > 0


def test_asked_before_it_was_fitted_it_says_so(tables):
    with pytest.raises(PredictorError, match="before it was fitted"):
        RouteCost(Company()).predict(tables, CUTOFF)


def test_one_tour_of_one_stop_is_no_crash(town):
    tables = Tables({"orders": town.orders, "addresses": town.addresses, "tours": conform(SPECS["tours"], town.tours.head(1))})
    answer = RouteCost(Company()).fit(tables, date(2026, 1, 20)).predict(tables, date(2026, 1, 20))
    assert (answer["measure"] == "tour_cost").sum() == 1
