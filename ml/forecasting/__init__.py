"""Forecasts of daily series: pure functions on frames. Two doors, `fit_series` (learn now, predict daily) and `forecast` (both at once).

    model = fit_series(history, country="CL")        # history: ds, y
    frame = model.predict(newer_history, 30)          # ds, yhat, lo80, hi80, lo95, hi95, is_open, holiday, one column per member
    totals_of(frame)                                  # days, open_days, total, lo80, hi80, lo95, hi95: bands of totals, never sums of bands
    backtest(history, cutoffs)                        # the same at past cutoffs, beside what came

The way of a series through the modules:

1. `history`       a frame becomes one value a day; what was mended is noted
2. `days`          what the calendar says about each day          `closures`   when nothing is sold, learnt
3. `members`       the five members side by side: `ridge` (on `features`), `holt_winters`, `state_space`, `trees`, `prophet_member`
4. `series_model`  median of the members; errors at earlier cutoffs; SeriesModel       `profile`   the answer for little data
5. `bands`         from errors to bands of days and totals
6. `replay`        forecasts at past cutoffs
7. `parts`         how a total divides, on `reconcile`     `behind`, `weather_effect`   what moves it     `plain`   Prophet as it comes
"""

from ml.forecasting.history import ForecastError
from ml.forecasting.replay import backtest
from ml.forecasting.series_model import SeriesModel, fit_series, forecast, totals_of

__all__ = ["ForecastError", "SeriesModel", "backtest", "fit_series", "forecast", "totals_of"]
