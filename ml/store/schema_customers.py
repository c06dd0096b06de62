"""What the newest predictions of a release say of each customer, one row each: what lists of customers are chosen, ordered and paged by.

Written by `ml.store.customer_rows` out of the table `predictions`, which stays the record of what was said; reasons lie there alone.
"""

import sqlalchemy as sa

from ml.store.schema import Day, Number, Text, metadata

customer_scores = sa.Table(
    "customer_scores",
    metadata,
    sa.Column("release_id", Text, primary_key=True),
    sa.Column("customer_id", Text, primary_key=True),
    sa.Column("as_of", Day, nullable=False),
    sa.Column("population", Text, nullable=False),  # active | dormant
    sa.Column("probability", Number),
    sa.Column("horizon_days", sa.Integer, nullable=False),
    sa.Column("days_since_last_order", Number),
    sa.Column("gap_days", Number),  # the own usual pause; null = too few orders for one
    sa.Column("value_at_risk", Number),
    sa.Column("expected_value", Number),
    sa.Column("expected_orders", Number),
    sa.Column("value_12m", Number),
    sa.Column("next_days", Number),  # days from as_of to the next order, and the ends of its 80 % range
    sa.Column("next_lo_days", Number),
    sa.Column("next_hi_days", Number),
    sa.Index("ix_customer_scores_stake", "release_id", "population", "value_at_risk", "probability"),
)
customer_segments = sa.Table(
    "customer_segments",
    metadata,
    sa.Column("release_id", Text, primary_key=True),
    sa.Column("customer_id", Text, primary_key=True),
    sa.Column("as_of", Day, nullable=False),
    sa.Column("segment", Text, nullable=False),
    sa.Column("cluster_id", sa.Integer),
    sa.Column("recency_days", Number),
    sa.Column("frequency", Number),
    sa.Column("spend", Number),  # of the last twelve months
    sa.Index("ix_customer_segments_spend", "release_id", "segment", "spend"),
)
