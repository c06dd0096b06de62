"""Who is about to leave, when does each customer order next, and what is that worth?"""

from dataclasses import asdict
from datetime import date
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ml.customers import CustomerDataError, CustomerModel, fit_customers, propose_horizon
from ml.customers.days import CustomerDays, collapse, day_number
from ml.customers.features import Outcome, Panel, Snapshot
from ml.customers.lateness import fit_lateness
from ml.predictors.base import Company, Measure, NotEnoughData, Predictor, PredictorError
from ml.source.tables import Tables

FEWEST_CUSTOMERS = 5
YEAR_DAYS = 365
BANDS = ("lo80", "hi80", "lo95", "hi95")
ACTIVE = "active: last order within 2 H"


class Customers(Predictor):
    """Churn, next order and value of every customer who ever ordered, from one model per retrain.

    H is the company's churn_horizon_days, else proposed from the customers' own rhythm when fitted. Judged are active customers only;
    the others are a win-back list.
    """

    name: ClassVar[str] = "customers"
    question: ClassVar[str] = "Who is about to leave, when does each customer order next, and what is that worth?"
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure("churn_probability", "probability", ("customer",), 60, "auc", "days since the last order", ACTIVE),
        Measure("next_order_date", "days", ("customer",), 60, "mae", "the customer's own mean gap after the last order", ACTIVE),
        Measure("expected_orders", "orders", ("customer",), 60, "mae", "orders per window in the last two windows", ACTIVE),
        Measure("expected_value", "CLP", ("customer",), 60, "gini", "spend per window in the last two windows", ACTIVE),
        Measure("value_at_risk", "CLP", ("customer",), 60, None),
        Measure("value_12m", "CLP", ("customer",), YEAR_DAYS, "gini", "spend in the last twelve months", ACTIVE),
        Measure("too_late", "times the own pause", ("company",), 0, None),
        Measure("usable_signal", "flag", ("company",), 0, None),
    )
    reads: ClassVar[tuple[str, ...]] = ("orders",)

    def __init__(self, company: Company) -> None:
        super().__init__(company)
        self.model_: CustomerModel | None = None

    def judged(self, predicted: pd.DataFrame) -> pd.DataFrame:
        """Rows of active customers."""
        return predicted[[cell.get("population") == "active" for cell in predicted["detail"]]]

    def proposals(self) -> dict[str, Any]:
        """The horizon H as it was proposed from the customers' rhythm: chosen once, then a preference."""
        return {"churn_horizon_days": self._model().horizon_days}

    def _fit(self, tables: Tables, as_of: date) -> None:
        orders = tables["orders"]
        try:
            customers = collapse(orders, as_of).customers
            if customers < FEWEST_CUSTOMERS:
                raise NotEnoughData(
                    f"Customer scores need at least {FEWEST_CUSTOMERS} customers with a sale; the orders up to {as_of} have {customers}."
                )
            horizon = self.company.preferences.churn_horizon_days or propose_horizon(orders, as_of)
            self.model_ = fit_customers(orders, as_of, horizon, seed=self.company.seed)
        except CustomerDataError as error:
            raise NotEnoughData(str(error)) from error

    def _predict(self, tables: Tables, as_of: date) -> pd.DataFrame:
        model = self._model()
        scores = model.score(tables["orders"], as_of)
        horizon = model.horizon_days
        plain = [{"population": population} for population in scores["population"]]
        return pd.concat(
            [
                _rows("churn_probability", scores["customer_id"], as_of, horizon, scores["churn_probability"], _churn_details(scores)),
                _next_order_rows(scores, as_of, horizon),
                *(
                    _rows(measure, scores["customer_id"], as_of, window, scores[measure], plain)
                    for measure, window in (
                        ("expected_orders", horizon),
                        ("expected_value", horizon),
                        ("value_at_risk", horizon),
                        ("value_12m", YEAR_DAYS),
                    )
                ),
                *_lateness_rows(tables["orders"], as_of, horizon),
                _signal_row(model, as_of, horizon),
            ],
            ignore_index=True,
        )

    def _baseline(self, tables: Tables, as_of: date) -> pd.DataFrame:
        horizon = self._model().horizon_days
        log = collapse(tables["orders"], as_of)
        snapshot = Panel(log, horizon).snapshot(day_number(as_of))
        silence = snapshot["days_since_last_order"]
        gap = np.where(np.isnan(snapshot["mean_gap"]), horizon / 2, snapshot["mean_gap"])
        year = Panel(log, YEAR_DAYS).snapshot(day_number(as_of))["spend_h"]
        answers = {
            "churn_probability": (silence / (silence + horizon), horizon),
            "next_order_date": (np.clip(np.round(gap - silence), 1, horizon), horizon),
            "expected_orders": (snapshot["orders_2h"] / 2, horizon),
            "expected_value": (snapshot["spend_2h"] / 2, horizon),
            "value_12m": (year, YEAR_DAYS),
        }
        ids = pd.Series(log.ids[snapshot.customer], dtype="str")
        detail = [{"population": "active" if active else "dormant"} for active in snapshot.active]
        return pd.concat(
            [_rows(measure, ids, as_of, window, pd.Series(values), detail) for measure, (values, window) in answers.items()],
            ignore_index=True,
        )

    def _actual(self, tables: Tables, predicted: pd.DataFrame, as_of: date) -> pd.Series | None:
        log = collapse(tables["orders"], as_of)
        truth = pd.Series(np.nan, index=predicted.index)
        begins = pd.to_datetime(predicted["target_date"]) - pd.to_timedelta(predicted["window_days"], unit="D")
        for _, rows in predicted.groupby([predicted["window_days"], begins]):
            known = _truth(log, day_number(begins[rows.index[0]]), int(rows["window_days"].iloc[0]))
            keys = pd.MultiIndex.from_frame(rows[["measure", "entity_id"]])
            truth.loc[rows.index] = known.reindex(keys).to_numpy()
        return truth

    def _model(self) -> CustomerModel:
        if self.model_ is None:
            raise PredictorError("customers was asked before it was fitted; call fit(tables, as_of) first.")
        return self.model_


def _rows(
    measure: str, ids: pd.Series, as_of: date, window: int, values: pd.Series | np.ndarray, detail: list[dict[str, Any]]
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "measure": measure,
            "entity_type": "customer",
            "entity_id": ids.to_numpy(),
            "target_date": pd.Timestamp(as_of) + pd.Timedelta(days=window),
            "window_days": window,
            "value": np.asarray(values, dtype=float),
            **dict.fromkeys(BANDS, np.nan),
            "detail": detail,
        }
    )


def _churn_details(scores: pd.DataFrame) -> list[dict[str, Any]]:
    columns = ("population", "reasons", "days_since_last_order", "typical_gap_days")
    return [
        {
            "population": population,
            "reasons": reasons,
            "days_since_last_order": silence,
            "typical_gap_days": None if gap != gap else round(gap, 1),
        }
        for population, reasons, silence, gap in zip(*(scores[name].tolist() for name in columns), strict=True)
    ]


def _next_order_rows(scores: pd.DataFrame, as_of: date, horizon: int) -> pd.DataFrame:
    ends = {name: scores[f"next_order_{name}"] for name in ("date", "lo", "hi")}
    texts = {name: days.dt.strftime("%Y-%m-%d").tolist() for name, days in ends.items()}
    after = {name: (days - pd.Timestamp(as_of)).dt.days.to_numpy(dtype=float) for name, days in ends.items()}
    chance = (1 - scores["churn_probability"]).tolist()
    detail = [
        {"population": population, "date": middle, "lo": low, "hi": high, "probability_in_horizon": probability}
        for population, middle, low, high, probability in zip(
            scores["population"], texts["date"], texts["lo"], texts["hi"], chance, strict=True
        )
    ]
    rows = _rows("next_order_date", scores["customer_id"], as_of, horizon, after["date"], detail)
    return rows.assign(lo80=after["lo"], hi80=after["hi"])


def _lateness_rows(orders: pd.DataFrame, as_of: date, horizon: int) -> list[pd.DataFrame]:
    """One row of the company with the curve "how late is too late" in its detail; none where there are too few customers to learn it."""
    lateness = fit_lateness(orders, as_of, horizon)
    if lateness is None:
        return []
    detail = {"within_days": lateness.within_days, "curve": [asdict(point) for point in lateness.points]}
    row = _rows("too_late", pd.Series(["all"]), as_of, horizon, np.array([lateness.too_late or np.nan]), [detail])
    return [row.assign(entity_type="company", target_date=pd.Timestamp(as_of))]


def _signal_row(model: CustomerModel, as_of: date, horizon: int) -> pd.DataFrame:
    """One row of the company: 1 where past windows showed a signal worth acting on, with the verdict and what held the model back."""
    detail = json_ready({**asdict(model.record), "notes": list(model.notes)})
    row = _rows("usable_signal", pd.Series(["all"]), as_of, horizon, np.array([float(model.usable)]), [detail])
    return row.assign(entity_type="company", target_date=pd.Timestamp(as_of))


def json_ready(value: Any) -> Any:
    """The value with NaN as None, through dicts and lists."""
    if isinstance(value, dict):
        return {name: json_ready(cell) for name, cell in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_ready(cell) for cell in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _truth(log: CustomerDays, cutoff: int, window: int) -> pd.Series:
    """What each customer seen by `cutoff` did in the days after it, indexed by (measure, customer)."""
    panel = Panel(log, window)
    snapshot: Snapshot = panel.snapshot(cutoff)
    outcome: Outcome = panel.outcome(snapshot)
    ids = log.ids[snapshot.customer]
    columns = {
        "churn_probability": outcome.churned.astype(float),
        "next_order_date": outcome.days_to_next,
        "expected_orders": outcome.orders,
        "expected_value": outcome.spend,
        "value_12m": outcome.spend,
    }
    return pd.concat({measure: pd.Series(values, index=ids) for measure, values in columns.items()})
