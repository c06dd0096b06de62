"""Net and gross: what the recorded amount is per customer type, and the monthly totals both ways."""

from collections.abc import Mapping

import pandas as pd

from ml.source.columns import looked_up
from ml.source.zones import fold


def basis_of(types: pd.Series, vat: Mapping[str, str]) -> pd.Series:
    """Per row "net", "gross" or "unknown": the basis of its customer type; "*" stands for every type not named."""
    folded = {fold(kind): basis for kind, basis in vat.items() if kind != "*"}
    other = vat.get("*", "unknown")
    return types.map(lambda kind: folded.get(fold(str(kind)), other) if isinstance(kind, str) else other).astype("str")


def monthly_totals(orders: pd.DataFrame, customers: pd.DataFrame, vat: Mapping[str, str], rate: float) -> pd.DataFrame:
    """month (first day), net, gross: the sums of `amount` per month without and with VAT, in the company's currency.

    Where the basis is unknown the amount as recorded stands in both.
    """
    kind = looked_up(orders["customer_id"], customers.set_index("customer_id")["customer_type"])
    basis = basis_of(kind, vat)
    net = orders["amount"].where(basis != "gross", orders["amount"] / (1 + rate))
    gross = orders["amount"].where(basis != "net", orders["amount"] * (1 + rate))
    month = orders["order_date"].dt.to_period("M").dt.to_timestamp().astype("datetime64[us]")
    sums = pd.DataFrame({"month": month, "net": net, "gross": gross}).groupby("month", as_index=False).sum()
    return sums.sort_values("month").reset_index(drop=True)
