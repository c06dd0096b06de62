"""Stamps: what changes between two readings of the data, as a few numbers that are cheap to ask and differ whenever an answer may.

A screen that reads something costly out of such tables keeps the answer under the stamp (`ui.screen.Screen.standing_on`).
"""

from typing import Any

import sqlalchemy as sa

from ml.store import schema, schema_alerts, schema_events, schema_experiments

Stamp = tuple[Any, ...]


def alerts(conn: sa.Connection) -> Stamp:
    """Alerts, their history, who is left alone by lot, and the people who can own one."""
    events, opened, eligible = schema_alerts.alert_events, schema_alerts.alerts, schema_alerts.alert_eligible
    people = schema.users
    return _told(
        conn,
        *(sa.func.max(events.c.id), sa.func.count(events.c.undone_at)),
        *(sa.func.max(opened.c.id), sa.func.count(opened.c.id)),
        *(sa.func.count(eligible.c.customer_id), sa.func.max(eligible.c.at)),
        *(sa.func.count(schema_alerts.holdout.c.customer_id), sa.func.max(schema_alerts.holdout.c.drawn_at)),
    ) + tuple(tuple(row) for row in conn.execute(sa.select(people.c.email, people.c.name, people.c.role, people.c.disabled_at)))


def experiments(conn: sa.Connection) -> Stamp:
    """Experiments with their arms, outcomes, looks and decisions."""
    tables = schema_experiments
    events, outcomes, looks = tables.experiment_events, tables.experiment_outcomes, tables.experiment_looks
    return _told(
        conn,
        *(sa.func.max(events.c.id), sa.func.count(events.c.id)),
        *(sa.func.count(outcomes.c.unit_id), sa.func.max(outcomes.c.recorded_at)),
        *(sa.func.count(looks.c.number), sa.func.max(looks.c.taken_at)),
        *(sa.func.count(tables.experiment_units.c.reached_at), sa.func.count(tables.experiments.c.experiment_id)),
    )


def entered_events(conn: sa.Connection) -> Stamp:
    """The promotions, price changes, strikes and closures that people entered, changed or took back, and the weather forecasts kept."""
    table, weather = schema_events.events.c, schema_events.weather_forecasts.c
    return _told(
        conn,
        *(sa.func.count(table.id), sa.func.max(table.id), sa.func.max(table.created_at)),
        *(sa.func.count(table.removed_at), sa.func.max(table.removed_at)),
        *(sa.func.max(weather.issued_at), sa.func.max(weather.date)),
    )


def _told(conn: sa.Connection, *figures: sa.ColumnElement[Any]) -> Stamp:
    """Each figure by a query of its own table, asked together."""
    return tuple(conn.execute(sa.select(*(sa.select(figure).scalar_subquery() for figure in figures))).one())
