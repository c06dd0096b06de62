"""Ten-line predictors and a toy company: fast enough to run the whole flow in every test."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from ml.predictors.base import PREDICTION_COLUMNS, Company, Measure, NotEnoughData, Predictor
from ml.source.findings import Finding
from ml.source.reading import Reading
from ml.source.tables import SPECS, Tables, conform

START, DAYS = date(2026, 1, 4), 220
AS_OF = START + timedelta(days=DAYS - 1)
BANDS = ("lo80", "hi80", "lo95", "hi95")


def toy_tables(days: int = DAYS, customers: int = 5) -> Tables:
    """Every customer orders every day; amounts rise by 1 a day. Two products, of which one is a bottle; every tenth order is unpaid."""
    all_days = pd.date_range(pd.Timestamp(START), periods=days, unit="us")
    orders = pd.DataFrame(
        [
            {
                "order_id": f"O{number}-{who}",
                "customer_id": f"C{who}",
                "order_date": day,
                "known_at": day,
                "amount": 100.0 + number,
                "zone": f"Z{who % 2}",
                "paid_at": pd.NaT if number % 10 == 0 else day,
            }
            for number, day in enumerate(all_days)
            for who in range(customers)
        ]
    )
    lines = orders[["order_id", "amount", "known_at"]].assign(product_id="P1", quantity=2.0, unit_price=50.0)
    people = pd.DataFrame({"customer_id": [f"C{who}" for who in range(customers)], "known_at": all_days[0]})
    people = people.assign(name=people["customer_id"], customer_type="Hogar", zone="Z0")
    products = pd.DataFrame({"product_id": ["P1", "P2"], "is_bottle": [True, False], "known_at": all_days[0]})
    frames = {"orders": orders, "order_lines": lines, "customers": people, "products": products}
    return Tables({name: conform(SPECS[name], frame) for name, frame in frames.items()})


def toy_reading(tables: Tables | None = None, as_of: date = AS_OF) -> Reading:
    """A reading of the toy company with one finding."""
    tables = tables or toy_tables()
    return Reading(
        tables=tables,
        findings=[Finding("future_date", "orders", 1, "left_out", ("O1",))],
        as_of=as_of,
        fingerprint="f" * 64,
        source="csv:toy",
        from_snapshot=False,
        amount_basis="net",
        spans={"orders": {"rows": len(tables["orders"]), "first": START.isoformat(), "last": as_of.isoformat()}},
        monthly_totals=pd.DataFrame(columns=["month", "net", "gross"]),
        their_tables={"orders": "toy_orders"},
    )


def rows_of(measure: str, days: list[date], value: float, window_days: int = 1, *, band: float = 0.5) -> pd.DataFrame:
    """Prediction rows of the company for each day, with bands of value ± band and ± 2 band."""
    return pd.DataFrame(
        {
            "measure": measure,
            "entity_type": "company",
            "entity_id": "all",
            "target_date": pd.to_datetime(days).astype("datetime64[us]"),
            "window_days": window_days,
            "value": value,
            "lo80": value - band,
            "hi80": value + band,
            "lo95": value - 2 * band,
            "hi95": value + 2 * band,
            "detail": [{"basis": "mean"} for _ in days],
        },
        columns=list(PREDICTION_COLUMNS),
    )


class Orders(Predictor):
    """The mean number of orders per day so far, for 40 days and for the next week; the naive rule says one order too many."""

    name = "orders"
    question = "How many orders come each day?"
    measures = (Measure("orders", "orders/day", ("company",), 28, "mae", "one more than usual"),)
    reads = ("orders",)
    error = 0.4

    def __init__(self, company: Company) -> None:
        super().__init__(company)
        self.mean_ = float("nan")

    def _fit(self, tables: Tables, as_of: date) -> None:
        self.mean_ = len(tables["orders"]) / tables["orders"]["order_date"].nunique()

    def _answer(self, as_of: date, value: float) -> pd.DataFrame:
        days = rows_of("orders", [as_of + timedelta(days=n) for n in range(1, 41)], value)
        week = rows_of("orders", [as_of + timedelta(days=7)], 7 * value, 7)
        return pd.concat([days, week], ignore_index=True)

    def _predict(self, tables: Tables, as_of: date) -> pd.DataFrame:
        return self._answer(as_of, self.mean_ + self.error)

    def _baseline(self, tables: Tables, as_of: date) -> pd.DataFrame:
        return self._answer(as_of, self.mean_ + 1)

    def _actual(self, tables: Tables, predicted: pd.DataFrame, as_of: date) -> pd.Series:
        per_day = tables["orders"].groupby("order_date").size().cumsum()
        ends = pd.to_datetime(predicted["target_date"])
        begins = ends - pd.to_timedelta(predicted["window_days"], unit="D")
        return pd.Series(per_day.reindex(ends).to_numpy() - per_day.reindex(begins).to_numpy(), index=predicted.index)


class WorseOrders(Orders):
    """The same question, answered clearly worse."""

    error = 0.9


class PerfectOrders(Orders):
    """Too good to be true."""

    error = 0.0


class Broken(Orders):
    """Fails while fitting, in a way nobody expected."""

    name = "broken"

    def _fit(self, tables: Tables, as_of: date) -> None:
        raise ZeroDivisionError("nothing to divide by")


class Shy(Orders):
    """Has not enough data, and says so; proposes nothing."""

    name = "shy"

    def _fit(self, tables: Tables, as_of: date) -> None:
        raise NotEnoughData("There are no tours; at least 5 are needed.")


class Silent(Orders):
    """Answers without a number."""

    name = "silent"

    def _predict(self, tables: Tables, as_of: date) -> pd.DataFrame:
        return super()._predict(tables, as_of).assign(value=np.nan)


class Unpaid(Predictor):
    """A question about the day itself: will an order of that day be paid? It may look at payment days, which are known later."""

    name = "unpaid"
    question = "What of a day's orders is paid?"
    measures = (Measure("paid", "orders", ("company",), 0, "mae", "nothing is"), Measure("rate", "share", ("company",), 0, None))
    reads = ("orders",)

    def _fit(self, tables: Tables, as_of: date) -> None:
        self.fitted_at_ = as_of

    def _paid(self, tables: Tables) -> pd.Series:
        orders = tables["orders"]
        return orders["paid_at"].notna().astype(float).groupby(orders["order_date"]).sum()

    def _predict(self, tables: Tables, as_of: date) -> pd.DataFrame:
        seen = self._paid(tables).tail(40)
        rows = rows_of("paid", [day.date() for day in seen.index], 0.0).assign(value=seen.to_numpy())
        return pd.concat([rows, rows_of("rate", [as_of], 0.9)], ignore_index=True)

    def _baseline(self, tables: Tables, as_of: date) -> pd.DataFrame:
        return self._predict(tables, as_of).assign(value=0.0)

    def _actual(self, tables: Tables, predicted: pd.DataFrame, as_of: date) -> pd.Series:
        return pd.Series(self._paid(tables).reindex(predicted["target_date"]).to_numpy(), index=predicted.index)
