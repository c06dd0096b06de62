"""A store filled by hand: what the JSON routes and screens read, without training anything."""

from datetime import date, datetime, timedelta

import sqlalchemy as sa

from ml.store import schema
from ml.store.customer_rows import refill_all

AS_OF = date(2026, 10, 28)  # a Wednesday
READ_AT = datetime(2026, 10, 29, 8, 30)
RELEASE = "20261029T083000-abcdef12"
DAYS = 90
SEGMENTS = (("vip", 0, 2, 3.0, 20.0, 900_000.0), ("loyal", 1, 4, 10.0, 8.0, 200_000.0), ("at_risk", 3, 6, 90.0, 1.0, 15_000.0))


def fill(connection: sa.Connection, *, as_of: date = AS_OF, release: str = RELEASE, factor: float = 1.0) -> None:
    """A reading, a demand forecast of 90 days (closed at weekends) and 12 customers in three segments, with their release in service."""
    tables = {"orders": {"rows": 1004, "first": "2025-11-01", "last": as_of.isoformat()}}
    connection.execute(
        sa.insert(schema.reading).values(
            read_at=READ_AT, as_of=as_of, source="sqlite:demo.db", fingerprint="f" * 16, from_snapshot=False, is_demo=True,
            amount_basis="net", findings=[], tables=tables,
        )
    )  # fmt: skip
    for predictor in ("demand", "segments", "customers"):
        seq = (connection.execute(sa.select(sa.func.max(schema.release_pointer.c.seq))).scalar() or 0) + 1
        pointer = {"predictor": predictor, "seq": seq, "release_id": release, "at": READ_AT, "by": "system", "reason": "first"}
        connection.execute(sa.insert(schema.release_pointer).values(**pointer))
    rows = [*_demand(as_of, factor), *_segments(as_of), *_risks(as_of)]
    connection.execute(sa.insert(schema.predictions), [{"run_id": 1, "release_id": release, "as_of": as_of, **row} for row in rows])
    refill_all(connection)
    connection.execute(
        sa.insert(schema.customer_facts), [_customer(row["entity_id"], as_of) for row in rows if row["predictor"] == "segments"]
    )


def orders_on(ahead: int) -> float:
    """The forecast of the test for `ahead` days after AS_OF: 0 at weekends, else growing by a tenth a day."""
    return 0.0 if (AS_OF + timedelta(days=ahead)).weekday() >= 5 else 4 + ahead / 10


def _demand(as_of: date, factor: float) -> list[dict]:
    rows = []
    for ahead in range(1, DAYS + 1):
        orders = orders_on(ahead) * factor
        for measure, value in (("orders", orders), ("revenue", orders * 20_000)):
            band = {"value": value, "lo80": value * 0.5, "hi80": value * 1.5, "lo95": 0.0, "hi95": value * 2}
            detail = {"open": orders > 0, "holiday": None, "members": {}}
            rows.append(_row("demand", measure, "company", "all", as_of + timedelta(days=ahead), detail) | band)
    return rows


def _segments(as_of: date) -> list[dict]:
    rows = []
    for name, index, count, recency, frequency, spend in SEGMENTS:
        for number in range(count):
            detail = {"name": name, "recency_days": recency + number, "frequency": frequency, "spend": spend}
            rows.append(
                _row("segments", "segment", "customer", f"{name}-{number}", as_of, detail) | {"value": float(index), "window_days": 365}
            )
    return rows


def risk_of(place: int) -> float:
    """The probability of leaving of the customer at that place among all: 0.05, 0.13, … 0.93."""
    return round(0.05 + 0.08 * place, 2)


def _risks(as_of: date) -> list[dict]:
    rows: list[dict] = []
    for place, customer in enumerate(row["entity_id"] for row in _segments(as_of)):
        horizon = {"target": as_of + timedelta(days=30), "window_days": 30}
        reason = {"code": "late_for_own_rhythm", "params": {"days_since_last_order": 40.0, "typical_gap_days": 20.0}}
        population = "dormant" if customer == "at_risk-5" else "active"
        churn = {"population": population, "reasons": [reason], "days_since_last_order": 40, "typical_gap_days": 20.0}
        coming = {"date": as_of + timedelta(days=9), "lo": as_of + timedelta(days=3), "hi": as_of + timedelta(days=17)}
        told = {"churn_probability": (risk_of(place), churn), "value_at_risk": (1000.0 * place, {}), "value_12m": (5000.0, {})}
        told["next_order_date"] = (9.0, {name: day.isoformat() for name, day in coming.items()} | {"probability_in_horizon": 0.6})
        for measure, (value, detail) in told.items():
            row = _row("customers", measure, "customer", customer, horizon["target"], detail)
            band = {"lo80": 3.0, "hi80": 17.0} if measure == "next_order_date" else {}
            rows.append(row | band | {"value": value, "window_days": horizon["window_days"]})
    return rows


def _row(predictor: str, measure: str, entity_type: str, entity_id: str, target: date, detail: dict) -> dict:
    values = dict.fromkeys(("value", "lo80", "hi80", "lo95", "hi95"))
    keys = {"predictor": predictor, "measure": measure, "entity_type": entity_type, "entity_id": entity_id, "target_date": target}
    return {**keys, "window_days": 1, "detail": detail, **values}


def _customer(customer_id: str, as_of: date) -> dict:
    totals = {"orders_total": 3, "orders_365": 3, "spend_total": 60_000.0, "spend_365": 60_000.0, "spend_before_silence": 60_000.0}
    texts = {"name": f"Cliente {customer_id}", "customer_type": "Hogar", "zone": "Providencia", "phone": None, "email": None}
    days = {"first_order": as_of - timedelta(days=300), "last_order": as_of - timedelta(days=3), "typical_gap_days": 20.0}
    return {"customer_id": customer_id, "contact_opt_out": False, **totals, **texts, **days}
