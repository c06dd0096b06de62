"""The message about customers who may stop ordering: how many, what is at stake, whom to call first and why."""

from typing import Any

import pandas as pd
import sqlalchemy as sa

from ml import clock
from ml.i18n import Translator, reasons
from ml.i18n.figures import Formatter
from ml.notify.audience import app_link, customer_links
from ml.notify.cells import CHARTED, TOP, name_of, phone_of, stamp, whole
from ml.notify.late_customers import late_message
from ml.notify.message_jobs import Finish, MessageJob, NothingPredicted, run_message_job
from ml.notify.messages import Chart, Link, Message, Table, clean
from ml.queries import call_list, calls, customers
from ml.queries.service import Service, in_service
from ml.reports.journal import Say
from ml.settings import Settings
from ml.store import alerts
from ml.store.preferences import Preferences
from ml.store.values import load_preferences

NAME = "churn_alerts"


def run(
    settings: Settings, store: sa.Engine, *, run_id: int, say: Say, finish: Finish | None = None, dry_run: bool = False
) -> dict[str, Any]:
    """Tell the sales people about customers at risk; nobody above the rule: no message, and a line in the activity list."""
    return run_message_job(JOB, settings, store, run_id=run_id, say=say, finish=finish, dry_run=dry_run)


def compose(connection: sa.Connection, settings: Settings, f: Formatter) -> Message | None:
    """The message as of now, None when the rule picks nobody whom somebody has not dealt with yet. Raises NothingPredicted.

    Where the release says that the risk has no usable signal, it names who is later than the own rhythm, without a probability.
    """
    service = in_service(connection).get("customers")
    if service is None or service.as_of is None:
        raise NothingPredicted(
            "There are no predictions about customers yet, so there is nothing to tell: run `python -m ml retrain` first."
        )
    chosen = load_preferences(connection)
    if customers.has_signal(connection, service) is False:
        return _without_signal(connection, settings, f, service, chosen)
    picked = call_list.to_tell(connection, service, chosen)
    everybody = customers.listed(connection, service)
    silent = everybody.where(everybody.c.population == calls.POPULATIONS["win_back"]).count(connection)
    if picked.empty:
        return None
    return _message(connection, settings, f, service, picked, silent, chosen)


def open_alerts(connection: sa.Connection, _settings: Settings, run_id: int) -> None:
    """Open an alert in the work list for everybody the rule picks, within the transaction of the message; for nobody while the risk has no
    usable signal, because the rule would go by chance."""
    service = in_service(connection).get("customers")
    if service is not None and service.as_of is not None and customers.has_signal(connection, service) is not False:
        rows = call_list.eligible(connection, service, load_preferences(connection))
        alerts.open_for(connection, rows, run_id=run_id, now=clock.utc_now())


JOB = MessageJob(NAME, compose, open_alerts)


def _without_signal(
    connection: sa.Connection, settings: Settings, f: Formatter, service: Service, chosen: Preferences
) -> Message | None:  # fmt: skip
    _, late = call_list.late(connection, service)
    return None if late.empty else late_message(connection, settings, f, service, late, kind=NAME, most=chosen.message_rows)


def _message(
    connection: sa.Connection, settings: Settings, f: Formatter, service: Service, picked: pd.DataFrame, silent: int,
    chosen: Preferences,
) -> Message:  # fmt: skip
    t = f.t
    stake, lifetime = float(picked["value_at_risk"].sum()), float(picked["spend_total"].sum())
    days = int(picked["horizon_days"].max())
    count = {"count": f.number(len(picked)), "money": f.money(stake)}
    title = t.plural("{count} customer at risk, {money} at stake", "{count} customers at risk, {money} at stake", len(picked), **count)
    totals = t(
        "Expected loss in the next {days} days: {money}. Sales of these customers to date: {lifetime}.",
        days=f.number(days), money=f.money(stake), lifetime=f.money(lifetime),
    )  # fmt: skip
    sentences = (_counted(f, len(picked), silent, days), totals, _rule(f, chosen), stamp(connection, f, service))
    shown = picked.head(chosen.message_rows)
    return Message(
        kind=NAME,
        language=t.language,
        title=title,
        sentences=sentences,
        short=(title, totals, *_first(f, picked)),
        link=Link(t("Open the list"), app_link(settings, "churn")),
        table=_table(f, shown, customer_links(settings, "churn", shown["customer_id"])),
        chart=_chart(t, shown.head(CHARTED)),
        facts=_facts(service, picked, silent, stake, lifetime),
        customers=tuple(picked["customer_id"].astype(str)),
    )


def _first(f: Formatter, picked: pd.DataFrame) -> list[str]:
    return [
        f.t(
            "{n}. {name}: {risk} risk, {money}",
            n=place,
            name=name_of(row),
            risk=f.percent(row["probability"]),
            money=f.money(row["value_at_risk"]),
        )
        for place, row in enumerate(picked.head(TOP).to_dict("records"), start=1)
    ]


def _rule(f: Formatter, chosen: Preferences) -> str:
    if chosen.alert_rule == "profit":
        return f.t("Listed is whom a call is expected to earn more than it costs, most money first.")
    return f.t("Listed is whose risk is {share} or more, most money first.", share=f.percent(chosen.churn_threshold))


def _counted(f: Formatter, at_risk: int, silent: int, days: int) -> str:
    return f.t(
        "At risk of not ordering within {days} days: {at_risk}. To win back, because they have been silent for long: {silent}.",
        days=f.number(days), at_risk=f.number(at_risk), silent=f.number(silent),
    )  # fmt: skip


def _table(f: Formatter, rows: pd.DataFrame, links: tuple[str, ...]) -> Table:
    t = f.t
    head = (t("Customer"), t("Risk"), t("At stake"), t("Days silent"), t("Why"), t("Phone"))
    cells = [
        (
            name_of(row), f.percent(row["probability"]), f.money(row["value_at_risk"]), f.number(row["days_since_last_order"]),
            clean(reasons.sentence(f, row["reasons"], row["days_since_last_order"], row["gap_days"], most=1)), phone_of(row),
        )
        for row in rows.to_dict("records")
    ]  # fmt: skip
    return Table(head, tuple(cells), ("left", "right", "right", "right", "left", "left"), links)


def _chart(t: Translator, rows: pd.DataFrame) -> Chart:
    names = tuple(name_of(row) for row in rows.to_dict("records"))
    return Chart(t("Money at stake by customer"), names, tuple(float(value) for value in rows["value_at_risk"].fillna(0)))


def _facts(service: Service, picked: pd.DataFrame, silent: int, stake: float, lifetime: float) -> dict[str, Any]:
    listed = [
        {
            "customer_id": str(row["customer_id"]), "name": name_of(row), "phone": phone_of(row),
            "probability": round(float(row["probability"]), 4),
            "value_at_risk": round(float(row["value_at_risk"] or 0), 2), "days_since_last_order": whole(row["days_since_last_order"]),
        }
        for row in picked.to_dict("records")
    ]  # fmt: skip
    totals = {"expected_loss": round(stake, 2), "lifetime_sales": round(lifetime, 2)}
    counts = {"at_risk": len(picked), "win_back": silent, "horizon_days": int(picked["horizon_days"].max())}
    return {"as_of": service.day.isoformat(), **counts, **totals, "customers": listed}
