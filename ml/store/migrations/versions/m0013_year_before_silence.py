"""What each customer bought in the year up to the own last order; filled from the orders that are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

FILL = """
UPDATE customer_facts SET spend_before_silence = (
    SELECT COALESCE(SUM(orders.amount), 0.0) FROM customer_orders orders
    WHERE orders.customer_id = customer_facts.customer_id AND orders.day > {year_before}
)
"""


def upgrade() -> None:
    op.add_column("customer_facts", sa.Column("spend_before_silence", sa.Float(), nullable=True))
    on_postgres = op.get_bind().dialect.name == "postgresql"
    year_before = "customer_facts.last_order - 365" if on_postgres else "DATE(customer_facts.last_order, '-365 days')"
    op.execute(sa.text(FILL.format(year_before=year_before)))
