"""Which groups of customers are there by recency, frequency and spend, and who belongs to which?"""

from datetime import date
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ml.customers.days import CustomerDataError, CustomerDays, collapse, day_number
from ml.customers.features import Panel
from ml.customers.segments import WINDOW_DAYS, explained_by_count, fit_segments
from ml.customers.segments import Segments as SegmentModel
from ml.predictors.base import Company, Measure, NotEnoughData, Predictor, PredictorError
from ml.source.tables import Tables

FEWEST_CUSTOMERS = 5
JUDGED_DAYS = 90
FIGURES = ("recency_days", "frequency", "spend")


class Segments(Predictor):
    """The segment of every customer with an order in the last twelve months, and of those silent for longer (at risk).

    Judged by how much of the differences in the next 90 days' spend the groups explain.
    """

    name: ClassVar[str] = "segments"
    question: ClassVar[str] = "Which groups of customers are there by recency, frequency and spend?"
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure(
            "segment", "index", ("customer",), JUDGED_DAYS, "eta_squared",
            "four equal groups by days since the last order", "an order in the last 365 days",
        ),
        Measure("grouping", "groups", ("company",), 0, None),
    )  # fmt: skip
    reads: ClassVar[tuple[str, ...]] = ("orders",)

    def __init__(self, company: Company) -> None:
        super().__init__(company)
        self.model_: SegmentModel | None = None
        self.explained_: dict[int, float] = {}

    def judged(self, predicted: pd.DataFrame) -> pd.DataFrame:
        """Rows of customers with an order in the window."""
        return predicted[[cell.get("frequency", 0) > 0 for cell in predicted["detail"]]]

    def _fit(self, tables: Tables, as_of: date) -> None:
        try:
            log = collapse(tables["orders"], as_of)
            rfm = rfm_table(log, day_number(as_of))
        except CustomerDataError as error:
            raise NotEnoughData(str(error)) from error
        buyers = int((rfm["frequency"] > 0).sum())
        if buyers < FEWEST_CUSTOMERS:
            raise NotEnoughData(
                f"Segments need at least {FEWEST_CUSTOMERS} customers with a sale in the last {WINDOW_DAYS} days; there are {buyers}."
            )
        wanted = self.company.preferences.segment_count
        self.model_ = fit_segments(*(rfm[name].to_numpy() for name in FIGURES), wanted=wanted)
        self.explained_ = _explained(log, day_number(as_of))

    def _predict(self, tables: Tables, as_of: date) -> pd.DataFrame:
        model = self._model()
        rfm = rfm_table(collapse(tables["orders"], as_of), day_number(as_of))
        index = model.assign(*(rfm[name].to_numpy() for name in ("recency_days", "frequency", "spend")))
        names = [model.names[place] for place in index]
        members = _rows(rfm, as_of, index, [{"name": name, **cells} for name, cells in zip(names, _details(rfm), strict=True)])
        return pd.concat([members, _grouping_row(model, self.explained_, as_of)], ignore_index=True)

    def _baseline(self, tables: Tables, as_of: date) -> pd.DataFrame:
        rfm = rfm_table(collapse(tables["orders"], as_of), day_number(as_of))
        quarter = np.minimum(rfm["recency_days"].rank(pct=True).to_numpy() * 4, 3.999).astype(int)
        return _rows(rfm, as_of, quarter, _details(rfm))

    def _actual(self, tables: Tables, predicted: pd.DataFrame, as_of: date) -> pd.Series | None:
        log = collapse(tables["orders"], as_of)
        panel = Panel(log, JUDGED_DAYS)
        truth = pd.Series(np.nan, index=predicted.index)
        begins = pd.to_datetime(predicted["target_date"]) - pd.Timedelta(days=JUDGED_DAYS)
        for _, rows in predicted.groupby(begins):
            snapshot = panel.snapshot(day_number(begins[rows.index[0]]))
            spend = pd.Series(panel.outcome(snapshot).spend, index=log.ids[snapshot.customer])
            truth.loc[rows.index] = spend.reindex(rows["entity_id"]).to_numpy()
        return truth

    def _model(self) -> SegmentModel:
        if self.model_ is None:
            raise PredictorError("segments was asked before it was fitted; call fit(tables, as_of) first.")
        return self.model_


def rfm_table(log: CustomerDays, cutoff: int) -> pd.DataFrame:
    """customer_id, recency_days, frequency and spend of the last 365 days, one row per customer seen by `cutoff`."""
    snapshot = Panel(log, WINDOW_DAYS).snapshot(cutoff)
    return pd.DataFrame(
        {
            "customer_id": log.ids[snapshot.customer],
            "recency_days": snapshot["days_since_last_order"],
            "frequency": snapshot["orders_h"],
            "spend": snapshot["spend_h"],
        }
    )


def _explained(log: CustomerDays, today: int) -> dict[int, float]:
    """The out-of-time R² of the next JUDGED_DAYS' spend per number of groups; empty where the history is too short or too few bought."""
    first, second = today - 2 * JUDGED_DAYS, today - JUDGED_DAYS
    if first - JUDGED_DAYS <= log.first_day:
        return {}
    before, after = (_with_future(log, cutoff) for cutoff in (first, second))
    if min(int((before[1] > 0).sum()), int((after[1] > 0).sum())) < FEWEST_CUSTOMERS:
        return {}
    return explained_by_count(before, after)


def _with_future(log: CustomerDays, cutoff: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rfm = rfm_table(log, cutoff)
    panel = Panel(log, JUDGED_DAYS)
    future = np.asarray(panel.outcome(panel.snapshot(cutoff)).spend, dtype=float)
    recency, frequency, spend = (rfm[name].to_numpy(dtype=float) for name in FIGURES)
    return recency, frequency, spend, future


def _grouping_row(model: SegmentModel, explained: dict[int, float], as_of: date) -> pd.DataFrame:
    """One row of the company: where the groups lie, so that any day can be scored with today's, and what other numbers would explain."""
    detail = {
        "names": list(model.names), "center": model.center.tolist(), "scale": model.scale.tolist(),
        "centroids": model.centroids.tolist(), "explained": {str(count): value for count, value in explained.items()},
    }  # fmt: skip
    row = {
        "measure": "grouping",
        "entity_type": "company",
        "entity_id": "all",
        "target_date": pd.Timestamp(as_of),
        "window_days": JUDGED_DAYS,
    }
    bands = dict.fromkeys(("lo80", "hi80", "lo95", "hi95"), np.nan)
    return pd.DataFrame([{**row, "value": float(len(model.names)), **bands, "detail": detail}])


def _details(rfm: pd.DataFrame) -> list[dict[str, Any]]:
    return rfm[["recency_days", "frequency", "spend"]].to_dict("records")  # type: ignore[return-value]


def _rows(rfm: pd.DataFrame, as_of: date, index: np.ndarray, detail: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "measure": "segment",
            "entity_type": "customer",
            "entity_id": rfm["customer_id"].astype("str").to_numpy(),
            "target_date": pd.Timestamp(as_of) + pd.Timedelta(days=JUDGED_DAYS),
            "window_days": JUDGED_DAYS,
            "value": index.astype(float),
            **dict.fromkeys(("lo80", "hi80", "lo95", "hi95"), np.nan),
            "detail": detail,
        }
    )
