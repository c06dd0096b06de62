"""The tables of the company's database as SQLAlchemy describes them (names and columns as in the company's own Postgres)."""

import sqlalchemy as sa

metadata = sa.MetaData()

_KINDS: dict[str, type[sa.types.TypeEngine]] = {
    "text": sa.Text, "date": sa.Date, "moment": sa.DateTime, "numeric": sa.Numeric, "int": sa.Integer, "flag": sa.Boolean, "json": sa.JSON,
    "real": sa.Float,
}  # fmt: skip


def _table(name: str, columns: str) -> sa.Table:
    parts = (item.split(":") for item in columns.split())
    return sa.Table(name, metadata, *(sa.Column(column, _KINDS[kind]()) for column, kind in parts))


_table(
    "3t_orders",
    "order_id:text customer_id:text delivery_address_id:text order_date:date status:text order_type:text product_type:text "
    "quantity:numeric final_price:numeric payment_status:text payment_type:text delivered_date:date delivery_datetime:moment "
    "payment_date:date invoice_date:date bottles_delivered:numeric bottles_returned:numeric botellones_entregados:numeric "
    "route_distance_km:numeric",
)
_table("order_products", "id:int order_id:text product_id:text quantity:int price_neto:numeric total:int")
_table(
    "3t_customers",
    "customer_id:text name:text business_name:text contact_name:text email:text phone:text commune:text address_id:text customer_type:text "
    "product_format:text price:numeric",
)
_table("3t_addresses", "address_id:text customer_id:text commune:text region:text latitude:real longitude:real is_default:flag")
_table("3t_products", "product_id:text name:text category:text price_neto:numeric pv_iva_inc:numeric")
_table("3t_purchases", "purchase_id:text purchase_date:date completed_date:date status:text")
_table("3t_purchase_products", "purchase_id:text product_id:text quantity:int unit_price:numeric")
_table("3t_supplier_price_history", "product_id:text price:numeric recorded_at:moment")
_table(
    "3t_weather_data",
    "date:date commune:text temp_c:numeric temp_max_c:numeric temp_min_c:numeric humidity:numeric precip_mm:numeric is_hot_day:flag "
    "is_rainy_day:flag",
)
_table("3t_saved_routes", "route_id:text route_data:json total_orders:int total_routes:int is_active:flag")
_table("3t_invoices", "invoice_id:text invoice_date:date subtotal:numeric tax_amount:numeric total_amount:numeric status:text")
_table("3t_order_invoices", "order_id:text invoice_id:text amount_invoiced:numeric")
_table("3t_users", "id:text email:text nombre:text rol:text activo:flag")

DEMO_TABLE = _table("demo_company", "key:text value:text").name  # how this demo company was made; no table of a real company
