"""When each customer buys and when it does not: stretches of buying, pauses, and an end. These are the hidden facts behind churn."""

from dataclasses import dataclass, replace

import numpy as np

from ml.source.demo.sizes import Plan
from ml.source.demo.streams import NEVER, Days, Flags, Floats, exponential, normal, stream

STRETCHES = 6
COMES_BACK = 0.65  # probability that a stop is only a pause
PAUSE_DAYS = (15.0, 70.0)  # at least, and mean beyond that
TRIAL_SHARE, TRIAL_DAYS = 0.12, 25.0  # households that only try
NEVER_BUYS = 0.03
FADE_SHARE, FADE_SPEED = 0.70, 0.45  # stretches that fade out before they end, and how fast such a customer then buys
FADE_DAYS = (30.0, 100.0)


@dataclass(frozen=True)
class Lives:
    """Customers × STRETCHES day indexes of buying (`begin` inclusive, `end` exclusive; NEVER = not at all), when each customer was
    registered, `fade_from`: the day in each stretch from which the customer buys at FADE_SPEED, and each one's hazard of stopping."""

    joined: Days
    begin: Days
    end: Days
    fade_from: Days
    stops_a_year: Floats

    def active(self, day: int) -> Flags:
        """Which customers are in a stretch of buying on a day."""
        return np.any((self.begin <= day) & (day < self.end), axis=1)

    def fading(self, day: int) -> Flags:
        """Which customers are fading out on a day."""
        return np.any((self.fade_from <= day) & (day < self.end), axis=1)

    def stopped_for_good(self, day: int) -> Flags:
        """Which customers bought once and will never again, seen from a day (also from days later than the company's end)."""
        return (self.begin[:, 0] <= day) & ~np.any((self.end > day) & (self.begin < NEVER), axis=1)


def pool_size(plan: Plan) -> int:
    """How many customers are registered by the plan's end: the size's number on the first end, growing at its pace after that."""
    arrivals = plan.size.customers - plan.size.initial_customers
    return plan.size.initial_customers + int(np.ceil(plan.days * arrivals / plan.first_days)) + 1


def make_lives(plan: Plan, stops_a_year: Floats, gap_days: Floats, home: Flags) -> Lives:
    """The lives of all customers. `stops_a_year` is each one's hazard of stopping, `gap_days` its usual days between orders."""
    count = len(gap_days)
    draws = stream(plan.seed, "lives").random((count, 6 + 4 * STRETCHES))
    joined = _joined(plan, draws[:, 0])
    hazard = stops_a_year * np.exp(0.6 * normal(draws[:, 1], draws[:, 2]))
    trial = home & (draws[:, 3] < TRIAL_SHARE) & (joined >= 0)
    begin, end, fade = (np.full((count, STRETCHES), NEVER) for _ in range(3))
    next_begin = np.where(draws[:, 4] < NEVER_BUYS, NEVER, joined)
    for k in range(STRETCHES):
        u = draws[:, 6 + 4 * k : 10 + 4 * k]
        length = np.maximum(gap_days, exponential(u[:, 0]) * 365 / hazard)
        if k == 0:
            length = np.where(trial, TRIAL_DAYS * u[:, 0], length)
        alive = next_begin < NEVER
        begin[:, k] = next_begin
        end[:, k] = np.where(alive, np.minimum(NEVER, next_begin + 1 + length.astype(np.int64)), NEVER)
        fades = alive & (u[:, 1] < FADE_SHARE)
        slow_days = FADE_DAYS[0] + (FADE_DAYS[1] - FADE_DAYS[0]) * u[:, 2]
        fade[:, k] = np.where(fades, end[:, k] - np.minimum(slow_days, length / 2).astype(np.int64), NEVER)
        pause = (PAUSE_DAYS[0] + PAUSE_DAYS[1] * exponential(u[:, 3] / COMES_BACK % 1)).astype(np.int64)
        next_begin = np.where(alive & (u[:, 3] < COMES_BACK), end[:, k] + pause, NEVER)
    lives = Lives(joined, begin, end, fade, hazard)
    return lives if plan.size.buyers_a_year is None else _settled(plan, lives, draws[:, 5], gap_days)


def _joined(plan: Plan, uniform: Floats) -> Days:
    """Day of registration, in order: the first customers before the start, the others evenly spaced with a jitter."""
    initial, count = plan.size.initial_customers, len(uniform)
    spacing = plan.first_days / max(1, plan.size.customers - initial)
    later = ((np.arange(count) - initial + uniform) * spacing).astype(np.int64)
    return np.where(np.arange(count) < initial, -1, later)


def _settled(plan: Plan, lives: Lives, uniform: Floats, gap_days: Floats) -> Lives:
    """Lives such that exactly the size's number of customers buys in the year before the first end (give or take chance)."""
    size, first_end = plan.size, plan.first_days
    year = first_end - 365
    count = len(uniform)
    first = np.arange(count) < size.customers
    newcomer = first & (lives.joined >= year)
    old_buyers = (size.buyers_a_year or 0) - int(newcomer.sum())
    begin, end, fade = lives.begin.copy(), lives.end.copy(), lives.fade_from.copy()
    overlap = (np.minimum(end, first_end) - np.maximum(begin, year)).clip(0).sum(axis=1)
    old = np.flatnonzero(first & ~newcomer)[size.accounts + 1 :]
    ranked = old[np.argsort(-overlap[old] / gap_days[old], kind="stable")]
    stays, gone = ranked[: old_buyers - size.accounts], ranked[old_buyers - size.accounts :]
    short = stays[overlap[stays] < 3 * gap_days[stays]]
    quiet = np.flatnonzero(newcomer & (overlap < 1))
    for who in (*short, *quiet):
        begin[who], end[who], fade[who] = NEVER, NEVER, NEVER
        begin[who, 0] = max(-1, lives.joined[who])
        end[who, 0] = max(year, begin[who, 0]) + int(3 * gap_days[who] + 300 * uniform[who])
    for who in gone:
        latest = year - 15
        stop = begin[who, 0] + 60 + int(uniform[who] * max(1, latest - 60 - begin[who, 0]))
        begin[who, 1:], end[who, 1:], fade[who, 1:] = NEVER, NEVER, NEVER
        end[who, 0] = min(end[who, 0], stop, latest)
    accounts = np.arange(1, size.accounts + 1)
    begin[accounts], end[accounts], fade[accounts] = NEVER, NEVER, NEVER
    begin[accounts, 0] = -1
    return replace(lives, begin=begin, end=end, fade_from=fade)
