"""A store filled by hand: every table the screens read, realistic and repeatable, in a fraction of a second and without the pipeline."""

import json
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import sqlalchemy as sa

from ml import clock
from ml.experiments.demo import make_demo_experiments
from ml.experiments.reading import follow_up
from ml.queries import customers
from ml.store import schema
from ml.store.customer_rows import refill_all
from ml.store.engine import begin_write
from ml.store.searching import search_text

AS_OF = date(2026, 11, 20)
NOW = datetime(2026, 11, 21, 9, 0)
TODAY = NOW.date()
ALIVE = datetime(2100, 1, 1)  # the scheduler's heartbeat: no screen stands under the banner of a silent one
RELEASE = "20261101T050000Z-1a2b3c4d"
HORIZON = 28
CUSTOMERS = 120
LONG_HISTORY = 450
WEEKDAY_ORDERS = (7, 8, 9, 6, 5, 0, 0)
HOLIDAYS = {date(2026, 12, 8): "La Inmaculada Concepción", date(2026, 12, 25): "Navidad"}
FIRST, LAST = ("Ana", "Bruno", "Carla", "Diego", "Elena", "Fabio"), ("Rojas", "Pérez", "Soto", "Muñoz", "Díaz", "Vera")
HOSTILE = {
    "c1": "<script>alert('x')</script>",
    "c2": '=HYPERLINK("http://evil.example","x")',
    "c3": "*'; DROP TABLE users; --* $1$ [x](http://evil.example)",
    "c4": "x" * 300,
    "c5": "مرحبا 💧 سلام",
}
ZONES = {"Ñuñoa": (-33.456, -70.597, 110), "Providencia": (-33.431, -70.609, 95), "La Reina": (-33.444, -70.545, 40)}
PREDICTORS = ("demand", "customers", "segments", "route_cost", "price")
SCORES = {
    "demand": [
        (measure, metric, window, value, baseline)
        for measure in ("orders", "revenue", "bottles")
        for metric, window, value, baseline in (
            ("mase", 1, 0.71, 0.98), ("wape", 1, 0.29, 0.38), ("bias", 1, 0.02, 0.05), ("coverage80", 1, 0.81, None),
            ("coverage95", 1, 0.95, None), ("wape", 7, 0.14, 0.2), ("wape", 30, 0.09, 0.15), ("coverage80", 30, 0.67, None),
        )
    ],
    "customers": [
        ("churn_probability", "auc", HORIZON, 0.74, 0.66), ("churn_probability", "brier", HORIZON, 0.18, 0.22),
        ("churn_probability", "ece", HORIZON, 0.04, 0.09), ("next_order_date", "mae", HORIZON, 6.4, 8.1),
        ("next_order_date", "coverage80", HORIZON, 0.79, None),
    ],
    "segments": [("segment", "eta_squared", 90, 0.46, 0.31)],
    "route_cost": [("tour_cost", "mae", 1, 5200.0, 5900.0), ("tour_cost", "wape", 1, 0.08, 0.1)],
    "price": [("units_28d", "wape", 28, 0.26, 0.27), ("units_28d", "coverage80", 28, 0.8, None)],
}  # fmt: skip


def fill(
    engine: sa.Engine,
    *,
    customers: int = CUSTOMERS,
    predictors: tuple[str, ...] = PREDICTORS,
    hostile: bool = False,
    experiments: bool = True,
) -> None:
    """Write a company of `customers`: a reading, facts, releases, predictions, scores, runs and (most of the work) three experiments."""
    rng = np.random.default_rng(7)
    with begin_write(engine) as conn:
        _reading(conn, customers)
        _history(conn, rng)
        people = _people(rng, customers, hostile)
        conn.execute(sa.insert(schema.customer_facts), people)
        conn.execute(sa.insert(schema.customer_orders), _order_rows(people))
        conn.execute(sa.insert(schema.customer_products), _product_rows(people))
        for name in predictors:
            _release(conn, name)
        if "demand" in predictors:
            conn.execute(sa.insert(schema.predictions), _demand_rows())
        if "customers" in predictors:
            conn.execute(sa.insert(schema.predictions), [*_customer_rows(people, rng), _lateness_row()])
        if "segments" in predictors:
            conn.execute(sa.insert(schema.predictions), _segment_rows(people))
        if "route_cost" in predictors:
            conn.execute(sa.insert(schema.predictions), _route_rows())
            conn.execute(sa.insert(schema.tour_facts), _tour_rows())
            conn.execute(sa.insert(schema.delivery_points), _point_rows())
            conn.execute(sa.insert(schema.customer_places), _place_rows(people))
        if "price" in predictors:
            conn.execute(sa.insert(schema.predictions), _price_rows())
        refill_all(conn)
        if experiments:
            make_demo_experiments(conn, now=NOW)
            follow_up(conn, now=NOW)


def scored(conn, service, **asked) -> pd.DataFrame:
    """Every scored customer as lists tell them (`customers.listed`, `customers.told`)."""
    return customers.told(conn, service, customers.listed(conn, service, **asked))


def as_of_yesterday(engine: sa.Engine) -> None:
    """A store that a server of its own shows: its data is as fresh as it can be, whatever day the tests run on."""
    with begin_write(engine) as conn:
        conn.execute(sa.update(schema.reading).values(as_of=clock.utc_now().date() - timedelta(days=1)))


def without_signal(engine: sa.Engine) -> None:
    """The release of customers says of itself that past windows showed no usable signal."""
    with begin_write(engine) as conn:
        detail = {"verdict": {"code": "no_usable_signal", "params": {}}, "notes": []}
        conn.execute(sa.insert(schema.predictions), [_row("customers", "usable_signal", "company", "all", AS_OF, 1, 0.0, detail)])


def _reading(conn, customers: int) -> None:
    conn.execute(
        sa.insert(schema.reading).values(
            read_at=NOW, as_of=AS_OF, source="sqlite:demo.db", fingerprint="f" * 16, from_snapshot=False, is_demo=True,
            amount_basis="mixed",
            tables={"orders": {"rows": 3804, "first": "2024-11-20", "last": AS_OF.isoformat()}, "customers": {"rows": customers}},
            findings=[
                {"code": "duplicate_order", "table": "orders", "count": 12, "action": "left_out", "examples": ["o-17"], "params": {}},
                {"code": "zone_spelling", "table": "addresses", "count": 31, "action": "corrected", "examples": ["ÑUÑOA"], "params": {}},
            ],
        )
    )  # fmt: skip
    run = {"job": "retrain", "scheduled_for": NOW, "origin": "setup", "status": "done", "attempt": 1, "started_at": NOW, "finished_at": NOW}
    conn.execute(sa.insert(schema.job_run).values(**run))
    conn.execute(sa.insert(schema.scheduler_state).values(owner="test", heartbeat_at=ALIVE, next_runs={"refresh": "2026-11-22T08:30:00"}))


def _history(conn, rng: np.random.Generator) -> None:
    rows = []
    for back in range(500):
        day = AS_OF - timedelta(days=back)
        orders = float(rng.poisson(WEEKDAY_ORDERS[day.weekday()]))
        values = {"orders": orders, "revenue": orders * 21_500, "bottles": orders * 3}
        rows += [{"measure": m, "entity_type": "company", "entity_id": "all", "day": day, "value": v} for m, v in values.items()]
    conn.execute(sa.insert(schema.daily_facts), rows)


def _people(rng: np.random.Generator, customers: int, hostile: bool) -> list[dict]:
    people = []
    for number in range(customers):
        key = f"c{number}"
        silent = int(rng.integers(1, 120))
        orders = int(rng.integers(1, 60))
        spend = float(orders * 20_000) * (12 if number < 4 else 1)
        people.append(
            {
                "customer_id": key,
                "name": HOSTILE.get(key) if hostile and key in HOSTILE else f"{FIRST[number % 6]} {LAST[(number // 6) % 6]} {number}",
                "customer_type": "Empresa" if number % 3 == 0 else "Hogar",
                "zone": ("Ñuñoa", "Providencia", "La Reina")[number % 3],
                "phone": f"+56 9 {10_000_000 + number}",
                "email": f"{key}@example.com",
                "contact_opt_out": number == customers - 1,
                "first_order": AS_OF - timedelta(days=400),
                "last_order": AS_OF - timedelta(days=silent),
                "orders_total": orders + 5,
                "orders_365": orders,
                "spend_total": spend * 1.2,
                "spend_365": spend,
                "spend_before_silence": spend * 1.1,
                "typical_gap_days": 9.0,
                "unpaid_amount": 45_000.0 if number == 2 else None,
                "unpaid_since": AS_OF - timedelta(days=12) if number == 2 else None,
            }
        )
        people[-1]["search"] = search_text(key, people[-1]["name"], people[-1]["phone"])
    return people


def _order_rows(people: list[dict]) -> list[dict]:
    """Nine days between two orders, back from the last one; the first customer has more than two pages of them."""
    rows = []
    for place, person in enumerate(people):
        for number in range(LONG_HISTORY if place == 0 else person["orders_total"]):
            rows.append(
                {
                    "customer_id": person["customer_id"], "day": person["last_order"] - timedelta(days=9 * number),
                    "order_id": f"o-{person['customer_id']}-{number:03}", "amount": 18_000.0 + 500 * (number % 9), "quantity": 3.0,
                    "is_paid": not (place == 2 and number < 2),
                }
            )  # fmt: skip
    return rows


def _product_rows(people: list[dict]) -> list[dict]:
    goods = (("p1", "Botellón 20 l", 9, 3.0), ("p2", "Vasos x 1000", 2, 1.0))
    return [
        {
            "customer_id": person["customer_id"], "product_id": key, "name": name, "orders": orders, "quantity_per_order": each,
            "amount": 9_000.0 * orders, "last_day": person["last_order"],
        }
        for person in people
        for key, name, orders, each in goods
    ]  # fmt: skip


def _release(conn, predictor: str) -> None:
    at = datetime(2026, 11, 1, 5, 0)
    reason = json.dumps({"code": "first_release", "params": {}})
    pointer = {"predictor": predictor, "seq": 1, "release_id": RELEASE, "run_id": 1, "at": at, "by": "system", "reason": reason}
    conn.execute(sa.insert(schema.release_pointer).values(**pointer))
    rows = []
    for measure, metric, window, value, baseline in SCORES[predictor]:
        for cutoff, factor in ((None, 1.0), (date(2026, 8, 9), 1.1), (date(2026, 9, 13), 0.95), (date(2026, 10, 18), 0.97)):
            rows.append(
                {
                    "run_id": 1, "release_id": RELEASE, "predictor": predictor, "measure": measure, "metric": metric, "cutoff": cutoff,
                    "window_days": window, "population": "all", "count": 90, "value": value * factor,
                    "baseline": None if baseline is None else baseline * factor, "baseline_name": "the same weekday of the last week",
                    "created_at": at,
                }
            )  # fmt: skip
    conn.execute(sa.insert(schema.scores), rows)


def _row(predictor, measure, kind, entity, target, window, value, detail, bands=(None, None, None, None)) -> dict:
    low80, high80, low95, high95 = bands
    return {
        "run_id": 1, "release_id": RELEASE, "predictor": predictor, "measure": measure, "as_of": AS_OF, "entity_type": kind,
        "entity_id": entity, "target_date": target, "window_days": window, "value": value, "lo80": low80, "hi80": high80, "lo95": low95,
        "hi95": high95, "detail": detail,
    }  # fmt: skip


def _demand_rows() -> list[dict]:
    rows = []
    for measure, unit in (("orders", 1.0), ("revenue", 21_500.0), ("bottles", 3.0)):
        for ahead in range(1, 91):
            day = AS_OF + timedelta(days=ahead)
            is_open = day.weekday() < 5 and day not in HOLIDAYS
            value = WEEKDAY_ORDERS[day.weekday()] * unit if is_open else 0.0
            bands = tuple(value * share for share in (0.6, 1.45, 0.4, 1.8))
            members = {"ridge": value * 1.05, "holt_winters": value * 0.95}
            detail = {"open": is_open, "holiday": HOLIDAYS.get(day), "members": members}
            rows.append(_row("demand", measure, "company", "all", day, 1, value, detail, bands))
        for window, value in ((7, 35.0), (30, 146.0)):
            bands = tuple(value * unit * share for share in (0.86, 1.15, 0.78, 1.24))
            detail = {"open_days": round(window * 5 / 7)}
            rows.append(_row("demand", measure, "company", "all", AS_OF + timedelta(days=window), window, value * unit, detail, bands))
        rows += [*_part_rows(measure, unit), *_told_rows(measure, unit)]
    return rows


def _part_rows(measure: str, unit: float) -> list[dict]:
    """Two zones of the company, and for what has lines two products; the bottles' week with quantiles."""
    rows = []
    parts = [("zone", "Ñuñoa", 0.7, {}), ("zone", "*", 0.3, {})]
    if measure != "orders":
        parts += [("product", "p1", 0.8, {"name": "Botellón PC"}), ("product", "p2", 0.2, {"name": HOSTILE["c1"]})]
    for kind, entity, share, name in parts:
        path = [share * unit * WEEKDAY_ORDERS[(AS_OF + timedelta(days=ahead)).weekday()] for ahead in range(1, 91)]
        for window in (7, 30):
            value = sum(path[:window])
            detail = {"method": "top_down", **name}
            if window == 30:
                edges = {"value": 1.0, "lo80": 0.6, "hi80": 1.45, "lo95": 0.4, "hi95": 1.8}
                detail["path"] = {edge: [day * factor for day in path] for edge, factor in edges.items()}
            else:
                detail["record"] = {"weeks": 7, "error": 0.23, "rule": 0.36, "within": 6}
            if window == 7 and measure == "bottles" and kind == "product":
                levels = {"0.05": 0.6, "0.25": 0.85, "0.5": 1.0, "0.8": 1.2, "0.85": 1.25, "0.9": 1.3, "0.95": 1.4, "0.99": 1.6}
                detail["quantiles"] = {level: round(value * factor) for level, factor in levels.items()}
                needed, ordered = [round(value * (0.8 + week / 40)) for week in range(22)], {"0.9": [round(value * 1.25)] * 22}
                detail["service"] = {"weeks": 22, "needed": needed, "ordered": ordered, "levels": {"0.9": {"kept": 19, "surplus": 21.5}}}
            bands = tuple(value * factor for factor in (0.86, 1.15, 0.78, 1.24))
            rows.append(_row("demand", measure, kind, entity, AS_OF + timedelta(days=window), window, value, detail, bands))
    return rows


def _told_rows(measure: str, unit: float) -> list[dict]:
    days = [AS_OF - timedelta(days=back) for back in range(89, -1, -1)]
    values = [WEEKDAY_ORDERS[day.weekday()] * unit for day in days]
    columns = {
        name: [value * factor for value in values] for name, factor in (("yhat", 1.0), ("lo80", 0.6), ("hi80", 1.4), ("actual", 1.1))
    }
    months = [
        {"from": days[place].isoformat(), "value": 146.0 * unit, "lo80": 120.0 * unit, "hi80": 170.0 * unit, "actual": 150.0 * unit}
        for place in (0, 30, 60)
    ]
    figures = {"mase": 0.71, "mase_naive": 0.98, "mase_prophet": 0.86, "coverage80": 0.81, "coverage95": 0.95, "bias": -0.03}
    replay = {"days": {"day": [day.isoformat() for day in days], **columns}, "months": months, **figures}
    behind = {"trend": 0.02, "season": 0.08, "holiday": 0.0, "closed_holidays": 2, "history_days": 800, "weather": None}
    effects = [
        {"kind": "hot", "code": "measured", "days": 160, "effect": 0.14, "lo95": 0.07, "hi95": 0.21},
        {"kind": "rainy", "code": "nothing_measurable", "days": 24, "effect": -0.05, "lo95": -0.13, "hi95": 0.04},
    ]
    errors = {"error_without": 100.0, "error_with": 101.0, "error_if_known": 97.0, "days_known": 0.0}
    weather = {"effects": effects, "kept": [], "groups": {"weather": errors}, "hot_day_celsius": 28, "rainy_day_mm": 5}
    told = {"replay": replay, "behind": behind, "weather_effect": weather}
    return [_row("demand", name, "measure", measure, AS_OF, 1, None, detail) for name, detail in told.items()]


def _customer_rows(people: list[dict], rng: np.random.Generator) -> list[dict]:
    rows = []
    for person in people:
        silent = (AS_OF - person["last_order"]).days
        population = "active" if silent <= 2 * HORIZON else "dormant"
        probability = float(np.clip(silent / 100 + rng.normal(0, 0.05), 0.02, 0.97))
        usual = person["spend_365"] * HORIZON / 365
        reasons = [{"code": "late_for_own_rhythm", "params": {"days_since_last_order": float(silent), "typical_gap_days": 9.0}}]
        detail = {"population": population, "reasons": reasons, "days_since_last_order": silent, "typical_gap_days": 9.0}
        key, target = person["customer_id"], AS_OF + timedelta(days=HORIZON)
        rows.append(_row("customers", "churn_probability", "customer", key, target, HORIZON, probability, detail))
        values = {"expected_orders": 2.0, "expected_value": usual * (1 - probability), "value_at_risk": usual * probability}
        rows += [_row("customers", m, "customer", key, target, HORIZON, v, {"population": population}) for m, v in values.items()]
        year = AS_OF + timedelta(days=365)
        rows.append(_row("customers", "value_12m", "customer", key, year, 365, person["spend_365"], {"population": population}))
        said = {name: (AS_OF + timedelta(days=days)).isoformat() for name, days in (("date", 6), ("lo", 2), ("hi", 11))}
        rows.append(_row("customers", "next_order_date", "customer", key, target, HORIZON, 6.0, said, (2.0, 11.0, None, None)))
    return rows


def _lateness_row() -> dict:
    points = ((1.0, 0.82, 90), (1.5, 0.74, 71), (2.0, 0.63, 52), (3.0, 0.44, 33))
    curve = [{"multiple": m, "share": s, "lo95": s - 0.1, "hi95": s + 0.09, "customers": n} for m, s, n in points]
    return _row("customers", "too_late", "company", "all", AS_OF, HORIZON, 3.0, {"within_days": HORIZON, "curve": curve})


def _segment_rows(people: list[dict]) -> list[dict]:
    rows = []
    for person in people:
        silent = (AS_OF - person["last_order"]).days
        index = 3 if silent > 60 else 0 if person["spend_365"] > 2_000_000 else 1 if person["orders_365"] > 25 else 2
        detail = {
            "name": ("vip", "loyal", "potential", "at_risk")[index], "recency_days": float(silent),
            "frequency": float(person["orders_365"]), "spend": person["spend_365"],
        }  # fmt: skip
        rows.append(_row("segments", "segment", "customer", person["customer_id"], AS_OF, 1, float(index), detail))
    return rows


def _route_rows() -> list[dict]:
    rows = []
    for back in range(1, 25):
        day, cost = AS_OF - timedelta(days=back), 40_000.0 + 700 * back
        bands = tuple(cost * share for share in (0.85, 1.2, 0.75, 1.35))
        rows.append(_row("route_cost", "tour_cost", "tour", f"t{back}", day, 1, cost, {"basis": "learnt", "stops": 9.0}, bands))
    for zone, (latitude, longitude, orders) in ZONES.items():
        detail = {
            "basis": "learnt", "components": {}, "orders": orders, "quantity": 3.0, "latitude": latitude, "longitude": longitude,
            "distance_km": 4.2, "hours": 0.4,
        }  # fmt: skip
        rows.append(_row("route_cost", "delivery_cost", "zone", zone, AS_OF, 1, 3_300.0 + orders, detail))
    return rows


def _tour_rows() -> list[dict]:
    """What the tours took: kilometres and hours of all but the newest, which is still on its way."""
    return [
        {"tour_id": f"t{back}", "date": AS_OF - timedelta(days=back), "stops": 9.0, "driven_km": 60.0 if back > 1 else None,
         "hours": 4.0 if back > 1 else None, "cost": None}
        for back in range(1, 25)
    ]  # fmt: skip


def _point_rows() -> list[dict]:
    return [
        {"order_id": f"o-{zone}-{place}", "day": AS_OF, "zone": zone, "quantity": 1.0 + place, "latitude": latitude + place / 300,
         "longitude": longitude - place / 250}
        for zone, (latitude, longitude, _) in ZONES.items()
        for place in range(4)
    ]  # fmt: skip


def _place_rows(people: list[dict]) -> list[dict]:
    """One place each, in the own zone; the first customer has a second one elsewhere, the third no coordinates, the fourth no address."""
    homes = [(person["customer_id"], f"a-{person['customer_id']}", person["zone"], True) for person in people]
    return [
        {
            "customer_id": key, "address_id": address, "zone": zone, "latitude": None if key == "c2" else ZONES[zone][0] + 0.004,
            "longitude": None if key == "c2" else ZONES[zone][1] - 0.004, "is_default": default, "orders": 12 if default else 3,
            "last_order": AS_OF - timedelta(days=9),
        }
        for key, address, zone, default in [*homes, ("c0", "a-office", "La Reina", False)]
        if key != "c3"
    ]  # fmt: skip


def _price_rows() -> list[dict]:
    """Bottles of two customer types with a suggestion for homes; cups whose price never moved and whose cost nobody knows."""
    rows = []
    for key, kind, price, value, reason, suggested, why in (
        ("p1", None, 3_000.0, -0.9, None, None, "see_customer_types"),
        ("p1|Hogar", "Hogar", 3_400.0, -1.1, None, 3_700.0, "raise_price"),
        ("p1|Empresa", "Empresa", 2_600.0, -0.1, None, None, "elasticity_above_zero"),
        ("p2", None, 9_000.0, None, "not_enough_price_variation", None, "not_enough_price_variation"),
    ):
        bands = (None,) * 4 if value is None else (value - 0.4, value + 0.3, value - 0.6, value + 0.5)
        shared = {"product_id": key.split("|")[0], "current_price": price} | ({"customer_type": kind} if kind else {})
        read = shared | {"reason": {"code": reason, "params": {}} if reason else None, "weeks_with_sales": 60}
        rows.append(_row("price", "elasticity", "product", key, AS_OF, 1, value, read, bands))
        gains = {"gain": 0.04, "gain_low": 0.02, "gain_high": 0.06} if suggested or why == "see_customer_types" else {}
        cost = {"unit_cost": None if key == "p2" else 1_000.0}
        told = shared | {"reason": {"code": why, "params": {}}, "low": price * 0.9, "high": price * 1.1} | cost | gains
        rows.append(_row("price", "suggested_price", "product", key, AS_OF, 1, suggested, told))
    for key, units in (("p1", 620.0), ("p2", 40.0)):
        bands = tuple(units * share for share in (0.8, 1.2, 0.7, 1.4))
        target = AS_OF + timedelta(days=28)
        rows.append(_row("price", "units_28d", "product", key, target, 28, units, {"last_28_days": units * 0.95}, bands))
    return rows
