"""When the demo company delivers: Monday to Friday with a Wednesday peak, never on public holidays, now and then on a Saturday."""

from dataclasses import dataclass

import numpy as np

from ml.source.demo.sizes import Plan
from ml.source.demo.streams import Flags, Floats, stream

WEEKDAY_SHARES = (0.20, 0.23, 0.25, 0.16, 0.14)
SATURDAY_SHARE = 0.015
SATURDAY_EVERY = 7  # weeks between two Saturdays with deliveries
AFTER_CLOSED = 1.25  # what could not be brought yesterday comes today


@dataclass(frozen=True)
class Opening:
    """`weight` per day (0 = closed; a mean calendar day of an ordinary week is 1), `holiday` and `weekday_open` per day."""

    weight: Floats
    holiday: Flags
    weekday_open: Flags


def make_opening(plan: Plan) -> Opening:
    """The opening days of a company, one entry per day of the plan."""
    draws = stream(plan.seed, "opening").random((plan.days, 2))
    weeks = (plan.calendar.astype(np.int64) + 3) // 7
    saturday_turn = (weeks + int(6 * draws[0, 1])) % SATURDAY_EVERY == 0
    weekday, holiday = plan.weekday, public_holidays(plan)
    day_off = draws[:, 0] < plan.size.days_off_per_year / 250
    weekday_open = (weekday < 5) & ~holiday & ~day_off
    saturday_open = (weekday == 5) & ~holiday & saturday_turn
    shares = np.array([*WEEKDAY_SHARES, SATURDAY_SHARE * SATURDAY_EVERY, 0.0])
    weight = np.where(weekday_open | saturday_open, 7.0 * shares[weekday], 0.0)
    closed_weekday = (weekday < 5) & ~weekday_open
    catches_up = weekday_open & np.r_[False, closed_weekday[:-1]]
    noise = np.exp(plan.size.daily_noise * stream(plan.seed, "daily noise").standard_normal(plan.days) * weekday_open)
    return Opening(np.where(catches_up, AFTER_CLOSED, 1.0) * weight * noise, holiday, weekday_open)


def public_holidays(plan: Plan) -> Flags:
    """Which days of the plan are public holidays of Chile."""
    from holidays import country_holidays

    years = range(plan.start.year, plan.end.year + 1)
    days = [np.datetime64(day) for day in country_holidays("CL", years=years)]
    return np.isin(plan.calendar, np.array(days, dtype="datetime64[D]"))
