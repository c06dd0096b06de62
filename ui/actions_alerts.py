"""The writes of the work list. Each asks for the right by itself and leaves an audit row, as in `ui.actions`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pandas as pd
import streamlit as st

from ml import clock
from ml.queries import calls, customers
from ml.queries.service import in_service
from ml.store import alerts, holdout
from ml.store.alerts import AlertError, Change
from ml.store.refused import Refused
from ml.store.values import load_preferences
from ui import guard
from ui.actions import Write, writing
from ui.store_access import settings

UNDO_FOR = timedelta(minutes=30)
Target = tuple[str, int | None]


def work(targets: Sequence[Target], change: Change) -> None:
    """Do the same to all of these: (customer, alert), the alert being opened by hand where there is none. Raises AlertError."""
    with writing("alerts") as write:
        today, press = clock.today(settings().timezone), alerts.next_batch(write.conn)
        known = [alert for _, alert in targets if alert is not None]
        made = _opened(write, [customer for customer, alert in targets if alert is None], press)
        alerts.act(write.conn, [*known, *made], replace(change, today=today), batch=press, **write.stamp)


def work_named(name: str, known: Mapping[str, int | None], make: Callable[[], Change]) -> None:
    """Do what a form says to the customers that were chosen in its field `name`; `known` is customer -> alert. Raises Refused."""
    guard.authorise("alerts")
    wanted = list(st.session_state.get(name) or [])
    if not wanted:
        raise Refused("No customer was chosen.", "nobody_chosen")
    work([(customer, known.get(customer)) for customer in wanted], make())


def open_alert(customer_id: str) -> None:
    """Open an alert by hand. Raises AlertError for one who is held out, asked not to be contacted, or has a live alert."""
    with writing("alerts") as write:
        _opened(write, [customer_id], alerts.next_batch(write.conn))


def undo(batch: int) -> None:
    """Take back what one press did, alerts that it opened too. Raises AlertError when something has happened since."""
    with writing("alerts") as write:
        alerts.undo(write.conn, batch, **write.stamp)


def always_call(customer_id: str, wanted: bool) -> None:
    """Put a customer on the list of those who are always called, or take it off."""
    with writing("alerts") as write:
        holdout.set_always(write.conn, customer_id, wanted, now=write.now, by=write.user.email)


def _opened(write: Write, ids: Sequence[str], press: int) -> list[int]:
    """The alerts of these customers, opened by hand."""
    if not ids:
        return []
    service = in_service(write.conn).get("customers")
    if service is None or service.as_of is None:
        raise AlertError(f"Nothing is predicted yet for the customer {ids[0]}.", "alert_gone")
    out = set(ids) & calls.kept_from_contact(write.conn, service.day)
    if out:
        raise AlertError(f"The customer {min(out)} is not to be contacted.", "alert_not_to_contact")
    scored = customers.listed(write.conn, service, everybody=True, only=tuple(ids))
    frame = customers.told(write.conn, service, calls.with_profit(scored, load_preferences(write.conn)), most=len(ids))
    kinds = frame["population"].map({population: kind for kind, population in calls.POPULATIONS.items()})
    made = alerts.open_for(write.conn, _plain(frame.assign(kind=kinds, as_of=service.day)), run_id=None, batch=press, **write.stamp)
    if len(made) < len(ids):
        raise AlertError(f"A live alert already, or no score, has one of the customers {', '.join(ids)}.", "alert_state")
    return made


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype(object).where(frame.notna(), None)
