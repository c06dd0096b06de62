"""The answers of the JSON routes, made of what the screens read. Field names are those of the earlier API, which callers rely on."""

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import sqlalchemy as sa

from ml.queries import customers, demand, service
from ml.store import schema

BAND_LEVEL = 0.8
HEARTBEAT_LATE = timedelta(minutes=5)


class NothingInService(LookupError):
    """No release of that predictor is in service, or it has not predicted yet; the sentence says what to run."""


def demand_answer(connection: sa.Connection, days: int, include_revenue: bool = True) -> dict[str, Any]:
    """The forecast of the next `days` days after the last day of the data.

    Bounds are the 80 % band. Averages are per calendar day; `low_day` is the weakest of the open days, which `business_days` counts.
    Revenue fields are null where it was not asked for or the release does not forecast it. Raises NothingInService.
    """
    serving = serving_of(connection, "demand")
    orders = demand.daily_forecast(connection, serving, "orders", days)
    revenue = demand.daily_forecast(connection, serving, "revenue", days if include_revenue else 0)
    revenue = revenue.set_index("day").reindex(orders["day"])
    reading = service.latest_reading(connection)
    rows = zip(orders.itertuples(index=False), revenue.itertuples(index=False), strict=True)
    return {
        "forecast_days": len(orders),
        "predictions": [_day(said, sold) for said, sold in rows],
        "summary": _summary(orders, revenue["value"]),
        "as_of": serving.as_of.isoformat() if serving.as_of else None,
        "release": serving.release_id,
        "band_level": BAND_LEVEL,
        "revenue_basis": reading.amount_basis if reading else "unknown",
    }


def segments_answer(connection: sa.Connection) -> dict[str, Any]:
    """The segments with means per customer over the segmentation's window; `timestamp` is when the data was read (UTC).

    Raises NothingInService.
    """
    serving = serving_of(connection, "segments")
    summary = customers.segments(connection, serving)
    reading = service.latest_reading(connection)
    return {
        "total_customers": int(summary["customers"].sum()),
        "timestamp": _moment(reading.read_at if reading else serving.since),
        "segments": [_segment(row) for row in summary.itertuples(index=False)],
        "as_of": serving.as_of.isoformat() if serving.as_of else None,
        "release": serving.release_id,
        "value_basis": reading.amount_basis if reading else "unknown",
    }


def health_answer(connection: sa.Connection, now: datetime) -> dict[str, Any]:
    """Whether the app works, without secrets: status ok, starting (no release yet) or degraded (the scheduler is silent), and why."""
    releases = {name: entry.release_id for name, entry in service.in_service(connection).items()}
    reading = service.latest_reading(connection)
    beat = connection.execute(sa.select(sa.func.max(schema.scheduler_state.c.heartbeat_at))).scalar()
    alive = beat is not None and now - beat < HEARTBEAT_LATE
    return {
        "status": "starting" if not releases else "ok" if alive else "degraded",
        "releases": releases,
        "data_up_to": reading.as_of.isoformat() if reading else None,
        "read_at": _moment(reading.read_at) if reading else None,
        "scheduler": {"alive": alive, "heartbeat_at": _moment(beat) if beat else None},
    }


def serving_of(connection: sa.Connection, predictor: str) -> service.Service:
    """The release of a predictor in service that has predicted. Raises NothingInService."""
    serving = service.in_service(connection).get(predictor)
    if serving is None or serving.as_of is None:
        raise NothingInService(f"There are no predictions of {predictor} yet; `python -m ml retrain` makes them.")
    return serving


def _day(orders: Any, revenue: Any) -> dict[str, Any]:
    return {
        "date": orders.day.date().isoformat(),
        "predicted_orders": _rounded(orders.value),
        "lower_bound": _rounded(orders.lo80),
        "upper_bound": _rounded(orders.hi80),
        "predicted_revenue": _rounded(revenue.value),
        "revenue_lower_bound": _rounded(revenue.lo80),
        "revenue_upper_bound": _rounded(revenue.hi80),
        "open": bool(orders.is_open),
    }


def _summary(orders: pd.DataFrame, revenue: pd.Series) -> dict[str, Any]:
    days = max(len(orders), 1)
    by_day = orders.set_index("day")["value"]
    when_open = by_day[orders["is_open"].to_numpy()]
    sold = float(revenue.sum()) if revenue.notna().any() else None
    return {
        "total_predicted_orders": _rounded(by_day.sum()),
        "avg_daily_orders": _rounded(by_day.sum() / days),
        "peak_day": _date_of(when_open.idxmax()) if len(when_open) else None,
        "low_day": _date_of(when_open.idxmin()) if len(when_open) else None,
        "total_predicted_revenue": _rounded(sold),
        "avg_daily_revenue": _rounded(sold / days if sold is not None else None),
        "business_days": int(orders["is_open"].sum()),
    }


def _segment(row: Any) -> dict[str, Any]:
    return {
        "cluster_id": int(row.cluster_id),
        "name": row.segment,
        "customer_count": int(row.customers),
        "avg_recency_days": _rounded(row.recency_days),
        "avg_frequency": _rounded(row.frequency),
        "avg_monetary": _rounded(row.spend),
        "total_value": _rounded(row.total_spend),
    }


def _date_of(day: Any) -> str:
    return day.date().isoformat()


def _rounded(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else round(float(value), 2)


def _moment(value: datetime) -> str:
    return value.isoformat(timespec="seconds") + "Z"
