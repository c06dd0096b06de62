"""The demand forecast of the release in service by day and in total, beside what came."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
import sqlalchemy as sa

from ml.queries.service import Service
from ml.store import schema

MEASURES: tuple[str, ...] = ("orders", "revenue", "bottles")
BAND = ["value", "lo80", "hi80", "lo95", "hi95"]
WEATHER = ("base", "temp_max_c", "precip_mm")


@dataclass(frozen=True)
class Total:
    """The sum of a measure over the `days` after as_of, with bands of its own (not sums of the daily ones)."""

    days: int
    value: float
    lo80: float | None
    hi80: float | None
    lo95: float | None
    hi95: float | None
    open_days: int | None


def measures(conn: sa.Connection, service: Service) -> tuple[str, ...]:
    """The measures this release forecasts, in the order of MEASURES (no bottles where the data has no products)."""
    table = schema.predictions
    found = set(
        conn.execute(
            sa.select(table.c.measure)
            .where(table.c.predictor == service.predictor, table.c.release_id == service.release_id, table.c.as_of == service.as_of)
            .distinct()
        ).scalars()
    )
    return tuple(measure for measure in MEASURES if measure in found)


def daily_forecast(conn: sa.Connection, service: Service, measure: str, days: int) -> pd.DataFrame:
    """The forecast by day, `days` ahead: day, value, lo80, hi80, lo95, hi95, is_open, holiday (name or None), members (dict).

    Where the forecast uses the weather also what usual weather would bring (base) and what is forecast, temp_max_c and precip_mm; else NaN.
    """
    rows = _company(conn, service, measure, window_days=1).head(days)
    cells: list[Any] = rows["detail"].tolist()
    detail: list[dict[str, Any]] = [cell or {} for cell in cells]
    told: dict[str, Any] = {
        "is_open": [bool(cell.get("open", True)) for cell in detail],
        "holiday": pd.Series([cell.get("holiday") for cell in detail], index=rows.index, dtype=object),
        "members": [cell.get("members") or {} for cell in detail],
        **{name: pd.Series([cell.get(name) for cell in detail], index=rows.index, dtype="float64") for name in WEATHER},
    }
    return rows[["target_date", *BAND]].rename(columns={"target_date": "day"}).assign(**told)


def totals(conn: sa.Connection, service: Service, measure: str) -> dict[int, Total]:
    """The totals ahead: days (7, 30) -> Total."""
    rows = _company(conn, service, measure)
    ahead: list[dict[str, Any]] = rows[rows["window_days"] > 1].to_dict("records")  # type: ignore[assignment]
    return {int(row["window_days"]): _total(row) for row in ahead}


def caution(conn: sa.Connection, service: Service, measure: str) -> dict[str, Any] | None:
    """Why this forecast is simpler than usual ({"code", "params"}), None when there is data enough."""
    rows = _company(conn, service, measure, window_days=1).head(1)
    return (rows["detail"].iloc[0] or {}).get("reason") if len(rows) else None


def history(
    conn: sa.Connection, measure: str, first: date, last: date, entity_type: str = "company", entity_id: str = "all"
) -> pd.DataFrame:
    """What came, by day from `first` to `last` with days without a row as 0: day, value. Empty when there is no history at all."""
    table = schema.daily_facts
    rows = conn.execute(
        sa.select(table.c.day, table.c.value)
        .where(
            table.c.measure == measure,
            table.c.entity_type == entity_type,
            table.c.entity_id == entity_id,
            table.c.day.between(first, last),
        )
        .order_by(table.c.day)
    ).all()
    found = pd.DataFrame(rows, columns=["day", "value"]).astype({"day": "datetime64[us]", "value": "float64"})
    if found.empty:
        return found
    days = pd.date_range(max(pd.Timestamp(first), found["day"].min()), pd.Timestamp(last), freq="D", unit="us")
    return found.set_index("day").reindex(days, fill_value=0.0).rename_axis("day").reset_index()


def told_and_came(conn: sa.Connection, measure: str, first: date, lead_days: int = 7) -> pd.DataFrame:
    """Forecasts whose day has come: day, value, lo80, hi80, actual, as said at least `lead_days` before (the newest such saying)."""
    table = schema.predictions
    rows = conn.execute(
        sa.select(table.c.target_date, table.c.as_of, table.c.value, table.c.lo80, table.c.hi80, table.c.actual)
        .where(
            table.c.predictor == "demand",
            table.c.measure == measure,
            table.c.entity_type == "company",
            table.c.window_days == 1,
            table.c.actual.is_not(None),
            table.c.target_date >= first,
        )
        .order_by(table.c.target_date, table.c.as_of)
    ).all()
    found = pd.DataFrame(rows, columns=["day", "as_of", "value", "lo80", "hi80", "actual"])
    found = found.astype({"day": "datetime64[us]", "as_of": "datetime64[us]"})
    early = found[(found["day"] - found["as_of"]).dt.days >= lead_days]
    return early.drop_duplicates("day", keep="last").drop(columns="as_of").reset_index(drop=True)


def _company(conn: sa.Connection, service: Service, measure: str, window_days: int | None = None) -> pd.DataFrame:
    table = schema.predictions
    columns = ["target_date", "window_days", *BAND, "detail"]
    query = (
        sa.select(*(table.c[name] for name in columns))
        .where(
            table.c.predictor == service.predictor,
            table.c.release_id == service.release_id,
            table.c.as_of == service.as_of,
            table.c.measure == measure,
            table.c.entity_type == "company",
        )
        .order_by(table.c.target_date, table.c.window_days)
    )
    if window_days is not None:
        query = query.where(table.c.window_days == window_days)
    rows = pd.DataFrame(conn.execute(query).all(), columns=columns)
    return rows.astype({"target_date": "datetime64[us]"} | dict.fromkeys(BAND, "float64"))


def _total(row: dict[str, Any]) -> Total:
    low80, high80, low95, high95 = (_float(row[name]) for name in BAND[1:])
    days, open_days = int(row["window_days"]), (row["detail"] or {}).get("open_days")
    return Total(days, float(row["value"]), low80, high80, low95, high95, open_days)


def _float(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
