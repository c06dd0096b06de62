"""What the message about customers says while the risk has no usable signal: who is later than the own rhythm, and no probability."""

from typing import Any

import pandas as pd
import sqlalchemy as sa

from ml.i18n import mark
from ml.i18n.figures import Formatter
from ml.notify.audience import app_link, customer_links
from ml.notify.cells import CHARTED, TOP, name_of, phone_of, stamp, whole
from ml.notify.messages import Chart, Link, Message, Table
from ml.queries import advice
from ml.queries.service import Service
from ml.settings import Settings

WITHOUT_SIGNAL = mark(
    "There is no usable signal in this data yet, so nobody's risk is said: go by the days of silence against the own rhythm."
)


def late_message(
    connection: sa.Connection, settings: Settings, f: Formatter, service: Service, late: pd.DataFrame, *, kind: str, most: int
) -> Message:
    """The message about `late`, rows of `ml.queries.calls.by_rhythm` of people who may be contacted; its table has `most` rows at most."""
    t = f.t
    title = t.plural(
        "{count} customer is later than usual", "{count} customers are later than usual", len(late), count=f.number(len(late))
    )  # fmt: skip
    why = t(WITHOUT_SIGNAL)
    sentences = (
        why,
        t("Listed is who has been silent for longer than the own usual pause, the latest first."),
        t("Sales of these customers in 12 months: {money}.", money=f.money(late["spend_365"].sum())),
        stamp(connection, f, service),
    )
    shown = late.head(most).to_dict("records")
    return Message(
        kind=kind,
        language=t.language,
        title=title,
        sentences=sentences,
        short=(title, why, *first_lines(f, shown)),
        link=Link(t("Open the list"), app_link(settings, "churn")),
        table=rhythm_table(f, shown, customer_links(settings, "churn", (row["customer_id"] for row in shown))),
        chart=_chart(f, shown[:CHARTED]),
        facts=_facts(service, late),
        customers=tuple(late["customer_id"].astype(str)),
    )


def first_lines(f: Formatter, rows: list[dict[Any, Any]]) -> list[str]:
    """The TOP first of the rows of `calls.latest_first` as short lines: silence and usual pause."""
    return [
        f.t(
            "{n}. {name}: {days} days silent, usually {gap}",
            n=place,
            name=name_of(row),
            days=f.number(row["days_since_last_order"]),
            gap=f.number(row["gap_days"]),
        )
        for place, row in enumerate(rows[:TOP], start=1)
    ]


def rhythm_table(f: Formatter, rows: list[dict[Any, Any]], links: tuple[str, ...]) -> Table:
    """Rows of `calls.latest_first` with silence and usual pause, and no probability; `links` is where each leads."""
    t = f.t
    head = (t("Customer"), t("Days silent"), t("Usual pause"), t("Own pauses"), t("Sales in 12 months"), t("Phone"))
    cells = [
        (
            name_of(row), f.number(row["days_since_last_order"]), f.number(row["gap_days"]), f.number(row["lateness"], 1),
            f.money(row["spend_365"]), phone_of(row),
        )
        for row in rows
    ]  # fmt: skip
    return Table(head, tuple(cells), ("left", "right", "right", "right", "right", "left"), links)


def _chart(f: Formatter, rows: list[dict[Any, Any]]) -> Chart:
    names = tuple(name_of(row) for row in rows)
    return Chart(f.t("Silence in own usual pauses, by customer"), names, tuple(float(row["lateness"]) for row in rows))


def _facts(service: Service, late: pd.DataFrame) -> dict[str, Any]:
    return {"as_of": service.day.isoformat(), "usable_signal": False, "late": len(late), "customers": rhythm_entries(late)}


def rhythm_entries(late: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of `calls.latest_first` as facts for webhooks, without a probability."""
    return [
        {
            "customer_id": str(row["customer_id"]), "name": name_of(row), "phone": phone_of(row),
            "days_since_last_order": whole(row["days_since_last_order"]), "usual_pause_days": whole(row["gap_days"]),
            "own_pauses": round(float(row["lateness"]), 2), "risk_level": advice.rhythm_level(float(row["lateness"])),
        }
        for row in late.to_dict("records")
    ]  # fmt: skip
