"""How much will be sold on each of the next 90 days: orders, revenue and bottles of the company, and how they divide into parts."""

from datetime import date, timedelta
from functools import partial
from typing import Any, ClassVar

import pandas as pd

from ml.evaluation.baselines import seasonal_naive
from ml.forecasting import SeriesModel, fit_series, totals_of
from ml.forecasting.behind import behind
from ml.forecasting.parts import Parts, fit_parts
from ml.forecasting.series_model import MemberChoice
from ml.forecasting.weather_effect import weather_effects
from ml.predictors.base import PREDICTION_COLUMNS, Company, Measure, Predictor
from ml.predictors.demand import outside, rows, series
from ml.predictors.demand.replay import replay
from ml.source.tables import Tables

STORED_DAYS = 90
JUDGED_DAYS = 30
TOTALS = (7, 30)
BASELINE = "the same weekday of the last week"
PART_KINDS = ("company", "zone", "customer_type", "product")
FULL_SERIES, LIGHT_SERIES = 20, 180
FULL_LEAST_ORDERS_A_DAY = 5.0  # below this trees and Prophet have nothing to find
LIGHT_LEAST_ORDERS_A_DAY = 1.0  # below this proportions are better than any model of the part
STEP_WEEKS = 4
SEASON_ORDERS_A_DAY = 5.0  # with fewer the course of a year cannot be told from chance


class Demand(Predictor):
    """Orders, revenue and bottles per day for 90 days with 80 % and 95 % bands, and totals of 7 and 30 days with bands of their own.

    Company, a day: `detail` = open, holiday (name or None), members, scale and scale_squared of the history (for MASE and RMSSE), where
    weather helps base (the forecast at usual weather) and the weather, where a closure was announced closure, and where there is little
    data reason. A total: open_days, and closed_days, what was sold on days that count as closed within the last year.

    Parts (zone, customer_type, product) have totals only, and those of a kind add up to the company; OTHERS holds the rest, and method
    proportion is within it. The 30-day total carries the days in `detail.path`, the 7-day one how past weeks went (`record`), and that of
    a bottle its `quantiles` and what ordering by them would have done (`service`).

    `replay`, `behind` and `weather_effect` (entity measure) say how the last three months would have gone, what stands behind the
    forecast, and what weather did. A company whose products are not told apart as bottles has no bottles rows.
    """

    name = "demand"
    question = "How much will be sold in the next 30 days?"
    measures = (
        Measure("orders", "orders/day", PART_KINDS, JUDGED_DAYS, "mase", BASELINE),
        Measure("revenue", "currency/day", PART_KINDS, JUDGED_DAYS, "mase", BASELINE),
        Measure("bottles", "bottles/day", PART_KINDS, JUDGED_DAYS, "mase", BASELINE),
        Measure("replay", "MASE", ("measure",), 0, None),
        Measure("behind", "share", ("measure",), 0, None),
        Measure("weather_effect", "share", ("measure",), 0, None),
    )
    reads = ("orders", "order_lines", "products", "customers", "weather", "events")
    parts_: ClassVar[dict[tuple[str, str], Parts]] = {}  # of releases made before there were parts
    kept_: ClassVar[dict[str, tuple[str, ...]]] = {}
    told_: ClassVar[dict[tuple[str, str], dict[str, Any]]] = {}

    def __init__(self, company: Company) -> None:
        super().__init__(company)
        self.models_: dict[str, SeriesModel] = {}

    def judged(self, predicted: pd.DataFrame) -> pd.DataFrame:
        """The company's single days within the 30 days whose accuracy is promised."""
        if predicted.empty:
            return predicted
        asked = predicted[(predicted["window_days"] == 1) & (predicted["entity_type"] == "company")]
        days = pd.to_datetime(asked["target_date"])
        return asked[days < days.min() + timedelta(days=JUDGED_DAYS)]

    def _fit(self, tables: Tables, as_of: date) -> None:
        self.models_, self.kept_, self.parts_, self.told_ = {}, {}, {}, {}  # type: ignore[misc]
        found = _histories(tables, as_of)
        for measure, history in found.items():
            groups = outside.usable(tables, history, as_of)
            verdict = outside.judge_columns(
                history,
                groups,
                partial(tables.known, reads=("weather", "events")),
                country=self.company.country,
                seed=self.company.seed,
                brief=self.company.only_judged,
            )
            kept = tuple(verdict["kept"])
            self.kept_[measure] = kept
            self.models_[measure] = self._series(history, outside.columns_of(tables, kept, history["ds"].iloc[0].date(), as_of))
            self._tell(measure, history, tables, verdict)
        if not self.company.only_judged:
            self._fit_parts(tables, as_of, found)

    def _series(self, history: pd.DataFrame, regressors: pd.DataFrame | None, members: MemberChoice = "full") -> SeriesModel:
        return fit_series(history, country=self.company.country, regressors=regressors, members=members, seed=self.company.seed)

    def _tell(self, measure: str, history: pd.DataFrame, tables: Tables, verdict: dict[str, Any]) -> None:
        """What a backtest does not ask for: the months told again and the effect of weather."""
        if self.company.only_judged:
            return
        self.told_["replay", measure] = replay(history, country=self.company.country)
        seen = outside.weather_days(tables)
        values = self.company.preferences
        effects = weather_effects(
            history, seen[~seen["is_forecast"]], values.hot_day_celsius, values.rainy_day_mm, country=self.company.country
        )
        limits = {"hot_day_celsius": values.hot_day_celsius, "rainy_day_mm": values.rainy_day_mm}
        self.told_["weather_effect", measure] = {"effects": effects, "kept": list(verdict["kept"]), "groups": verdict["groups"], **limits}

    def _fit_parts(self, tables: Tables, as_of: date, found: series.Histories) -> None:
        cells = {key: part for key, part in _parts(tables, as_of, found).items() if len(part.columns) > 1}
        orders_a_day = float(found["orders"]["y"].tail(series.YEAR_DAYS).mean())
        members = _members(cells, orders_a_day)
        for (measure, kind), frame in cells.items():
            step = 1 if (measure, kind) == ("bottles", "product") else STEP_WEEKS
            total = frame[["ds"]].assign(y=frame.drop(columns="ds").sum(axis=1))
            self.parts_[measure, kind] = fit_parts(
                total, frame, members[measure, kind], country=self.company.country, step_weeks=step, seed=self.company.seed
            )

    def _predict(self, tables: Tables, as_of: date) -> pd.DataFrame:
        answer: list[rows.Row] = []
        found = _histories(tables, as_of)
        closed = outside.closed_days(tables, as_of, as_of + timedelta(days=STORED_DAYS))
        said: dict[str, tuple[pd.DataFrame, pd.DataFrame]] = {}
        orders_a_day = float(found["orders"]["y"].tail(series.YEAR_DAYS).mean()) if "orders" in found else 0.0
        for measure, history in found.items():
            if measure in self.models_:
                model, known = self.models_[measure], self._known(measure, tables, history, as_of)
                ahead, totals = self._ahead(model, history, known)
                said[measure] = rows.shut(ahead, totals, closed, model.member_names)
                answer += rows.company_rows(measure, model, history, *said[measure])
                if not self.company.only_judged:
                    stands_behind = behind(model, history, regressors=known)
                    if orders_a_day < SEASON_ORDERS_A_DAY:
                        stands_behind |= {"season": None} if stands_behind else {}
                    answer += self._told(measure, as_of, stands_behind)
        if not self.company.only_judged:
            answer += self._part_rows(tables, as_of, found, said)
        return pd.DataFrame(answer, columns=list(PREDICTION_COLUMNS))

    def _known(self, measure: str, tables: Tables, history: pd.DataFrame, as_of: date) -> pd.DataFrame | None:
        return outside.columns_of(tables, self.kept_.get(measure, ()), history["ds"].iloc[0].date(), as_of)

    def _ahead(self, model: SeriesModel, history: pd.DataFrame, known: pd.DataFrame | None) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The forecast frame and its totals; where weather is used, beside each day it is known for what usual weather would bring."""
        ahead = model.predict(history, STORED_DAYS, TOTALS, regressors=known)
        totals = totals_of(ahead)
        weather = [name for name in outside.WEATHER if known is not None and name in known]
        if not weather or known is None:
            return ahead, totals
        base = model.predict(history, STORED_DAYS, (), regressors=known.assign(**dict.fromkeys(weather, float("nan"))))["yhat"]
        day = ahead[["ds"]].merge(known[["ds", *weather]], on="ds", how="left")
        told = day[weather].notna().all(axis=1).to_numpy()
        columns = {name: day[name].to_numpy() for name in weather if name != "humidity"}
        return ahead.assign(base=base.where(told).to_numpy(), **columns), totals

    def _told(self, measure: str, as_of: date, stands_behind: dict[str, Any]) -> list[rows.Row]:
        told = {name: self.told_[name, measure] for name in ("replay", "weather_effect") if (name, measure) in self.told_}
        headline = {"replay": told.get("replay", {}).get("mase"), "behind": stands_behind.get("trend")}
        return [
            rows.row(
                name, as_of, 1, float("nan") if (value := headline.get(name)) is None else float(value), {}, detail, ("measure", measure)
            )
            for name, detail in (told | {"behind": stands_behind}).items()
        ]

    def _part_rows(self, tables: Tables, as_of: date, found: series.Histories, said: dict[str, Any]) -> list[rows.Row]:
        known = tables["products"].drop_duplicates("product_id").dropna(subset=["name"])
        products = dict(zip(known["product_id"], known["name"], strict=True))
        answer = []
        for (measure, kind), parts in self.parts_.items():
            if measure not in said:
                continue
            ahead = said[measure][0]
            cells = series.part_rows(tables, kind, measure)
            history = series.part_matrix(cells, [name for name in parts.names if name != series.OTHERS], found[measure]["ds"])
            history = history.reindex(columns=["ds", *parts.names], fill_value=0.0)
            labels = products if kind == "product" else {}
            values = parts.divide(history, ahead)
            divided = rows.Division(parts, values, ahead["ds"], rows.least_of(history))
            answer += rows.part_rows(measure, kind, divided, TOTALS, labels)
            if series.OTHERS in parts.names:
                rest = values[:, parts.names.index(series.OTHERS)]
                tail = series.tail_shares(cells, list(parts.names), as_of)
                answer += rows.tail_rows(measure, kind, tail, rest, ahead["ds"], TOTALS, labels)
        return answer

    def _baseline(self, tables: Tables, as_of: date) -> pd.DataFrame:
        answer: list[rows.Row] = []
        for measure, history in _histories(tables, as_of).items():
            values = seasonal_naive(history["y"], STORED_DAYS)
            days = [as_of + timedelta(days=step) for step in range(1, STORED_DAYS + 1)]
            scales = rows.scales(history)
            answer += [rows.row(measure, day, 1, float(value), {}, scales) for day, value in zip(days, values, strict=True)]
            answer += [rows.row(measure, days[window - 1], window, float(values[:window].sum()), {}, {}) for window in TOTALS]
        return pd.DataFrame(answer, columns=list(PREDICTION_COLUMNS))

    def _actual(self, tables: Tables, predicted: pd.DataFrame, as_of: date) -> pd.Series | None:
        truth = pd.Series(float("nan"), index=predicted.index, dtype="float64")
        if not tables.has("orders"):
            return truth
        found = series.histories(tables, as_of, least_days=1)
        for (measure, kind), asked in predicted.groupby(["measure", "entity_type"], sort=False):
            if measure not in found or kind not in PART_KINDS:
                continue
            if kind == "company":
                truth.loc[asked.index] = _sums(found[measure].set_index("ds")["y"], asked)
                continue
            cells = series.part_rows(tables, kind, measure)
            named = set(asked["entity_id"]) - {series.OTHERS}
            matrix = series.part_matrix(cells, sorted(named), found[measure]["ds"]).set_index("ds")
            for part, part_asked in asked.groupby("entity_id", sort=False):
                values = matrix[part] if part in matrix else pd.Series(0.0, index=matrix.index)
                truth.loc[part_asked.index] = _sums(values, part_asked)
        return truth


def _histories(tables: Tables, as_of: date) -> series.Histories:
    """The company's histories, with the days of announced closures as unknown."""
    found = series.histories(tables, as_of)
    first = next(iter(found.values()))["ds"].iloc[0].date()
    closed = outside.closed_days(tables, first, as_of)
    return {name: outside.without_closures(history, closed) for name, history in found.items()} if closed else found


def _parts(tables: Tables, as_of: date, found: series.Histories) -> dict[tuple[str, str], pd.DataFrame]:
    """(measure, kind) -> ds and a column per part; the measures whose parts the data tells."""
    customers = series.buyers(tables, as_of)
    frames = {}
    for kind, measures in series.KINDS.items():
        for measure in measures:
            cells = series.part_rows(tables, kind, measure) if measure in found else pd.DataFrame()
            names = series.named_parts(cells, as_of, customers) if len(cells) else []
            if names:
                frames[measure, kind] = series.part_matrix(cells, names, found[measure]["ds"])
    return frames


def _members(cells: dict[tuple[str, str], pd.DataFrame], orders_a_day: float) -> dict[tuple[str, str], dict[str, MemberChoice]]:
    """Which parts get a model of their own: the 20 largest the full ensemble, the next 180 the light one, the others none.

    A part is as large as its share of the company. One with few orders a day gets the light one, one with very few goes by proportions.
    """
    sized = []
    for key, frame in cells.items():
        recent = frame.drop(columns="ds").tail(series.YEAR_DAYS).sum()
        whole = max(float(recent.sum()), 1e-9)
        sized += [(float(value) / whole, key, str(name)) for name, value in recent.items() if name != series.OTHERS]
    chosen: dict[tuple[str, str], dict[str, MemberChoice]] = {key: {} for key in cells}
    for rank, (share, key, name) in enumerate(sorted(sized, key=lambda one: (-one[0], one[1], one[2]))[: FULL_SERIES + LIGHT_SERIES]):
        if share * orders_a_day >= LIGHT_LEAST_ORDERS_A_DAY:
            is_full = rank < FULL_SERIES and share * orders_a_day >= FULL_LEAST_ORDERS_A_DAY
            chosen[key][name] = "full" if is_full else "light"
    return chosen


def _sums(values: pd.Series, asked: pd.DataFrame) -> Any:
    """What came within the window of each asked row."""
    until = values.cumsum()
    ends = pd.to_datetime(asked["target_date"])
    begins = ends - pd.to_timedelta(asked["window_days"], unit="D")
    return until.reindex(ends).to_numpy() - until.reindex(begins).to_numpy()
