"""How the parts of a forecast did out of time: sums, bands, bottles bought by them, and the effect of weather beside the hidden truth.

    python -m tests.bench demand

Two demo companies and the Online Retail wholesaler. Models are fitted at the end of each of the last CUTOFFS months and asked at each
of the WEEKS weeks after it with newer data, as in service; every answer is judged by what came.
"""

import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ml.forecasting.weather_effect import weather_effects
from ml.predictors.base import Company
from ml.predictors.demand import Demand, outside, series
from ml.queries.stock import fewer, quantile_at
from ml.settings import load_settings
from ml.source.demo import make_demo
from ml.source.demo.weather import COMFORT_CELSIUS, PER_DEGREE, RAIN_EFFECT, RAINY_DAY_MM
from ml.source.reading import read_company
from ml.source.tables import Tables
from tests import retail

END = date(2026, 10, 28)
SECRET = "a-key-for-benches-0123456789-0123456789"
CUTOFFS, MONTH, WEEKS, WEEK = 4, 30, 4, 7
LEVELS = (0.8, 0.9, 0.95)
LESS = 0.1
KINDS = ("zone", "customer_type", "product")
HOT, RAINY = 28.0, 5.0


class PartsOnly(Demand):
    """The predictor without what only screens ask for."""

    def _tell(self, measure: str, history: pd.DataFrame, tables: Tables, verdict: dict[str, Any]) -> None: ...


def report() -> list[str]:
    """Markdown tables: how each kind divides, sums and bands, bottles, weather."""
    companies = list(_companies())
    parts, bands, bottles = [], [], []
    for name, tables, end, country in companies:
        began = time.process_time()
        model, answers = _answers(tables, end, country)
        parts += _methods(name, model)
        bands += _bands(name, answers)
        bottles += _bottles(name, answers)
        bands.append(f"| {name} | CPU {time.process_time() - began:.0f} s | | | | | |")
    return [
        *("", "Error of weekly sums over the replayed weeks:", ""),
        *("| company, part | proportions | minimum trace | used |", "|---|---|---|---|", *parts),
        *("", "Sums and bands out of time (a day's band is judged on the days 1 to 7):", ""),
        "| company, part | furthest from the sum | what | cases | in 80 % | in 95 % | mean width of 80 % / mean |",
        *("|---|---|---|---|---|---|---|", *bands),
        *("", f"Bottles for a week, ordered at a level and {LESS:.0%} under it:", ""),
        "| company, product | level | weeks | lasted | left over | missing | lasted with less | missing with less |",
        *("|---|---|---|---|---|---|---|---|", *bottles),
        *("", "Weather:", "", *_weather(companies)),
    ]


def _companies() -> Iterator[tuple[str, Tables, date, str]]:
    for size in ("small", "standard"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "demo.db")
            make_demo(path, size, END)
            settings = load_settings(
                env_file=None, home=Path(folder), secret_key=SECRET, as_of=END, source=f"sqlite:///{path}", mapping="3t"
            )
            yield size, read_company(settings, END).tables, END, "CL"
    if retail.LINES.exists():
        with tempfile.TemporaryDirectory() as folder:
            retail.write_mapping(Path(folder))
            reading = read_company(retail.settings(Path(folder)), date(2012, 1, 1))
            yield "Online Retail", reading.tables, reading.as_of, "GB"


def _answers(tables: Tables, end: date, country: str) -> tuple[Demand, list[tuple[int, pd.DataFrame]]]:
    """The last fitted predictor, and each answer with what came: (week after the fit, rows with `actual`)."""
    answers = []
    for back in range(CUTOFFS, 0, -1):
        cutoff = end - timedelta(days=MONTH * back)
        model = PartsOnly(Company(country=country)).fit(tables, cutoff)
        for week in range(WEEKS):
            said = model.predict(tables, cutoff + timedelta(days=WEEK * week))
            answers.append((week, said.assign(actual=model.actual(tables, said, end), as_of=cutoff + timedelta(days=WEEK * week))))
    truth = _daily_truth(tables, end)
    return model, [(week, _with_days(said, truth)) for week, said in answers]


def _daily_truth(tables: Tables, end: date) -> dict[tuple[str, str], pd.DataFrame]:
    known = tables.known(end, Demand.reads)
    days = next(iter(series.histories(known, end).values()))["ds"]
    found = {}
    for kind, measures in series.KINDS.items():
        for measure in measures:
            cells = series.part_rows(known, kind, measure)
            wide = cells.pivot_table(index="order_date", columns="part", values="value", aggfunc="sum", fill_value=0.0)
            found[measure, kind] = wide.reindex(pd.DatetimeIndex(days), fill_value=0.0)
    return found


def _with_days(said: pd.DataFrame, truth: dict[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    """The days inside the parts' paths as rows of their own (window 1), beside what came on them; closed days are left out."""
    rows = []
    for row in said[said["entity_type"].isin(KINDS) & (said["window_days"] == MONTH)].to_dict("records"):
        path, came = row["detail"].get("path"), truth[row["measure"], row["entity_type"]]
        if not path or row["entity_id"] not in came:
            continue
        for day in range(WEEK):
            target = pd.Timestamp(row["as_of"]) + pd.Timedelta(days=day + 1)
            edges = {edge: path[edge][day] for edge in ("value", "lo80", "hi80", "lo95", "hi95")}
            if edges["value"] > 0 and target in came.index:
                rows.append(row | edges | {"window_days": 1, "target_date": target, "actual": came.at[target, row["entity_id"]]})
    return pd.concat([said, pd.DataFrame(rows)], ignore_index=True) if rows else said


def _methods(name: str, model: Demand) -> list[str]:
    told = []
    for (measure, kind), parts in model.parts_.items():
        plain, traced = (parts.errors.get(method) for method in ("top_down", "min_trace"))
        used = {"top_down": "proportions", "min_trace": "minimum trace"}[parts.method]
        told.append(f"| {name}, {measure} by {kind} | {_number(plain)} | {_number(traced)} | {used} |")
    return told


def _bands(name: str, answers: list[tuple[int, pd.DataFrame]]) -> list[str]:
    """Furthest that the parts' sum lies from the company, and coverage: totals of 30 days where the months do not meet."""
    lines = []
    for kind in KINDS:
        for measure in ("orders", "revenue", "bottles"):
            gaps, cases = [], {1: [], WEEK: [], MONTH: []}  # type: ignore[var-annotated]
            for week, said in answers:
                rows = said[said["measure"] == measure]
                whole = rows[rows["entity_type"] == "company"].set_index("window_days")["value"]
                mine = rows[rows["entity_type"] == kind]
                own = mine[np.array([detail.get("method") in ("top_down", "min_trace") for detail in mine["detail"]], dtype=bool)]
                for window in (WEEK, MONTH):
                    sums = own.loc[own["window_days"] == window, "value"]
                    if len(sums):
                        gaps.append(abs(float(sums.sum()) / float(whole[window]) - 1))
                for window, found in cases.items():
                    if window < MONTH or week == 0:
                        found.append(own[(own["window_days"] == window) & own["actual"].notna() & own["hi80"].notna()])
            for window, found in cases.items():
                judged = pd.concat(found) if found else pd.DataFrame()
                if len(judged):
                    lines.append(_covered(f"{name}, {measure} by {kind}", f"{window} days" if window > 1 else "a day", judged, gaps))
    return lines


def _covered(name: str, what: str, judged: pd.DataFrame, gaps: list[float]) -> str:
    inside = [((judged["actual"] >= judged[f"lo{level}"]) & (judged["actual"] <= judged[f"hi{level}"])).mean() for level in (80, 95)]
    width = float((judged["hi80"] - judged["lo80"]).sum() / max(judged["value"].sum(), 1e-9))
    return f"| {name} | {max(gaps):.4%} | {what} | {len(judged):,} | {inside[0]:.3f} | {inside[1]:.3f} | {width:.2f} |"


def _bottles(name: str, answers: list[tuple[int, pd.DataFrame]]) -> list[str]:
    rows: list[dict[str, Any]] = []
    for _, said in answers:
        week = said[(said["measure"] == "bottles") & (said["entity_type"] == "product") & (said["window_days"] == WEEK)]
        for row in week[week["actual"].notna()].to_dict("records"):
            if not row["detail"].get("quantiles"):
                continue
            kept = {float(level): value for level, value in row["detail"]["quantiles"].items()}
            for level in LEVELS:
                order = int(np.ceil(round(quantile_at(kept, level), 6)))
                rows.append({"who": row["detail"].get("name", row["entity_id"]), "level": level, "order": order, "needed": row["actual"]})
    lines = []
    for (who, level), frame in pd.DataFrame(rows, columns=["who", "level", "order", "needed"]).groupby(["who", "level"], sort=False):
        less = frame["order"].map(lambda order: fewer(order, LESS))
        short, fewer_short = ((frame["needed"] - orders).clip(lower=0) for orders in (frame["order"], less))
        left = (frame["order"] - frame["needed"]).clip(lower=0).mean()
        told = f"{(short == 0).mean():.2f} | {left:.1f} | {short.mean():.1f} | {(fewer_short == 0).mean():.2f} | {fewer_short.mean():.1f}"
        lines.append(f"| {name}, {who} | {level:.0%} | {len(frame)} | {told} |")
    return lines


def _weather(companies: list[tuple[str, Tables, date, str]]) -> list[str]:
    """The effect of hot and rainy days on orders beside the truth of the demo, and the error of forecasts with and without weather."""
    lines = ["| company, whose orders | days | seen (interval) | truth |", "|---|---|---|---|"]
    errors = ["", "| company, orders | error without | with what was known | with the weather that came | kept |", "|---|---|---|---|---|"]
    for name, tables, end, country in companies:
        seen = outside.weather_days(tables)
        if seen.empty:
            continue
        known = tables.known(end, Demand.reads)
        history = series.histories(known, end)["orders"]
        cells = series.part_rows(known, "customer_type", "orders")
        for kind in ("Hogar", "Empresa"):
            mine = (
                cells[cells["part"] == kind].groupby("order_date")["value"].sum().reindex(pd.DatetimeIndex(history["ds"]), fill_value=0.0)
            )
            asked = (history[["ds"]].assign(y=mine.to_numpy()), _thirst(seen, kind, history))
            read, true = (weather_effects(frame, seen, HOT, RAINY, country=country) for frame in asked)
            for effect, truth in zip(read, true, strict=True):
                lines.append(f"| {name}, {kind} | {effect['kind']} | {_effect(effect)} | {truth.get('effect', float('nan')):+.0%} |")
        groups = outside.usable(known, history, end)
        told = outside.judge_columns(history, groups, tables.known, country=country, seed=1)
        figures = told["groups"].get("weather", {})
        shown = " | ".join(_number(figures.get(key)) for key in ("error_without", "error_with", "error_if_known"))
        errors.append(f"| {name} | {shown} | {'yes' if told['kept'] else 'no'} |")
    return [*lines, *errors]


def _effect(effect: dict[str, Any]) -> str:
    if "effect" not in effect:
        return str(effect["code"])
    return f"{effect['effect']:+.0%} ({effect['lo95']:+.0%} … {effect['hi95']:+.0%}), {effect['code']}"


def _thirst(seen: pd.DataFrame, kind: str, open_days: pd.DataFrame) -> pd.DataFrame:
    """The demo's hidden thirst by day as a history, 0 on days without any order: what the effect should be read from."""
    days = open_days.merge(seen, on="ds")
    heat = PER_DEGREE[kind] * np.maximum(0.0, days["temp_max_c"] - COMFORT_CELSIUS)
    thirst = np.exp(heat + RAIN_EFFECT * (days["precip_mm"] >= RAINY_DAY_MM))
    return days[["ds"]].assign(y=np.where(days["y"] > 0, thirst, 0.0))


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"
