"""What would be said of one customer if it ordered now, or stayed silent for some days more: the model in service on a changed log."""

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
import sqlalchemy as sa

from ml.customers.model import CustomerModel
from ml.store.schema import customer_orders

LONGEST_SILENCE = 120


@dataclass(frozen=True)
class Answer:
    """The risk, money at risk and value of the next twelve months of one customer, as the model says."""

    probability: float
    value_at_risk: float
    value_12m: float
    population: str


@dataclass(frozen=True)
class WhatIf:
    """What is said now, after an order of the usual size now, and after `days` more without an order."""

    now: Answer
    ordered: Answer
    silent: Answer
    days: int
    usual_amount: float


def ask(conn: sa.Connection, model: CustomerModel, customer_id: str, as_of: date, days: int) -> WhatIf | None:
    """The answers for one customer, None for one without an order by `as_of`. `days` is cut to 1 … LONGEST_SILENCE.

    The model's features are the customer's own, so the log of one customer is enough.
    """
    table = customer_orders
    rows = conn.execute(
        sa.select(table.c.customer_id, table.c.order_id, table.c.day, table.c.amount).where(
            table.c.customer_id == customer_id, table.c.day <= as_of, table.c.amount > 0
        )
    ).all()
    log = pd.DataFrame(rows, columns=["customer_id", "order_id", "date", "amount"])
    if log.empty:
        return None
    later = min(max(days, 1), LONGEST_SILENCE)
    usual = float(log.groupby("date")["amount"].sum().tail(10).median())
    more = pd.DataFrame({"customer_id": [customer_id], "order_id": ["what if"], "date": [as_of], "amount": [usual]})
    with_order = pd.concat([log, more], ignore_index=True)
    return WhatIf(
        _answer(model, log, as_of),
        _answer(model, with_order, as_of),
        _answer(model, log, as_of + timedelta(days=later)),
        later,
        usual,
    )


def _answer(model: CustomerModel, log: pd.DataFrame, as_of: date) -> Answer:
    row = model.score(log.assign(date=pd.to_datetime(log["date"])), as_of).iloc[0]
    return Answer(float(row["churn_probability"]), float(row["value_at_risk"]), float(row["value_12m"]), str(row["population"]))
