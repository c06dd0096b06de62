"""The Prophet member: fitted on open days with the country's holidays, kept as its own JSON, read again without fitting."""

import contextlib
import importlib
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.forecasting.days import YEAR, DayTable
from ml.forecasting.history import Array, Flags

LONGEST_DAYS = 1461
POSITIVE_SHARE = 0.95
RANGE = 0.8
LOUD = ("cmdstanpy", "prophet", "prophet.models", "prophet.forecaster")


@dataclass(frozen=True)
class ProphetMember:
    """A fitted Prophet as a JSON text (`prophet.serialize`)."""

    json: str

    def predict(self, table: DayTable) -> Array:
        """The trend with its seasons and holidays on each day of the table, as if open."""
        from prophet.serialize import model_from_json

        with _quiet():
            model = model_from_json(self.json)
            model.uncertainty_samples = 0
            frame = pd.DataFrame({"ds": pd.DatetimeIndex(table.days)})
            return model.predict(frame)["yhat"].to_numpy(dtype=float)


def fit_prophet(y: Array, table: DayTable, use: Flags, holidays: DayTable, seed: int) -> ProphetMember:
    """Fit on the days in `use` of at most the last four years; `holidays` is a table that also covers the days to come.

    Multiplicative where over 95 % of days are positive; yearly terms from one year on, more from two. Source: Taylor and Letham (2018).
    """
    from prophet import Prophet
    from prophet.serialize import model_to_json

    rows = np.flatnonzero(use)
    rows = rows[table.days[rows] > table.days[-1] - LONGEST_DAYS]
    years = float((table.days[rows[-1]] - table.days[rows[0]]).astype(int)) / YEAR
    yearly: bool | int = False if years < 0.95 else 3 if years < 1.5 else 6 if years < 2.2 else 10
    with _quiet():
        model = Prophet(
            yearly_seasonality=yearly,
            weekly_seasonality=True,
            daily_seasonality=False,
            holidays=_holiday_frame(holidays),
            seasonality_mode="multiplicative" if (y[rows] > 0).mean() > POSITIVE_SHARE else "additive",
            changepoint_range=RANGE,
            uncertainty_samples=0,
        )
        history = pd.DataFrame({"ds": pd.DatetimeIndex(table.days[rows]), "y": y[rows]})
        model.fit(history, seed=seed)
        model.history, model.history_dates = history.iloc[:1], history["ds"].iloc[:1]  # to predict, one row is as good as all
        return ProphetMember(model_to_json(model))


def _holiday_frame(table: DayTable) -> pd.DataFrame | None:
    found = table.is_holiday
    if not found.any():
        return None
    return pd.DataFrame({"ds": pd.DatetimeIndex(table.days[found]), "holiday": table.holiday[found].astype(object)})


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence Prophet and its compiler while they work (the compiler's logger is made first: making it sets a level)."""
    importlib.import_module("cmdstanpy.utils").get_logger()
    loggers = [logging.getLogger(name) for name in LOUD]
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, (level, propagate) in zip(loggers, before, strict=True):
            logger.setLevel(level)
            logger.propagate = propagate
