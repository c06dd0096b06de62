"""How well price effects and tour costs are read where the truth is known: demo companies of several seeds, and simulated price tests.

    python tests/bench/bench_prices.py [--size standard] [--seeds 6] [--first 13]

    python tests/bench/bench_prices.py --tests      # only what price tests find, alone and together with the history

Elasticities: every product and customer type against the hidden truth. Tours: out of time over the last 30 days, beside the formula.
"""

import argparse
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from ml.predictors.base import Company  # noqa: E402
from ml.predictors.price import Price  # noqa: E402
from ml.predictors.route_cost import RouteCost  # noqa: E402
from ml.pricing.model import fit_prices  # noqa: E402
from ml.settings import load_settings  # noqa: E402
from ml.source.demo import make_demo  # noqa: E402
from ml.source.demo.products import PRODUCTS, TYPES  # noqa: E402
from ml.source.reading import read_company  # noqa: E402
from ml.source.tables import Tables  # noqa: E402
from tests.unit.pricing.conftest import AS_OF  # noqa: E402
from tests.unit.pricing.trial_company import TRUTH, company, found  # noqa: E402

END = date(2026, 10, 28)
SUPPORT = timedelta(days=30)
NO_COSTS = pd.DataFrame(columns=["product_id", "date", "unit_cost"])


def demo_tables(size: str, seed: int) -> Tables:
    """The canonical tables of a fresh demo company."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "data").mkdir()
        path = home / "data" / "demo.db"
        make_demo(path, size, END, seed)
        key = "a-key-for-benches-0123456789-0123456789"
        settings = load_settings(env_file=None, home=home, secret_key=key, as_of=END, source=f"sqlite:///{path}", mapping="3t")
        return read_company(settings, END).tables


def elasticities(tables: Tables, seed: int) -> list[tuple[object, ...]]:
    """Rows of seed, product, customer type, truth, estimate, in 80 %, in 90 %, width of 90 %, reason."""
    model = Price(Company()).fit(tables, END).model_
    assert model is not None
    truth = {(product.product_id, kind): value for product in PRODUCTS for kind, value in zip(TYPES, product.elasticity, strict=True)}
    rows: list[tuple[object, ...]] = []
    for key, cell in model.cells.items():
        bands = [cell.elasticity.interval(level) for level in (0.8, 0.9)]
        inside = [low <= truth[key] <= high for low, high in bands]
        rows.append((seed, *key, truth[key], cell.elasticity.value, *inside, bands[1][1] - bands[1][0], cell.elasticity.reason))
    return rows


def tours(tables: Tables, seed: int) -> tuple[object, ...]:
    """Seed, basis, tours judged, mean absolute error of the model, of its baseline, coverage of the 80 % band."""
    cutoff = END - SUPPORT
    predictor = RouteCost(Company()).fit(tables, cutoff)
    held = tables.known(END, cells_as_of=cutoff)
    said, naive = predictor.predict(held, END), predictor.baseline(held, END)
    truth = predictor.actual(tables, said, END)
    assert truth is not None
    said = said.assign(truth=truth)[truth.notna()]
    naive = naive.set_index("entity_id").loc[said["entity_id"]]
    inside = ((said["lo80"] <= said["truth"]) & (said["truth"] <= said["hi80"])).mean()
    errors = (said["value"] - said["truth"]).abs().mean(), np.abs(naive["value"].to_numpy() - said["truth"].to_numpy()).mean()
    return seed, predictor.model_.basis if predictor.model_ else "", len(said), *errors, inside


def report(size: str, seeds: range) -> list[str]:
    """The two tables as text."""
    read, driven = [], []
    for seed in seeds:
        tables = demo_tables(size, seed)
        read += elasticities(tables, seed)
        driven.append(tours(tables, seed))
    frame = pd.DataFrame(read, columns=["seed", "product", "type", "truth", "estimate", "in80", "in90", "width90", "reason"])
    found = frame[frame["reason"].isna()].assign(error=lambda rows: rows["estimate"] - rows["truth"])
    table = found.groupby(["product", "type"]).agg({"truth": "mean", "error": "mean", "in80": "mean", "in90": "mean", "width90": "mean"})
    lines = [table.assign(count=found.groupby(["product", "type"]).size()).astype(float).round(2).to_string()]
    total = found[["error", "in80", "in90", "width90"]].astype(float).mean().round(3).to_dict()
    lines += [f"all {len(found)} of {len(frame)}: {total}, RMSE {np.sqrt((found['error'] ** 2).mean()):.2f}"]
    lines += [frame["reason"].value_counts().to_string(), ""]
    lines += [pd.DataFrame(driven, columns=["seed", "basis", "tours", "mae", "mae baseline", "in80"]).round(2).to_string(index=False)]
    return lines


def price_tests(alone: int = 160, together: int = 24) -> list[str]:
    """Simulated tests (+10 %, 150 + 150 homes, twelve weeks) by themselves, and with two years of a history of few promotions."""
    trials = [found(*company(seed))[0] for seed in range(alone)]
    values = np.array([one.value for one in trials])
    inside = np.mean([low <= TRUTH <= high for low, high in (one.interval(0.95) for one in trials)])
    lines = [
        f"{alone} tests alone, truth {TRUTH}: mean {values.mean():.2f}, standard error {np.mean([one.se for one in trials]):.2f} against a "
        f"spread of {values.std(ddof=1):.2f}, 95 % range holds it in {inside:.0%}"
    ]
    read: dict[str, list[tuple[float, float, bool]]] = {"history": [], "test": [], "together": []}
    for seed in range(together):
        lines_sold, tests = company(seed, share=0.05, rate=1.0)
        fitted = fit_prices(lines_sold, NO_COSTS, AS_OF, rng=np.random.default_rng(1), tests=tests).cells["PC", "Hogar"].elasticity
        for name, one in (("history", fitted.history), ("test", fitted.trials[0]), ("together", fitted)):
            low, high = one.interval(0.8)
            read[name].append((one.value - TRUTH, high - low, low <= TRUTH <= high))
    for name, rows in read.items():
        errors, widths, held = (np.array(column) for column in zip(*rows, strict=True))
        lines.append(
            f"{name}: RMSE {np.sqrt((errors**2).mean()):.2f}, 80 % range {widths.mean():.2f} wide, holds {held.sum()} of {together}"
        )
    return lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="standard")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--first", type=int, default=13)
    parser.add_argument("--tests", action="store_true")
    options = parser.parse_args()
    told = price_tests() if options.tests else report(options.size, range(options.first, options.first + options.seeds))
    sys.stdout.write("\n".join(told) + "\n")
