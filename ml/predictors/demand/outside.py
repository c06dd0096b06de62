"""What comes from outside, by day: weather and events as columns a forecast can use, closures as days on which nothing is sold."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from ml.forecasting import fit_series
from ml.source.tables import Tables

WEATHER = ("temp_max_c", "humidity", "precip_mm")
EVENT_KINDS = ("promotion", "price_change", "strike")
CLOSURE = "closure"
WEATHER_DAYS = 16
LEAST_EVENT_DAYS = 10
LEAST_WEATHER_DAYS = 180
HISTORY_BEFORE = 180
ORIGINS, BRIEF_ORIGINS = 6, 3
SPACED_DAYS = 28
WORTH_IT = 0.99  # kept where the error falls by a hundredth at least
AHEAD_DAYS = 100


def weather_days(tables: Tables) -> pd.DataFrame:
    """ds, WEATHER and is_forecast: the mean over zones of what was observed, else of what was forecast last for the day."""
    weather = tables["weather"]
    columns = ["ds", *WEATHER, "is_forecast"]
    if weather.empty:
        return pd.DataFrame({name: pd.Series(dtype="float64") for name in columns}).astype({"ds": "datetime64[us]", "is_forecast": "bool"})
    seen = weather[weather["issued_at"].isna()].groupby("date")[list(WEATHER)].mean()
    told = weather[weather["issued_at"].notna()].sort_values("issued_at", kind="stable")
    last = told[told["issued_at"] == told.groupby("date")["issued_at"].transform("max")].groupby("date")[list(WEATHER)].mean()
    rows = pd.concat([seen.assign(is_forecast=False), last[~last.index.isin(seen.index)].assign(is_forecast=True)]).sort_index()
    return rows.rename_axis("ds").reset_index()[columns]


def event_days(tables: Tables, first: date, last: date) -> pd.DataFrame:
    """ds and one 0/1 column per kind of event, from `first` to `last`. A price change without an end lasts on."""
    days = pd.date_range(first, last, freq="D", unit="us")
    columns = {kind: np.zeros(len(days)) for kind in (*EVENT_KINDS, CLOSURE)}
    events = tables["events"]
    for kind, start, given in zip(events["kind"], events["start"], events["end"], strict=True):
        if kind in columns:
            end = given if not pd.isna(given) else days[-1] if kind == "price_change" else start
            columns[kind][(days >= start) & (days <= end)] = 1.0
    return pd.DataFrame({"ds": days, **columns})


def closed_days(tables: Tables, first: date, last: date) -> set[pd.Timestamp]:
    """The days of announced closures."""
    days = event_days(tables, first, last)
    return set(days.loc[days[CLOSURE] > 0, "ds"])


def without_closures(history: pd.DataFrame, closed: set[pd.Timestamp]) -> pd.DataFrame:
    """The history with days of closures on which nothing was sold as unknown: they say nothing about ordinary days."""
    shut = history["ds"].isin(list(closed)) & (history["y"] == 0)
    return history.assign(y=history["y"].mask(shut))


def usable(tables: Tables, history: pd.DataFrame, as_of: date) -> dict[str, tuple[str, ...]]:
    """The columns of weather and of events that the history can learn from: {"weather": names, "events": names}."""
    weather = weather_days(tables)
    known = weather[weather["ds"].isin(history["ds"])]
    found = {"weather": tuple(name for name in WEATHER if known[name].notna().sum() >= LEAST_WEATHER_DAYS)}
    events = event_days(tables, history["ds"].iloc[0].date(), as_of)
    enough = [kind for kind in EVENT_KINDS if LEAST_EVENT_DAYS <= events[kind].sum() <= len(events) - LEAST_EVENT_DAYS]
    return {name: columns for name, columns in (found | {"events": tuple(enough)}).items() if columns}


def columns_of(tables: Tables, names: tuple[str, ...], first: date, as_of: date) -> pd.DataFrame | None:
    """ds and the named columns, from the first day to AHEAD_DAYS after `as_of`, as far as they are known; None without names."""
    if not names:
        return None
    last = as_of + timedelta(days=AHEAD_DAYS)
    frame = event_days(tables, first, last).merge(weather_days(tables).drop(columns="is_forecast"), on="ds", how="left")
    return frame[["ds", *names]]


def judge_columns(
    history: pd.DataFrame,
    groups: dict[str, tuple[str, ...]],
    seen_at: Callable[[date], Tables],
    *,
    country: str,
    seed: int,
    brief: bool = False,
) -> dict[str, Any]:
    """Which groups of columns make forecasts better out of time, from what was known then: {"kept": names, "groups": {name: figures}}.

    Figures: error_without and error_with (sums of absolute errors over the next 16 days at up to six past days), days_known (of those
    days, share whose weather had been forecast) and, for weather, error_if_known, with the weather that came: an upper bound of the gain
    (left out where `brief`).
    """
    count = min((len(history) - HISTORY_BEFORE - WEATHER_DAYS) // SPACED_DAYS + 1, BRIEF_ORIGINS if brief else ORIGINS)
    if count < 2 or not groups:
        return {"kept": (), "groups": {name: {"code": "short_history"} for name in groups}}
    ends = [len(history) - WEATHER_DAYS - SPACED_DAYS * back for back in range(count - 1, -1, -1)]
    replay = _Replay(history, ends, seen_at, country, seed)
    without = replay.error(())
    judged: dict[str, Any] = {}
    for name, columns in groups.items():
        judged[name] = {"error_without": without, "error_with": replay.error(columns), "days_known": replay.known_share(columns)}
        if name == "weather" and not brief:
            judged[name]["error_if_known"] = replay.error(columns, as_it_came=True)
    kept = tuple(c for name, columns in groups.items() if judged[name]["error_with"] < WORTH_IT * without for c in columns)
    return {"kept": kept, "groups": judged}


class _Replay:
    """Light forecasts of the next days at past ends of the history, fitted before the first, with columns as they were known."""

    def __init__(self, history: pd.DataFrame, ends: list[int], seen_at: Callable[[date], Tables], country: str, seed: int) -> None:
        self.history, self.ends, self.seen_at, self.country, self.seed = history, ends, seen_at, country, seed
        self.first = history["ds"].iloc[0].date()
        self.seen: dict[int, Tables] = {}

    def error(self, names: tuple[str, ...], *, as_it_came: bool = False) -> float:
        model = fit_series(
            self.history.iloc[: self.ends[0]],
            country=self.country,
            regressors=self._frame(names, self.ends[0]),
            members="light",
            seed=self.seed,
        )
        error = 0.0
        for end in self.ends:
            outside = self._frame(names, len(self.history) if as_it_came else end)
            said = model.predict(self.history.iloc[:end], WEATHER_DAYS, (), regressors=outside)["yhat"].to_numpy()
            error += float(np.nansum(np.abs(self.history["y"].iloc[end : end + WEATHER_DAYS].to_numpy(dtype=float) - said)))
        return error

    def known_share(self, names: tuple[str, ...]) -> float:
        """Share of the days ahead whose columns were known at the time."""
        known = []
        for end in self.ends:
            frame = self._frame(names, end)
            ahead = self.history["ds"].iloc[end : end + WEATHER_DAYS]
            known.append(
                float(frame.loc[frame["ds"].isin(ahead), list(names)].notna().all(axis=1).sum()) / WEATHER_DAYS
                if frame is not None
                else 0.0
            )
        return float(np.mean(known))

    def _frame(self, names: tuple[str, ...], end: int) -> pd.DataFrame | None:
        day = self.history["ds"].iloc[end - 1].date()
        if end not in self.seen:
            self.seen[end] = self.seen_at(day)
        return columns_of(self.seen[end], names, self.first, day)
