"""The company's tables as daily series: totals by measure, and the parts of each total by product, zone and customer type."""

from datetime import date

import pandas as pd

from ml.predictors.base import NotEnoughData
from ml.source.tables import Tables

LEAST_DAYS = 14
YEAR_DAYS = 365
OTHERS = "*"  # the entity that holds what has no name of its own
CUSTOMERS_A_PART = 4
FEWEST_PARTS = 2
MODELLED = 200
KINDS: dict[str, tuple[str, ...]] = {
    "zone": ("orders", "revenue", "bottles"),
    "customer_type": ("orders", "revenue", "bottles"),
    "product": ("revenue", "bottles"),
}
Histories = dict[str, pd.DataFrame]


def histories(tables: Tables, as_of: date, least_days: int = LEAST_DAYS) -> Histories:
    """Measure -> every day from the first order to `as_of` with its sum (ds, y), 0 where nothing was sold."""
    orders = tables["orders"]
    if orders.empty:
        raise NotEnoughData("There are no orders yet: a forecast needs two weeks of them.")
    days = pd.date_range(orders["order_date"].min(), pd.Timestamp(as_of), freq="D")
    if len(days) < least_days:
        raise NotEnoughData(f"The orders span {len(days)} days: a forecast needs at least {least_days}.")
    sums = {"orders": orders.groupby("order_date").size(), "revenue": orders.groupby("order_date")["amount"].sum()}
    bottles = _bottle_lines(tables)
    if not bottles.empty:
        sums["bottles"] = bottles.groupby("order_date")["value"].sum()
    ds = days.astype("datetime64[us]")
    return {
        name: pd.DataFrame({"ds": ds, "y": values.reindex(days, fill_value=0.0).to_numpy(dtype=float)}) for name, values in sums.items()
    }


def part_rows(tables: Tables, kind: str, measure: str) -> pd.DataFrame:
    """What was sold as rows of order_date, part, value; `part` is OTHERS where none is known. Empty where the data does not tell."""
    orders = tables["orders"]
    if kind == "product":
        rows = _bottle_lines(tables) if measure == "bottles" else _revenue_lines(tables)
        return rows.rename(columns={"product_id": "part"})[["order_date", "part", "value"]]
    if measure == "bottles":
        rows = _bottle_lines(tables)
    else:
        rows = orders.assign(value=1.0 if measure == "orders" else orders["amount"].fillna(0.0))
    if kind == "customer_type":
        types = tables["customers"].drop_duplicates("customer_id").set_index("customer_id")["customer_type"]
        rows = rows.assign(part=rows["customer_id"].map(types))
    else:
        rows = rows.assign(part=rows["zone"])
    if rows["part"].isna().all():
        return rows.iloc[:0][["order_date", "part", "value"]]
    return rows.assign(part=rows["part"].fillna(OTHERS))[["order_date", "part", "value"]]


def named_parts(rows: pd.DataFrame, as_of: date, customers: int) -> list[str]:
    """The parts that get a name of their own, largest of the last year first: no more than a quarter of the customers who bought."""
    recent = rows[rows["order_date"] > pd.Timestamp(as_of) - pd.Timedelta(days=YEAR_DAYS)]
    sums = recent[recent["part"] != OTHERS].groupby("part")["value"].sum()
    most = max(FEWEST_PARTS, customers // CUSTOMERS_A_PART)
    ordered = sums[sums > 0].reset_index().sort_values(["value", "part"], ascending=[False, True], kind="stable")
    return [str(part) for part in ordered["part"].head(min(most, MODELLED))]


def part_matrix(rows: pd.DataFrame, names: list[str], days: pd.Series) -> pd.DataFrame:
    """ds and a column per part; the last, OTHERS, holds the rest, if there ever was one."""
    known = rows.assign(part=rows["part"].where(rows["part"].isin(names), OTHERS))
    wide = known.pivot_table(index="order_date", columns="part", values="value", aggfunc="sum", fill_value=0.0)
    wide = wide.reindex(index=pd.DatetimeIndex(days), columns=[*names, OTHERS], fill_value=0.0).fillna(0.0)
    if not (wide[OTHERS] != 0).any():
        wide = wide.drop(columns=OTHERS)
    return wide.astype("float64").rename_axis(None, axis=1).rename_axis("ds").reset_index()


def tail_shares(rows: pd.DataFrame, named: list[str], as_of: date) -> pd.Series:
    """Share of the last year's rest (OTHERS) of each part without a name of its own, most first."""
    recent = rows[rows["order_date"] > pd.Timestamp(as_of) - pd.Timedelta(days=YEAR_DAYS)]
    rest = recent[~recent["part"].isin([name for name in named if name != OTHERS])]
    sums = rest.groupby("part")["value"].sum()
    whole = float(sums.sum())
    tail = sums[(sums.index != OTHERS) & (sums > 0)].sort_values(ascending=False, kind="stable")
    return tail / whole if whole > 0 else tail.iloc[:0]


def buyers(tables: Tables, as_of: date) -> int:
    """Customers with an order in the last year."""
    orders = tables["orders"]
    return int(orders.loc[orders["order_date"] > pd.Timestamp(as_of) - pd.Timedelta(days=YEAR_DAYS), "customer_id"].nunique())


def _bottle_lines(tables: Tables) -> pd.DataFrame:
    products = tables["products"]
    bottles = products.loc[products["is_bottle"], "product_id"]
    return _dated(tables, tables["order_lines"][tables["order_lines"]["product_id"].isin(bottles)], "quantity")


def _revenue_lines(tables: Tables) -> pd.DataFrame:
    """Lines with the order's amount shared over them, so that products add up to what the company sold."""
    lines = _dated(tables, tables["order_lines"], "amount")
    sums = lines.groupby("order_id")["value"].transform("sum")
    counts = lines.groupby("order_id")["value"].transform("size")
    share = (lines["value"] / sums).where(sums > 0, 1 / counts)
    return lines.assign(value=share * lines["order_amount"].fillna(0.0))


def _dated(tables: Tables, lines: pd.DataFrame, value: str) -> pd.DataFrame:
    """order_id, customer_id, zone, order_date, order_amount, product_id, value of the lines."""
    orders = tables["orders"][["order_id", "customer_id", "zone", "order_date", "amount"]].rename(columns={"amount": "order_amount"})
    rows = lines[["order_id", "product_id", value]].rename(columns={value: "value"}).merge(orders, on="order_id")
    return rows.assign(value=rows["value"].fillna(0.0))
