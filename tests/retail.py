"""The Online Retail lines (UCI, CC BY 4.0) as a source: a wholesaler's order lines through the `lines` preset."""

from pathlib import Path

from ml.settings import Settings
from tests.conftest import SECRET_KEY, SHARED_DATA, settings_for

LINES = SHARED_DATA / "online_retail_lines.parquet"
MAPPING = """preset = "lines"
vat = "net"
[order_lines]
table = "online_retail_lines"
customer_id = "customer_id"
order_id = "order_id"
date = "date"
product_id = "sku"
quantity = "qty"
unit_price = "price"
amount = "amount"
zone = "country"
[order_lines.exclude]
order_id = ["C*"]
"""


def write_mapping(home: Path) -> None:
    """`home/mapping.toml`."""
    (home / "mapping.toml").write_text(MAPPING, encoding="utf-8")


def values(home: Path) -> dict[str, str]:
    """The settings by name, without INSIGHTS_."""
    mapping = str(home / "mapping.toml")
    return {"source": f"csv:{SHARED_DATA}", "mapping": mapping, "country": "GB", "timezone": "Europe/London", "currency": "GBP"}


def settings(home: Path) -> Settings:
    """The settings of the wholesaler under `home`."""
    return settings_for(home, as_of=None, **values(home))


def environment(home: Path) -> dict[str, str]:
    """The same as environment variables."""
    named = {f"INSIGHTS_{name.upper()}": value for name, value in values(home).items()}
    return named | {"INSIGHTS_HOME": str(home), "INSIGHTS_SECRET_KEY": SECRET_KEY}
