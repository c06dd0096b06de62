"""Orders and usual products per customer, and the text by which a customer is found."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customer_facts", sa.Column("search", sa.Text(), nullable=True))
    op.create_table(
        "customer_orders",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.Float(), nullable=False),
        sa.Column("quantity", sa.Float(), nullable=True),
        sa.Column("is_paid", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "day", "order_id", name=op.f("pk_customer_orders")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "customer_products",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("quantity_per_order", sa.Float(), nullable=True),
        sa.Column("amount", sa.Float(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "product_id", name=op.f("pk_customer_products")),
        sqlite_with_rowid=False,
    )
