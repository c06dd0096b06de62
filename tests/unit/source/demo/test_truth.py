"""The hidden truths are in the rows: an oracle that knows what to look for finds them, with noise."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ml.source.demo import make_demo
from ml.source.demo.truth import Truths, truths
from tests.unit.source.demo.conftest import END


@pytest.fixture(scope="module")
def known() -> Truths:
    return truths("standard", END)


def test_truths_are_those_of_the_company_that_is_written(tmp_path: Path) -> None:
    make_demo(tmp_path / "demo.db", "tiny", END)
    hidden = truths("tiny", END)
    with closing(sqlite3.connect(tmp_path / "demo.db")) as connection:
        written = pd.read_sql('SELECT DISTINCT order_id, order_date, final_price FROM "3t_orders" WHERE final_price > 0', connection)
        columns = {row[1] for table in connection.execute("SELECT name FROM sqlite_master") for row in _columns(connection, table[0])}
    both = written.merge(hidden.orders, on="order_id")
    assert len(both) == len(written)
    same_day = both["order_date"].fillna("") == both["day"].dt.strftime("%Y-%m-%d")
    assert same_day.mean() > 0.98
    assert (both["final_price"] == both["total"]).all()
    assert not columns & {"elasticity", "hazard", "stops_a_year", "stopped", "active", "factor", "seed"}


def _columns(connection: sqlite3.Connection, table: str) -> list[tuple]:
    return connection.execute(f'PRAGMA table_info("{table}")').fetchall()


def _weeks(known: Truths, product: str, customer_type: str) -> pd.DataFrame:
    """Weekly bottles with the price over inflation, the number of active customers and the heat of open days."""
    days = known.weather["date"]
    orders = known.orders[(known.orders["product"] == product) & (known.orders["customer_type"] == customer_type)]
    price = known.prices[(known.prices["product"] == product) & (known.prices["customer_type"] == customer_type)].set_index("date")
    begin, end = known.stretches["begin"].to_numpy(), known.stretches["end"].to_numpy()
    active = [(~(begin > day) & ~(end <= day)).sum() for day in days.to_numpy()]
    daily = pd.DataFrame(
        {
            "bottles": orders.groupby("day")["bottles"].sum().reindex(days).fillna(0).to_numpy(),
            "price": np.log(price["relative"].reindex(days)).to_numpy(),
            "active": np.log(active),
            "heat": (known.weather["city_max_c"] - known.comfort_celsius).clip(lower=0).to_numpy(),
        },
        index=pd.DatetimeIndex(days),
    )
    weeks = daily[daily.index.day_of_week < 5].resample("W").agg({"bottles": "sum", "price": "mean", "active": "mean", "heat": "mean"})
    return weeks[weeks["bottles"] > 0]


def _oracle(weeks: pd.DataFrame) -> tuple[float, float]:
    """The own-price coefficient and its standard error, by weighted least squares of log bottles with month effects."""
    months = [(weeks.index.month == month).astype(float) for month in range(2, 13)]
    trend = np.arange(len(weeks)) / 52
    x = np.column_stack([np.ones(len(weeks)), weeks["price"], weeks["active"], weeks["heat"], trend, *months])
    root = np.sqrt(weeks["bottles"].to_numpy())
    xw, yw = x * root[:, None], np.log(weeks["bottles"].to_numpy()) * root
    beta, *_ = np.linalg.lstsq(xw, yw, rcond=None)
    spread = ((yw - xw @ beta) ** 2).sum() / (len(weeks) - x.shape[1])
    return float(beta[1]), float(np.sqrt(spread * np.linalg.inv(xw.T @ xw)[1, 1]))


@pytest.mark.parametrize("customer_type", ["Hogar", "Empresa"])
@pytest.mark.parametrize("product", ["PC", "PET"])
def test_an_oracle_finds_the_elasticities_within_its_error(known: Truths, product: str, customer_type: str) -> None:
    estimate, error = _oracle(_weeks(known, product, customer_type))
    assert estimate < 0
    assert abs(estimate - known.elasticities[(product, customer_type)]) < 2.5 * error
    assert 0.1 < error < 0.7


def _recency_auc(known: Truths, horizon: int, cutoff: pd.Timestamp) -> tuple[float, float]:
    """AUC of days since the last order for silence in the horizon, among customers active within twice the horizon; and the rate."""
    orders = known.orders
    last = orders[orders["day"] <= cutoff].groupby("customer_id")["day"].max()
    recency = (cutoff - last).dt.days
    recency = recency[recency <= 2 * horizon]
    window = pd.Timedelta(days=horizon)
    came = set(orders.loc[(orders["day"] > cutoff) & (orders["day"] <= cutoff + window), "customer_id"])
    left = ~recency.index.isin(came)
    ranks = recency.rank().to_numpy()
    positives = left.sum()
    auc = (ranks[left].sum() - positives * (positives + 1) / 2) / (positives * (~left).sum())
    return float(auc), float(left.mean())


def test_leaving_can_be_told_in_part_only(known: Truths) -> None:
    last = pd.Timestamp(END)
    results = [_recency_auc(known, 30, last - pd.Timedelta(days=30 + 60 * k)) for k in range(6)]
    assert 0.6 < np.mean([auc for auc, _ in results]) < 0.8
    assert 0.08 < np.mean([rate for _, rate in results]) < 0.35


def test_stopped_customers_order_no_more_and_the_riskier_ones_stop_sooner(known: Truths) -> None:
    customers = known.customers.set_index("customer_id")
    stopped = customers[customers["stopped"]]
    assert not (stopped["active"]).any()
    ends = known.stretches.fillna({"end": pd.Timestamp.max.floor("D")}).groupby("customer_id")["end"].max()
    after = known.orders.merge(ends.rename("end"), left_on="customer_id", right_index=True)
    assert not (after["day"] >= after["end"]).any()
    old = customers[customers["joined"] <= customers["joined"].median()]
    assert old.loc[old["stopped"], "stops_a_year"].mean() > old.loc[~old["stopped"], "stops_a_year"].mean()


def test_small_is_honestly_small() -> None:
    hidden = truths("small", END)
    estimates = [_oracle(_weeks(hidden, "PC", customer_type)) for customer_type in ("Hogar", "Empresa")]
    assert max(error for _, error in estimates) > 0.3
