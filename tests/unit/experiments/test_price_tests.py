"""Which price tests the price model learns from: those that are over and may be read, known on the day they ended."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

import ml.experiments as api
from ml.experiments import reading
from ml.experiments.price_tests import COLUMNS, price_test_frame
from ml.source.tables import SPECS, Tables
from ml.store import experiments as store
from ml.store.engine import begin_write
from tests.unit.experiments.conftest import AS_OF, CUSTOMERS, NOW, TODAY, fill

pytestmark = pytest.mark.filterwarnings("ignore::ml.experiments.errors.TooSmallWarning")
ZONE = "America/Santiago"
DAYS = 28
PRODUCT = {"product": "PC", "price": "3300.0"}


def ended_test(company, **options):
    """A price test of PC that reached its end."""
    experiment = api.create_dynamic_pricing_experiment(CUSTOMERS, TODAY, DAYS, treatment=PRODUCT, **options, **company)
    fill(company["store"], last=TODAY + timedelta(days=40))
    return experiment


def follow(company) -> None:
    with begin_write(company["store"]) as connection:
        reading.follow_up(connection, now=NOW)


def frame(company) -> pd.DataFrame:
    with company["store"].connect() as connection:
        return price_test_frame(connection, ZONE)


def test_a_finished_test_is_known_from_its_last_day_on(company):
    experiment = ended_test(company)
    assert frame(company).empty and list(frame(company)) == list(COLUMNS)
    follow(company)
    found = frame(company)
    assert len(found) == len(CUSTOMERS) and set(found["product_id"]) == {"PC"}
    assert set(found.loc[found["arm"] == 1, "customer_id"]) == set(experiment.treatment_group)
    assert found["known_at"].unique().tolist() == [pd.Timestamp(experiment.end_date)] == found["end"].unique().tolist()
    assert not found["is_simulated"].any() and found["units"].isna().all()


def test_nobody_sees_it_before_it_ended(company):
    experiment = ended_test(company)
    follow(company)
    tables = Tables({}).with_rows("price_tests", frame(company))
    assert len(tables.known(experiment.end_date)["price_tests"]) == len(CUSTOMERS)
    assert len(tables.known(experiment.end_date - timedelta(days=1))["price_tests"]) == 0
    assert list(tables["price_tests"]) == list(SPECS["price_tests"].names)


def test_one_that_a_person_ended_counts_to_the_day_before(company):
    ended_test(company)
    with begin_write(company["store"]) as connection:
        (kept,) = store.list_all(connection)
        stopped = datetime(2026, 6, 15, 1, 0)  # the evening of the 14th in Santiago
        store.move(connection, kept.experiment_id, "completed", who="ana@example.com", at=stopped)
    found = frame(company)
    assert found["end"].unique().tolist() == [pd.Timestamp(2026, 6, 13)]
    assert found["known_at"].unique().tolist() == [pd.Timestamp(2026, 6, 14)]


def test_one_that_was_ended_before_it_began_says_nothing(company):
    api.create_dynamic_pricing_experiment(CUSTOMERS, TODAY + timedelta(days=5), DAYS, **company).complete()
    assert frame(company).empty


def test_a_sample_ratio_alarm_keeps_it_out(company):
    experiment = ended_test(company)
    with begin_write(company["store"]) as connection:
        for customer in experiment.control_group[:100] + experiment.treatment_group[:40]:
            store.note_reached(connection, experiment.experiment_id, customer, at=NOW)
        store.move(connection, experiment.experiment_id, "completed", who="ana@example.com", at=NOW + timedelta(days=60))
    assert frame(company).empty


def test_running_and_paused_tests_and_other_kinds_are_left_out(company):
    running = api.create_dynamic_pricing_experiment(CUSTOMERS[:80], AS_OF - timedelta(days=3), 60, **company)
    running.pause()
    api.create_churn_alert_experiment(CUSTOMERS[80:160], TODAY, **company).complete()
    assert frame(company).empty


def test_posted_units_and_prices_come_along(empty):
    units = [f"new-{number}" for number in range(20)]
    experiment = api.create_dynamic_pricing_experiment(units, TODAY, DAYS, treatment={**PRODUCT, "simulated": True}, **empty)
    experiment.record_outcome("new-3", {"units": 4, "unit_price": 3_000, "timestamp": TODAY})
    experiment.record_outcome("new-3", {"units": 8, "unit_price": 3_300, "timestamp": TODAY + timedelta(days=9)})
    experiment.record_outcome("new-4", {"units": 0, "revenue": 0})
    experiment.complete()
    with begin_write(empty["store"]) as connection:
        connection.exec_driver_sql("UPDATE experiment_events SET at = '2026-07-30 12:00:00' WHERE action = 'experiment.completed'")
    found = frame(empty).set_index("customer_id")
    assert found.loc["new-3", ["units", "unit_price"]].tolist() == pytest.approx([12.0, 3_200.0])
    assert found.loc["new-4", "units"] == 0 and np.isnan(found.loc["new-4", "unit_price"])
    assert found["units"].notna().sum() == 2 and found["is_simulated"].all()
