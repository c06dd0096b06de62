"""Values as they came into the agreed kinds: text, ids, numbers, days, flags; what was rewritten or lost is a finding."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from ml.source.findings import Finding, Ledger, examples_of
from ml.source.parsing import DateOrder, DecimalMark, parse_days, parse_flags, parse_ids, parse_numbers, parse_texts
from ml.source.tables import SPECS

_EXTRAS: Mapping[str, Mapping[str, str]] = {
    "orders": {"product_id": "id", "order_type": "text", "status": "text", "tour_km": "number", "spread": "flag"},
    "order_lines": {"made": "flag", "customer_id": "id", "date": "day", "phone": "id"},
    "customers": {"business_name": "text", "contact_name": "text", "address_id": "id"},
    "addresses": {"is_default": "flag"},
    "purchases": {"purchase_id": "id", "date": "day", "completed_at": "day", "status": "text"},
    "purchase_lines": {"purchase_id": "id", "product_id": "id", "quantity": "number", "unit_cost": "number"},
    "supplier_prices": {"product_id": "id", "unit_cost": "number", "date": "day"},
}
_COORDINATES = ("latitude", "longitude")


@dataclass(frozen=True)
class Rules:
    """What cleaning needs to know of the company: today, time zone, how numbers and dates are written, what is no sale, which zones and
    bottles there are. `exclude` and `known` are {table: {column: values or prefixes ("C*")}}; `types` are the known customer types."""

    today: date
    timezone: str = "UTC"
    decimal: DecimalMark | None = None
    date_order: DateOrder | None = None
    vat_rate: float = 0.19
    zones: str | None = None
    bottles: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    exclude: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    known: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)


def kinds_of(table: str) -> dict[str, str]:
    """column -> id, text, number, day or flag, for the canonical columns of a table and the further ones that readers bring."""
    spec = SPECS.get(table)
    kinds = {column.name: str(column.kind) for column in spec.columns} if spec else {}
    kinds = {name: "id" if name.endswith("_id") or name == "phone" else kind for name, kind in kinds.items()}
    return kinds | dict(_EXTRAS.get(table, {}))


def typed(table: str, frame: pd.DataFrame, rules: Rules, ledger: Ledger) -> pd.DataFrame:
    """The frame with every column in its kind; columns that are only there for `exclude` become text.

    Findings: number_text (corrected), number_format_assumed, number_unreadable (emptied), date_unreadable, date_order_assumed, id_format.
    """
    kinds = kinds_of(table)
    names = [str(name) for name in frame.columns if name != "known_at"]
    columns = {name: _column(table, frame[name], kinds.get(name, "text"), rules, ledger) for name in names}
    return pd.DataFrame(columns, index=frame.index).reset_index(drop=True)


def _column(table: str, values: pd.Series, kind: str, rules: Rules, ledger: Ledger) -> pd.Series:
    name = str(values.name)
    if kind == "number":
        return _number_column(table, name, values, rules, ledger)
    if kind == "day":
        return _day_column(table, name, values, rules, ledger)
    if kind == "flag":
        return parse_flags(values)
    if kind == "id":
        ids = parse_ids(values)
        _record(ledger, "id_format", table, name, values, ids.corrected, "corrected")
        return ids.values
    return parse_texts(values)


def _number_column(table: str, name: str, values: pd.Series, rules: Rules, ledger: Ledger) -> pd.Series:
    numbers = parse_numbers(values, decimal=rules.decimal, grouped=name not in _COORDINATES)
    _record(ledger, "number_unreadable", table, name, values, numbers.unreadable, "emptied")
    code = "number_format_assumed" if numbers.assumed else "number_text"
    _record(ledger, code, table, name, values, numbers.corrected, "corrected", numbers.values)
    return numbers.values


def _day_column(table: str, name: str, values: pd.Series, rules: Rules, ledger: Ledger) -> pd.Series:
    days = parse_days(values, timezone=rules.timezone, order=rules.date_order)
    _record(ledger, "date_unreadable", table, name, values, days.unreadable, "emptied")
    if days.assumed:
        _record(ledger, "date_order_assumed", table, name, values, days.values.notna(), "corrected")
    return days.values


def _record(
    ledger: Ledger, code: str, table: str, column: str, came: pd.Series, where: pd.Series, action: str, became: pd.Series | None = None
) -> None:
    if not where.any():
        return
    shown = came[where].astype(str)
    if became is not None:
        shown = shown + " → " + became[where].map("{:.10g}".format)
    ledger.findings.append(Finding(code, table, int(where.sum()), action, examples_of(shown), {"column": column}))  # type: ignore[arg-type]
