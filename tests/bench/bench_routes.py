"""`python -m tests.bench.bench_routes`: the JSON routes over HTTP on a store of 5,000 customers: p50 and p95 in ms, warm, one caller.

The first call after a refresh (nothing kept yet) is said apart, and the server's CPU per call, which a busy machine does not distort.
"""

import os
import tempfile
import time
from pathlib import Path

import httpx
import sqlalchemy as sa

from ml.clock import utc_now
from ml.store import schema, tokens, users
from ml.store.engine import begin_write
from tests.web.filling import AS_OF, RELEASE, fill
from tests.web.served import serve

CUSTOMERS, CALLS = 5_000, 200
ROUTES: tuple[tuple[str, str, dict | None], ...] = (
    ("GET", "/health", None),
    ("GET", "/segments", None),
    ("GET", "/predict/demand/30", None),
    ("POST", "/predict/demand", {"days_ahead": 90, "include_revenue": True}),
    ("GET", "/predict/churn/C00042", None),
    ("POST", "/predict/churn/all", {"threshold": 0.7}),
    ("POST", "/predict/route-cost", {"latitude": -33.42, "longitude": -70.61, "quantity": 10, "customer_type": "Hogar"}),
    ("GET", "/metrics", None),
    ("GET", "/openapi.json", None),
)


def fill_customers(connection: sa.Connection) -> None:
    """CUSTOMERS scored customers with six measures each, beside the hand-filled ones."""
    facts, rows = [], []
    reasons = [{"code": "late_for_own_rhythm", "params": {"days_since_last_order": 40.0, "typical_gap_days": 20.0}}] * 3
    details = {
        "churn_probability": {"population": "active", "reasons": reasons, "days_since_last_order": 40, "typical_gap_days": 20.0},
        "next_order_date": {"date": "2026-11-06", "lo": "2026-11-01", "hi": "2026-11-14"},
    }
    keys = {"run_id": 1, "release_id": RELEASE, "predictor": "customers", "as_of": AS_OF, "entity_type": "customer", "window_days": 30}
    for number in range(CUSTOMERS):
        who = f"C{number:05}"
        fact = {"customer_id": who, "name": f"Cliente {number}", "contact_opt_out": False, "orders_total": 9, "orders_365": 9}
        facts.append(fact | {"spend_total": 9e4, "spend_365": 9e4, "last_order": AS_OF, "first_order": AS_OF})
        for measure in ("churn_probability", "next_order_date", "value_at_risk", "expected_value", "expected_orders", "value_12m"):
            row = {"measure": measure, "entity_id": who, "target_date": AS_OF, "value": number % 100 / 100}
            rows.append(keys | row | {"detail": details.get(measure, {})})
    connection.execute(sa.insert(schema.customer_facts), facts)
    connection.execute(sa.insert(schema.predictions), rows)


def cpu_ms(process: int) -> float:
    """CPU milliseconds a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(client: httpx.Client, process: int, method: str, path: str, body: dict | None) -> str:
    """One line: first call, p50 and p95 of CALLS more, CPU of the first and of the others."""
    spent, used = [], [cpu_ms(process)]
    for _ in range(CALLS + 1):
        began = time.perf_counter()
        answer = client.request(method, path, json=body)
        spent.append(1000 * (time.perf_counter() - began))
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}: {answer.text[:200]}")
        if len(spent) == 1:
            used.append(cpu_ms(process))
    rest = sorted(spent[1:])
    p50, p95 = rest[CALLS // 2], rest[int(CALLS * 0.95)]
    first, each = used[1] - used[0], (cpu_ms(process) - used[1]) / CALLS
    times = f"first {spent[0]:7.1f}  p50 {p50:6.1f}  p95 {p95:6.1f} ms   CPU first {first:6.0f}  then {each:5.1f} ms"
    return f"{method:4} {path:24} {times}  {len(answer.content) / 1000:7.1f} kB"


def main() -> None:
    """Serve, fill, measure, print."""
    with tempfile.TemporaryDirectory() as home:
        served = serve(Path(home))
        try:
            with begin_write(served.store) as connection:
                fill(connection)
                fill_customers(connection)
                user = users.get(connection, "viewer@example.com")
                _, secret = tokens.add(connection, "bench", user, [scope.name for scope in tokens.SCOPES], now=utc_now())
            with served.client(Authorization=f"Bearer {secret}") as client:
                for route in ROUTES:
                    print(measured(client, served.process.pid, *route))
        finally:
            served.stop()


if __name__ == "__main__":
    main()
