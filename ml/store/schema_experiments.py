"""The tables of experiments. Assignments are written once, outcomes and looks are only ever added to."""

import sqlalchemy as sa

from ml.store.schema import Day, Json, Moment, Number, Text, metadata

experiments = sa.Table(
    "experiments",
    metadata,
    sa.Column("experiment_id", Text, primary_key=True),  # <type>_YYYYMMDD[-n]
    sa.Column("type", Text, nullable=False),
    sa.Column("name", Text, nullable=False),
    sa.Column("description", Text, nullable=False),
    sa.Column("unit", Text, nullable=False),  # customer | product_zone | ...
    sa.Column("state", Text, nullable=False),  # draft | active | paused | completed
    sa.Column("start", Day, nullable=False),
    sa.Column("end", Day, nullable=False),  # the last day that counts
    sa.Column("plan", Json, nullable=False),  # what was fixed before the start
    sa.Column("decision", Json),  # what a person decided at the end
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", Text, nullable=False),
)
experiment_units = sa.Table(
    "experiment_units",
    metadata,
    sa.Column("experiment_id", Text, sa.ForeignKey("experiments.experiment_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("unit_id", Text, primary_key=True),
    sa.Column("arm", sa.Integer, nullable=False),  # 0 control | 1 treatment | 2 permanent hold-out
    sa.Column("cluster", Text),
    sa.Column("zone", Text),
    sa.Column("customer_type", Text),
    sa.Column("pre", Json, nullable=False),  # {metric: value before the start, per duration}
    sa.Column("reached_at", Moment),  # when it first came to the point of treatment
    sa.Index("ix_experiment_units_unit_id", "unit_id"),
)
experiment_outcomes = sa.Table(
    "experiment_outcomes",
    metadata,
    sa.Column("experiment_id", Text, sa.ForeignKey("experiments.experiment_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("unit_id", Text, primary_key=True),
    sa.Column("period", Text, primary_key=True),  # a day as YYYY-MM-DD unless the poster names it
    sa.Column("day", Day, nullable=False),
    sa.Column("outcome", Json, nullable=False),  # {metric: value}
    sa.Column("recorded_at", Moment, nullable=False),
    sa.Column("recorded_by", Text, nullable=False),
)
experiment_posts = sa.Table(
    "experiment_posts",
    metadata,
    sa.Column("experiment_id", Text, sa.ForeignKey("experiments.experiment_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("key", Text, primary_key=True),  # the idempotency key of a request
    sa.Column("digest", Text, nullable=False),  # SHA-256 of its body
    sa.Column("answer", Json, nullable=False),
    sa.Column("at", Moment, nullable=False),
)
experiment_looks = sa.Table(
    "experiment_looks",
    metadata,
    sa.Column("experiment_id", Text, sa.ForeignKey("experiments.experiment_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("as_of", Day, nullable=False),
    sa.Column("fraction", Number, nullable=False),
    sa.Column("boundary", Number, nullable=False),
    sa.Column("result", Json, nullable=False),
    sa.Column("taken_at", Moment, nullable=False),
)
experiment_events = sa.Table(
    "experiment_events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("experiment_id", Text, sa.ForeignKey("experiments.experiment_id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("who", Text, nullable=False),
    sa.Column("action", Text, nullable=False),
    sa.Column("detail", Json, nullable=False),
)
