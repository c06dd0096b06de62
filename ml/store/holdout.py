"""Who is left alone on purpose this quarter, so that the calls' effect can be told: the draw, the arms, and the first alert of each.

Drawn once a quarter from all customers who may be drawn, before anybody sees a list of it, and kept for good.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import sqlalchemy as sa

from ml.store import audit
from ml.store.predictions import plain
from ml.store.quarters import first_day, quarter_of
from ml.store.schema import customer_facts
from ml.store.schema_alerts import alert_eligible, alerts, always_call, holdout

HELD_OUT, CONTACT, OUTSIDE = "held_out", "contact", "outside"
LARGEST_SHARE = 0.03
YEAR = timedelta(days=365)


def drawable(connection: sa.Connection) -> pd.DataFrame:
    """Customers who may be drawn, with `value` (spend of the last twelve months), largest first: customer_id, value.

    Left out are those without an order in twelve months, those who asked not to be contacted, those who bring more than LARGEST_SHARE of
    the sales, and those on the list of customers who are always called.
    """
    table = customer_facts
    rows = connection.execute(
        sa.select(table.c.customer_id, table.c.spend_365, table.c.contact_opt_out).where(table.c.orders_365 > 0)
    ).all()
    frame = pd.DataFrame(rows, columns=["customer_id", "value", "out"]).astype({"value": "float64"})
    total = float(frame["value"].clip(lower=0).sum())
    kept = frame[~frame["out"].astype(bool) & (frame["value"] <= LARGEST_SHARE * total) & ~frame["customer_id"].isin(always(connection))]
    return kept.sort_values(["value", "customer_id"], ascending=[False, True])[["customer_id", "value"]].reset_index(drop=True)


def draw(customers: pd.DataFrame, share: float, salt: str) -> pd.DataFrame:
    """The arm of each customer of a frame of `drawable`: customer_id, value, stratum, arm.

    Neighbours by value form strata of 1 / share customers, and a salted hash picks the one of each that is held out, so both arms are
    worth the same and nobody can know or choose beforehand. A last, smaller stratum holds somebody out with its fair chance.
    """
    size = max(round(1 / share), 2)
    strata = [place // size for place in range(len(customers))]
    ranked = customers.assign(stratum=strata, lot=[_lot(key, salt) for key in customers["customer_id"]])
    first = ranked.groupby("stratum")["lot"].transform("min") == ranked["lot"]
    count = ranked.groupby("stratum")["lot"].transform("size")
    fair = (count == size) | (ranked["stratum"].map(lambda number: _lot(f"stratum {number}", salt)) < count / size)
    return ranked.assign(arm=(first & fair).map({True: HELD_OUT, False: CONTACT})).drop(columns="lot")


def draw_quarter(connection: sa.Connection, quarter: str, *, share: float, salt: str, now: datetime) -> int:
    """Draw and keep the arms of a quarter; returns how many are held out. Does nothing when it was drawn, or an alert of it was seen."""
    if is_drawn(connection, quarter) or _is_seen(connection, quarter):
        return 0
    drawn = draw(drawable(connection), share, f"{salt}:{quarter}")
    if drawn.empty:
        return 0
    rows = [{str(name): value for name, value in row.items()} | {"quarter": quarter, "drawn_at": now} for row in drawn.to_dict("records")]
    connection.execute(sa.insert(holdout), rows)
    held = int((drawn["arm"] == HELD_OUT).sum())
    audit.record(connection, "system", "holdout.drawn", quarter, {"customers": len(drawn), "held_out": held}, at=now)
    return held


def is_drawn(connection: sa.Connection, quarter: str) -> bool:
    """Whether the quarter has its draw."""
    return connection.execute(sa.select(holdout.c.customer_id).where(holdout.c.quarter == quarter).limit(1)).first() is not None


def arms(connection: sa.Connection, quarter: str, ids: Iterable[str] | None = None) -> dict[str, str]:
    """Customer -> arm in a quarter, of these customers or of all in the draw."""
    query = sa.select(holdout.c.customer_id, holdout.c.arm).where(holdout.c.quarter == quarter)
    if ids is not None:
        query = query.where(holdout.c.customer_id.in_(list(ids)))
    return {row.customer_id: row.arm for row in connection.execute(query)}


def held_out_in(quarter: str) -> sa.Select[Any]:
    """The query of the customers who are held out in a quarter."""
    return sa.select(holdout.c.customer_id).where(holdout.c.quarter == quarter, holdout.c.arm == HELD_OUT)


def note_eligible(connection: sa.Connection, row: Mapping[str, Any], arm: str, *, run_id: int | None, now: datetime) -> None:
    """Keep the first time in a quarter that the rule picked a customer, whichever the arm: what the effect is read from."""
    quarter = quarter_of(row["as_of"] + timedelta(days=1))
    seen = sa.select(alert_eligible.c.at).where(alert_eligible.c.customer_id == row["customer_id"], alert_eligible.c.quarter == quarter)
    if connection.execute(seen).first() is not None:
        return
    figures = {name: plain(row.get(name)) for name in ("probability", "value_at_risk", "expected_profit")}
    values = {"customer_id": row["customer_id"], "quarter": quarter, "arm": arm, "as_of": row["as_of"], "at": now, "run_id": run_id}
    connection.execute(sa.insert(alert_eligible).values(**values, horizon_days=int(row["horizon_days"]), **figures))


def always(connection: sa.Connection) -> set[str]:
    """The customers who are always called."""
    return set(connection.execute(sa.select(always_call.c.customer_id)).scalars())


def set_always(connection: sa.Connection, customer_id: str, wanted: bool, *, now: datetime, by: str) -> None:
    """Put a customer on the list of those who are always called, or take it off; it counts from the next draw."""
    if wanted == (customer_id in always(connection)):
        return
    if wanted:
        connection.execute(sa.insert(always_call).values(customer_id=customer_id, at=now, who=by))
    else:
        connection.execute(sa.delete(always_call).where(always_call.c.customer_id == customer_id))
    audit.record(connection, by, "customer.always_call", customer_id, {"wanted": wanted}, at=now)


def _is_seen(connection: sa.Connection, quarter: str) -> bool:
    picked = sa.select(alert_eligible.c.at).where(alert_eligible.c.quarter == quarter)
    by_hand = sa.select(alerts.c.opened_at).where(alerts.c.as_of >= first_day(quarter) - timedelta(days=1))
    return any(connection.execute(query.limit(1)).first() is not None for query in (picked, by_hand))


def _lot(text: str, salt: str) -> float:
    """A share of 1 that follows from text and salt alone."""
    return math.ldexp(int.from_bytes(hashlib.sha256(f"{salt}\x00{text}".encode()).digest()[:8], "big"), -64)
