"""How good the forecaster is on real daily series, beside what teams use: prints one table per kind of figure.

    python tests/bench/bench_forecasting.py [--data FOLDER] [--series 25] [--cutoffs 3]

Reads daily_series.parquet and daily_series_meta.csv (unique_id, ds, y; country). Three rolling cutoffs, 30 days each. Ratios are geometric
means over series with a bootstrap interval over series. CPU is that of the process and its children, per window.
"""

import argparse
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from ml.evaluation.baselines import seasonal_naive, weekday_median  # noqa: E402
from ml.evaluation.metrics import coverage, interval_score, mase, naive_scale, rmsse, wape  # noqa: E402
from ml.forecasting import fit_series, totals_of  # noqa: E402
from ml.forecasting.closures import learn_closures  # noqa: E402
from ml.forecasting.days import day_table  # noqa: E402
from ml.forecasting.history import read_history  # noqa: E402

DATA = ROOT.parent / "shared" / "data"
HORIZON = 30
LEVELS = (80, 95)
REFERENCE = "plain Prophet"
Answer = dict[str, np.ndarray]


def forecaster(history: pd.DataFrame, country: str, members: str = "full") -> Answer:
    frame = fit_series(history, country=country, members=members).predict(history, HORIZON)
    totals = {f"total{int(row['days'])}": np.array([row["total"], row["lo80"], row["hi80"]]) for row in totals_of(frame).to_dict("records")}
    return {name: frame[name].to_numpy() for name in ("yhat", "lo80", "hi80", "lo95", "hi95")} | totals


def plain_prophet(history: pd.DataFrame, country: str) -> Answer:
    return _prophet(history, pd.DataFrame({"ds": _days_after(history)}))


def prophet_with_closures(history: pd.DataFrame, country: str) -> Answer:
    """Prophet on open days with the country's holidays, 0 on learnt closed days."""
    series = read_history(history)
    table = day_table(series.days[0], len(series) + HORIZON, country)
    is_open = learn_closures(series.y, table.take(slice(0, len(series)))).is_open(table)
    answer = _prophet(history[is_open[: len(series)]], pd.DataFrame({"ds": _days_after(history)}), country)
    future = is_open[len(series) :]
    return {
        name: np.where(future, np.maximum(values, 0), 0.0) if name.startswith(("yhat", "lo", "hi")) else values
        for name, values in answer.items()
    }


def _prophet(history: pd.DataFrame, future: pd.DataFrame, country: str | None = None) -> Answer:
    import logging

    from prophet import Prophet

    logging.getLogger("cmdstanpy").setLevel(logging.CRITICAL)
    np.random.seed(1)  # Prophet draws its bands from the global generator
    model = Prophet()
    if country:
        model.add_country_holidays(country_name=country)
    model.fit(history)
    samples = model.predictive_samples(future)["yhat"]
    edges = np.quantile(samples, [0.1, 0.9, 0.025, 0.975], axis=1)
    answer = dict(zip(("lo80", "hi80", "lo95", "hi95"), edges, strict=True)) | {"yhat": model.predict(future)["yhat"].to_numpy()}
    for days in (7, 30):
        total = samples[:days].sum(axis=0)
        answer[f"total{days}"] = np.array([answer["yhat"][:days].sum(), *np.quantile(total, [0.1, 0.9])])
    return answer


def naive(rule: Callable[[np.ndarray, int], np.ndarray]) -> Callable[[pd.DataFrame, str], Answer]:
    """A naive rule with bands from its own errors over the last 26 weeks' starts."""

    def answer(history: pd.DataFrame, country: str) -> Answer:
        values = history["y"].to_numpy(dtype=float)
        guess = rule(values, HORIZON)
        starts = range(max(len(values) - 182, 70), len(values) - 7, 7)
        errors = np.concatenate([values[start : start + 7] - rule(values[:start], 7) for start in starts])
        edges = {
            name: np.maximum(guess + np.quantile(errors, p), 0)
            for name, p in (("lo80", 0.1), ("hi80", 0.9), ("lo95", 0.025), ("hi95", 0.975))
        }
        sums = {f"total{days}": np.array([guess[:days].sum(), np.nan, np.nan]) for days in (7, 30)}
        return {"yhat": guess} | edges | sums

    return answer


METHODS: dict[str, Callable[[pd.DataFrame, str], Answer]] = {
    "this forecaster": forecaster,
    "light members": lambda history, country: forecaster(history, country, "light"),
    REFERENCE: plain_prophet,
    "Prophet, closures and holidays": prophet_with_closures,
    "median of eight same weekdays": naive(weekday_median),
    "seasonal naive": naive(seasonal_naive),
}


def _days_after(history: pd.DataFrame) -> pd.DatetimeIndex:
    return pd.date_range(history["ds"].iloc[-1] + pd.Timedelta(days=1), periods=HORIZON)


def judge(answer: Answer, truth: np.ndarray, history: pd.DataFrame) -> dict[str, float]:
    """Every figure of one window."""
    values, total = history["y"].to_numpy(dtype=float), float(truth.sum())
    scale, squared = naive_scale(values), naive_scale(values, power=2)
    row = {
        "mase": mase(truth, answer["yhat"], scale),
        "rmsse": rmsse(truth, answer["yhat"], squared),
        "wape": wape(truth, answer["yhat"]),
        "late": mase(truth[21:], answer["yhat"][21:], scale),
        "total_error": abs(answer["total30"][0] - total) / max(total, 1e-9),
        "bias": (answer["yhat"].sum() - total) / max(total, 1e-9),
    }
    for level in LEVELS:
        low, high = answer[f"lo{level}"], answer[f"hi{level}"]
        row |= {f"cover{level}": coverage(truth, low, high), f"score{level}": interval_score(truth, low, high, level) / scale}
    for days in (7, 30):
        _, low, high = answer[f"total{days}"]
        row[f"covered{days}"] = float("nan") if np.isnan(low) else float(low <= truth[:days].sum() <= high)
    return row


def measure(data: Path, series: int, cutoffs: int, log: Callable[[str], object]) -> pd.DataFrame:
    """One row per series, cutoff and method."""
    daily, meta = pd.read_parquet(data / "daily_series.parquet"), pd.read_csv(data / "daily_series_meta.csv").set_index("unique_id")
    rows = []
    for name in list(dict.fromkeys(daily["unique_id"]))[:series]:
        frame = daily.loc[daily["unique_id"] == name, ["ds", "y"]].reset_index(drop=True)
        for back in range(cutoffs, 0, -1):
            known, truth = frame.iloc[: -HORIZON * back], frame["y"].to_numpy()[len(frame) - HORIZON * back :][:HORIZON]
            for method, function in METHODS.items():
                before = os.times()
                answer = function(known, meta.loc[name, "country"])
                after = os.times()
                rows.append(
                    {"series": name, "back": back, "method": method, "cpu": sum(after[:4]) - sum(before[:4]), **judge(answer, truth, known)}
                )
        log(f"{name}\n")
    return pd.DataFrame(rows)


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over windows, medians and worst deciles where they say more, one line per method."""
    grouped = rows.groupby("method", sort=False)
    by_series = rows.groupby(["method", "series"], sort=False)[["cover80", "cover95"]].mean().groupby("method", sort=False)
    table = grouped[["mase", "rmsse", "wape", "late"]].mean()
    table["total30 error (median)"] = grouped["total_error"].median()
    table["bias"] = grouped["bias"].median()
    table[["cover80", "cover95", "score80", "score95"]] = grouped[["cover80", "cover95", "score80", "score95"]].mean()
    table[["worst decile 80", "worst decile 95"]] = by_series.quantile(0.1)
    table[["7 days covered", "30 days covered"]] = grouped[["covered7", "covered30"]].mean()
    table["CPU s"] = grouped["cpu"].mean()
    return table


def ratios(rows: pd.DataFrame, seed: int = 1) -> pd.DataFrame:
    """Geometric mean over series of each figure over plain Prophet's, with a 90 % bootstrap interval, and the share of series won."""
    rng = np.random.default_rng(seed)
    means = rows.groupby(["method", "series"], sort=False)[["mase", "rmsse", "total_error", "score80", "score95"]].mean()
    out = {}
    for method in rows["method"].unique():
        logs = np.log((means.loc[method] + 1e-9) / (means.loc[REFERENCE] + 1e-9))
        draws = [np.exp(logs.sample(frac=1, replace=True, random_state=rng).mean()) for _ in range(500)]
        low, high = pd.concat(draws, axis=1).quantile([0.05, 0.95], axis=1).to_numpy()
        cells = {name: f"{value:.3f} ({a:.3f}-{b:.3f})" for name, value, a, b in zip(logs, np.exp(logs.mean()), low, high, strict=True)}
        out[method] = cells | {"series won": f"{(logs['mase'] < 0).mean():.0%}"}
    return pd.DataFrame(out).T


def report(data: Path = DATA, series: int = 25, cutoffs: int = 3, log: Callable[[str], object] = sys.stderr.write) -> list[str]:
    """The tables as lines of text; one line that says so where the data is absent."""
    if not (data / "daily_series.parquet").exists():
        return [f"Skipped: there is no daily_series.parquet in {data}; give its folder with --data."]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = measure(data, series, cutoffs, log)
    with pd.option_context("display.width", 250, "display.max_columns", 30, "display.float_format", "{:.3f}".format):
        head = f"{rows['series'].nunique()} series, {cutoffs} cutoffs, {HORIZON} days"
        tables = [str(summary(rows)), "", "Ratios to plain Prophet (90 % bootstrap interval over series)", str(ratios(rows))]
    return [head, "", *"\n".join(tables).splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--series", type=int, default=25)
    parser.add_argument("--cutoffs", type=int, default=3)
    options = parser.parse_args()
    sys.stdout.write("\n".join(report(options.data, options.series, options.cutoffs)) + "\n")


if __name__ == "__main__":
    main()
