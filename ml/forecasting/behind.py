"""What stands behind a forecast, in few figures: trend, season, holidays, weather, as the ridge member sees them."""

from typing import Any

import numpy as np
import pandas as pd

from ml.forecasting.history import read_history
from ml.forecasting.members import OUTSIDE_GROUPS, factor_of, make_span
from ml.forecasting.series_model import JUDGED_DAYS, SeriesModel

TREND_DAYS = 90
TWO_YEARS = 730
SEASON = ("year", "christmas")


def behind(model: SeriesModel, history: pd.DataFrame, *, regressors: pd.DataFrame | None = None) -> dict[str, Any]:
    """Shares of change, as far as the model knows them: {} for a weekday profile.

    trend: the level now against 90 days ago. season: the next 30 days against the last 30, None with under two years of history.
    holiday: what holidays and the days around them do to the open days of the next 30. closed_holidays: their number in it. weather: what
    known regressors do to the next 16 days, None without.
    """
    if model.members is None:
        return {}
    series = read_history(history)
    span = make_span(series, JUDGED_DAYS, model.country, closures=model.closures, regressors=model.regressors, outside=regressors)
    ridge, count = model.members.ridge, span.count
    ahead, before = slice(count, count + JUDGED_DAYS), slice(max(count - JUDGED_DAYS, 0), count)
    is_open, table = span.is_open, span.table
    if not is_open[ahead].any() or not is_open[before].any():
        return {}
    trend, season = factor_of(ridge, span, ("trend",)), factor_of(ridge, span, SEASON)
    closed_by_holiday = table.is_holiday[ahead] & ~is_open[ahead] & ~np.isin(table.weekday[ahead], list(model.closures.weekdays))
    found: dict[str, Any] = {
        "trend": float(trend[count - 1] / trend[max(count - 1 - TREND_DAYS, 0)] - 1),
        "season": float(season[ahead][is_open[ahead]].mean() / season[before][is_open[before]].mean() - 1) if count >= TWO_YEARS else None,
        "holiday": float(factor_of(ridge, span, ("holiday",))[ahead][is_open[ahead]].mean() - 1) if table.is_holiday[ahead].any() else 0.0,
        "closed_holidays": int(closed_by_holiday.sum()),
        "history_days": count,
        "weather": None,
    }
    if model.regressors is not None:
        usual = make_span(series, JUDGED_DAYS, model.country, closures=model.closures, regressors=model.regressors)
        ratio = factor_of(ridge, span, OUTSIDE_GROUPS)[ahead] / factor_of(ridge, usual, OUTSIDE_GROUPS)[ahead]
        found["weather"] = float(ratio[:16][is_open[ahead][:16]].mean() - 1) if is_open[ahead][:16].any() else 0.0
    return found
