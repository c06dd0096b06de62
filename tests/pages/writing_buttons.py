"""Every button that writes: where it stands, read from the code, and a store in which as many as can be stand at once.

Which buttons there are is each call of `ui.presses`, and no other way to write than those named in BESIDE.
"""

import ast
import hashlib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from ml.clock import utc_now
from ml.store import customer_links, customer_notes, events, outbox, runs, schema, sessions, tokens, users, verdicts
from ml.store.engine import begin_write
from ml.store.outbox import Letter, Result
from ml.store.values import set_preference
from tests.pages.filled_store import NOW
from ui import actions_alerts, store_access

ROOT = Path(__file__).resolve().parents[2]
NAME_PLACE = {"button": 1, "submit": 1, "asked": 3}
LARGE = {"predictions", "customer_orders", "customer_facts", "customer_products", "daily_facts", "delivery_points", "alembic_version"}
BESIDE = {  # writes or looks of another kind, each safe by itself
    "presses.plainly",  # refresh: single flight, the second press finds the first run (tests/pages/test_screens.py)
    "_language_chosen",  # a choice, not a press: the same one again is the same
    "_language",
    "actions_messages.close",  # shows no more what this session looks at
}
PLACES = (
    ("customer", {"customer": "c1"}), ("churn", {"customer": "c1"}), ("churn", {}), ("settings", {"tab": "values"}),
    ("settings", {"tab": "people"}), ("settings", {"tab": "tokens"}), ("account", {}), ("operations", {"part": "messages"}),
    ("operations", {"part": "runs"}), ("demand", {}), ("experiments", {}), ("models", {}),
)  # fmt: skip


def calls() -> Iterator[tuple[Path, ast.Call, str]]:
    """Every call in ui/ and pages/, and its name as written."""
    for path in sorted([*(ROOT / "ui").glob("*.py"), *(ROOT / "pages").glob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and path.name != "presses.py":
                yield path, node, ast.unparse(node.func)


def families() -> dict[str, str]:
    """What the names of presses begin with -> where such a button stands; "" for a name that is handed in."""
    found = {}
    for path, call, name in calls():
        kind = name.removeprefix("presses.")
        if name.startswith("presses.") and kind in NAME_PLACE:
            told = call.args[NAME_PLACE[kind]]
            first = told.values[0] if isinstance(told, ast.JoinedStr) else told
            found[str(first.value) if isinstance(first, ast.Constant) else ""] = path.name
    return found


def family(key: str | None, known: dict[str, str]) -> str | None:
    """What a button's key belongs to: the name and how often it was pressed, as `presses.button` writes it."""
    name = (key or "").rpartition("-")[0]
    return max((one for one in known if is_of(name, one)), key=len, default=None)


def is_of(name: str, one: str) -> bool:
    """Whether a press of that name belongs to the family `one`."""
    return bool(one) and (name.startswith(one) if one.endswith("-") else name == one)


def contents() -> str:
    """A digest of all that people may write."""
    told = hashlib.sha256()
    with store_access.store().connect() as conn:
        for table in schema.metadata.sorted_tables:
            if table.name not in LARGE:
                told.update(repr((table.name, sorted(map(repr, conn.execute(sa.select(table)).all())))).encode())
    return told.hexdigest()


def changed(app: AppTest) -> None:
    """Something usable in every empty field, another value where a button wants one."""
    for entry in [*app.get("text_input"), *app.get("text_area")]:
        if not entry.value and not (entry.key or "").startswith("q"):
            usable = {"email": "nueva@example.com", "url": "https://app.example.com"}
            entry.set_value(next((value for part, value in usable.items() if part in (entry.key or "")), "Por prueba"))
    for entry in app.get("multiselect"):
        entry.set_value(entry.value or [entry.options[0]])
    for entry in app.get("number_input"):
        if (entry.key or "").startswith(("try-cost", "value-call_cost")):
            entry.set_value(1_234.0)
    for entry in app.get("selectbox"):
        if (entry.key or "").startswith("role-of-"):
            entry.set_value("analyst")


def fill_more() -> tuple[tuple[str, dict[str, str]], ...]:
    """What buttons of every kind need to stand on their screens at once, in the process's store: the work of the admin so far.

    Returns more places: where a test is made, a dead message and a failed run are looked at.
    """
    stamp = {"now": utc_now(), "by": "admin@example.com"}
    letter = Letter("churn_alerts:1", "email", "ana@example.com", "a···@example.com", "es", "churn_alerts", "Hola", {})
    with begin_write(store_access.store()) as conn:
        customer_notes.add(conn, "c1", "note", "Pide los lunes", day=NOW.date(), **stamp)
        customer_links.make(conn, "c1", 30, **stamp)
        for day in (24, 25):
            promotion = events.Event("promotion", f"Oferta {day}", date(2026, 11, day), None, NOW.date())
            number = events.add(conn, promotion, **stamp)
        events.remove(conn, number, **stamp)
        people = [users.get(conn, f"{role}@example.com") for role in ("viewer", "analyst", "admin")]
        for person in people:
            sessions.create(conn, person.id, now=utc_now())
        users.disable(conn, users.add(conn, "bruno@example.com", "Bruno", "viewer", None, now=NOW).email, now=NOW)
        tokens.add(conn, "App", people[0], ["predictions:read"], now=utc_now())
        set_preference(conn, "cost_per_km", 500, who="admin@example.com", at=utc_now())
        run = runs.insert_run(conn, job="backup", scheduled_for=utc_now() - timedelta(hours=1), origin="cron", status="failed", attempt=4)
        checks = [("leak_fit", "ask", {"measure": "orders", "r2": 0.991, "physics": 0.5})]
        verdicts.write_verdict(conn, run_id=1, predictor="demand", release_id="r2", at=NOW, state="review", checks=checks)
        outbox.enqueue(conn, [letter], now=utc_now())
    (held,) = outbox.claim(store_access.store(), owner="me", channels=["email"], now=utc_now(), limit=1)
    outbox.mark(store_access.store(), held, Result("dead", "smtp_550"), now=utc_now())
    actions_alerts.open_alert("c1")
    looks = (("messages", "message", held.id), ("runs", "run", run))
    return ("experiments", {"view": "new"}), *(("operations", {"part": part, name: str(number)}) for part, name, number in looks)
