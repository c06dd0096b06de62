"""The canonical tables, and the one place where time is cut: `Tables.known` shows what a person could know at the end of a day.

Every frame carries a `known_at` column (naive local day): the day its row became known. Columns in `TableSpec.later` hold cells that are
filled in after the row is known; each names the column that says on which day.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import pandas as pd

Kind = Literal["text", "day", "number", "flag"]
DTYPES: dict[Kind, str] = {"text": "str", "day": "datetime64[us]", "number": "float64", "flag": "bool"}


class TableError(ValueError):
    """A table or column was asked for that the asker may not see, or a frame does not have the agreed form."""


@dataclass(frozen=True)
class Column:
    """One column of a canonical table: its name, kind, and whether a row is of use without it."""

    name: str
    kind: Kind
    required: bool = False


@dataclass(frozen=True)
class TableSpec:
    """A canonical table: columns, which day makes a row known (in words), and the cells that are known later than their row."""

    name: str
    columns: tuple[Column, ...]
    known_at: str
    later: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The column names in order, `known_at` last."""
        return (*(column.name for column in self.columns), "known_at")

    def empty(self) -> pd.DataFrame:
        """A frame of no rows with the agreed columns and types."""
        return conform(self, pd.DataFrame())


def _columns(text: str) -> tuple[Column, ...]:
    """Read "name:kind name:kind! ..." where "!" marks a required column."""
    parts = (item.split(":") for item in text.split())
    return tuple(Column(name, kind.rstrip("!"), kind.endswith("!")) for name, kind in parts)  # type: ignore[arg-type]


TABLES: tuple[TableSpec, ...] = (
    TableSpec(
        "customers",
        _columns("customer_id:text! name:text customer_type:text zone:text phone:text email:text contact_opt_out:flag"),
        known_at="day of the first order",
    ),
    TableSpec(
        "orders",
        _columns(
            "order_id:text! customer_id:text! order_date:day! amount:number! quantity:number zone:text address_id:text "
            "delivered_at:day paid_at:day payment_status:text invoiced_at:day"
        ),
        known_at="order_date",
        later={"delivered_at": "delivered_at", "paid_at": "paid_at", "payment_status": "paid_at", "invoiced_at": "invoiced_at"},
    ),
    TableSpec(
        "order_lines",
        _columns("order_id:text! product_id:text! quantity:number unit_price:number amount:number"),
        known_at="order_date of its order",
    ),
    TableSpec(
        "products",
        _columns("product_id:text! name:text category:text is_bottle:flag"),
        known_at="day it was first sold",
    ),
    TableSpec(
        "addresses",
        _columns("address_id:text! customer_id:text! zone:text latitude:number longitude:number is_default:flag"),
        known_at="day of the customer's first order",
    ),
    TableSpec(
        "tours",
        _columns(
            "tour_id:text! date:day! stops:number bottles:number planned_km:number ended_at:day driven_km:number hours:number cost:number"
        ),
        known_at="departure (date)",
        later={"ended_at": "ended_at", "driven_km": "ended_at", "hours": "ended_at", "cost": "ended_at"},
    ),
    TableSpec(
        "weather",
        _columns("date:day! zone:text temp_max_c:number temp_min_c:number humidity:number precip_mm:number issued_at:day"),
        known_at="the day after (observed) or issued_at (forecast)",
    ),
    TableSpec(
        "events",
        _columns("start:day! end:day kind:text name:text announced_at:day"),
        known_at="announced_at",
    ),
    TableSpec(
        "price_tests",
        _columns(
            "experiment_id:text! customer_id:text! arm:number! product_id:text start:day! end:day! units:number unit_price:number "
            "is_simulated:flag"
        ),
        known_at="day the test was over",
    ),
    TableSpec(
        "unit_costs",
        _columns("product_id:text! date:day! unit_cost:number!"),
        known_at="day of the purchase (date)",
    ),
)
SPECS: Mapping[str, TableSpec] = {spec.name: spec for spec in TABLES}


def conform(spec: TableSpec, frame: pd.DataFrame) -> pd.DataFrame:
    """A copy of `frame` with exactly the columns of `spec`, in order and typed; absent columns come back empty.

    Raises TableError when a present column cannot take its type (text in a number column is a cleaning matter, not done here).
    """
    kinds: dict[str, Kind] = {column.name: column.kind for column in spec.columns} | {"known_at": "day"}
    series = {name: _typed(frame.get(name), kind, frame.index, f"{spec.name}.{name}") for name, kind in kinds.items()}
    return pd.DataFrame(series, index=frame.index).reset_index(drop=True)


def _typed(values: pd.Series | None, kind: Kind, index: pd.Index, label: str) -> pd.Series:
    if values is None:
        fill = False if kind == "flag" else None
        return pd.Series(fill, index=index, dtype=DTYPES[kind])
    try:
        if kind == "flag":
            return values.fillna(False).astype("bool")
        return values.astype(DTYPES[kind])  # type: ignore[call-overload, no-any-return]
    except (ValueError, TypeError) as error:
        raise TableError(f"The column {label} cannot be read as {kind}: {error}. Clean it before it becomes a canonical table.") from error


class Tables:
    """The canonical frames of one reading, as one value. Frames are shared, never changed in place.

    `tables["orders"]` gives the frame (empty, with its columns, when the source has no such table: `tables.has("orders")` tells).
    """

    def __init__(self, frames: Mapping[str, pd.DataFrame], *, readable: Iterable[str] | None = None) -> None:
        unknown = set(frames) - set(SPECS)
        if unknown:
            raise TableError(f"Unknown canonical tables {sorted(unknown)}; known are {sorted(SPECS)}.")
        self._frames = dict(frames)
        self._readable = frozenset(SPECS if readable is None else readable)

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in SPECS:
            raise TableError(f"There is no canonical table {name!r}; known are {sorted(SPECS)}.")
        if name not in self._readable:
            raise TableError(f"The table {name!r} may not be read here: only {sorted(self._readable)} are declared in `reads`.")
        frame = self._frames.get(name)
        return SPECS[name].empty() if frame is None else frame

    def has(self, name: str) -> bool:
        """Whether the source gave at least one row of this table (False too for a table outside `reads`)."""
        return name in self._readable and name in self._frames and not self._frames[name].empty

    def with_rows(self, name: str, frame: pd.DataFrame) -> "Tables":
        """The same tables with further rows in one of them, brought into the agreed form."""
        spec = SPECS[name]
        if frame.empty:
            return self
        rows = [part for part in (self._frames.get(name), conform(spec, frame)) if part is not None and not part.empty]
        return Tables(self._frames | {name: pd.concat(rows, ignore_index=True)}, readable=self._readable)

    def known(self, as_of: date, reads: Iterable[str] | None = None, *, cells_as_of: date | None = None) -> "Tables":
        """What could be known at the end of `as_of`: rows by `known_at`, `later` cells by their own day, canonical columns only.

        `cells_as_of` (default `as_of`) holds the `later` cells back to an earlier day: a backtest of a same-day question uses it.
        """
        wanted = self._readable if reads is None else frozenset(reads)
        cells_day = pd.Timestamp(cells_as_of or as_of)
        frames = {}
        for name in wanted & set(self._frames):
            spec, frame = SPECS[name], self._frames[name]
            rows = frame.loc[frame["known_at"] <= pd.Timestamp(as_of), list(spec.names)]
            frames[name] = _blank_later(spec, rows, cells_day).reset_index(drop=True)
        return Tables(frames, readable=wanted)


def _blank_later(spec: TableSpec, rows: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    unknown = {column: ~(rows[dated_by] <= day) for column, dated_by in spec.later.items()}
    return rows.assign(**{column: rows[column].mask(hidden) for column, hidden in unknown.items()})
