"""Tables about trust in the models: the gate's verdicts, how predictions turned out by month, drift of inputs, erased people."""

import sqlalchemy as sa

from ml.store.schema import Day, Json, Moment, Number, Text, metadata

gate_verdict = sa.Table(
    "gate_verdict",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run_id", sa.Integer, nullable=False),
    sa.Column("predictor", Text, nullable=False),
    sa.Column("release_id", Text),  # null = nothing was stored
    sa.Column("at", Moment, nullable=False),
    sa.Column("state", Text, nullable=False),  # promoted | kept | review
    sa.Column("code", Text, nullable=False),
    sa.Column("checks", Json, nullable=False),  # [{code, verdict ok|stop|ask, params}]
    sa.Column("answer", Text),  # yes | no, of a person
    sa.Column("answered_at", Moment),
    sa.Column("answered_by", Text),
    sa.Column("note", Text),
    sa.Index("ix_gate_verdict_predictor_id", "predictor", "id"),
)
reality = sa.Table(
    "reality",
    metadata,
    sa.Column("release_id", Text, primary_key=True),
    sa.Column("predictor", Text, primary_key=True),
    sa.Column("measure", Text, primary_key=True),
    sa.Column("month", Day, primary_key=True),  # the first day of the month in which the windows ended
    sa.Column("metric", Text, primary_key=True),
    sa.Column("window_days", sa.Integer, primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("value", Number),
    sa.Column("baseline", Number),
    sa.Column("promised", Number),  # what the release's own record said
    sa.Column("probability_worse", Number),  # of being worse than promised by more than the tolerance; deciding metric only
)
input_drift = sa.Table(
    "input_drift",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run_id", sa.Integer, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("as_of", Day, nullable=False),
    sa.Column("learnt_until", Day, nullable=False),
    sa.Column("features", Json, nullable=False),  # the ten that moved most: [{feature, kind, psi, ks, p, before, now, level}]
)
erased_customer = sa.Table(
    "erased_customer",
    metadata,
    sa.Column("hash", Text, primary_key=True),  # salted SHA-256 of the id
    sa.Column("at", Moment, nullable=False),
    sa.Column("by", Text, nullable=False),
)
