"""The tables of the work with customers: alerts and their history, who is left alone on purpose, notes, and links to the public page."""

import sqlalchemy as sa

from ml.store.schema import metadata

Text, Moment, Day, Number, Json = sa.Text, sa.DateTime, sa.Date, sa.Float, sa.JSON
_LIVE = sa.text("state IN ('open', 'contacted', 'snoozed')")

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("customer_id", Text, nullable=False),
    sa.Column("kind", Text, nullable=False),  # at_risk | win_back
    sa.Column("state", Text, nullable=False),  # open | contacted | snoozed | saved | lost | not_a_risk | withdrawn
    sa.Column("opened_at", Moment, nullable=False),
    sa.Column("opened_by", Text, nullable=False),  # an e-mail address, or "system"
    sa.Column("run_id", sa.Integer),
    sa.Column("as_of", Day, nullable=False),  # the last day that was known when it was opened
    sa.Column("horizon_days", sa.Integer, nullable=False),
    sa.Column("probability", Number),
    sa.Column("value_at_risk", Number),
    sa.Column("expected_profit", Number),
    sa.Column("detail", Json, nullable=False),  # reasons, days_since_last_order, gap_days as they were then
    sa.Column("owner", Text),
    sa.Column("due_on", Day),
    sa.Column("snoozed_until", Day),
    sa.Column("watch_until", Day, nullable=False),  # lost when no order has come by then
    sa.Column("contacted_on", Day),
    sa.Column("closed_at", Moment),
    sa.Column("order_day", Day),  # the order that closed it
    sa.Column("order_amount", Number),
    sa.Index("uq_alerts_one_live", "customer_id", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
    sa.Index("ix_alerts_customer_id", "customer_id"),
)
alert_events = sa.Table(
    "alert_events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("alert_id", sa.Integer, sa.ForeignKey("alerts.id", ondelete="CASCADE"), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("who", Text, nullable=False),
    sa.Column("action", Text, nullable=False),
    sa.Column("note", Text),
    sa.Column("before", Json, nullable=False),  # what the action changed, as it was: the way back
    sa.Column("batch", sa.Integer, nullable=False),  # one press, whatever it opened and changed
    sa.Column("undone_at", Moment),
    sa.Index("ix_alert_events_alert_id", "alert_id"),
    sa.Index("ix_alert_events_batch", "batch"),
)
alert_eligible = sa.Table(
    "alert_eligible",
    metadata,
    sa.Column("customer_id", Text, primary_key=True),
    sa.Column("quarter", Text, primary_key=True),  # 2026-Q4
    sa.Column("arm", Text, nullable=False),  # contact | held_out | outside (not in the draw)
    sa.Column("as_of", Day, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("run_id", sa.Integer),
    sa.Column("horizon_days", sa.Integer, nullable=False),
    sa.Column("probability", Number),
    sa.Column("value_at_risk", Number),
    sa.Column("expected_profit", Number),
)
holdout = sa.Table(
    "holdout",
    metadata,
    sa.Column("customer_id", Text, primary_key=True),
    sa.Column("quarter", Text, primary_key=True),
    sa.Column("arm", Text, nullable=False),  # contact | held_out
    sa.Column("stratum", sa.Integer, nullable=False),
    sa.Column("value", Number, nullable=False),  # spend of the twelve months before the draw
    sa.Column("drawn_at", Moment, nullable=False),
)
always_call = sa.Table(
    "always_call",
    metadata,
    sa.Column("customer_id", Text, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("who", Text, nullable=False),
)
customer_notes = sa.Table(
    "customer_notes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("customer_id", Text, nullable=False),
    sa.Column("day", Day, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("who", Text, nullable=False),
    sa.Column("kind", Text, nullable=False),  # note | contact
    sa.Column("text", Text, nullable=False),
    sa.Index("ix_customer_notes_customer_id", "customer_id"),
)
customer_links = sa.Table(
    "customer_links",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("customer_id", Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", Text, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("revoked_at", Moment),
    sa.Column("opened", sa.Integer, nullable=False),
    sa.Column("opened_at", Moment),
    sa.Index("ix_customer_links_customer_id", "customer_id"),
)
