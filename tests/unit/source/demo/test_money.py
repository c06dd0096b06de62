import numpy as np

from ml.source.demo.company import Company
from ml.source.demo.streams import NEVER


def test_nothing_is_paid_or_invoiced_before_it_is_ordered(standard: Company) -> None:
    money, day = standard.money, standard.calls.day
    assert (money.paid >= day).all()
    assert (money.invoiced >= day).all()


def test_homes_get_no_invoice_and_businesses_pay_after_theirs(standard: Company) -> None:
    money = standard.money
    business = standard.pool.business[standard.calls.customer] == 1
    assert (money.invoiced[~business] == NEVER).all()
    assert (money.invoiced[business] < NEVER).all()
    assert (money.paid[business] > money.invoiced[business]).all()
    assert set(money.payment_type[business]) == {"Transferencia"}


def test_a_few_homes_never_pay(standard: Company) -> None:
    home = standard.pool.business[standard.calls.customer] == 0
    assert 0.005 < (standard.money.paid[home] == NEVER).mean() < 0.05
    assert not np.isnan(standard.money.paid.astype(float)).any()
