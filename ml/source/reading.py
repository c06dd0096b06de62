"""One reading of the company's data: open, map, read, clean, keep a snapshot; or the last snapshot when the source is unreachable."""

import logging
from collections.abc import Mapping as Dict
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy.exc import SQLAlchemyError

from ml.settings import Settings
from ml.source.as_of import find_as_of
from ml.source.cells import Rules
from ml.source.columns import looked_up
from ml.source.engine import describe_source, failed, open_source, source_identity
from ml.source.errors import SourceError, SourceUnreachable
from ml.source.files import Format
from ml.source.findings import Finding
from ml.source.forgetting import Forgotten, forget
from ml.source.mapping import Mapping, load_mapping
from ml.source.preset_3t import read_3t
from ml.source.preset_lines import read_lines
from ml.source.quality import Cleaned, clean
from ml.source.raw import Raw
from ml.source.snapshot import Snapshot, fingerprint_of, keep_snapshot, last_snapshot
from ml.source.tables import SPECS, Tables
from ml.source.vat import basis_of, monthly_totals

_DAY_COLUMN = {"orders": "order_date", "tours": "date", "weather": "date", "events": "start", "unit_costs": "date"}
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reading:
    """What was read: canonical tables, findings, the last day that counts (inclusive), and where it came from.

    `source` is a label without secrets. `spans`: {table: {rows, first, last}} of the tables that are present (ISO days or None).
    `amount_basis`: net, gross, mixed or unknown. `monthly_totals`: month (first day), net, gross in the company's currency.
    `their_tables`: our table -> theirs.
    """

    tables: Tables
    findings: list[Finding]
    as_of: date
    fingerprint: str
    source: str
    from_snapshot: bool
    amount_basis: str
    spans: dict[str, dict[str, Any]]
    monthly_totals: pd.DataFrame
    their_tables: Dict[str, str]


def read_company(settings: Settings, today: date, *, vat_rate: float | None = None, forgotten: Forgotten | None = None) -> Reading:
    """Read the company's data as it is now; `today` is the local day, `vat_rate` (default: the mapping's) a share such as 0.19.

    Of customers for whom `forgotten` (ids -> bools) is true, names, contacts and places are left out, also of the snapshot that is kept.
    When the source is unreachable, the last snapshot of the same source and mapping serves (`from_snapshot`, and a finding).
    Raises MappingError or SourceError with one sentence.
    """
    mapping = load_mapping(settings.mapping)
    if vat_rate is not None:
        mapping = mapping.model_copy(update={"vat_rate": vat_rate})
    identity = f"{source_identity(settings.source_url)}|{mapping.digest}"
    folder = settings.data_folder / "snapshots"
    try:
        fresh = read_fresh(settings, mapping, today, forgotten)
    except SourceUnreachable as error:
        return _from_snapshot(settings, mapping, error, identity)
    try:
        keep_snapshot(folder, fresh, identity=identity)
    except OSError as error:
        log.warning("the snapshot could not be written: %s", error.strerror)
        fresh = replace(fresh, findings=[*fresh.findings, Finding("snapshot_not_kept", "orders", 0, "noted")])
    return _reading(fresh, mapping, from_snapshot=False)


def read_fresh(settings: Settings, mapping: Mapping, today: date, forgotten: Forgotten | None = None) -> Snapshot:
    """The source's data, cleaned, without keeping it. Raises SourceUnreachable, SourceError or MappingError."""
    rules = rules_of(mapping, settings.timezone, today)
    raw = _read_raw(settings, mapping, rules)
    cleaned = clean(raw.frames, rules, unique_lines=mapping.preset == "3t")
    tables = forget(Tables(cleaned.frames), forgotten)
    findings = [*raw.findings, *cleaned.findings]
    if not tables.has("orders"):
        raise SourceError(_no_sales(cleaned))
    findings += _unknown_bases(tables, mapping)
    return Snapshot(
        tables, findings, _as_of(tables["orders"], settings, today), today, fingerprint_of(tables), describe_source(settings.source_url)
    )


def rules_of(mapping: Mapping, timezone: str, today: date) -> Rules:
    """What cleaning needs of a mapping. In the `lines` preset the rows of order_lines were already excluded inside the database."""
    exclude = {name: table.exclude for name, table in mapping.tables.items() if (mapping.preset, name) != ("lines", "order_lines")}
    return Rules(
        today=today,
        timezone=timezone,
        decimal=mapping.decimal,
        date_order=mapping.date_order,
        vat_rate=mapping.vat_rate,
        zones=mapping.zones or None,
        bottles=mapping.bottles,
        types=tuple(mapping.vat),
        exclude=exclude,
        known={name: table.known for name, table in mapping.tables.items()},
    )


def _read_raw(settings: Settings, mapping: Mapping, rules: Rules) -> Raw:
    url = settings.source_url
    form = Format(mapping.encoding, mapping.separator)
    engine = open_source(url, timezone=settings.timezone, tables=mapping.their_tables(), csv=form)
    try:
        with engine.connect() as connection:
            return read_3t(connection, mapping) if mapping.preset == "3t" else read_lines(connection, mapping, rules)
    except SQLAlchemyError as error:
        raise failed(url, error) from None
    finally:
        engine.dispose()


def _as_of(orders: pd.DataFrame, settings: Settings, today: date) -> date:
    first = orders["order_date"].min().date()
    if settings.as_of is None:
        return find_as_of(orders.groupby("order_date").size(), today)
    if settings.as_of < first:
        raise SourceError(f"INSIGHTS_AS_OF is {settings.as_of}, but the first order is of {first}; choose a day from then on.")
    return settings.as_of


def _no_sales(cleaned: Cleaned) -> str:
    reasons = ", ".join(
        f"{finding.count} {finding.code}" for finding in cleaned.findings if finding.action == "left_out" and finding.table == "orders"
    )
    return f"The source has orders, but none counts as a sale ({reasons or 'no order'}); check the mapping and the data."


def _unknown_bases(tables: Tables, mapping: Mapping) -> list[Finding]:
    """Sales of customer types for which the mapping does not say net or gross, where it says it for others."""
    if set(mapping.vat.values()) == {"unknown"}:
        return [Finding("vat_basis_unknown", "orders", len(tables["orders"]), "noted")]
    types = looked_up(tables["orders"]["customer_id"], tables["customers"].set_index("customer_id")["customer_type"])
    unknown = basis_of(types, mapping.vat) == "unknown"
    examples = tuple(types[unknown].fillna("–").unique()[:3])
    return [Finding("vat_type_unknown", "orders", int(unknown.sum()), "kept", examples)] if unknown.any() else []


def _from_snapshot(settings: Settings, mapping: Mapping, why: SourceUnreachable, identity: str) -> Reading:
    try:
        snapshot, damaged = last_snapshot(settings.data_folder / "snapshots", identity=identity)
    except SourceError as error:
        raise SourceError(f"{str(why).rstrip('.')}. {error}") from None
    used = Finding("from_snapshot", "orders", len(snapshot.tables["orders"]), "noted", params={"read_on": snapshot.read_on.isoformat()})
    refused = [Finding("snapshot_damaged", "orders", len(damaged), "noted", tuple(damaged[:3]))] if damaged else []
    served = replace(snapshot, findings=[used, *refused, *snapshot.findings], as_of=settings.as_of or snapshot.as_of)
    return _reading(served, mapping, from_snapshot=True)


def _reading(snapshot: Snapshot, mapping: Mapping, *, from_snapshot: bool) -> Reading:
    tables = snapshot.tables
    return Reading(
        tables=tables,
        findings=snapshot.findings,
        as_of=snapshot.as_of,
        fingerprint=snapshot.fingerprint,
        source=snapshot.source,
        from_snapshot=from_snapshot,
        amount_basis=mapping.amount_basis,
        spans={name: _span(name, tables[name]) for name in SPECS if tables.has(name)},
        monthly_totals=monthly_totals(tables["orders"], tables["customers"], mapping.vat, mapping.vat_rate),
        their_tables={name: table.table for name, table in mapping.tables.items()},
    )


def _span(name: str, frame: pd.DataFrame) -> dict[str, Any]:
    days = frame[_DAY_COLUMN.get(name, "known_at")].dropna()
    first, last = (days.min().date().isoformat(), days.max().date().isoformat()) if len(days) else (None, None)
    return {"rows": len(frame), "first": first, "last": last}
