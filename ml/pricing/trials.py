"""What finished price tests say about an elasticity: who pays what was drawn by lot, so nothing else moved together with the price.

Within a test, elasticity = difference of log mean units ÷ difference of log prices charged, the draw serving as instrument (A. Wald,
Annals of Mathematical Statistics 11, 1940), with standard errors by the delta method. All customers of an arm count, silent ones as 0.
Tests and history are combined by the inverse of their variances; where they differ beyond chance (1 in 1,000), the history's variance
grows by the excess, because only the history can be biased.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.pricing.elasticity import DRAWS, WIDEST_INTERVAL, Elasticity
from ml.pricing.usual import quantity_band

Array = npt.NDArray[np.float64]
Key = tuple[str, str]
BEFORE_DAYS = 91
SMALLEST_ARM = 5
SMALLEST_CHANGE = 0.01
CLEAR = 3.0
BEYOND_CHANCE = 10.83  # 99.9 % point of chi-squared with one degree of freedom


@dataclass(frozen=True)
class Trial:
    """The elasticity one price test found for one product and customer type: `value`, its standard error and degrees of freedom.

    `price_change` and `units_change` are shares of the control group's; `customers` is control and treatment; `start` and `end` the days
    that counted; `is_simulated` marks a test whose outcomes did not happen.
    """

    experiment_id: str
    product_id: str
    customer_type: str
    start: pd.Timestamp
    end: pd.Timestamp
    value: float
    se: float
    df: float
    price_change: float
    units_change: float
    customers: tuple[int, int]
    is_simulated: bool

    def interval(self, level: float) -> tuple[float, float]:
        """The central interval at `level` (0 to 1), by Student's t."""
        from scipy.special import stdtrit

        half = float(stdtrit(self.df, (1 + level) / 2)) * self.se
        return self.value - half, self.value + half

    @property
    def variance(self) -> float:
        """The variance of Student's t around the estimate: few customers say less than their standard error."""
        return self.se**2 * self.df / (self.df - 2)


def read_trials(tests: pd.DataFrame, lines: pd.DataFrame, customers: pd.DataFrame, products: Sequence[str]) -> dict[Key, list[Trial]]:
    """(product, customer type) -> what each test found, the earliest first.

    `tests` are rows of the canonical table price_tests, `lines` are `sales_lines`. A test that names no product is read for each of
    `products`. Left out are arms with fewer than five customers or without a sale, and tests in which the prices charged hardly differed
    (by less than 1 %, or by less than three standard errors).
    """
    kinds = customers.drop_duplicates("customer_id").set_index("customer_id")["customer_type"]
    found: dict[Key, list[Trial]] = {}
    for _, units in sorted(tests.groupby("experiment_id"), key=lambda pair: (pair[1]["end"].iloc[0], pair[0])):
        typed = units.assign(customer_type=units["customer_id"].map(kinds).astype("str").fillna("all"))
        named = typed["product_id"].dropna().unique()
        for product in products if not len(named) else [str(name) for name in named if name in set(products)]:
            for kind, members in typed.groupby("customer_type"):
                trial = _trial(members, lines[(lines["product_id"] == product)], product, str(kind))
                if trial is not None:
                    found.setdefault((product, str(kind)), []).append(trial)
    return found


def combined(history: Elasticity, trials: Sequence[Trial], rng: np.random.Generator) -> Elasticity:
    """The elasticity of history and tests together, weighted by the inverse of their variances; `history` itself without tests.

    Where history has no estimate the tests stand alone, unless their interval is too wide. The result keeps both in `history` and `trials`.
    """
    if not trials:
        return history
    drawn = [trial.value + trial.se * rng.standard_t(trial.df, DRAWS) for trial in trials]
    values, variances = [trial.value for trial in trials], [trial.variance for trial in trials]
    if history.reason is None:
        widened = _widened(history, values, variances)
        variance = float(history.draws.var())
        values, variances = [*values, history.value], [*variances, widened]
        drawn.append(history.value + (history.draws - history.value) * float(np.sqrt(widened / variance)))
    weights = 1 / np.array(variances)
    weights /= weights.sum()
    draws = np.sum([weight * part for weight, part in zip(weights, drawn, strict=True)], axis=0)
    low, high = np.quantile(draws, (0.05, 0.95))
    if history.reason is not None and high - low > WIDEST_INTERVAL:
        return replace(history, history=history, trials=tuple(trials))
    return Elasticity(float(weights @ values), draws, None, history.price_spread, history.weeks, history, tuple(trials))


def _widened(history: Elasticity, values: Sequence[float], variances: Sequence[float]) -> float:
    """The history's variance, larger by what its distance from the tests exceeds chance."""
    weights = 1 / np.array(variances)
    apart = history.value - float(weights @ np.array(values) / weights.sum())
    own = max(float(history.draws.var()), 1e-9)
    expected = own + float(1 / weights.sum())
    return own + max(apart**2 - expected, 0.0) if apart**2 > BEYOND_CHANCE * expected else own


def _trial(members: pd.DataFrame, lines: pd.DataFrame, product: str, kind: str) -> Trial | None:
    """What one test says of one product and customer type, None where it says nothing."""
    arm = members["arm"].to_numpy(dtype=int)
    counts = (int((arm == 0).sum()), int((arm == 1).sum()))
    if min(counts) < SMALLEST_ARM:
        return None
    start, end = members["start"].iloc[0], members["end"].iloc[0]
    before = lines[(lines["day"] < start) & (lines["day"] >= start - pd.Timedelta(days=BEFORE_DAYS))]
    during = lines[(lines["day"] >= start) & (lines["day"] <= end)]
    sold = _units(members, during)
    past = members["customer_id"].map(before.groupby("customer_id")["quantity"].sum()).fillna(0.0).to_numpy(dtype=float)
    units, price = _log_ratio(_adjusted(sold, past), arm), _price_difference(members, before, during)
    if units is None or price is None or abs(price[0]) < max(SMALLEST_CHANGE, CLEAR * price[1]):
        return None
    value = units[0] / price[0]
    se = float(np.hypot(units[1], value * price[1])) / abs(price[0])
    simulated = bool(members["is_simulated"].any())
    changes = float(np.expm1(price[0])), float(np.expm1(units[0]))
    test = str(members["experiment_id"].iloc[0])
    return Trial(test, product, kind, start, end, value, se, max(units[2], 3.0), *changes, counts, simulated)


def _units(members: pd.DataFrame, during: pd.DataFrame) -> Array:
    """Units of each customer in the days of the test: as posted where any were posted, else from the order lines."""
    if members["units"].notna().any():
        return members["units"].fillna(0.0).to_numpy(dtype=float)
    return members["customer_id"].map(during.groupby("customer_id")["quantity"].sum()).fillna(0.0).to_numpy(dtype=float)


def _adjusted(sold: Array, past: Array) -> Array:
    """Units less what the units before the start explain (CUPED: A. Deng, Y. Xu, R. Kohavi, T. Walker, WSDM 2013); the mean stays."""
    centred = past - past.mean()
    if not centred.any():
        return sold
    return sold - centred * float(centred @ sold / (centred @ centred))


def _log_ratio(units: Array, arm: npt.NDArray[np.int64]) -> tuple[float, float, float] | None:
    """Log of treatment's mean over control's, its standard error (delta method) and Welch's degrees of freedom; None without sales."""
    parts = [units[arm == index] for index in (0, 1)]
    means = [float(part.mean()) for part in parts]
    if min(means) <= 0:
        return None
    squares = [float(part.var(ddof=1)) / len(part) / mean**2 for part, mean in zip(parts, means, strict=True)]
    total = sum(squares)
    if not total > 0:
        return None
    df = total**2 / sum(square**2 / (len(part) - 1) for square, part in zip(squares, parts, strict=True))
    return float(np.log(means[1] / means[0])), float(np.sqrt(total)), df


def _price_difference(members: pd.DataFrame, before: pd.DataFrame, during: pd.DataFrame) -> tuple[float, float] | None:
    """How much more the log price of the treated moved than control's, with its standard error; None with too few who bought twice."""
    moved = _posted_moves(members, before) if members["unit_price"].notna().any() else _moves(before, during)
    own = members["customer_id"].map(moved)
    parts = [own[(members["arm"] == index) & own.notna()].to_numpy(dtype=float) for index in (0, 1)]
    if min(len(part) for part in parts) < SMALLEST_ARM - 2:
        return None
    variance = sum(float(part.var(ddof=1)) / len(part) for part in parts)
    return float(parts[1].mean() - parts[0].mean()), float(np.sqrt(variance))


def _moves(before: pd.DataFrame, during: pd.DataFrame) -> pd.Series:
    """Customer -> change of its median log price from before to during, at equal quantities, so that no discount looks like a price."""
    paid = [_paid(part).groupby(["customer_id", "band"])["log_price"].median() for part in (before, during)]
    return (paid[1] - paid[0]).dropna().groupby("customer_id").mean()


def _posted_moves(members: pd.DataFrame, before: pd.DataFrame) -> pd.Series:
    """The same where the prices charged were posted: against the median of the customer's lines before."""
    posted = np.log(members.set_index("customer_id")["unit_price"].where(lambda price: price > 0).astype(float))
    return (posted - _paid(before).groupby("customer_id")["log_price"].median()).dropna()


def _paid(lines: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": lines["customer_id"].astype("str"),
            "band": quantity_band(lines["quantity"]),
            "log_price": np.log(lines["price"].astype(float)),
        }
    )
