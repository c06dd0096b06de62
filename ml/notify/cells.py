"""What several messages say alike of customers and of the data: name, phone, whole numbers, the stamp."""

from typing import Any

import pandas as pd
import sqlalchemy as sa

from ml.i18n.figures import Formatter
from ml.i18n.names import money_basis
from ml.notify.messages import clean
from ml.queries.service import Service, latest_reading

LONGEST_NAME = 60
TOP, CHARTED = 3, 10  # customers named in the short form, and drawn


def name_of(row: dict[Any, Any]) -> str:
    """A customer's name, the id where there is none."""
    name = row["name"]
    return clean(name if isinstance(name, str) and name.strip() else row["customer_id"], LONGEST_NAME)


def phone_of(row: dict[Any, Any]) -> str:
    """A customer's phone, empty where there is none."""
    return clean(row["phone"], LONGEST_NAME) if isinstance(row["phone"], str) else ""


def whole(value: Any) -> int | None:
    """A figure as a whole number for machines, None where it is absent."""
    return None if value is None or pd.isna(value) else int(value)


def stamp(connection: sa.Connection, f: Formatter, service: Service) -> str:
    """Up to which day the data goes, and whether money is net or gross."""
    reading = latest_reading(connection)
    basis = money_basis(f.t, reading.amount_basis if reading else None)
    return f.t("Data up to {day}. Money {basis}.", day=f.day(service.day), basis=basis)
