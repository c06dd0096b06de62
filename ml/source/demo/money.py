"""How orders are paid: homes on the day or by transfer soon after, businesses on invoice; some pay late, a few never do."""

from dataclasses import dataclass

import numpy as np

from ml.source.demo.customers import Pool
from ml.source.demo.products import HOME
from ml.source.demo.rhythm import Calls
from ml.source.demo.sizes import Plan
from ml.source.demo.streams import NEVER, Days, Floats, exponential, pick, stream

HOME_TYPES = ("Efectivo", "Transferencia", "Débito", "Crédito")
HOME_TYPE_SHARES = np.array([0.22, 0.50, 0.18, 0.10])
UNPAID = 0.02
SLOW_PAYERS = 0.08
MONTHLY_INVOICE = 0.5


@dataclass(frozen=True)
class Money:
    """Per order: `payment_type`, and the day indexes `paid` and `invoiced` (NEVER = never), whenever they come to pass."""

    payment_type: np.ndarray
    paid: Days
    invoiced: Days


def make_money(plan: Plan, pool: Pool, calls: Calls) -> Money:
    """Payment and invoice days of all orders."""
    u = stream(plan.seed, "money").random((len(calls.day), 4))
    home = pool.business[calls.customer] == HOME
    kind = np.where(home, pick(u[:, 0], HOME_TYPE_SHARES), 1)
    by_transfer = home & (kind == 1) & (u[:, 1] < 0.35)
    home_paid = calls.day + np.where(by_transfer, 1 + (6 * exponential(u[:, 2])).astype(np.int64), 0)
    invoiced = np.where(home, NEVER, _invoice_day(plan, pool, calls, u[:, 1]))
    habit = pool.text[:, 9]
    delay = 10 + 35 * pool.text[:, 10] + np.where(habit > 1 - SLOW_PAYERS, 60, 0)
    paid = np.where(home, home_paid, invoiced + delay[calls.customer].astype(np.int64))
    paid = np.where(u[:, 3] < UNPAID * home, NEVER, paid)
    return Money(np.array(HOME_TYPES, dtype=object)[kind], paid, invoiced)


def _invoice_day(plan: Plan, pool: Pool, calls: Calls, uniform: Floats) -> Days:
    """The last day of the month for half of the businesses, else the order's day or the day after."""
    day = np.datetime64(plan.start) + calls.day
    month_end = (day.astype("datetime64[M]") + 1).astype("datetime64[D]") - 1
    last = (month_end - np.datetime64(plan.start)).astype(np.int64)
    return np.where(pool.text[calls.customer, 8] < MONTHLY_INVOICE, last, calls.day + (uniform < 0.3))
