"""The experiment as a program uses it: make, load, record outcomes, read the result, write the report."""

import json
import warnings
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ml import clock
from ml.experiments import creating, exchange, reading, words
from ml.experiments.creating import When, Wish
from ml.experiments.designs import Plan, plan_from
from ml.experiments.errors import ExperimentError, TooSmallWarning
from ml.experiments.outcomes import day_of, outcome_row
from ml.experiments.planner import plan_test
from ml.experiments.report import write_report
from ml.i18n import translator
from ml.i18n.figures import Formatter
from ml.settings import Settings, load_settings
from ml.store import experiments as store
from ml.store.engine import begin_write, open_store
from ml.store.experiments import Kept

API = "api"


class Experiment:
    """One experiment of the store. `control_group` and `treatment_group` are lists of ids that never change after the start."""

    def __init__(self, engine: sa.Engine, kept: Kept, settings: Settings) -> None:
        self._engine, self._settings, self._kept = engine, settings, kept
        with engine.connect() as connection:
            units = store.units_of(connection, kept.experiment_id)
        self._arms = dict(zip(units["unit_id"], units["arm"], strict=True))

    def __repr__(self) -> str:
        return f"<Experiment {self.experiment_id} {self.status}: {len(self.control_group)} + {len(self.treatment_group)} units>"

    @property
    def experiment_id(self) -> str:
        """Its id: <type>_YYYYMMDD[-n]."""
        return self._kept.experiment_id

    @property
    def name(self) -> str:
        """Its name for people."""
        return self._kept.name

    @property
    def type(self) -> str:
        """dynamic_pricing, churn_alert or demand_forecast."""
        return self._kept.type

    @property
    def status(self) -> str:
        """draft, active, paused or completed, as of the last call."""
        return self._kept.state

    @property
    def start_date(self) -> date:
        """The first day that counts."""
        return self._kept.start

    @property
    def end_date(self) -> date:
        """The last day that counts."""
        return self._kept.end

    @property
    def plan(self) -> Plan:
        """What was fixed before the start."""
        return plan_from(self._kept.plan)

    def planner(self, language: str = "es") -> str:
        """What the planner said before the start: the effect this test can find, and what can be done instead where that is too large."""
        f = Formatter(translator(language), self._settings.currency)
        return words.plan(f, self.plan.planner or {})

    @property
    def control_group(self) -> list[str]:
        """The units that go on as before."""
        return [unit for unit, arm in self._arms.items() if arm == 0]

    @property
    def treatment_group(self) -> list[str]:
        """The units that get the new thing."""
        return [unit for unit, arm in self._arms.items() if arm == 1]

    def is_customer_in_treatment(self, customer_id: str) -> bool:
        """Whether the customer gets the new thing. Raises ExperimentError for one who is not part of the experiment."""
        return self._arm(customer_id) == 1

    def record_outcome(self, customer_id: str, outcome: Mapping[str, Any]) -> bool:
        """Keep what came of a customer on a day (`timestamp`; today without one); False when the same was kept already.

        Fields: revenue, orders_count, churned (customers) or stock_outs, units_short, cost_clp (product zones). Raises ExperimentError for
        an unknown customer, a value or day that cannot be; ExperimentRefused when the same day came with other values.
        """
        return self.record_outcomes({customer_id: outcome}) == 1

    def record_outcomes(self, outcomes: Mapping[str, Mapping[str, Any]]) -> int:
        """Keep outcomes of several customers, all or none; returns how many were new."""
        if self.status not in ("active", "paused"):
            raise ExperimentError(f"{self.experiment_id} is {self.status}: outcomes are taken while it runs.", "experiment_state")
        today = clock.today(self._settings.timezone)
        for customer_id in outcomes:
            self._arm(customer_id)
        rows = [outcome_row(self._kept, str(customer_id), outcome, today) for customer_id, outcome in outcomes.items()]
        with begin_write(self._engine) as connection:
            return store.add_outcomes(connection, self.experiment_id, rows, who=API, at=clock.utc_now())

    def calculate_metrics(self) -> dict[str, Any]:
        """Control, treatment and uplift in plain sums, the tests per metric, srm, health and decision; see `reading.evaluate`.

        `tests` hold at planned looks (`is_look`): reading them every day raises false alarms, and `decision` does not move between looks.
        """
        with self._engine.connect() as connection:
            return reading.evaluate(connection, self._fresh(connection))

    def generate_report(self, language: str = "es") -> Path:
        """Write the report in Markdown and HTML under INSIGHTS_HOME/reports; returns the Markdown file (the .html stands beside it)."""
        with self._engine.connect() as connection:
            kept = self._fresh(connection)
            told = reading.evaluate(connection, kept)
            timeline = store.events_of(connection, self.experiment_id)
        known = {"timezone": self._settings.timezone, "currency": self._settings.currency}
        return write_report(self._settings.home / "reports", kept, told, timeline, language=language, **known)

    def save_experiment(self, path: Path | str | None = None) -> Path:
        """Write the experiment as a JSON file (the store keeps it anyway); returns where."""
        target = Path(path) if path is not None else self._settings.home / "experiments" / f"{self.experiment_id}.json"
        with self._engine.connect() as connection:
            told = exchange.exported(connection, self._fresh(connection))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False), encoding="utf-8")
        return target

    def start(self) -> None:
        """From draft to active."""
        self._move("active")

    def pause(self) -> None:
        """Hold it; nobody's arm changes."""
        self._move("paused")

    def resume(self) -> None:
        """Go on after a pause."""
        self._move("active")

    def complete(self) -> None:
        """End it for good."""
        self._move("completed")

    def change_split(self, weights: tuple[float, float]) -> None:
        """Draw a draft's arms anew with other shares. Raises ExperimentRefused after the start."""
        with begin_write(self._engine) as connection:
            kept = self._fresh(connection)
            arms = {unit: creating.assign(unit, plan_from(kept.plan).salt, weights) for unit in self._arms}
            store.replace_arms(connection, kept, arms, who=API, at=clock.utc_now())
        self._arms = arms

    def _arm(self, customer_id: str) -> int:
        arm = self._arms.get(str(customer_id))
        if arm is None:
            raise ExperimentError(
                f"{str(customer_id)[:80]!r} is not part of {self.experiment_id}: its {len(self._arms)} units were fixed at the start.",
                "unit_unknown",
            )
        return int(arm)

    def _move(self, state: str) -> None:
        with begin_write(self._engine) as connection:
            self._kept = store.move(connection, self.experiment_id, state, who=API, at=clock.utc_now())

    def _fresh(self, connection: sa.Connection) -> Kept:
        self._kept = store.get(connection, self.experiment_id)
        return self._kept


def create_dynamic_pricing_experiment(
    customer_ids: Sequence[str], start_date: date | datetime | None = None, duration_days: int = 30, **options: Any
) -> Experiment:
    """A test of prices: does revenue per customer rise? Half of the customers, in pairs of like customers, get the new price.

    `options`: store (an engine), settings, and the fields of `Wish`. Active at once. Raises ExperimentError for bad input.
    """
    return _create("dynamic_pricing", customer_ids, start_date, duration_days, options)


def create_churn_alert_experiment(
    customer_ids: Sequence[str], start_date: date | datetime | None = None, duration_days: int = 60, **options: Any
) -> Experiment:
    """A test of alerts: do fewer customers leave, and how much money stays? `options` as above."""
    return _create("churn_alert", customer_ids, start_date, duration_days, options)


def create_demand_forecast_experiment(
    unit_ids: Sequence[str], start_date: date | datetime | None, duration_days: int, unit: str = "product_zone", **options: Any
) -> Experiment:
    """A test of stock by forecast: fewer stock-outs at what cost? Outcomes (stock_outs, units_short, cost_clp) are posted."""
    return _create("demand_forecast", unit_ids, start_date, duration_days, {**options, "unit": unit})


def plan_experiment(
    kind: str,
    customer_ids: Sequence[str],
    duration_days: int,
    *,
    smallest_effect: float | None = None,
    store: sa.Engine | None = None,
    settings: Settings | None = None,
) -> dict[str, Any]:
    """What a test of that kind could find, before it is made: the mapping of `planner.plan_test`, and `sentence` (English)."""
    chosen = settings or load_settings()
    with (store or open_store(chosen)).connect() as connection:
        told = plan_test(connection, creating.check_units(customer_ids), kind=kind, days=duration_days, smallest_effect=smallest_effect)
    f = Formatter(translator("en"), chosen.currency)
    return {**told, "sentence": words.plan(f, told)}


def load_experiment(experiment_id: str, *, store: sa.Engine | None = None, settings: Settings | None = None) -> Experiment:
    """The experiment of that id. Raises ExperimentRefused when there is none."""
    chosen = settings or load_settings()
    engine = store or open_store(chosen)
    with engine.connect() as connection:
        return Experiment(engine, _get(connection, experiment_id), chosen)


def import_experiment(path: Path | str, *, store: sa.Engine | None = None, settings: Settings | None = None) -> Experiment:
    """Keep an experiment from a JSON file of this or the earlier system. Raises ExperimentError; nothing is half-written."""
    chosen = settings or load_settings()
    engine, told = store or open_store(chosen), exchange.read_file(Path(path))
    with begin_write(engine) as connection:
        kept = exchange.imported(connection, told, who=API, now=clock.utc_now())
    return Experiment(engine, kept, chosen)


def _create(kind: str, unit_ids: Sequence[str], start: date | datetime | None, days: int, options: dict[str, Any]) -> Experiment:
    settings = options.pop("settings", None) or load_settings()
    engine = options.pop("store", None) or open_store(settings)
    today = clock.today(settings.timezone)
    when = When(day_of(start, today), days, today, clock.utc_now(), API)
    with begin_write(engine) as connection:
        kept = creating.create(connection, kind, unit_ids, when, Wish(**options))
    made = Experiment(engine, kept, settings)
    if made.plan.is_too_small:
        warnings.warn(made.planner("en"), TooSmallWarning, stacklevel=3)
    return made


def _get(connection: sa.Connection, experiment_id: str) -> Kept:
    return store.get(connection, experiment_id)
