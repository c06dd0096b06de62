import numpy as np

from ml.source.demo.company import Company
from ml.source.demo.customers import KINDS


def test_orders_come_in_the_order_of_time_and_only_from_active_customers_on_open_days(standard: Company) -> None:
    calls = standard.calls
    assert (np.diff(calls.day) >= 0).all()
    assert (standard.world.opening.weight[calls.day] > 0).all()
    for day in np.unique(calls.day)[::50]:
        assert standard.pool.lives.active(int(day))[calls.customer[calls.day == day]].all()


def test_at_most_one_order_per_customer_and_day_and_one_first_order_each(standard: Company) -> None:
    calls = standard.calls
    pairs = np.stack([calls.day, calls.customer])
    assert np.unique(pairs, axis=1).shape == pairs.shape
    assert np.bincount(calls.customer[calls.first]).max() == 1
    newcomers = standard.pool.lives.begin[:, 0] >= 0
    assert newcomers[calls.customer[calls.first]].all()


def test_customers_keep_their_own_rhythm(standard: Company) -> None:
    calls, pool = standard.calls, standard.pool
    order = np.lexsort((calls.day, calls.customer))
    who, gap = calls.customer[order][1:], np.diff(calls.day[order])
    same = np.diff(calls.customer[order]) == 0
    medians = {n: np.median(gap[same & (who == n)]) for n in np.unique(who) if (same & (who == n)).sum() >= 15}
    own = np.array([pool.gap_days[n] for n in medians])
    assert np.corrcoef(np.log(own), np.log(np.maximum(1, list(medians.values()))))[0, 1] > 0.8


def test_schools_are_empty_in_summer_and_offices_quiet_in_february(standard: Company) -> None:
    kinds = [kind.name for kind in KINDS]
    month = standard.plan.month[standard.calls.day]
    for name, months, most in (("school", (0, 1), 0.25), ("office", (1,), 0.75)):
        mine = standard.pool.kind[standard.calls.customer] == kinds.index(name)
        usual = np.isin(month, (2, 3, 4, 8, 9)) & mine
        quiet = np.isin(month, months) & mine
        assert quiet.sum() / len(months) < most * usual.sum() / 5


def test_the_company_grows(standard: Company) -> None:
    day = standard.calls.day
    years = [((day >= 365 * k) & (day < 365 * (k + 1))).sum() for k in range(3)]
    assert years[0] < years[1] < years[2]
    assert 1.1 < years[2] / years[0] < 2
