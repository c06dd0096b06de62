"""Making an experiment: checks first, then plan, assignment and rows in one transaction."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from ml.experiments.assignment import assign, assign_balanced
from ml.experiments.designs import FEW_UNITS, HOLD_OUT_SALT, METRICS, Design, Kind, Plan, check_plan, kind_of
from ml.experiments.errors import ExperimentError
from ml.experiments.planner import CAP_QUANTILE, plan_test
from ml.experiments.units import HOLD_OUT, before
from ml.store import experiments as store
from ml.store.experiments import Kept

SMALLEST = 4
LONGEST_DAYS = 730
EVEN = (0.5, 0.5)
HYPOTHESES = {
    "dynamic_pricing": "A price made for the customer brings more revenue per customer.",
    "churn_alert": "A call after an alert keeps customers who would have left.",
    "demand_forecast": "Stock planned by the forecast runs out less often.",
}


@dataclass(frozen=True)
class Wish:
    """What the maker of an experiment may choose; None = the default of its kind and size."""

    name: str | None = None
    description: str = ""
    hypothesis: str | None = None
    smallest_effect: float | None = None
    looks: int | None = None
    metrics: tuple[str, ...] | None = None
    weights: tuple[float, float] = EVEN
    hold_out: float = 0.0
    clusters: Mapping[str, str] | None = None
    treatment: Mapping[str, Any] | None = None
    unit: str | None = None
    state: str = "active"
    salt: str | None = None


@dataclass(frozen=True)
class When:
    """The days of an experiment, and who makes it at which moment (naive UTC) of which local day."""

    start: date
    days: int
    today: date
    now: datetime
    who: str

    @property
    def end(self) -> date:
        """The last day that counts."""
        return self.start + timedelta(days=self.days - 1)


def create(connection: sa.Connection, kind_name: str, unit_ids: Sequence[str], when: When, wish: Wish | None = None) -> Kept:
    """Make an experiment in the caller's transaction. Raises ExperimentError or ExperimentRefused before anything is written."""
    kind, wish = kind_of(kind_name), wish or Wish()
    units = check_units(unit_ids)
    check_days(when)
    customers = (wish.unit or kind.unit) == "customer"
    past = before(connection, units, when.start, when.days) if customers else _unknown(units)
    plan = check_plan(_plan(connection, kind, units, past, when, wish))
    held = [unit for unit in units if plan.hold_out and assign(unit, HOLD_OUT_SALT, (1 - plan.hold_out, plan.hold_out)) == 1]
    tested = [unit for unit in units if unit not in set(held)]
    arms = dict(zip(tested, draw_arms(plan, tested, past, wish.clusters), strict=True)) | dict.fromkeys(held, HOLD_OUT)
    for index, name in enumerate(("control", "treatment")):
        if index not in arms.values():
            raise ExperimentError(f"The split leaves nobody in {name}: {len(tested)} units are too few for it.", "arm_empty")
    kept = Kept(
        f"{kind.name}_{when.start:%Y%m%d}",
        kind.name,
        wish.name or kind.name,
        wish.description,
        wish.unit or kind.unit,
        wish.state,
        when.start,
        when.end,
        plan.as_dict(),
        None,
        when.now,
        when.who,
    )
    added = store.add(connection, kept, unit_rows(arms, past, wish.clusters))
    if plan.is_too_small:
        store.note(connection, added.experiment_id, "experiment.too_small", _too_small(plan), who=when.who, at=when.now)
    return added


def _too_small(plan: Plan) -> dict[str, Any]:
    """What the maker was told and went on all the same: the effect it would find, the realistic one, and what was offered instead."""
    told = plan.planner or {}
    offers = [{name: one[name] for name in ("code", "detectable", "days") if name in one} for one in told["offers"]]
    return {"detectable": told["detectable_cuped"], "realistic": told["realistic"], "offers": offers}


def check_units(unit_ids: Sequence[str]) -> list[str]:
    """The ids as text. Raises ExperimentError for none, too few, empty or double ones."""
    units = [str(unit).strip() for unit in unit_ids]
    if len(units) < SMALLEST:
        raise ExperimentError(
            f"{len(units)} customers came; at least {SMALLEST} are needed, two for each arm.", "too_few", count=len(units)
        )
    if not all(units):
        raise ExperimentError("A customer id is empty: every unit needs its id.", "unit_empty")
    twice = {unit for unit in units if units.count(unit) > 1} if len(set(units)) < len(units) else set()
    if twice:
        raise ExperimentError(f"{sorted(twice)[0]} appears twice: each customer may be assigned once.", "unit_twice")
    return units


def check_days(when: When) -> None:
    """Raises ExperimentError for days that cannot be waited for, or that are over."""
    if not isinstance(when.days, int) or not 1 <= when.days <= LONGEST_DAYS:
        raise ExperimentError(f"The duration was {when.days!r} days; 1 to {LONGEST_DAYS} whole days are accepted.", "days")
    if when.end < when.today:
        raise ExperimentError(
            f"The experiment would have ended on {when.end}, before today ({when.today}): give a later start or a longer duration.",
            "end_past",
        )


def draw_arms(plan: Plan, units: Sequence[str], past: pd.DataFrame, clusters: Mapping[str, str] | None) -> list[int]:
    """The arm of each unit by the plan's design."""
    if plan.design == "clusters":
        names = sorted({(clusters or {})[unit] for unit in units})
        worth = past["revenue"].groupby([(clusters or {})[unit] for unit in past.index]).mean().reindex(names).fillna(0.0)
        by_name = dict(zip(names, assign_balanced(names, plan.salt, worth.to_numpy()), strict=True))
        return [int(by_name[(clusters or {})[unit]]) for unit in units]
    if plan.design == "pairs":
        mine = past.loc[list(units)]
        return [
            int(arm) for arm in assign_balanced(units, plan.salt, mine["revenue"].to_numpy(), mine["zone"].fillna("").astype(str).tolist())
        ]
    return [assign(unit, plan.salt, plan.weights) for unit in units]


def unit_rows(arms: Mapping[str, int], past: pd.DataFrame, clusters: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """The rows of `store.UNITS`."""
    numbers = [name for name in past.columns if name not in ("zone", "customer_type", "is_known")]
    told = past[numbers].to_dict("index")
    texts: dict[Any, dict[str, Any]] = {
        unit: {name: None if pd.isna(value) else str(value) for name, value in zip(("zone", "customer_type"), pair, strict=True)}
        for unit, *pair in past[["zone", "customer_type"]].itertuples()
    }
    return [
        {"unit_id": unit, "arm": arm, "cluster": (clusters or {}).get(unit), **texts[unit], "pre": told[unit], "reached_at": None}
        for unit, arm in sorted(arms.items())
    ]


def _plan(connection: sa.Connection, kind: Kind, units: Sequence[str], past: pd.DataFrame, when: When, wish: Wish) -> Plan:
    few = len(units) < FEW_UNITS
    design: Design = "pairs" if tuple(wish.weights) == EVEN else "unequal"
    if wish.clusters is not None:
        missing = [unit for unit in units if unit not in wish.clusters]
        if missing:
            raise ExperimentError(f"{len(missing)} units have no route, such as {missing[0]}: each needs one.", "cluster_missing")
        design = "clusters"
    effect = wish.smallest_effect or kind.realistic / 2
    share = wish.weights[1] / sum(wish.weights) if sum(wish.weights) > 0 else 0.5
    told = plan_test(connection, units, kind=kind.name, days=when.days, smallest_effect=effect, share=share, clusters=wish.clusters)
    bought = past["revenue"][past["revenue"] > 0]
    return Plan(
        hypothesis=wish.hypothesis or HYPOTHESES[kind.name],
        primary=kind.metrics[0],
        direction=METRICS[kind.metrics[0]].good,
        smallest_effect=effect,
        design=design,
        salt=wish.salt or secrets.token_hex(8),
        weights=wish.weights,
        looks=wish.looks or (1 if few else 4),
        cap=float(np.quantile(bought, CAP_QUANTILE)) if len(bought) >= SMALLEST else None,
        metrics=wish.metrics or ((kind.metrics[0],) if few else kind.metrics),
        guardrails=kind.guardrails,
        hold_out=wish.hold_out,
        treatment=wish.treatment,
        planner=told,
    )


def _unknown(units: Sequence[str]) -> pd.DataFrame:
    """Units that are no customers have no past here; pairs are then drawn by hash within the commune of a "product|commune"."""
    index = pd.Index(units, name="unit_id")
    zones = [unit.partition("|")[2] or None for unit in units]
    return pd.DataFrame({"revenue": 0.0, "zone": zones, "customer_type": None, "is_known": False}, index=index)
