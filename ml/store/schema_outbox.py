"""The outbox: what is to be said to whom by which channel, and what came of every try."""

import sqlalchemy as sa

from ml.store.schema import Json, Moment, Number, Text, metadata

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("dedup_key", Text, nullable=False),
    sa.Column("channel", Text, nullable=False),  # an entry of ml.notify.channels.CHANNELS, or "screen": nowhere but on our screens
    sa.Column("recipient", Text, nullable=False),  # an e-mail address, a target's public name, or "" where the channel has only one
    sa.Column("masked", Text, nullable=False),  # the recipient as screens and logs show it
    sa.Column("language", Text, nullable=False),
    sa.Column("kind", Text, nullable=False),  # churn_alerts | purchase_predictions | run_started | run_done | run_failed | alert | digest
    sa.Column("title", Text, nullable=False),
    sa.Column("body", Json),  # the message (ml.notify.messages.Message); null once its days are over
    sa.Column("customers", Json),  # ids of the customers it names; null like the body
    sa.Column("run_id", sa.Integer),
    sa.Column("state", Text, nullable=False),  # queued | sending | sent | dead | kept
    sa.Column("reason", Text),  # a code: why it is kept or dead
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_at", Moment),
    sa.Column("lease_until", Moment),
    sa.Column("owner", Text),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("done_at", Moment),  # when it was sent, given up or kept
    sa.UniqueConstraint("dedup_key", "channel", "recipient"),
    sa.Index("ix_outbox_state_next_at", "state", "next_at"),
    sa.Index("ix_outbox_run_id", "run_id"),
)
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("outbox_id", sa.Integer, sa.ForeignKey("outbox.id", ondelete="CASCADE"), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("channel", Text, nullable=False),
    sa.Column("address", Text, nullable=False),  # masked
    sa.Column("outcome", Text, nullable=False),  # sent | retry | waits | dead | kept | queued
    sa.Column("code", Text),  # a code of the outcome: time_out, http_429, smtp_550 …
    sa.Column("seconds", Number),
    sa.Column("who", Text),  # who asked for it, when a person did
    sa.Index("ix_deliveries_outbox_id", "outbox_id"),
)
