from datetime import date

import numpy as np
import pandas as pd
import pytest

from ml.source.demo.company import Company, simulate
from ml.source.demo.records import records
from ml.source.demo.sizes import make_plan

END = date(2026, 11, 21)


@pytest.fixture(scope="session")
def tiny() -> Company:
    return simulate(make_plan("tiny", END, 7))


@pytest.fixture(scope="session")
def tiny_records(tiny: Company) -> dict[str, pd.DataFrame]:
    return records(tiny)


@pytest.fixture(scope="session")
def small() -> Company:
    return simulate(make_plan("small", END, 7))


@pytest.fixture(scope="session")
def standard() -> Company:
    return simulate(make_plan("standard", END, 7))


def last_year_sales(company: Company) -> np.ndarray:
    """Which orders are sales of the year before the company's first end."""
    first = company.plan.first_days
    return company.dirt.are_sales & (company.calls.day >= first - 365) & (company.calls.day < first)
