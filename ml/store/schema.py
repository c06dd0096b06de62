"""All our tables. Timestamps are naive UTC, days are naive local dates, money is in the company's currency.

On Postgres every table lives in the schema `insights` (schema_translate_map); migrations/ holds how they came to be.
"""

import sqlalchemy as sa

SCHEMA = "insights"
metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
Text, Moment, Day, Number, Json = sa.Text, sa.DateTime, sa.Date, sa.Float, sa.JSON


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


# --- which company this store belongs to, and what people chose
meta = sa.Table("meta", metadata, sa.Column("key", Text, primary_key=True), sa.Column("value", Text, nullable=False))
preferences = sa.Table(
    "preferences",
    metadata,
    sa.Column("name", Text, primary_key=True),
    sa.Column("value", Json, nullable=False),
    sa.Column("set_at", Moment, nullable=False),
    sa.Column("set_by", Text, nullable=False),
)

logos = sa.Table(
    "logos",
    metadata,
    sa.Column("digest", Text, primary_key=True),  # SHA-256 of the picture
    sa.Column("kind", Text, nullable=False),  # image/png | image/jpeg | image/svg+xml
    sa.Column("content", Text, nullable=False),  # base64, which a copy of the store can write as text
    sa.Column("added_at", Moment, nullable=False),
    sa.Column("added_by", Text, nullable=False),
)

# --- what was read: the newest row describes the data every screen stands on
reading = sa.Table(
    "reading",
    metadata,
    _id(),
    sa.Column("read_at", Moment, nullable=False),
    sa.Column("as_of", Day, nullable=False),
    sa.Column("source", Text, nullable=False),
    sa.Column("fingerprint", Text, nullable=False),
    sa.Column("from_snapshot", sa.Boolean, nullable=False),
    sa.Column("is_demo", sa.Boolean, nullable=False),
    sa.Column("amount_basis", Text, nullable=False),  # net | gross | mixed | unknown
    sa.Column("tables", Json, nullable=False),  # {table: {rows, first, last}} of the canonical tables that are present
    sa.Column("findings", Json, nullable=False),  # [{code, table, count, action, examples}]
)
daily_facts = sa.Table(
    "daily_facts",
    metadata,
    sa.Column("measure", Text, primary_key=True),  # orders | revenue | bottles
    sa.Column("entity_type", Text, primary_key=True),  # company | product | zone | customer_type
    sa.Column("entity_id", Text, primary_key=True),
    sa.Column("day", Day, primary_key=True),
    sa.Column("value", Number, nullable=False),
)
customer_facts = sa.Table(
    "customer_facts",
    metadata,
    sa.Column("customer_id", Text, primary_key=True),
    sa.Column("name", Text),
    sa.Column("customer_type", Text),
    sa.Column("zone", Text),
    sa.Column("phone", Text),
    sa.Column("email", Text),
    sa.Column("contact_opt_out", sa.Boolean, nullable=False),
    sa.Column("first_order", Day),
    sa.Column("last_order", Day),
    sa.Column("orders_total", sa.Integer, nullable=False),
    sa.Column("orders_365", sa.Integer, nullable=False),
    sa.Column("spend_total", Number, nullable=False),
    sa.Column("spend_365", Number, nullable=False),
    sa.Column("spend_before_silence", Number),  # of the 365 days up to the own last order
    sa.Column("typical_gap_days", Number),
    sa.Column("unpaid_amount", Number),
    sa.Column("unpaid_since", Day),
    sa.Column("search", Text),  # name, id and phone as ml.store.searching writes them
    sa.Index("ix_customer_facts_contact_opt_out", "contact_opt_out", "customer_id"),
)
customer_orders = sa.Table(
    "customer_orders",
    metadata,
    sa.Column("customer_id", Text, primary_key=True),
    sa.Column("day", Day, primary_key=True),
    sa.Column("order_id", Text, primary_key=True),
    sa.Column("amount", Number, nullable=False),
    sa.Column("quantity", Number),
    sa.Column("is_paid", sa.Boolean),  # null where the company records no payments
    sqlite_with_rowid=False,
)
customer_products = sa.Table(
    "customer_products",
    metadata,
    sa.Column("customer_id", Text, primary_key=True),
    sa.Column("product_id", Text, primary_key=True),
    sa.Column("name", Text),
    sa.Column("orders", sa.Integer, nullable=False),
    sa.Column("quantity_per_order", Number),
    sa.Column("amount", Number, nullable=False),
    sa.Column("last_day", Day, nullable=False),
    sqlite_with_rowid=False,
)
customer_places = sa.Table(
    "customer_places",
    metadata,
    sa.Column("customer_id", Text, primary_key=True),
    sa.Column("address_id", Text, primary_key=True),
    sa.Column("zone", Text),
    sa.Column("latitude", Number),  # null where the company knows no place
    sa.Column("longitude", Number),
    sa.Column("is_default", sa.Boolean, nullable=False),
    sa.Column("orders", sa.Integer, nullable=False),  # brought there so far
    sa.Column("last_order", Day),
)
delivery_points = sa.Table(
    "delivery_points",
    metadata,
    sa.Column("order_id", Text, primary_key=True),  # of the last day with deliveries whose place is known
    sa.Column("day", Day, nullable=False),
    sa.Column("zone", Text),
    sa.Column("quantity", Number),
    sa.Column("latitude", Number, nullable=False),
    sa.Column("longitude", Number, nullable=False),
)
tour_facts = sa.Table(
    "tour_facts",
    metadata,
    sa.Column("tour_id", Text, primary_key=True),  # of the last TOUR_DAYS days
    sa.Column("date", Day, nullable=False),
    sa.Column("stops", Number),
    sa.Column("driven_km", Number),
    sa.Column("hours", Number),
    sa.Column("cost", Number),
)

# --- what was predicted, and how it turned out
predictions = sa.Table(
    "predictions",
    metadata,
    _id(),
    sa.Column("run_id", sa.Integer, nullable=False),
    sa.Column("release_id", Text, nullable=False),
    sa.Column("predictor", Text, nullable=False),
    sa.Column("measure", Text, nullable=False),
    sa.Column("as_of", Day, nullable=False),
    sa.Column("entity_type", Text, nullable=False),
    sa.Column("entity_id", Text, nullable=False),
    sa.Column("target_date", Day, nullable=False),
    sa.Column("window_days", sa.Integer, nullable=False),
    sa.Column("value", Number),
    sa.Column("lo80", Number),
    sa.Column("hi80", Number),
    sa.Column("lo95", Number),
    sa.Column("hi95", Number),
    sa.Column("detail", Json, nullable=False),
    sa.Column("actual", Number),
    sa.UniqueConstraint("release_id", "predictor", "measure", "as_of", "entity_type", "entity_id", "target_date", "window_days"),
    sa.Index("ix_predictions_read", "predictor", "release_id", "as_of", "measure", "entity_type"),
)
scores = sa.Table(
    "scores",
    metadata,
    _id(),
    sa.Column("run_id", sa.Integer, nullable=False),
    sa.Column("release_id", Text, nullable=False),
    sa.Column("predictor", Text, nullable=False),
    sa.Column("measure", Text, nullable=False),
    sa.Column("metric", Text, nullable=False),
    sa.Column("cutoff", Day),  # null = over all cutoffs
    sa.Column("window_days", sa.Integer, nullable=False),
    sa.Column("population", Text, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("value", Number),
    sa.Column("baseline", Number),
    sa.Column("baseline_name", Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
)
release_pointer = sa.Table(
    "release_pointer",
    metadata,
    sa.Column("predictor", Text, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),  # the highest seq of a predictor is in service
    sa.Column("release_id", Text, nullable=False),
    sa.Column("run_id", sa.Integer),
    sa.Column("at", Moment, nullable=False),
    sa.Column("by", Text, nullable=False),
    sa.Column("reason", Text, nullable=False),
)
job_run = sa.Table(
    "job_run",
    metadata,
    _id(),
    sa.Column("job", Text, nullable=False),
    sa.Column("scheduled_for", Moment, nullable=False),
    sa.Column("origin", Text, nullable=False),  # cron | manual | catch_up | setup
    sa.Column("status", Text, nullable=False),  # queued | running | done | failed | skipped | cancelled
    sa.Column("attempt", sa.Integer, nullable=False, default=0),  # how many attempts were begun
    sa.Column("owner", Text),
    sa.Column("requested_by", Text),
    sa.Column("lease_until", Moment),
    sa.Column("heartbeat_at", Moment),
    sa.Column("progress", Json),
    sa.Column("error", Text),
    sa.Column("log_path", Text),
    sa.Column("started_at", Moment),
    sa.Column("finished_at", Moment),
    sa.Column("not_before", Moment),  # a queued run is not taken up earlier; null = at once
    sa.Column("options", Json),  # {"dry_run": true}
    sa.Column("log_tail", Text),  # of the last attempt that was lost
    sa.UniqueConstraint("job", "scheduled_for"),
    sa.Index("ix_job_run_status", "status"),
    sa.Index("ix_job_run_scheduled_for", "scheduled_for"),
    sa.Index(
        "uq_job_run_single_flight",
        "job",
        unique=True,
        sqlite_where=sa.text("status IN ('queued', 'running')"),
        postgresql_where=sa.text("status IN ('queued', 'running')"),
    ),
)
scheduler_state = sa.Table(
    "scheduler_state",
    metadata,
    sa.Column("owner", Text, primary_key=True),
    sa.Column("heartbeat_at", Moment, nullable=False),
    sa.Column("next_runs", Json, nullable=False),  # {job: UTC moment}
)

# --- people
users = sa.Table(
    "users",
    metadata,
    _id(),
    sa.Column("email", Text, nullable=False, unique=True),
    sa.Column("name", Text, nullable=False),
    sa.Column("role", Text, nullable=False),  # admin | analyst | viewer
    sa.Column("password_hash", Text),
    sa.Column("language", Text),  # es | en | null = the browser's
    sa.Column("disabled_at", Moment),
    sa.Column("created_at", Moment, nullable=False),
)
sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("token_hash", Text, primary_key=True),
    sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("seen_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("revoked_at", Moment),
    sa.Column("address", Text),
    sa.Column("agent", Text),
)
login_attempts = sa.Table(
    "login_attempts",
    metadata,
    _id(),
    sa.Column("at", Moment, nullable=False),
    sa.Column("email", Text, nullable=False),
    sa.Column("address", Text, nullable=False),
    sa.Column("succeeded", sa.Boolean, nullable=False),
    sa.Index("ix_login_attempts_email_at", "email", "at"),
    sa.Index("ix_login_attempts_address_at", "address", "at"),
)
tokens = sa.Table(
    "tokens",
    metadata,
    _id(),
    sa.Column("name", Text, nullable=False),
    sa.Column("token_hash", Text, nullable=False, unique=True),
    sa.Column("scopes", Json, nullable=False),  # ["predictions:read", ...]
    sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment),
    sa.Column("last_used_at", Moment),
    sa.Column("revoked_at", Moment),
)
audit = sa.Table(
    "audit",
    metadata,
    _id(),
    sa.Column("at", Moment, nullable=False),
    sa.Column("who", Text, nullable=False),
    sa.Column("action", Text, nullable=False),
    sa.Column("target", Text, nullable=False),
    sa.Column("detail", Json, nullable=False),
    sa.Index("ix_audit_at", "at"),
)
