"""Prophet as it comes out of the box, for comparison only."""

import logging

import pandas as pd

from ml.forecasting.history import Array


def plain_prophet(history: pd.DataFrame, horizon: int) -> Array:
    """What `Prophet()` with its defaults says of the `horizon` days after `history` (ds, y), without closures or holidays."""
    from prophet import Prophet

    logging.getLogger("cmdstanpy").setLevel(logging.CRITICAL)
    logging.getLogger("prophet").setLevel(logging.ERROR)
    model = Prophet(uncertainty_samples=0)
    model.fit(history[["ds", "y"]].dropna())
    last = history["ds"].iloc[-1]
    days = pd.DataFrame({"ds": pd.date_range(last + pd.Timedelta(days=1), periods=horizon, freq="D")})
    return model.predict(days)["yhat"].to_numpy(dtype=float)
