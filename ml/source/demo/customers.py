"""Who the demo company's customers are: kind, rhythm, thirst, product, personal price, address, name. Hidden traits stay in Pool."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ml.source.demo.lives import Lives, make_lives, pool_size
from ml.source.demo.places import COMMUNES
from ml.source.demo.products import PC, PET
from ml.source.demo.sizes import Plan
from ml.source.demo.streams import NEVER, Days, Flags, Floats, exponential, normal, pick, stream

RENEWALS = 8


class Kind(NamedTuple):
    """A kind of customer: share among its type, days between orders and bottles an order (medians and log spreads), irregularity of
    its rhythm (log spread of one gap), stops a year, how much of its bottles are PET, and water bought by month (1 = as usual)."""

    name: str
    share: float
    gap_days: float
    gap_spread: float
    bottles: float
    bottles_spread: float
    irregularity: float
    stops_a_year: float
    pet_share: float
    months: tuple[float, ...]


HOME_KIND = Kind("home", 1.0, 24, 0.65, 2.2, 0.40, 0.75, 0.75, 0.22, (1.0, 0.85, 1, 1, 1, 1, 1, 1, 0.97, 1, 1, 1.02))
BUSINESS_KINDS: tuple[Kind, ...] = (
    Kind("office", 0.32, 12, 0.40, 5.0, 0.50, 0.60, 0.45, 0.10, (0.88, 0.55, 1, 1, 1, 1, 1, 1, 0.92, 1, 1, 0.90)),
    Kind("minimarket", 0.22, 9, 0.35, 8.0, 0.45, 0.60, 0.60, 0.45, (1.12, 1.08, 1, 1, 0.95, 0.95, 0.95, 0.95, 1.05, 1, 1, 1.08)),
    Kind("school", 0.12, 10, 0.30, 12.0, 0.45, 0.55, 0.25, 0.05, (0.05, 0.12, 1.1, 1.1, 1.1, 1.05, 0.6, 1.1, 0.95, 1.1, 1.1, 0.7)),
    Kind("gym", 0.11, 9, 0.35, 7.0, 0.40, 0.55, 0.60, 0.15, (1.05, 0.95, 1.1, 1.05, 1, 0.9, 0.9, 0.95, 1, 1.05, 1.05, 0.95)),
    Kind("clinic", 0.12, 14, 0.35, 4.0, 0.40, 0.60, 0.40, 0.10, (0.95, 0.7, 1, 1, 1, 1, 1, 1, 0.95, 1, 1, 0.95)),
    Kind("restaurant", 0.11, 10, 0.40, 6.0, 0.50, 0.65, 0.65, 0.30, (1, 0.9, 1, 1, 1, 1, 1, 1, 1.1, 1, 1, 1.15)),
)
KINDS: tuple[Kind, ...] = (HOME_KIND, *BUSINESS_KINDS)
HOME_INDEX = 0


@dataclass(frozen=True)
class Pool:
    """All customers, one entry each in every array; number 0 is the company itself (internal orders), which never buys.

    `kind` indexes KINDS; `product` is PC or PET; `weekday` the favourite one; `factor` (customers × RENEWALS) the personal price over
    the list price from `renewal` day on; `text` (customers × 12) uniforms for names, spellings and the like.
    """

    kind: Days
    gap_days: Floats
    bottles: Floats
    irregularity: Floats
    product: Days
    weekday: Days
    factor: Floats
    renewal: Days
    commune: Days
    latitude: Floats
    longitude: Floats
    text: Floats
    lives: Lives

    @property
    def business(self) -> Days:
        """0 for homes, 1 for businesses: the index of products.TYPES."""
        return (self.kind != HOME_INDEX).astype(np.int64)

    def price_factor(self, day: int) -> Floats:
        """Each customer's personal price over the list price on a day."""
        which = (self.renewal <= day).sum(axis=1) - 1
        return self.factor[np.arange(len(which)), which]


def make_pool(plan: Plan) -> Pool:
    """All customers registered until the plan's end (and a few after)."""
    count = pool_size(plan)
    u = stream(plan.seed, "customers").random((count, 20))
    # a regular mix of types, so that a small company has its share of businesses too
    home = (np.arange(count) * 0.6180339887 + 0.31) % 1 < plan.size.home_share
    home[: plan.size.accounts + 1] = False
    kind = np.where(home, HOME_INDEX, 1 + pick(u[:, 0], np.array([k.share for k in BUSINESS_KINDS])))
    kind[1 : plan.size.accounts + 1] = 2  # the biggest accounts are shops that sell on
    gap = _trait(kind, "gap_days") * np.exp(_trait(kind, "gap_spread") * normal(u[:, 1], u[:, 2]))
    bottles = _trait(kind, "bottles") * np.exp(_trait(kind, "bottles_spread") * normal(u[:, 3], u[:, 4]))
    gap[1 : plan.size.accounts + 1] = 2.6 + 1.4 * u[1 : plan.size.accounts + 1, 1]
    bottles[1 : plan.size.accounts + 1] = 6.0 + 4.0 * u[1 : plan.size.accounts + 1, 3]
    renewal, factor = _personal_prices(plan, home, bottles)
    commune = pick(u[:, 5], np.array([c.weight for c in COMMUNES[: plan.size.communes]]))
    spread = 0.0105 * np.minimum(1.6, np.sqrt(exponential(u[:, 6])))
    angle = 2 * np.pi * u[:, 7]
    return Pool(
        kind=kind,
        gap_days=gap.clip(2.5, 120),
        bottles=bottles.clip(1, 24),
        irregularity=_trait(kind, "irregularity") * np.exp(0.3 * normal(u[:, 8], u[:, 9])),
        product=np.where(u[:, 10] < _trait(kind, "pet_share"), PET, PC),
        weekday=(2 * np.arange(count) + int(5 * u[0, 11])) % 5,
        factor=factor,
        renewal=renewal,
        commune=commune,
        latitude=np.array([c.latitude for c in COMMUNES])[commune] + spread * np.sin(angle),
        longitude=np.array([c.longitude for c in COMMUNES])[commune] + 1.19 * spread * np.cos(angle),
        text=stream(plan.seed, "names").random((count, 12)),
        lives=_silent_company(make_lives(plan, _trait(kind, "stops_a_year"), gap, home)),
    )


def _trait(kind: Days, name: str) -> Floats:
    return np.array([getattr(k, name) for k in KINDS], dtype=float)[kind]


def _personal_prices(plan: Plan, home: Flags, bottles: Floats) -> tuple[Days, Floats]:
    """Days of renewal and personal factors: businesses negotiate (more bottles, lower price) about once a year, few homes ever do."""
    u = stream(plan.seed, "personal prices").random((len(bottles), 2 + 3 * RENEWALS))
    discount = np.where(home, np.where(u[:, 0] < 0.12, 0.07, 0.0), 0.02 + 0.035 * np.log(bottles.clip(1, 40)) * (0.5 + u[:, 0]))
    renewal, factor = np.full((len(bottles), RENEWALS), NEVER), np.ones((len(bottles), RENEWALS))
    renewal[:, 0], factor[:, 0] = -(10**6), 1 - discount
    day = (u[:, 1] * 330).astype(np.int64)
    for k in range(1, RENEWALS):
        first, second, third = (u[:, 2 + 3 * k - 3 + j] for j in range(3))
        renewal[:, k] = np.where(home & (first > 0.25), NEVER, day)
        moved = (1 - discount) * np.exp(0.08 * normal(first, second))
        factor[:, k] = np.where(renewal[:, k] < NEVER, moved, factor[:, k - 1]).clip(0.6, 1.1)
        day = day + 200 + (240 * third).astype(np.int64)
    factor = np.where(renewal < NEVER, factor, 1.0)
    order = np.argsort(renewal, axis=1, kind="stable")
    return np.take_along_axis(renewal, order, axis=1), np.take_along_axis(factor, order, axis=1)


def _silent_company(lives: Lives) -> Lives:
    begin, end, fade = lives.begin.copy(), lives.end.copy(), lives.fade_from.copy()
    begin[0], end[0], fade[0] = NEVER, NEVER, NEVER
    return replace(lives, begin=begin, end=end, fade_from=fade)
