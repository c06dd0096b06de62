"""Product × customer type × week, with the weeks in which nothing was sold, the price index and the controls."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.pricing.usual import UsualPrice, usual_price

Array = npt.NDArray[np.float64]
MAX_WEEKS = 156
DAYS_A_WEEK = 7
DAYS_A_YEAR = 365.25
WEEKS_PER_BEND = 26
MIN_WEEKS_FOR_SEASON = 52
MIN_LINES = 20
MIN_PURCHASES = 3
MAX_ROWS = 2000
PAUSE_GAPS = 8.0
MIN_PAUSE_WEEKS = 13.0
LARGEST_PURCHASE = 3.0


@dataclass(frozen=True)
class Cell:
    """One product and customer type over the panel's weeks.

    Where prices are personal the rows of the matrices are customers with at least three purchases; at a list price there is one row, the
    market. `bought` is in usual purchases (units / the customer's median purchase, at most 3 a week), so that a big account weighs by its
    orders, and a hoard or a miswritten quantity does not count as demand. `active` says in which weeks the row was a customer;
    `log_price` is its price path; `units` the cell's units of each week.
    """

    product_id: str
    customer_type: str
    first_week: int
    units: Array
    bought: Array
    active: Array
    log_price: Array
    price: UsualPrice


@dataclass(frozen=True)
class Panel:
    """All cells over the same weeks of seven days, the last one ending on `as_of`; `controls` is weeks × len(control_names).

    `penalties` holds the Ridge penalty of each control: 1 / (its usual size)², 0 for the straight trend.
    """

    as_of: pd.Timestamp
    weeks: int
    cells: tuple[Cell, ...]
    controls: Array
    control_names: tuple[str, ...]
    penalties: Array


def make_panel(lines: pd.DataFrame, products: Collection[str], as_of: date, holidays: Collection[date] = ()) -> Panel:
    """The panel of these products from `sales_lines`. A cell with fewer than 20 lines is left out."""
    day = pd.Timestamp(as_of)
    kept = lines[lines["product_id"].isin(set(products)) & (lines["day"] <= day)]
    weeks = 0 if kept.empty else min(MAX_WEEKS, (day - kept["day"].min()).days // DAYS_A_WEEK + 1)
    kept = kept.assign(week=weeks - 1 - (day - kept["day"]).dt.days // DAYS_A_WEEK)
    kept = kept[kept["week"] >= 0]
    cells = [
        _cell(str(product), str(kind), group, weeks)
        for (product, kind), group in kept.groupby(["product_id", "customer_type"])
        if len(group) >= MIN_LINES
    ]
    names, controls, penalties = _controls(day, weeks, holidays)
    return Panel(day, weeks, tuple(cells), controls, names, penalties)


def _cell(product_id: str, customer_type: str, lines: pd.DataFrame, weeks: int) -> Cell:
    price = usual_price(lines, weeks)
    purchases = _purchases(lines)
    first = int(lines["week"].min())
    if price.is_personal:
        counts = purchases.groupby("customer_id").size().sort_values(ascending=False, kind="stable")
        rows = [str(customer) for customer in counts.index[counts >= MIN_PURCHASES][:MAX_ROWS]]
        kept = purchases[purchases["customer_id"].isin(set(rows))]
        number = kept["customer_id"].map({customer: row for row, customer in enumerate(rows)}).to_numpy(dtype=int)
    else:
        rows, kept, number = [""], purchases, np.zeros(len(purchases), dtype=int)
    bought = np.zeros((len(rows), weeks))
    np.add.at(bought, (number, kept["week"].to_numpy()), kept["usual_purchases"].to_numpy(dtype=float))
    active = np.zeros((len(rows), weeks))
    for row, values in enumerate(bought):
        active[row] = _active(values) if price.is_personal else np.arange(weeks) >= first
    paths = np.array([price.log_price(customer or None) for customer in rows]).reshape(len(rows), weeks)
    units = purchases.groupby("week")["quantity"].sum().reindex(range(weeks), fill_value=0.0).to_numpy(dtype=float)
    return Cell(product_id, customer_type, first, units, bought, active, paths, price)


def _purchases(lines: pd.DataFrame) -> pd.DataFrame:
    """Customer-weeks with a purchase: customer_id, week, quantity, usual_purchases (of the customer's own size, else of the cell's)."""
    purchases = lines.groupby(["customer_id", "week"], as_index=False)["quantity"].sum()
    own = purchases.groupby("customer_id")["quantity"]
    size = own.transform("median").where(own.transform("size") >= MIN_PURCHASES, purchases["quantity"].median())
    return purchases.assign(usual_purchases=(purchases["quantity"] / size).clip(upper=LARGEST_PURCHASE))


def _active(bought: Array) -> npt.NDArray[np.bool_]:
    """The weeks in which a customer was one: all but its pauses, the time before it came and the time after it left.

    Who comes, pauses or leaves moves sales for reasons of its own. A silence is such a pause when it is longer than eight of the
    customer's usual gaps (at least a quarter of a year); half a gap at either end of it still belongs to the purchases there.
    """
    weeks = np.flatnonzero(bought)
    gap = float(np.median(np.diff(weeks)))
    longest, half = max(PAUSE_GAPS * gap, MIN_PAUSE_WEEKS), gap / 2
    edges = np.concatenate([[-half], weeks, [len(bought) - 1 + half]])
    silent = np.diff(edges) > longest
    week = np.arange(len(bought))
    active = np.ones(len(bought), dtype=bool)
    for before, after in zip(edges[:-1][silent], edges[1:][silent], strict=True):
        active &= (week <= before + half) | (week >= after - half)
    return active


def _controls(as_of: pd.Timestamp, weeks: int, holidays: Collection[date]) -> tuple[tuple[str, ...], Array, Array]:
    """Trend, its bends every half year, the season (two harmonics, from a year of weeks on) and the share of the week that is holiday."""
    if weeks < 1:
        return (), np.zeros((0, 0)), np.zeros(0)
    ends = as_of - pd.to_timedelta((weeks - 1 - np.arange(weeks)) * DAYS_A_WEEK, unit="D")
    time = np.arange(weeks) / WEEKS_PER_BEND
    columns: dict[str, tuple[Array, float]] = {"trend": (time, 0.0)}
    for bend in range(1, (weeks - 1) // WEEKS_PER_BEND):
        columns[f"bend_{bend}"] = (np.maximum(time - bend, 0.0), 1 / 0.2**2)
    if weeks >= MIN_WEEKS_FOR_SEASON:
        angle = 2 * np.pi * (ends.day_of_year.to_numpy() - DAYS_A_WEEK / 2) / DAYS_A_YEAR
        for order in (1, 2):
            columns[f"sin_{order}"] = (np.sin(order * angle), 1 / 0.3**2)
            columns[f"cos_{order}"] = (np.cos(order * angle), 1 / 0.3**2)
    off = pd.Series(1.0, index=pd.to_datetime(sorted(day for day in holidays if day.weekday() < 5)))
    closed = np.array([off[(off.index > end - pd.Timedelta(days=DAYS_A_WEEK)) & (off.index <= end)].sum() for end in ends]) / 5
    columns["holidays"] = (closed, 1 / 1.0**2)
    matrix = np.column_stack([values - values.mean() for values, _ in columns.values()])
    return tuple(columns), matrix, np.array([penalty for _, penalty in columns.values()])
