"""What an administrator looks after: people, the values chosen, what is still to set up."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import pandas as pd
import sqlalchemy as sa

from ml.queries.service import latest_reading
from ml.store import schema
from ml.store.preferences import PREFERENCES
from ml.store.users import SYSTEM

PEOPLE = ("id", "email", "name", "role", "enabled", "created_at", "seen_at")
LOOKED_BACK = 200
COMPANY: tuple[str, ...] = ("company_name", "company_logo")
DEPOT: tuple[str, ...] = ("depot_latitude", "depot_longitude")
COSTS: tuple[str, ...] = ("cost_per_km", "cost_per_hour")
CALLS: tuple[str, ...] = ("call_cost", "gross_margin", "save_rate")
HORIZON = "churn_horizon_days"
NOT_UNDERSTOOD = frozenset({"table_unusable", "table_refused"})
FEWEST_PEOPLE = 2


class Choice(NamedTuple):
    """A preference that has a value of its own in the store: chosen by a person, or proposed by "system". `set_at` is naive UTC."""

    value: Any
    set_at: datetime
    set_by: str

    @property
    def by_person(self) -> bool:
        """Whether a person chose it."""
        return self.set_by != SYSTEM


@dataclass(frozen=True)
class Change:
    """What somebody changed at once: the audit rows' numbers, and per preference (before, after)."""

    ids: tuple[int, ...]
    at: datetime
    who: str
    values: dict[str, tuple[Any, Any]] = field(hash=False)


class Step(NamedTuple):
    """One step of setting up, and whether it is done."""

    name: str
    done: bool


def people(conn: sa.Connection) -> pd.DataFrame:
    """Everybody by e-mail address: the columns of PEOPLE; `seen_at` (naive UTC) is the last use that the store still knows, else NaT."""
    users, sessions = schema.users.c, schema.sessions.c
    seen = sa.select(sa.func.max(sessions.seen_at)).where(sessions.user_id == users.id).scalar_subquery()
    query = sa.select(
        users.id, users.email, users.name, users.role, users.disabled_at.is_(None).label("enabled"), users.created_at, seen.label("seen_at")
    )
    frame = pd.DataFrame(conn.execute(query.order_by(users.email)).all(), columns=list(PEOPLE))
    return frame.astype({"created_at": "datetime64[us]", "seen_at": "datetime64[us]", "enabled": "bool"})


def choices(conn: sa.Connection) -> dict[str, Choice]:
    """The preferences that have a value of their own: name -> Choice. The others have their default."""
    table = schema.preferences.c
    rows = conn.execute(sa.select(table.name, table.value, table.set_at, table.set_by))
    return {row.name: Choice(row.value, row.set_at, row.set_by) for row in rows if row.name in PREFERENCES}


def last_change(conn: sa.Connection) -> Change | None:
    """What a person changed last in the preferences, all that was saved together; None when nobody changed anything lately."""
    table = schema.audit.c
    query = (
        sa.select(table.id, table.at, table.who, table.target, table.detail)
        .where(table.action == "preference.set", table.who != SYSTEM)
        .order_by(table.id.desc())
        .limit(LOOKED_BACK)
    )
    rows = [row for row in conn.execute(query) if row.target in PREFERENCES and row.detail.get("before") != row.detail.get("after")]
    if not rows:
        return None
    together = [row for row in rows if (row.at, row.who) == (rows[0].at, rows[0].who)]
    values = {row.target: (row.detail.get("before"), row.detail.get("after")) for row in together}
    return Change(tuple(row.id for row in together), rows[0].at, rows[0].who, values)


def setup_steps(conn: sa.Connection, *, is_demo: bool) -> list[Step]:
    """What has to be set up before the figures are the company's own, in the order in which one does it."""
    reading, chosen = latest_reading(conn), choices(conn)
    people_in = conn.execute(sa.select(sa.func.count()).select_from(schema.users).where(schema.users.c.disabled_at.is_(None))).scalar_one()
    codes = {finding.get("code") for finding in reading.findings} if reading else set()
    return [
        Step("source", reading is not None and not is_demo and not reading.from_snapshot),
        Step("mapping", reading is not None and bool(reading.tables.get("orders", {}).get("rows")) and not codes & NOT_UNDERSTOOD),
        Step("vat", reading is not None and reading.amount_basis != "unknown"),
        Step("company", by_people(chosen, COMPANY)),
        Step("depot", by_people(chosen, DEPOT)),
        Step("costs", by_people(chosen, COSTS)),
        Step("calls", by_people(chosen, CALLS)),
        Step("horizon", by_people(chosen, (HORIZON,))),
        Step("colleague", people_in >= FEWEST_PEOPLE),
    ]


def by_people(chosen: dict[str, Choice], names: tuple[str, ...]) -> bool:
    """Whether a person chose or confirmed every one of these preferences."""
    return all(name in chosen and chosen[name].by_person for name in names)
