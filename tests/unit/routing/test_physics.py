import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.routing.geometry import Geometry
from ml.routing.physics import FEATURES, actual_cost, money, tour_features, tour_hours, tour_kilometres
from ml.store.preferences import Preferences

PREFERENCES = Preferences(
    cost_per_km=400, cost_per_hour=6000, minutes_per_stop=10, speed_kmh=30, detour_factor=1.3, van_capacity_bottles=55
)


def one_tour(**cells) -> pd.DataFrame:
    row = {"tour_id": "t", "date": pd.Timestamp("2026-05-06"), "stops": 12.0, "bottles": 40.0, "planned_km": np.nan}
    later = {"ended_at": pd.NaT, "driven_km": np.nan, "hours": np.nan, "cost": np.nan}
    return pd.DataFrame([row | later | cells]).astype({"ended_at": "datetime64[us]", "date": "datetime64[us]"})


def test_kilometres_by_hand():
    """C. F. Daganzo (1984): 2 r + 0.57 n sqrt(A / N), times the detour: 1.3 × (2 × 10 + 0.57 × 20 × sqrt(80 / 20)) = 55.64."""
    assert tour_kilometres(20, 20, 10, 80, 1.3) == pytest.approx(55.64)


def test_hours_and_money_by_hand():
    assert tour_hours(60, 12, PREFERENCES) == pytest.approx(60 / 30 + 12 * 10 / 60)
    assert money(60, 4, PREFERENCES) == pytest.approx(60 * 400 + 4 * 6000)


@given(st.integers(1, 60), st.floats(0, 50), st.floats(0, 2000), st.floats(1, 3))
def test_more_stops_farther_away_cost_more(stops, distance, area, detour):
    assert tour_kilometres(stops + 1, stops + 1, distance, area, detour) >= tour_kilometres(stops, stops, distance, area, detour) - 1e-9
    assert tour_kilometres(stops, stops, distance + 1, area, detour) > tour_kilometres(stops, stops, distance, area, detour)


def test_the_formula_stands_on_the_days_geometry_else_the_usual_one():
    tour, usual = one_tour(), Geometry(100, 8.0, 200.0)
    day = {pd.Timestamp("2026-05-06"): Geometry(12, 4.0, 100.0)}
    of_day = tour_features(tour, day, usual, 0.0, PREFERENCES)
    assert of_day["kilometres"].iloc[0] == pytest.approx(tour_kilometres(12, 12, 4, 100, 1.3))
    assert tour_features(tour, {}, usual, 0.0, PREFERENCES)["kilometres"].iloc[0] == pytest.approx(tour_kilometres(12, 12, 8, 200, 1.3))
    flat = {pd.Timestamp("2026-05-06"): Geometry(2, 4.0, 0.0)}
    assert tour_features(tour, flat, usual, 0.0, PREFERENCES)["distance_km"].iloc[0] == 8.0


def test_planned_kilometres_come_first_and_typical_ones_last():
    usual = Geometry(100, 8.0, 200.0)
    assert tour_features(one_tour(planned_km=77.0), {}, usual, 33.0, PREFERENCES)["kilometres"].iloc[0] == 77
    assert tour_features(one_tour(), {}, None, 33.0, PREFERENCES)["kilometres"].iloc[0] == 33


def test_what_is_known_after_the_tour_is_no_feature():
    before = tour_features(one_tour(), {}, Geometry(100, 8.0, 200.0), 0.0, PREFERENCES)
    after = tour_features(one_tour(driven_km=999.0, hours=99.0, cost=1e9), {}, Geometry(100, 8.0, 200.0), 0.0, PREFERENCES)
    pd.testing.assert_frame_equal(before, after)
    assert not {"driven_km", "hours", "cost"} & set(FEATURES)


def test_the_truth_is_the_recorded_cost_else_what_was_driven():
    assert actual_cost(one_tour(cost=12345.0, driven_km=60.0), PREFERENCES).iloc[0] == 12345
    assert actual_cost(one_tour(driven_km=60.0, hours=5.0), PREFERENCES).iloc[0] == 60 * 400 + 5 * 6000
    assert actual_cost(one_tour(driven_km=60.0), PREFERENCES).iloc[0] == 60 * 400 + (2 + 2) * 6000
    assert np.isnan(actual_cost(one_tour(), PREFERENCES).iloc[0])
    assert np.isnan(actual_cost(one_tour(driven_km=0.0), PREFERENCES).iloc[0])


def test_no_tours_give_no_rows():
    assert tour_features(one_tour().iloc[:0], {}, None, 0.0, PREFERENCES).empty
    assert actual_cost(one_tour().iloc[:0], PREFERENCES).empty
