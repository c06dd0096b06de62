"""One row per customer and release follows the newest predictions, whoever writes or removes them, and an older store gets its rows."""

from datetime import date, datetime, timedelta

import pandas as pd
import pytest
import sqlalchemy as sa

from ml.predictors.base import PREDICTION_COLUMNS
from ml.source.tables import SPECS, Tables, conform
from ml.store import erasing, housekeeping
from ml.store.customer_rows import refill_all
from ml.store.engine import begin_write, open_store
from ml.store.facts import write_facts
from ml.store.migrations import migrate, revision_of
from ml.store.predictions import write_predictions
from ml.store.preferences import Preferences
from ml.store.schema import customer_facts, customer_places, predictions
from ml.store.schema_customers import customer_scores, customer_segments
from tests.conftest import settings_for
from tests.pages.filled_store import AS_OF, CUSTOMERS, RELEASE, fill

NOW = datetime(2026, 11, 21, 9)
H = 28


@pytest.fixture
def conn(tmp_path):
    with begin_write(open_store(settings_for(tmp_path))) as connection:
        yield connection


def answer(*rows: tuple[str, str, float, dict]) -> pd.DataFrame:
    """Predictions of customers as a predictor gives them: measure, customer, value, detail."""
    frame = pd.DataFrame(rows, columns=["measure", "entity_id", "value", "detail"])
    bands = {name: frame["value"] + add for name, add in (("lo80", -2.0), ("hi80", 4.0), ("lo95", -3.0), ("hi95", 9.0))}
    frame = frame.assign(entity_type="customer", target_date=pd.Timestamp(AS_OF + timedelta(days=H)), window_days=H, **bands)
    return frame[list(PREDICTION_COLUMNS)]


def scored(customer: str, probability: float) -> list[tuple[str, str, float, dict]]:
    told = {"population": "dormant", "days_since_last_order": 12, "typical_gap_days": 9.5, "reasons": [{"code": "x", "params": {}}]}
    days = {"date": "2026-11-27", "lo": "2026-11-25", "hi": "2026-12-01"}
    values = {"expected_orders": 2.0, "expected_value": 40_000.0, "value_at_risk": 5_000.0, "value_12m": 90_000.0}
    rows = [(measure, customer, value, {}) for measure, value in values.items()]
    return [("churn_probability", customer, probability, told), ("next_order_date", customer, 7.0, days), *rows]


def keep(conn, rows, *, predictor="customers", release="r1", as_of: date = AS_OF) -> None:
    frame = answer(*rows) if rows else pd.DataFrame(columns=list(PREDICTION_COLUMNS))
    write_predictions(conn, frame, run_id=1, release_id=release, predictor=predictor, as_of=as_of)


def known(conn, table=customer_scores) -> list[dict]:
    return [dict(row) for row in conn.execute(sa.select(table).order_by(table.c.release_id, table.c.customer_id)).mappings()]


def test_a_row_says_what_the_predictions_of_a_customer_say(conn):
    keep(conn, [*scored("ana", 0.4), ("value_at_risk", "without a score", 1.0, {})])
    assert known(conn) == [
        {
            "release_id": "r1", "customer_id": "ana", "as_of": AS_OF, "population": "dormant", "probability": 0.4, "horizon_days": H,
            "days_since_last_order": 12.0, "gap_days": 9.5, "value_at_risk": 5_000.0, "expected_value": 40_000.0, "expected_orders": 2.0,
            "value_12m": 90_000.0, "next_days": 7.0, "next_lo_days": 5.0, "next_hi_days": 11.0,
        }
    ]  # fmt: skip
    keep(conn, [("segment", "ana", 3.0, {"name": "vip", "recency_days": 4.0, "frequency": 7.0, "spend": 9.0})], predictor="segments")
    figures = {"segment": "vip", "cluster_id": 3, "recency_days": 4.0, "frequency": 7.0, "spend": 9.0}
    assert known(conn, customer_segments) == [{"release_id": "r1", "customer_id": "ana", "as_of": AS_OF, **figures}]
    assert len(known(conn)) == 1


def test_what_is_not_known_is_missing_and_who_says_nothing_is_active(conn):
    keep(conn, [("churn_probability", "new", 0.5, {"typical_gap_days": None})])
    (row,) = known(conn)
    assert row["population"] == "active" and row["gap_days"] is None and row["value_at_risk"] is None and row["next_days"] is None


def test_the_newest_day_of_each_release_counts(conn):
    yesterday = AS_OF - timedelta(days=1)
    keep(conn, [*scored("ana", 0.1), *scored("eva", 0.1)], as_of=yesterday)
    keep(conn, scored("ana", 0.2), as_of=AS_OF)
    keep(conn, scored("ana", 0.9), release="r2", as_of=yesterday)
    keep(conn, [*scored("ana", 0.3), *scored("eva", 0.3)], as_of=yesterday)  # said again for the day before
    told = [(row["release_id"], row["customer_id"], row["as_of"], row["probability"]) for row in known(conn)]
    assert told == [("r1", "ana", AS_OF, 0.2), ("r2", "ana", yesterday, 0.9)]
    keep(conn, [], as_of=AS_OF)  # nothing is said any more of that day
    assert [(row["customer_id"], row["as_of"]) for row in known(conn) if row["release_id"] == "r1"] == [
        ("ana", yesterday),
        ("eva", yesterday),
    ]


def test_rows_are_in_the_transaction_of_their_predictions(tmp_path):
    store = open_store(settings_for(tmp_path))
    with pytest.raises(ZeroDivisionError), begin_write(store) as conn:
        keep(conn, scored("ana", 0.4))
        assert len(known(conn)) == 1
        raise ZeroDivisionError
    with store.connect() as conn:
        assert known(conn) == [] and conn.execute(sa.select(predictions)).all() == []


def test_who_is_erased_and_what_is_tidied_away_have_no_rows(conn):
    keep(conn, [*scored("ana", 0.4), *scored("eva", 0.4)])
    keep(conn, scored("old", 0.4), release="r0", as_of=AS_OF - timedelta(days=800))
    erasing.erase(conn, "ana", by="x@example.com", at=NOW)
    assert [row["customer_id"] for row in known(conn)] == ["old", "eva"]
    housekeeping.tidy_tables(conn, Preferences(), NOW)
    assert [row["customer_id"] for row in known(conn)] == ["eva"]


def test_a_store_of_the_version_before_gets_its_rows(tmp_path):
    """What the migration fills is what a refill says."""
    store = open_store(settings_for(tmp_path))
    fill(store)
    with begin_write(store) as conn:
        keep(conn, scored("ana", 0.2), release="other")
        keep(conn, scored("ana", 0.1), release="other", as_of=AS_OF - timedelta(days=1))
        refill_all(conn)
        filled = known(conn), known(conn, customer_segments)
        back_and_forth(conn)
        assert (known(conn), known(conn, customer_segments)) == filled
    assert {row["release_id"] for row in filled[0]} == {"other", RELEASE} and len(filled[1]) == CUSTOMERS


def test_a_store_of_the_version_before_knows_the_year_before_a_silence(conn):
    check_year_before_silence(conn)


def check_year_before_silence(conn: sa.Connection) -> None:
    """Replace the facts by those of two customers; what the migration fills is what a reading writes."""
    days = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-12-31", "2026-11-20"])
    orders = {"order_id": list("1234"), "customer_id": ["ana", "ana", "ana", "eva"], "amount": [1.0, 2.0, 12.0, 3.0]}
    frame = pd.DataFrame(orders).assign(order_date=days, known_at=days)
    write_facts(conn, Tables({"orders": conform(SPECS["orders"], frame)}), AS_OF)
    years = sa.select(customer_facts.c.customer_id, customer_facts.c.spend_before_silence).order_by("customer_id")
    read = conn.execute(years).all()
    where = "insights." if conn.dialect.name == "postgresql" else ""
    conn.execute(sa.text(f"ALTER TABLE {where}customer_facts DROP COLUMN spend_before_silence"))
    again(conn, "0013", after="0012")
    assert conn.execute(years).all() == read == [("ana", 14.0), ("eva", 3.0)]


def test_a_store_of_the_version_before_has_room_for_places(conn):
    check_room_for_places(conn)


def check_room_for_places(conn: sa.Connection) -> None:
    """Take the table of places out of a store and take that step again; the next reading fills it."""
    customer_places.drop(conn)
    again(conn, "0014", after="0013")
    orders = pd.DataFrame({"order_id": ["1"], "customer_id": "ana", "address_id": "a1", "amount": 1.0})
    homes = pd.DataFrame({"address_id": ["a1"], "customer_id": "ana", "latitude": -33.4, "longitude": -70.6, "is_default": True})
    dated = {"orders": orders.assign(order_date=pd.Timestamp(AS_OF)), "addresses": homes}
    frames = {name: conform(SPECS[name], frame.assign(known_at=pd.Timestamp(AS_OF))) for name, frame in dated.items()}
    write_facts(conn, Tables(frames), AS_OF)
    assert conn.execute(sa.select(customer_places)).all() == [("ana", "a1", None, -33.4, -70.6, True, 1, AS_OF)]


def back_and_forth(conn: sa.Connection) -> None:
    """Take the tables out of a store, as it was before they came, and take that one step again."""
    for table in (customer_scores, customer_segments):
        table.drop(conn)
    next(index for index in customer_facts.indexes if index.name == "ix_customer_facts_contact_opt_out").drop(conn)
    again(conn, "0011", after="0010")


def again(conn: sa.Connection, revision: str, *, after: str) -> None:
    """Take one step of the migrations again; the later ones are taken already."""
    where, newest = "insights." if conn.dialect.name == "postgresql" else "", revision_of(conn)
    stamp = sa.text(f"UPDATE {where}alembic_version SET version_num = :revision")
    conn.execute(stamp, {"revision": after})
    migrate(conn, revision)
    conn.execute(stamp, {"revision": newest})
