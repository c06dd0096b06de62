"""A company with a price test of known elasticity, for tests and for the bench of prices."""

import numpy as np
import pandas as pd

from ml.pricing.model import PriceTests
from ml.pricing.trials import Trial, read_trials
from tests.unit.pricing.conftest import AS_OF, promotions, sell

WEEKS_OF_TEST = 12
CUSTOMERS = 300
TRUTH = -0.8


def company(seed: int, *, rise: float = 0.10, truth: float = TRUTH, **more) -> tuple[pd.DataFrame, PriceTests]:
    """Two years of homes; in the last twelve weeks half of them, drawn by lot, pay `rise` more."""
    rng = np.random.default_rng(seed)
    paths = np.tile(promotions(rng, share=more.pop("share", 0.2)), (CUSTOMERS, 1))
    arm = (rng.permutation(CUSTOMERS) < CUSTOMERS // 2).astype(float)
    paths[arm == 1, -WEEKS_OF_TEST:] += np.log1p(rise)
    lines = sell(seed + 1000, paths, truth, customers=CUSTOMERS, rate=more.pop("rate", 0.5), **more)
    ids = [f"Hogar-{number}" for number in range(CUSTOMERS)]
    end = pd.Timestamp(AS_OF)
    rows = pd.DataFrame(
        {"experiment_id": "dynamic_pricing_20260806", "customer_id": ids, "arm": arm, "product_id": "PC",
         "start": end - pd.Timedelta(days=7 * WEEKS_OF_TEST - 1), "end": end, "units": np.nan, "unit_price": np.nan, "is_simulated": False}
    )  # fmt: skip
    return lines, PriceTests(rows, pd.DataFrame({"customer_id": ids, "customer_type": "Hogar"}))


def found(lines: pd.DataFrame, tests: PriceTests) -> list[Trial]:
    """What the test says of the homes' bottles."""
    return read_trials(tests.rows, lines, tests.customers, ["PC"]).get(("PC", "Hogar"), [])
