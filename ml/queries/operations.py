"""How the product itself is doing: scheduler, runs, who did what, who visits, what was sold by month."""

from datetime import date, datetime, timedelta
from typing import NamedTuple

import pandas as pd
import sqlalchemy as sa

from ml import clock
from ml.queries.service import next_runs
from ml.store import schema
from ml.store.runs import overdue

PAGE_ROWS = 200
MOST_EXPORTED = 100_000
SILENT_AFTER = timedelta(minutes=2)
LATE_AFTER = timedelta(minutes=10)
NOT_A_VISIT = "session.refuse"
RUNS = (
    "id", "job", "origin", "status", "attempt", "requested_by", "scheduled_for", "started_at", "finished_at", "error", "log_path",
    "not_before", "progress", "options", "log_tail",
)  # fmt: skip
TEXTS = ("requested_by", "error", "log_path", "log_tail")
MOMENTS = ("scheduled_for", "started_at", "finished_at", "not_before")
AUDIT = ("id", "at", "who", "action", "target", "detail")


class Scheduler(NamedTuple):
    """The newest sign of life of a scheduler (naive UTC; None: none ever), what it runs next (job -> naive UTC), the jobs that are late."""

    heartbeat_at: datetime | None
    next_runs: dict[str, datetime]
    late: tuple[str, ...] = ()

    def is_silent(self, now: datetime) -> bool:
        """Whether there is no sign of life within SILENT_AFTER; `now` is naive UTC."""
        return self.heartbeat_at is None or now - self.heartbeat_at > SILENT_AFTER


class LastRun(NamedTuple):
    """A run: its job, when it was due (naive UTC), and its state."""

    job: str
    scheduled_for: datetime
    status: str


def scheduler(conn: sa.Connection) -> Scheduler:
    """What the scheduler said last, and the jobs whose run should have begun LATE_AFTER ago."""
    heartbeat = conn.execute(sa.select(sa.func.max(schema.scheduler_state.c.heartbeat_at))).scalar()
    return Scheduler(heartbeat, next_runs(conn), tuple(overdue(conn, clock.utc_now() - LATE_AFTER)))


def runs(conn: sa.Connection, job: str | None = None, status: str | None = None, page: int = 1) -> pd.DataFrame:
    """A page of PAGE_ROWS runs, newest first, the first page being 1: the columns of RUNS, and `seconds` from start to end (NaN: open).

    An absent text is None.
    """
    table = schema.job_run.c
    query = _runs_where(sa.select(*(table[name] for name in RUNS)), job, status)
    rows = conn.execute(_page(query.order_by(table.scheduled_for.desc(), table.id.desc()), page)).all()
    frame = pd.DataFrame(rows, columns=list(RUNS)).astype(dict.fromkeys(MOMENTS, "datetime64[us]"))
    texts = {name: frame[name].astype(object).where(frame[name].notna(), None) for name in TEXTS}
    return frame.assign(**texts).assign(seconds=(frame["finished_at"] - frame["started_at"]).dt.total_seconds())


def last_run(conn: sa.Connection) -> LastRun | None:
    """The newest run; None before the first."""
    table = schema.job_run.c
    query = sa.select(*(table[name] for name in LastRun._fields)).order_by(table.scheduled_for.desc(), table.id.desc()).limit(1)
    row = conn.execute(query).first()
    return LastRun(*row) if row is not None else None


def run_pages(conn: sa.Connection, job: str | None = None, status: str | None = None) -> int:
    """How many pages of runs there are, at least 1."""
    return _pages(conn, _runs_where(sa.select(sa.func.count()).select_from(schema.job_run), job, status))


def run_kinds(conn: sa.Connection) -> tuple[list[str], list[str]]:
    """The jobs and the states that occur among the runs."""
    return _different(conn, schema.job_run.c.job), _different(conn, schema.job_run.c.status)


def audit(conn: sa.Connection, who: str | None = None, action: str | None = None, page: int | None = 1) -> pd.DataFrame:
    """A page of PAGE_ROWS audit rows, newest first, or (page None) up to MOST_EXPORTED of them: the columns of AUDIT."""
    table = schema.audit.c
    query = _audit_where(sa.select(*(table[name] for name in AUDIT)), who, action).order_by(table.id.desc())
    rows = conn.execute(query.limit(MOST_EXPORTED) if page is None else _page(query, page)).all()
    return pd.DataFrame(rows, columns=list(AUDIT)).astype({"at": "datetime64[us]"})


def audit_pages(conn: sa.Connection, who: str | None = None, action: str | None = None) -> int:
    """How many pages of audit rows there are, at least 1."""
    return _pages(conn, _audit_where(sa.select(sa.func.count()).select_from(schema.audit), who, action))


def audit_kinds(conn: sa.Connection) -> tuple[list[str], list[str]]:
    """Who and which actions occur in the audit."""
    return _different(conn, schema.audit.c.who), _different(conn, schema.audit.c.action)


def visits(conn: sa.Connection, timezone: str, last: date, days: int) -> pd.DataFrame:
    """Different people per local day, for `days` days up to `last`: day, people.

    A day counts for a person who signed in, was seen last, or did something on it; days of mere reading within a longer session are
    not kept, so this is the least.
    """
    index = pd.date_range(end=pd.Timestamp(last), periods=days, freq="D")
    since = index[0].to_pydatetime() - timedelta(days=1)
    table, users, sessions = schema.audit.c, schema.users.c, schema.sessions.c
    did = sa.select(table.who, table.at).join_from(schema.audit, schema.users, users.email == table.who).where(table.action != NOT_A_VISIT)
    parts = [did.where(table.at >= since)]
    for moment in (sessions.created_at, sessions.seen_at):
        parts.append(sa.select(users.email, moment).join_from(schema.sessions, schema.users).where(moment >= since))
    seen = {(clock.local(at, timezone).date(), who) for part in parts for who, at in conn.execute(part)}
    counts = pd.Series([day for day, _ in seen], dtype="datetime64[us]").value_counts()
    return pd.DataFrame({"day": index.astype("datetime64[us]"), "people": counts.reindex(index, fill_value=0).to_numpy()})


def monthly_sales(conn: sa.Connection, as_of: date) -> pd.DataFrame:
    """Sales by month as recorded, newest first: month (its first day), amount, orders. Months without a sale are not listed."""
    table = schema.daily_facts.c
    rows = conn.execute(
        sa.select(table.day, table.measure, table.value).where(
            table.entity_type == "company", table.entity_id == "all", table.measure.in_(("revenue", "orders")), table.day <= as_of
        )
    ).all()
    frame = pd.DataFrame(rows, columns=["day", "measure", "value"]).astype({"day": "datetime64[us]", "value": "float64"})
    wide = frame.assign(month=frame["day"].dt.to_period("M").dt.start_time.astype("datetime64[us]")).pivot_table(
        index="month", columns="measure", values="value", aggfunc="sum"
    )
    months = wide.reindex(columns=["revenue", "orders"]).rename(columns={"revenue": "amount"}).dropna(how="all").reset_index()
    return months.rename_axis(columns=None).sort_values("month", ascending=False).reset_index(drop=True)


def _runs_where(query: sa.Select, job: str | None, status: str | None) -> sa.Select:
    table = schema.job_run.c
    return query.where(*[column == value for column, value in ((table.job, job), (table.status, status)) if value is not None])


def _audit_where(query: sa.Select, who: str | None, action: str | None) -> sa.Select:
    table = schema.audit.c
    return query.where(*[column == value for column, value in ((table.who, who), (table.action, action)) if value is not None])


def _page(query: sa.Select, page: int) -> sa.Select:
    return query.limit(PAGE_ROWS).offset((max(page, 1) - 1) * PAGE_ROWS)


def _pages(conn: sa.Connection, count: sa.Select) -> int:
    return max(-(-conn.execute(count).scalar_one() // PAGE_ROWS), 1)


def _different(conn: sa.Connection, column: sa.ColumnElement[str]) -> list[str]:
    return list(conn.execute(sa.select(column).distinct().order_by(column)).scalars())
