"""Order logs of invented companies, each of a kind the shared real logs are not: whoever knows the rule knows what can be found in it."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

START = pd.Timestamp("2022-01-03")


@dataclass(frozen=True)
class Kind:
    """How the customers of a company order.

    `gap` days between orders, of which customers differ by `gap_spread` and one customer's own by `own_spread` (both of logs); after an
    order a share `leaves` goes for good, after a share `pauses` come two to eight weeks without; `weekday` keeps most to a weekday of
    their own; `season` makes gaps longer in summer by that share. Asked is with the horizon `horizon_days`.
    """

    customers: int
    days: int
    horizon_days: int
    gap: float
    own_spread: float
    leaves: float
    gap_spread: float = 0.6
    pauses: float = 0.0
    weekday: bool = False
    season: float = 0.0
    joins_until: float = 0.7


KINDS: dict[str, Kind] = {
    "weekly grocery": Kind(2500, 540, 30, gap=8, own_spread=0.4, leaves=0.015, pauses=0.06, weekday=True, season=0.1),
    "grocery delivery": Kind(3000, 400, 60, gap=18, own_spread=0.8, leaves=0.12, pauses=0.08, weekday=True, season=0.15),
    "yearly buyers": Kind(3000, 1825, 365, gap=365, own_spread=0.08, leaves=0.22, gap_spread=0.05, joins_until=0.9),
    "32,000 customers": Kind(32_000, 120, 30, gap=25, own_spread=0.9, leaves=0.25, pauses=0.05, joins_until=1.0),
    "small delivery": Kind(130, 400, 30, gap=15, own_spread=0.5, leaves=0.04, pauses=0.05, weekday=True),
}


def make_log(kind: Kind, rng: np.random.Generator) -> pd.DataFrame:
    """customer_id, date, amount, order_id of such a company."""
    days, money = [], []
    for _ in range(kind.customers):
        came = _one(kind, rng)
        days.append(came)
        money.append(20 * np.exp(rng.normal() + 0.35 * rng.normal(size=len(came))))
    return _frame(np.repeat(np.arange(kind.customers), [len(came) for came in days]), np.concatenate(days), np.concatenate(money))


def without_signal(rng: np.random.Generator, customers: int = 400, days: int = 540, chance: float = 1 / 40) -> pd.DataFrame:
    """The same columns of a company whose every customer orders on every day with the same chance: the past says nothing of the future."""
    customer, day = np.nonzero(rng.random((customers, days)) < chance)
    return _frame(customer, day, 20 * np.exp(0.4 * rng.normal(size=len(customer))))


def smaller(kind: Kind, customers: int) -> Kind:
    """The same kind of company with other customers in number."""
    return replace(kind, customers=customers)


def _one(kind: Kind, rng: np.random.Generator) -> np.ndarray:
    """The days on which one customer orders."""
    own, spread = kind.gap * np.exp(kind.gap_spread * rng.normal()), kind.own_spread * np.exp(0.4 * rng.normal())
    leaves = rng.beta(4 * kind.leaves, 4 * (1 - kind.leaves))
    weekday, found = int(rng.integers(0, 6)), []
    at = rng.uniform(0, kind.joins_until * kind.days)
    while at < kind.days:
        day = int(at)
        moved = day - day % 7 + weekday if kind.weekday and rng.random() < 0.7 else day
        found.append(min(max(moved, 0), kind.days - 1))
        if rng.random() < leaves:
            break
        gap = own * np.exp(spread * rng.normal() - spread**2 / 2) * (1 + kind.season * np.cos(2 * np.pi * at / 365))
        at += max(gap + (rng.uniform(14, 60) if rng.random() < kind.pauses else 0.0), 1.0)
    return np.array(found, dtype=int)


def _frame(customer: np.ndarray, day: np.ndarray, amount: np.ndarray) -> pd.DataFrame:
    names = [f"c{number}" for number in customer]
    frame = pd.DataFrame({"customer_id": names, "date": START + pd.to_timedelta(day, unit="D"), "amount": np.round(amount, 2)})
    return frame.assign(order_id=np.arange(len(frame)).astype(str))
