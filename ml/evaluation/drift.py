"""How far the newest weeks lie from the time the models learnt from: PSI and Kolmogorov-Smirnov of each input, the worst first.

Small data drifts by chance: the index of a sample of 40 days is 0.2 without any change. So the part that chance explains is taken off,
and a feature counts as moved only where a test agrees, the stricter the more features there are.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.source.tables import Tables

RECENT_DAYS = 56
LEARNT_DAYS = 364
FEWEST = 20
BINS = 10
CATEGORIES = 12
MOVED, MOVED_MUCH = 0.10, 0.25  # the usual reading of the index (Siddiqi, 2006)
SURE = 0.01
WORST = 10
OTHER = "…"


class Feature(NamedTuple):
    """One input now and when the models learnt: the index without chance's part, the largest gap of the distributions, its p value."""

    feature: str
    kind: str  # amount | count | days | category
    psi: float
    ks: float | None
    p: float
    before: float | str | None  # the median, or the category that lost or gained most
    now: float | str | None
    level: str  # same | moved | moved_much

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return self._asdict()


def drifted(tables: Tables, learnt_until: date, as_of: date) -> list[Feature]:
    """The WORST features by index: the RECENT_DAYS up to `as_of` against LEARNT_DAYS up to `learnt_until` or the day before them.

    Features with fewer than FEWEST values on either side are left out.
    """
    known = tables.known(as_of)
    begin = as_of - timedelta(days=RECENT_DAYS)
    end = min(learnt_until, begin)
    found = []
    features = dict(_features(known))
    for name, (kind, frame) in features.items():
        days = frame["day"]
        recent = frame.loc[days > pd.Timestamp(begin), "value"]
        learnt = frame.loc[(days > pd.Timestamp(end - timedelta(days=LEARNT_DAYS))) & (days <= pd.Timestamp(end)), "value"]
        if min(len(recent.dropna()), len(learnt.dropna())) >= FEWEST:
            found.append(compare(name, kind, learnt.dropna(), recent.dropna(), tests=len(features)))
    return sorted(found, key=lambda feature: -feature.psi)[:WORST]


def compare(name: str, kind: str, learnt: pd.Series, recent: pd.Series, *, tests: int = 1) -> Feature:
    """One feature: `learnt` and `recent` values, of which `tests` features are looked at together (Bonferroni)."""
    from scipy.stats import chi2_contingency, ks_2samp

    before: float | str
    now: float | str
    if kind == "category":
        left, right = _shares(learnt, recent)
        before, now = _told_category(left, right)
        table = np.array([left, right]) + 0.0
        p = float(chi2_contingency(table[:, table.sum(axis=0) > 0]).pvalue) if (table.sum(axis=0) > 0).sum() > 1 else 1.0
        index, gap = psi(left, right), None
    else:
        before, now = float(learnt.median()), float(recent.median())
        test = ks_2samp(learnt.to_numpy(dtype=float), recent.to_numpy(dtype=float), method="asymp")
        gap, p = float(test.statistic), float(test.pvalue)
        index = psi(*_counts(learnt.to_numpy(dtype=float), recent.to_numpy(dtype=float)))
    sure = p < SURE / tests
    level = "moved_much" if sure and index > MOVED_MUCH else "moved" if sure and index > MOVED else "same"
    return Feature(name, kind, index, gap, p, before, now, level)


def psi(before: npt.ArrayLike, now: npt.ArrayLike) -> float:
    """The population stability index of two histograms (counts of the same bins), less the part that chance alone would give; at least 0.

    Σ (q - p) ln(q / p), of which (bins - 1)(1/n + 1/m) is expected without any change (Yurdakul and Naranjo, 2020).
    """
    first, second = np.asarray(before, dtype=float), np.asarray(now, dtype=float)
    used = first + second > 0
    first, second = first[used], second[used]
    if not len(first) or first.sum() == 0 or second.sum() == 0:
        return 0.0
    left, right = (first + 0.5) / (first.sum() + 0.5 * len(first)), (second + 0.5) / (second.sum() + 0.5 * len(second))
    chance = (len(first) - 1) * (1 / first.sum() + 1 / second.sum())
    return max(float(((right - left) * np.log(right / left)).sum()) - chance, 0.0)


def _counts(learnt: np.ndarray, recent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Counts in the learnt values' own quantile bins; fewer bins where there are few values."""
    bins = int(np.clip(min(len(learnt), len(recent)) // 10, 2, BINS))
    edges = np.unique(np.quantile(learnt, np.linspace(0, 1, bins + 1)[1:-1]))
    return tuple(np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1) for values in (learnt, recent))  # type: ignore[return-value]


def _shares(learnt: pd.Series, recent: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Counts of the most frequent categories of both sides and of the others together."""
    kept = pd.concat([learnt, recent]).value_counts().head(CATEGORIES).index
    sides = [values.where(values.isin(kept), OTHER).value_counts() for values in (learnt, recent)]
    names = sides[0].index.union(sides[1].index)
    return sides[0].reindex(names, fill_value=0), sides[1].reindex(names, fill_value=0)


def _told_category(left: pd.Series, right: pd.Series) -> tuple[str, str]:
    """The category whose share changed most, with its share before and now."""
    before, now = left / max(left.sum(), 1), right / max(right.sum(), 1)
    most = str((now - before).abs().idxmax())
    return f"{most}|{float(before.loc[most]):.4f}", f"{most}|{float(now.loc[most]):.4f}"


def _features(tables: Tables) -> Iterator[tuple[str, tuple[str, pd.DataFrame]]]:
    """Name -> (kind, frame with day and value) of every input the tables allow."""
    orders = tables["orders"]
    people = tables["customers"].drop_duplicates("customer_id").set_index("customer_id")
    day = orders["order_date"]
    yield "order_amount", ("amount", _frame(day, orders["amount"]))
    yield "order_quantity", ("count", _frame(day, orders["quantity"]))
    yield "order_weekday", ("category", _frame(day, day.dt.day_name()))
    yield "order_zone", ("category", _frame(day, orders["zone"]))
    yield "order_customer_type", ("category", _frame(day, orders["customer_id"].map(people["customer_type"])))
    per_day = orders.groupby("order_date").size()
    yield "orders_per_day", ("count", _frame(per_day.index.to_series(), per_day))
    visits = orders[["customer_id", "order_date"]].drop_duplicates().sort_values(["customer_id", "order_date"])
    gaps = visits.groupby("customer_id")["order_date"].diff().dt.days
    yield "days_between_orders", ("days", _frame(visits["order_date"], gaps))
    yield "new_customers", ("category", _frame(visits["order_date"], gaps.isna().map({True: "new", False: "known"})))
    yield from _line_features(tables, orders)
    tours = tables["tours"]
    for name, column in (("tour_stops", "stops"), ("tour_kilometres", "driven_km")):
        if len(tours):
            yield name, ("count", _frame(tours["date"], tours[column]))


def _line_features(tables: Tables, orders: pd.DataFrame) -> Iterator[tuple[str, tuple[str, pd.DataFrame]]]:
    lines = tables["order_lines"]
    if lines.empty:
        return
    days = orders.drop_duplicates("order_id").set_index("order_id")["order_date"]
    products = tables["products"].drop_duplicates("product_id").set_index("product_id")["name"]
    day = lines["order_id"].map(days)
    yield "unit_price", ("amount", _frame(day, lines["unit_price"]))
    yield "product", ("category", _frame(day, lines["product_id"].map(products).fillna(lines["product_id"])))
    size = lines.groupby("order_id").size()
    yield "lines_per_order", ("count", _frame(size.index.to_series().map(days), size))


def _frame(day: pd.Series, value: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"day": day.to_numpy(), "value": value.to_numpy()}).dropna(subset=["day", "value"])
