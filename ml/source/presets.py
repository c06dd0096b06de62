"""The two starting points of a mapping, as the TOML a person could have written. Any key of them can be given anew.

`3t` is the company's own database (docs/data-mapping.md lists its quirks); `lines` is one flat table of order lines.
"""

from collections.abc import Mapping
from typing import NamedTuple

THREE_T = """
bottles = ["PC", "PET"]
zones = "santiago"

[vat]
Hogar = "gross"
Empresa = "net"

[orders]
table = "3t_orders"
order_id = "order_id"
customer_id = "customer_id"
order_date = "order_date"
amount = "final_price"
quantity = "quantity"
address_id = "delivery_address_id"
product_id = "product_type"
order_type = "order_type"
status = "status"
payment_status = "payment_status"
delivered_at = "delivered_date"
paid_at = "payment_date"
invoiced_at = "invoice_date"
tour_km = "route_distance_km"
[orders.exclude]
payment_status = ["Interno"]
order_type = ["compras", "Préstamo"]
[orders.known]
payment_status = ["Pendiente", "Pagado", "Facturado", "Interno"]
order_type = ["recarga", "nuevo", "compras", "Venta", "Préstamo"]
status = ["Pedido", "Ruta", "Despachado"]

[order_lines]
table = "order_products"
order_id = "order_id"
product_id = "product_id"
quantity = "quantity"
unit_price = "price_neto"
amount = "total"

[customers]
table = "3t_customers"
customer_id = "customer_id"
name = "name"
business_name = "business_name"
contact_name = "contact_name"
email = "email"
phone = "phone"
zone = "commune"
address_id = "address_id"
customer_type = "customer_type"

[addresses]
table = "3t_addresses"
address_id = "address_id"
customer_id = "customer_id"
zone = "commune"
latitude = "latitude"
longitude = "longitude"
is_default = "is_default"

[products]
table = "3t_products"
product_id = "product_id"
name = "name"
category = "category"

[weather]
table = "3t_weather_data"
date = "date"
zone = "commune"
temp_max_c = "temp_max_c"
temp_min_c = "temp_min_c"
humidity = "humidity"
precip_mm = "precip_mm"

[purchases]
table = "3t_purchases"
purchase_id = "purchase_id"
date = "purchase_date"
completed_at = "completed_date"
[purchases.exclude]
status = ["cancel*", "anulad*"]

[purchase_lines]
table = "3t_purchase_products"
purchase_id = "purchase_id"
product_id = "product_id"
quantity = "quantity"
unit_cost = "unit_price"

[supplier_prices]
table = "3t_supplier_price_history"
product_id = "product_id"
unit_cost = "price"
date = "recorded_at"
"""

LINES = """
vat = "unknown"

[order_lines]
table = "order_lines"
customer_id = "customer_id"
date = "date"
amount = "amount"
order_id = "order_id"
product_id = "product_id"
quantity = "quantity"
unit_price = "unit_price"
product_name = "product_name"
category = "category"
zone = "zone"
customer_name = "customer_name"
customer_type = "customer_type"
phone = "phone"
email = "email"
"""

# The keys of the tables that both presets know, and which of them a row cannot do without ("!").
_PEOPLE = (
    "customer_id! name business_name contact_name customer_type zone phone email contact_opt_out address_id",
    "address_id! customer_id! zone latitude longitude is_default",
    "product_id! name category is_bottle",
    "date! zone temp_max_c temp_min_c humidity precip_mm issued_at",
    "start! end kind name announced_at",
    "purchase_id! date completed_at status",
    "purchase_id! product_id! quantity unit_cost!",
    "product_id! date! unit_cost!",
)
_PEOPLE_TABLES = ("customers", "addresses", "products", "weather", "events", "purchases", "purchase_lines", "supplier_prices")


class Preset(NamedTuple):
    """A starting point: its TOML, the keys each table may have ("!" = required), and the tables without which nothing works."""

    toml: str
    keys: Mapping[str, str]
    required: tuple[str, ...]


_SHARED = dict(zip(_PEOPLE_TABLES, _PEOPLE, strict=True))
PRESETS: Mapping[str, Preset] = {
    "3t": Preset(
        THREE_T,
        {
            "orders": "order_id! customer_id! order_date! amount! quantity zone address_id product_id order_type status payment_status "
            "delivered_at paid_at invoiced_at tour_km",
            "order_lines": "order_id! product_id! quantity unit_price amount",
            **_SHARED,
        },
        ("orders",),
    ),
    "lines": Preset(
        LINES,
        {
            "order_lines": "customer_id! date! order_id product_id quantity unit_price amount product_name category zone customer_name "
            "customer_type phone email",
            **_SHARED,
        },
        ("order_lines",),
    ),
}


def required_keys(preset: str, table: str) -> tuple[str, ...]:
    """The keys of a table that must be mapped to a column that exists."""
    return tuple(key.rstrip("!") for key in PRESETS[preset].keys[table].split() if key.endswith("!"))


def allowed_keys(preset: str, table: str) -> tuple[str, ...]:
    """All keys a table's section may have, besides table, exclude and known."""
    return tuple(key.rstrip("!") for key in PRESETS[preset].keys[table].split())
