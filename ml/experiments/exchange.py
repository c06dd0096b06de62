"""An experiment as a JSON file, and back: our own form, and that of the earlier system."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ml.experiments import creating
from ml.experiments.designs import METRICS, Plan, kind_of, plan_from
from ml.experiments.errors import ExperimentError
from ml.experiments.outcomes import day_of, outcome_row
from ml.store import experiments as store
from ml.store.experiments import Kept
from ml.store.predictions import plain

FORMAT, VERSION = "3t-insights-experiment", 1
EARLIER = ("experiment_id", "name", "type", "start_date", "end_date", "status", "control_group", "treatment_group")
KINDS = {"dynamic_pricing": "dynamic_pricing", "pricing": "dynamic_pricing", "churn_alert": "churn_alert", "churn_alerts": "churn_alert",
         "churn": "churn_alert", "demand_forecast": "demand_forecast", "demand": "demand_forecast",
         "inventory": "demand_forecast"}  # fmt: skip
STATES = {"running": "active", "finished": "completed", "ended": "completed", "stopped": "completed"}
LARGEST_BYTES = 50_000_000


def exported(connection: sa.Connection, kept: Kept) -> dict[str, Any]:
    """Everything about an experiment: the fields of the earlier form, and plan, units, outcomes, looks and timeline beside them."""
    units, outcomes = store.units_of(connection, kept.experiment_id), store.outcomes_of(connection, kept.experiment_id)
    groups = {name: units.loc[units["arm"] == arm, "unit_id"].tolist() for arm, name in enumerate(("control", "treatment", "hold_out"))}
    return {
        "format": FORMAT,
        "version": VERSION,
        "experiment_id": kept.experiment_id,
        "name": kept.name,
        "type": kept.type,
        "description": kept.description,
        "start_date": kept.start.isoformat(),
        "end_date": kept.end.isoformat(),
        "status": kept.state,
        "control_group_size": len(groups["control"]),
        "treatment_group_size": len(groups["treatment"]),
        **{f"{name}_group": ids for name, ids in groups.items()},
        "results": [
            plain({**row["outcome"], "customer_id": row["unit_id"], "period": row["period"], "timestamp": row["day"]})
            for row in outcomes.to_dict("records")
        ],
        "unit": kept.unit,
        "plan": kept.plan,
        "decision": kept.decision,
        "units": [plain({name: value for name, value in row.items() if name != "reached_at"}) for row in units.to_dict("records")],
        "looks": [
            plain({name: value for name, value in look.items() if name != "experiment_id"})
            for look in store.looks_of(connection, kept.experiment_id)
        ],
        "timeline": [plain(event) for event in store.events_of(connection, kept.experiment_id)],
        "created_at": kept.created_at.isoformat(),
        "created_by": kept.created_by,
    }  # fmt: skip


def read_file(path: Path) -> dict[str, Any]:
    """The mapping of a JSON file. Raises ExperimentError when it is none, or too large."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ExperimentError(f"{path.name} is larger than {LARGEST_BYTES // 1_000_000} MB.", "file")
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExperimentError(f"{path.name} cannot be read as JSON: {error}", "file") from None
    if not isinstance(told, dict):
        raise ExperimentError(f"{path.name} holds a {type(told).__name__}; an experiment is a JSON object.", "file")
    return told


def imported(connection: sa.Connection, told: Mapping[str, Any], *, who: str, now: datetime) -> Kept:
    """Keep an experiment from a mapping of either form, in the caller's transaction: all of it or nothing.

    Raises ExperimentError for another version, missing fields, a customer in both groups, or an outcome that cannot be used.
    """
    if "format" in told and (told["format"], told.get("version")) != (FORMAT, VERSION):
        raise ExperimentError(
            f"The file is {told['format']!r} version {told.get('version')!r}; this program reads {FORMAT!r} version {VERSION} and the "
            "earlier form.",
            "file_version",
        )
    missing = [name for name in EARLIER if name not in told]
    if missing:
        raise ExperimentError(f"The file lacks {', '.join(missing)}: it is no experiment of this or the earlier system.", "file")
    if store.find(connection, str(told["experiment_id"])) is not None:
        raise ExperimentError(f"There is an experiment {told['experiment_id']} already; nothing was imported.", "file_known")
    kept, rows = _kept(told, who, now), _units(connection, told)
    added = store.add(connection, kept, rows)
    arms = {row["unit_id"] for row in rows}
    found = []
    for unit, outcome in _results(told.get("results")):
        if unit not in arms:
            raise ExperimentError(f"The file has an outcome of {unit}, who is in neither group.", "unit_unknown")
        found.append(outcome_row(added, unit, outcome, added.end))
    store.add_outcomes(connection, added.experiment_id, found, who=who, at=now)
    for look in told.get("looks", []):
        at = {"as_of": date.fromisoformat(look["as_of"]), "taken_at": now}
        store.add_look(connection, added.experiment_id, {**look, **at})
    return added


def _kept(told: Mapping[str, Any], who: str, now: datetime) -> Kept:
    kind = kind_of(KINDS.get(str(told["type"]).lower(), str(told["type"])))
    start, end = day_of(told["start_date"], now.date()), day_of(told["end_date"], now.date())
    state = STATES.get(str(told["status"]).lower(), str(told["status"]).lower())
    if state not in store.MOVES or end < start:
        raise ExperimentError(f"The file says {told['status']!r} from {start} to {end}: that is no state, or no time.", "file")
    if "plan" in told:
        plan = plan_from(told["plan"])
    else:
        plan = Plan(
            hypothesis=str(told.get("description") or creating.HYPOTHESES[kind.name]), primary=kind.metrics[0],
            direction=METRICS[kind.metrics[0]].good, smallest_effect=kind.realistic / 2, design="coin", salt="imported",
            weights=_weights(told), metrics=kind.metrics, treatment={"posted_only": True}, imported={"form": "earlier"},
        )  # fmt: skip
    name, description = str(told["name"]), str(told.get("description") or "")
    unit = str(told.get("unit") or kind.unit)
    return Kept(
        str(told["experiment_id"]), kind.name, name, description, unit, state, start, end, plan.as_dict(), told.get("decision"), now, who
    )


def _weights(told: Mapping[str, Any]) -> tuple[float, float]:
    counts = len(told["control_group"]), len(told["treatment_group"])
    return (
        (0.5, 0.5) if sum(counts) == 0 or abs(counts[1] / sum(counts) - 0.5) < 0.1 else (counts[0] / sum(counts), counts[1] / sum(counts))
    )


def _units(connection: sa.Connection, told: Mapping[str, Any]) -> list[dict[str, Any]]:
    arms: dict[str, int] = {}
    for arm, name in enumerate(("control_group", "treatment_group", "hold_out_group")):
        for unit in told.get(name) or []:
            if str(unit) in arms:
                raise ExperimentError(f"{unit} stands in two groups of the file.", "unit_twice")
            arms[str(unit)] = arm
    creating.check_units(list(arms))
    if "units" in told:
        return [{name: row.get(name) for name in store.UNITS} | {"reached_at": None, "pre": row.get("pre") or {}} for row in told["units"]]
    start = day_of(told["start_date"], date.min)
    days = (day_of(told["end_date"], start) - start).days + 1
    return creating.unit_rows(arms, creating.before(connection, list(arms), start, max(days, 1)))


def _results(told: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """(unit, outcome) of whatever form results have: a list of outcomes, lists by group, or outcomes by customer."""
    if isinstance(told, list):
        for one in told:
            yield str(one.get("customer_id", one.get("unit_id"))), _outcome(one)
    elif isinstance(told, Mapping):
        for name, part in told.items():
            if isinstance(part, list):
                yield from (
                    (str(one.get("customer_id", one.get("unit_id", name))), _outcome(one)) for one in part if isinstance(one, Mapping)
                )
            elif isinstance(part, Mapping) and name in ("control", "treatment"):
                yield from _results(part)
            elif isinstance(part, Mapping):
                yield str(name), _outcome(part)


def _outcome(one: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in one.items() if name not in ("customer_id", "unit_id", "group", "arm", "in_treatment")}
    if "orders" in kept:
        kept["orders_count"] = kept.pop("orders")
    return kept
