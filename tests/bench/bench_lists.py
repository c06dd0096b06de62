"""What the screens that list customers cost the server, by the number of customers.

    python -m tests.bench lists

A store filled by hand, one visitor over the websocket. "first" is the run after a new version of the store, when nothing is kept;
"after a press" the run after somebody worked on an alert; "again" the mean of RUNS runs in which nothing changed. CPU of the server's
process, user and system; memory is what the process has grown by since before the first of these screens.
"""

import tempfile
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from ml.settings import load_settings
from ml.store import schema, schema_alerts
from ml.store.customer_rows import refill_all
from ml.store.engine import begin_write, open_store
from tests.bench.visitors import cpu_seconds, faults, filled_home, memory_mb
from tests.pages import filled_store
from tests.web.served import Served, run_page, serve

SIZES = (5_000, 50_000)
FILLED = 1_000  # customers written by hand; the others are copies of them in every table that lists are made of
SCREENS = ("overview", "churn", "next_orders", "segments")
RUNS = 25
HEADER = ["| customers | screen | first, ms CPU | after a press, ms CPU | again, ms CPU | grown by, MB |", "|---|---|---|---|---|---|"]


def report() -> list[str]:
    """A row per size and screen."""
    lines = list(HEADER)
    for customers in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            fill(Path(folder), customers)
            app = serve(Path(folder))
            try:
                lines += _measured(app, customers)
            finally:
                app.stop()
                app.store.dispose()
    return lines


def fill(home: Path, customers: int) -> None:
    """A store of so many customers: copies differ by a number behind the id. Orders are those of the first FILLED alone."""
    filled_home(home, FILLED)
    store = open_store(load_settings(None, home=home))
    with begin_write(store) as connection:
        for number in range(1, customers // FILLED):
            for table, key in ((schema.customer_facts, "customer_id"), (schema.predictions, "entity_id")):
                _copy(connection, table, key, number)
        refill_all(connection)
    store.dispose()


def _copy(connection: sa.Connection, table: sa.Table, key: str, number: int) -> None:
    """The customers' rows of a table once more, under ids of their own."""
    of = table.c.entity_type == "customer" if "entity_type" in table.c else sa.true()
    names = [column.name for column in table.c if column.name != "id"]
    copied = (table.c[key] + f"-{number}" if name == key else table.c[name] for name in names)
    rows = sa.select(*copied).where(of, table.c[key].not_like("%-%"))
    connection.execute(sa.insert(table).from_select(names, rows))


def _measured(app: Served, customers: int) -> list[str]:
    lines, pid = [], app.process.pid
    with app.websocket(app.session_of("admin")) as socket:
        for _ in range(3):
            run_page(socket, "settings")
        before = memory_mb(pid)
        for place, name in enumerate(SCREENS):
            first = _run(app, socket, name)
            _press(app, f"c{place}")
            pressed = _run(app, socket, name)
            again = sum(_run(app, socket, name) for _ in range(RUNS)) / RUNS
            lines.append(f"| {customers:,} | {name} | {first:.0f} | {pressed:.0f} | {again:.0f} | {memory_mb(pid) - before:.0f} |")
    return lines


def _run(app: Served, socket, name: str) -> float:
    began = cpu_seconds(app.process.pid)
    found = faults(run_page(socket, name))
    if found:
        raise RuntimeError(f"{name}: {found[0]}")
    return (cpu_seconds(app.process.pid) - began) * 1000


def _press(app: Served, customer_id: str) -> None:
    """An alert of that customer, as somebody's press opens it."""
    table, now = schema_alerts.alerts, filled_store.NOW
    row = {
        "customer_id": customer_id, "kind": "at_risk", "state": "open", "opened_at": now, "opened_by": "admin@example.com",
        "as_of": filled_store.AS_OF, "horizon_days": filled_store.HORIZON, "detail": {},
        "watch_until": filled_store.AS_OF + timedelta(days=filled_store.HORIZON),
    }  # fmt: skip
    with begin_write(app.store) as connection:
        connection.execute(sa.insert(table).values(**row))
