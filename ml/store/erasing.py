"""A person who wants to be forgotten (Ley 21.719): removed from every table of ours, and kept out of what the next reading brings.

The company's own database is not ours to change. What stays here is a salted hash of the id, so that the next reading can tell that this
customer's name, phone, e-mail and place are to be left out; sales stay under the bare id, which the law on invoices asks for.
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from ml.store import audit, outbox
from ml.store.refused import Refused
from ml.store.schema import audit as audit_table
from ml.store.schema import customer_facts, customer_orders, delivery_points, meta, metadata, predictions, reading
from ml.store.schema_experiments import experiment_outcomes, experiment_units
from ml.store.schema_models import erased_customer

SALT = "erasure_salt"
PERSONAL = ("name", "phone", "email")
GONE = "(erased)"


class NobodyThere(Refused):
    """There is no such customer to erase; the sentence says what to check."""


def erase(connection: sa.Connection, customer_id: str, *, by: str, at: datetime) -> dict[str, int]:
    """Remove a customer from every table and put the id's hash on the list; table -> rows removed or changed. Raises NobodyThere.

    Alerts, notes, links, predictions, facts and messages go; in tests the id becomes a hash; sales of the next readings come back under
    the bare id only.
    """
    if not _is_known(connection, customer_id):
        raise NobodyThere(f"There is no customer {customer_id!r} here: check the id (as in the company's own table).", "nobody")
    done = _remove(connection, customer_id, at)
    told = _hash(connection, customer_id)
    if not connection.execute(sa.select(erased_customer.c.hash).where(erased_customer.c.hash == told)).scalar():
        connection.execute(sa.insert(erased_customer).values(hash=told, at=at, by=by))
    audit.record(connection, by, "customer.erase", GONE, {"hash": told[:12], "rows": done}, at=at)
    return done


def erase_again(connection: sa.Connection, *, now: datetime) -> int:
    """Erase everybody on the list whom a restored copy brought back; returns how many."""
    hashes = set(connection.execute(sa.select(erased_customer.c.hash)).scalars())
    if not hashes:
        return 0
    ids = connection.execute(sa.select(customer_facts.c.customer_id)).scalars()
    back = [customer_id for customer_id in ids if _hash(connection, customer_id) in hashes]
    for customer_id in back:
        _remove(connection, customer_id, now)
    return len(back)


def forgotten(connection: sa.Connection) -> Callable[[pd.Series], pd.Series] | None:
    """A function that tells of a column of customer ids which are erased; None when nobody is."""
    hashes = set(connection.execute(sa.select(erased_customer.c.hash)).scalars())
    if not hashes:
        return None
    salt = _salt(connection)
    return lambda ids: ids.map(lambda value: _digest(salt, str(value)) in hashes).astype(bool)


def _is_known(connection: sa.Connection, customer_id: str) -> bool:
    if connection.execute(sa.select(sa.func.count()).where(customer_facts.c.customer_id == customer_id)).scalar_one():
        return True
    said = (predictions.c.entity_type == "customer") & (predictions.c.entity_id == customer_id)
    return bool(connection.execute(sa.select(sa.func.count()).where(said)).scalar_one())


def _remove(connection: sa.Connection, customer_id: str, at: datetime) -> dict[str, int]:
    person = connection.execute(sa.select(customer_facts).where(customer_facts.c.customer_id == customer_id)).mappings().first()
    texts = {customer_id, *(str(person[name]) for name in PERSONAL if person and person[name])}
    orders = sa.select(customer_orders.c.order_id).where(customer_orders.c.customer_id == customer_id)
    done = {"outbox": outbox.erase_customer(connection, customer_id, now=at)}
    done["delivery_points"] = connection.execute(sa.delete(delivery_points).where(delivery_points.c.order_id.in_(orders))).rowcount
    for table in reversed(metadata.sorted_tables):
        if "customer_id" in table.c:
            done[table.name] = connection.execute(sa.delete(table).where(table.c.customer_id == customer_id)).rowcount
        elif {"entity_type", "entity_id"} <= set(table.c.keys()):
            mine = (table.c.entity_type == "customer") & (table.c.entity_id == customer_id)
            done[table.name] = connection.execute(sa.delete(table).where(mine)).rowcount
    for table in (experiment_units, experiment_outcomes):  # a test keeps its arms whole, and does not know who it was
        nameless = sa.update(table).where(table.c.unit_id == customer_id).values(unit_id=f"erased-{_hash(connection, customer_id)[:12]}")
        done[table.name] = connection.execute(nameless).rowcount
    done["reading"] = _forget_examples(connection, texts)
    named = sa.update(audit_table).where(audit_table.c.target == customer_id).values(target=GONE, detail={})
    done["audit"] = connection.execute(named).rowcount
    return {name: rows for name, rows in done.items() if rows}


def _forget_examples(connection: sa.Connection, texts: set[str]) -> int:
    """Take the person's id, name and contacts out of the examples of data-quality findings."""
    changed = 0
    for number, findings in connection.execute(sa.select(reading.c.id, reading.c.findings)).all():
        kept: list[dict[str, Any]] = [{**f, "examples": [e for e in f.get("examples", []) if str(e) not in texts]} for f in findings]
        if kept != [{**f, "examples": list(f.get("examples", []))} for f in findings]:
            connection.execute(sa.update(reading).where(reading.c.id == number).values(findings=kept))
            changed += 1
    return changed


def _hash(connection: sa.Connection, customer_id: str) -> str:
    return _digest(_salt(connection), customer_id)


def _digest(salt: str, customer_id: str) -> str:
    return hashlib.sha256(f"{salt}:{customer_id}".encode()).hexdigest()


def _salt(connection: sa.Connection) -> str:
    """The store's own salt, made at the first erasure."""
    kept = connection.execute(sa.select(meta.c.value).where(meta.c.key == SALT)).scalar()
    if kept is None:
        kept = secrets.token_hex(16)
        connection.execute(sa.insert(meta).values(key=SALT, value=kept))
    return str(kept)
