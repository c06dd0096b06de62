"""One row per customer and release with what lists are chosen, ordered and paged by; filled from the predictions that are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

FILL_SCORES = """
INSERT INTO customer_scores (
    release_id, customer_id, as_of, population, probability, horizon_days, days_since_last_order, gap_days, value_at_risk,
    expected_value, expected_orders, value_12m, next_days, next_lo_days, next_hi_days
)
SELECT p.release_id, p.entity_id, p.as_of,
    COALESCE(MAX(CASE WHEN p.measure = 'churn_probability' THEN {population} END), 'active'),
    MAX(CASE WHEN p.measure = 'churn_probability' THEN p.value END),
    MAX(CASE WHEN p.measure = 'churn_probability' THEN p.window_days END),
    MAX(CASE WHEN p.measure = 'churn_probability' THEN CAST({days_since_last_order} AS FLOAT) END),
    MAX(CASE WHEN p.measure = 'churn_probability' THEN CAST({typical_gap_days} AS FLOAT) END),
    MAX(CASE WHEN p.measure = 'value_at_risk' THEN p.value END),
    MAX(CASE WHEN p.measure = 'expected_value' THEN p.value END),
    MAX(CASE WHEN p.measure = 'expected_orders' THEN p.value END),
    MAX(CASE WHEN p.measure = 'value_12m' THEN p.value END),
    MAX(CASE WHEN p.measure = 'next_order_date' THEN p.value END),
    MAX(CASE WHEN p.measure = 'next_order_date' THEN p.lo80 END),
    MAX(CASE WHEN p.measure = 'next_order_date' THEN p.hi80 END)
FROM predictions p
JOIN (SELECT release_id, MAX(as_of) AS as_of FROM predictions WHERE predictor = 'customers' GROUP BY release_id) newest
    ON newest.release_id = p.release_id AND newest.as_of = p.as_of
WHERE p.predictor = 'customers' AND p.entity_type = 'customer'
GROUP BY p.release_id, p.entity_id, p.as_of
HAVING COUNT(CASE WHEN p.measure = 'churn_probability' THEN 1 END) > 0
"""
FILL_SEGMENTS = """
INSERT INTO customer_segments (release_id, customer_id, as_of, segment, cluster_id, recency_days, frequency, spend)
SELECT p.release_id, p.entity_id, p.as_of, COALESCE(MAX({name}), 'potential'), MAX(CAST(p.value AS INTEGER)),
    MAX(CAST({recency_days} AS FLOAT)), MAX(CAST({frequency} AS FLOAT)), MAX(CAST({spend} AS FLOAT))
FROM predictions p
JOIN (SELECT release_id, MAX(as_of) AS as_of FROM predictions WHERE predictor = 'segments' GROUP BY release_id) newest
    ON newest.release_id = p.release_id AND newest.as_of = p.as_of
WHERE p.predictor = 'segments' AND p.entity_type = 'customer' AND p.measure = 'segment'
GROUP BY p.release_id, p.entity_id, p.as_of
"""
CELLS = ("population", "days_since_last_order", "typical_gap_days", "name", "recency_days", "frequency", "spend")


def upgrade() -> None:
    op.create_table(
        "customer_scores",
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("population", sa.Text(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("horizon_days", sa.Integer(), nullable=False),
        sa.Column("days_since_last_order", sa.Float(), nullable=True),
        sa.Column("gap_days", sa.Float(), nullable=True),
        sa.Column("value_at_risk", sa.Float(), nullable=True),
        sa.Column("expected_value", sa.Float(), nullable=True),
        sa.Column("expected_orders", sa.Float(), nullable=True),
        sa.Column("value_12m", sa.Float(), nullable=True),
        sa.Column("next_days", sa.Float(), nullable=True),
        sa.Column("next_lo_days", sa.Float(), nullable=True),
        sa.Column("next_hi_days", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("release_id", "customer_id", name=op.f("pk_customer_scores")),
    )
    op.create_table(
        "customer_segments",
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("cluster_id", sa.Integer(), nullable=True),
        sa.Column("recency_days", sa.Float(), nullable=True),
        sa.Column("frequency", sa.Float(), nullable=True),
        sa.Column("spend", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("release_id", "customer_id", name=op.f("pk_customer_segments")),
    )
    connection = op.get_bind()
    cell = "p.detail ->> '{}'" if connection.dialect.name == "postgresql" else "json_extract(p.detail, '$.{}')"
    for statement in (FILL_SCORES, FILL_SEGMENTS):
        connection.execute(sa.text(statement.format(**{name: cell.format(name) for name in CELLS})))
    op.create_index("ix_customer_scores_stake", "customer_scores", ["release_id", "population", "value_at_risk", "probability"])
    op.create_index("ix_customer_facts_contact_opt_out", "customer_facts", ["contact_opt_out", "customer_id"])
    op.create_index("ix_customer_segments_spend", "customer_segments", ["release_id", "segment", "spend"])
