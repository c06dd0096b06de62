"""The usual unit price, and how it moved: at ordinary quantities, and at a personal price only within a customer.

The path of a price is a repeat-sales index (M. J. Bailey, R. F. Muth, H. O. Nourse, "A regression method for real estate price index
construction", JASA 58, 1963): from each sale to the next one at an equal quantity, log price change = index then - index before. It is
fitted with absolute errors and an absolute penalty on its steps (the fused lasso of R. Tibshirani et al., JRSS B 67, 2005), so a price
that stays is a flat line. Sales are paired within a customer; across customers only at a list price that few buy twice.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Weeks = npt.NDArray[np.int64]
ORDINARY_QUANTILES = (0.05, 0.95)
EXACT_QUANTITIES = 24
QUANTITY_STEP = 1.25
SAME_PRICE = 0.01
LARGEST_STEP = float(np.log(3.0))
LIST_PRICE_AGREEMENT = 0.9
PAIRS_A_WEEK = 2.0
MIN_SHARED_WEEKS = 5
STEP_PENALTY = 1.0
ITERATIONS = 20
RECENT_WEEKS = 13


@dataclass(frozen=True)
class UsualPrice:
    """One cell's price: its usual unit price now (money), the `common` log index of every week (0 at first), the log deviation from it of
    customers whose own price moved (customer -> weeks), whether prices are personal, how many repeated sales the index stands on, and
    how far ordinary unit prices lie apart within a week (log, robust)."""

    now: float
    common: Array
    own: dict[str, Array]
    is_personal: bool
    repeated_sales: int
    within_week_spread: float

    def log_price(self, customer_id: str | None) -> Array:
        """A customer's log price path over the weeks, up to a constant; the common one for None or a customer without own moves."""
        return self.common + self.own[customer_id] if customer_id in self.own else self.common


def usual_price(lines: pd.DataFrame, weeks: int) -> UsualPrice:
    """The usual price of one cell. `lines` has customer_id, week (0 … weeks - 1), quantity and price of one product and customer type."""
    ordinary = _ordinary(lines)
    personal = _is_personal(ordinary)
    sales = _sales(ordinary, within_customers=True)
    pairs = _pairs(sales)
    if not personal and len(pairs) < PAIRS_A_WEEK * weeks:
        pairs = _pairs(_sales(ordinary, within_customers=False))
    common = _repeat_sales_index(pairs, weeks)
    residual = pd.Series(np.log(ordinary["price"].to_numpy(dtype=float)) - common[ordinary["week"].to_numpy()])
    week = ordinary["week"].to_numpy()
    recent = week >= min(weeks - RECENT_WEEKS, int(week.max()))
    spread = (residual - residual.groupby(week).transform("median")).abs().groupby(week).median()
    return UsualPrice(
        now=float(np.exp(residual[recent].median() + common[-1])),
        common=common,
        own=_own_moves(sales, common, weeks) if personal else {},
        is_personal=personal,
        repeated_sales=len(pairs),
        within_week_spread=float(spread.mean()),
    )


def quantity_band(quantity: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Quantities that may share a price: each whole number up to 24 by itself, steps of 25 % above and for fractions."""
    values = np.asarray(quantity, dtype=float)
    exact = (values == np.round(values)) & (values <= EXACT_QUANTITIES)
    steps = np.floor(np.log(np.maximum(values, 1e-6)) / np.log(QUANTITY_STEP))
    return np.where(exact, values, 1000 + steps).astype(np.int64)


def _ordinary(lines: pd.DataFrame) -> pd.DataFrame:
    low, high = lines["quantity"].quantile(ORDINARY_QUANTILES[0]), lines["quantity"].quantile(ORDINARY_QUANTILES[1])
    return lines[lines["quantity"].between(low, high)]


def _is_personal(ordinary: pd.DataFrame) -> bool:
    """Whether customers pay different prices for an equal quantity in the same week; yes where too few weeks can tell."""
    frame = pd.DataFrame({"week": ordinary["week"].to_numpy(), "band": quantity_band(ordinary["quantity"])})
    frame["customer"], frame["log_price"] = pd.factorize(ordinary["customer_id"])[0], np.log(ordinary["price"].to_numpy())
    paid = frame.groupby(["week", "band", "customer"], as_index=False)["log_price"].median()
    shared = paid.groupby(["week", "band"])["log_price"]
    agrees = (paid["log_price"] - shared.transform("median")).abs() <= SAME_PRICE
    others = shared.transform("size") > 1
    if len(paid.loc[others, ["week", "band"]].drop_duplicates()) < MIN_SHARED_WEEKS:
        return True
    return float(agrees[others].mean()) < LIST_PRICE_AGREEMENT


def _sales(ordinary: pd.DataFrame, *, within_customers: bool) -> pd.DataFrame:
    """One row per chain and week, in order: customer, chain, week, log_price, units. A chain is a quantity, within a customer or not."""
    keys = pd.DataFrame({"band": quantity_band(ordinary["quantity"]), "week": ordinary["week"].to_numpy()})
    keys["customer"] = ordinary["customer_id"].to_numpy() if within_customers else ""
    keys["log_price"], keys["units"] = np.log(ordinary["price"].to_numpy()), ordinary["quantity"].to_numpy()
    sales = keys.groupby(["customer", "band", "week"], as_index=False).agg(log_price=("log_price", "median"), units=("units", "sum"))
    return sales.assign(chain=sales.groupby(["customer", "band"]).ngroup()).sort_values(["chain", "week"], ignore_index=True)


def _pairs(sales: pd.DataFrame) -> pd.DataFrame:
    earlier = sales.groupby("chain")[["week", "log_price"]].shift()
    pairs = pd.DataFrame({"before": earlier["week"], "after": sales["week"], "change": sales["log_price"] - earlier["log_price"]}).dropna()
    return pairs[pairs["change"].abs() < LARGEST_STEP].astype({"before": int, "after": int})


def _repeat_sales_index(pairs: pd.DataFrame, weeks: int) -> Array:
    """The index with the least Σ |change - (index after - index before)| + penalty × Σ |step|, by reweighted least squares; 0 at first."""
    index = np.zeros(weeks)
    if not len(pairs) or weeks < 2 or not (pairs["change"].abs() > SAME_PRICE / 2).any():
        return index
    before, after, change = (pairs[name].to_numpy() for name in ("before", "after", "change"))
    smoothing = 0.05
    for _ in range(ITERATIONS):
        weight = 1 / np.maximum(np.abs(change - (index[after] - index[before])), smoothing)
        step_weight = STEP_PENALTY / np.maximum(np.abs(np.diff(index)), smoothing)
        index = _solve(before, after, change, weight, step_weight, weeks)
        smoothing = max(smoothing * 0.7, 0.001)
    return index


def _solve(before: Weeks, after: Weeks, change: Array, weight: Array, step_weight: Array, weeks: int) -> Array:
    matrix, right = np.zeros((weeks, weeks)), np.zeros(weeks)
    lower = np.concatenate([before, np.arange(weeks - 1)])
    upper = np.concatenate([after, np.arange(1, weeks)])
    weights = np.concatenate([weight, step_weight])
    np.add.at(matrix, (lower, lower), weights)
    np.add.at(matrix, (upper, upper), weights)
    np.add.at(matrix, (lower, upper), -weights)
    np.add.at(matrix, (upper, lower), -weights)
    np.add.at(right, after, weight * change)
    np.add.at(right, before, -weight * change)
    index = np.zeros(weeks)
    index[1:] = np.linalg.solve(matrix[1:, 1:], right[1:])
    return index


def _own_moves(sales: pd.DataFrame, common: Array, weeks: int) -> dict[str, Array]:
    """Customer -> lasting log deviation of its own price from the common index, 0 at its first sale; customers without one are left out.

    A deviation is the median of three sales in a row, so a single odd bill moves nothing. Quantities of a customer count by their units.
    """
    deviation = sales["log_price"] - common[sales["week"].to_numpy()]
    chains = deviation.groupby(sales["chain"])
    around = pd.DataFrame({-1: chains.shift(1), 0: deviation, 1: chains.shift(-1)})
    middle = around.median(axis=1).where(around.notna().all(axis=1))
    lasting = middle.groupby(sales["chain"]).bfill().groupby(sales["chain"]).ffill()
    step = lasting.groupby(sales["chain"]).diff().fillna(0.0)
    share = sales.groupby("chain")["units"].transform("sum") / sales.groupby("customer")["units"].transform("sum")
    moved = sales.assign(step=step * share)[(step.abs() > SAME_PRICE) & (step.abs() < LARGEST_STEP)]
    own: dict[str, Array] = {}
    for customer, rows in moved.groupby("customer"):
        jumps = np.zeros(weeks)
        np.add.at(jumps, rows["week"].to_numpy(), rows["step"].to_numpy())
        own[str(customer)] = np.cumsum(jumps)
    return own
