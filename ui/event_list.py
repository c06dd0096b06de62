"""The list of events on the Demand screen: what is coming and was, those entered changed or taken back by those who may; their words in the
figure."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from ml.i18n import mark
from ml.queries import events
from ml.store.events import LONGEST_NAME, Event
from ui import actions_events, data, guard, presses, tables
from ui.format import md
from ui.screen import Screen

KINDS: Mapping[str, str] = {
    "promotion": mark("Promotion"),
    "price_change": mark("Price change"),
    "strike": mark("Strike"),
    "closure": mark("Closed"),
}
LISTED_DAYS = 400
DAYS_PIXELS = 270  # two days side by side


def since(screen: Screen, day: date) -> pd.DataFrame:
    """The events that touch `day` or later, each with a name. `screen` stands on `stamps.entered_events`: one may have just come."""
    found: pd.DataFrame = screen.read(events.current, day)
    unnamed = (found["name"] == "").to_numpy()
    return found.assign(name=found["name"].mask(unnamed, kind_words(screen, found)))


def kind_words(screen: Screen, found: pd.DataFrame) -> pd.Series:
    """The kind of each event in words."""
    return pd.Series([screen.t(KINDS.get(kind, kind)) for kind in found["kind"]], index=found.index, dtype=object)


def with_words(days: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """The forecast frame with the names of the events of each day beside its holiday; a price change that lasts on, on its first day."""
    end = found["end"].fillna(found["start"])
    told = [[*found.loc[(found["start"] <= day) & (end >= day), "name"], *([holiday] if holiday else [])]
            for day, holiday in zip(days["day"], days["holiday"], strict=True)]  # fmt: skip
    return days.assign(holiday=pd.Series(["; ".join(names) or None for names in told], index=days.index, dtype=object))


def show(screen: Screen) -> None:
    """The list folded away; a form and the ways to change and take back for admin and analyst."""
    t = screen.t
    found = since(screen, screen.today - timedelta(days=LISTED_DAYS))
    with st.expander(t("Promotions, price changes, strikes and closures ({n})", n=len(found)), key="events"):
        st.caption(t("A closure makes its days closed; other kinds count in the forecast once the history holds ten days of them. "
                     "A price change of one day goes on from then. All counts from the next reading of the data on."))  # fmt: skip
        where = found["is_entered"].map({True: t("entered here"), False: t("from your data")})
        rows = found.assign(what=kind_words(screen, found), where=where)
        columns = [
            tables.Column("name", t("Name")), tables.Column("what", t("Kind")), tables.Column("start", t("From"), "day"),
            tables.Column("end", t("To"), "day"), tables.Column("announced_at", t("Known from"), "day"),
            *([] if found["is_entered"].all() else [tables.Column("where", t("Where from"))]),
        ]  # fmt: skip
        tables.show(screen, rows, columns, alt=t("The events that count"), key="event-rows")
        if guard.may(screen.user, "events"):
            _form(screen)
            _changes(screen, found[found["is_entered"]])


def _form(screen: Screen) -> None:
    t, name = screen.t, f"event-{presses.number('event-add')}"
    with st.form(name, border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        _fields(screen, name, Event(next(iter(KINDS)), "", screen.today, None, screen.today))
        presses.submit(t("Add"), "event-add", lambda: actions_events.add_named(name), mark("The event was added."))


def _fields(screen: Screen, name: str, event: Event) -> None:
    """The fields of the form `name`, with what they say at first."""
    t, kinds = screen.t, list(KINDS)
    st.selectbox(t("Kind"), kinds, index=kinds.index(event.kind), format_func=lambda kind: t(KINDS[kind]), key=f"{name}-kind")
    st.text_input(t("Name"), event.name, key=f"{name}-name", max_chars=LONGEST_NAME)
    days = (event.start, event.end or event.start)
    st.date_input(t("First and last day"), days, key=f"{name}-days", format="DD-MM-YYYY", width=DAYS_PIXELS)
    st.date_input(t("Known from"), event.announced_at, key=f"{name}-known", format="DD-MM-YYYY")


def _changes(screen: Screen, found: pd.DataFrame) -> None:
    """One of the events entered here, to be changed or removed; the one removed last, to be put back."""
    t, f = screen.t, screen.f
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(found):
            entered = {int(row["id"]): _event(row) for row in found.to_dict("records")}
            labels = {key: f"{one.name} ({f.day(one.start)})" for key, one in entered.items()}
            key = st.selectbox(t("Change or remove an event"), list(labels), format_func=lambda one: labels[one], key="event-chosen")
            _change(screen, key, entered[key])
            presses.button(t("Remove"), f"event-remove-{key}", lambda: actions_events.remove(key), mark("The event was removed."))
        removed = data.ask(events.last_removed)
        if removed is not None:
            again = lambda: actions_events.restore(removed[0])  # noqa: E731
            presses.button(
                t("Undo: put “{name}” back", name=md(removed[1])), f"event-restore-{removed[0]}", again, mark("The event is back.")
            )


def _change(screen: Screen, key: int, seen: Event) -> None:
    t, kept = screen.t, list[Event]()
    name = f"event-change-{key}-{presses.number(f'event-change-{key}')}-form"

    def change() -> None:
        kept.append(actions_events.change_named(name, key, seen))

    with st.popover(t("Edit"), key=f"{name}-opens"), st.form(name, border=False):
        _fields(screen, name, seen)
        back = lambda: actions_events.change(key, kept[-1], seen)  # noqa: E731
        presses.submit(t("Save the change"), f"event-change-{key}", change, mark("The event was changed."), back=back)


def _event(row: Mapping[Any, Any]) -> Event:
    end = None if pd.isna(row["end"]) else row["end"].date()
    return Event(row["kind"], row["name"], row["start"].date(), end, row["announced_at"].date())
