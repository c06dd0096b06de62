"""What a screen shows when it is not simply full: empty, not enough data, late, broken. Each says what is missing and what to do."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Literal, NamedTuple

import streamlit as st

from ml import clock
from ml.i18n import Translator
from ml.queries import record
from ml.queries.service import Reading, Service
from ui import drafts, texts
from ui.format import md
from ui.loaded import Asked
from ui.screen import Screen
from ui.store_access import settings

LOG = logging.getLogger("insights.screens")
LATE_DAYS = 5
OLD_DAYS = 10
SHORT = 8
Level = Literal["good", "late", "old"]
COLOURS: dict[Level, str] = {"good": "green", "late": "orange", "old": "red"}


class Freshness(NamedTuple):
    """How fresh the data is: "good", "late" (amber) or "old" (red), and how many days it ends before today."""

    level: Level
    days: int


def freshness(reading: Reading, today: date) -> Freshness:
    """How far the data's last day lies back. A weekend and a holiday are no delay: late from 5 days, old from 10."""
    behind = (today - reading.as_of - timedelta(days=1)).days
    level: Level = "old" if behind >= OLD_DAYS else "late" if behind >= LATE_DAYS or reading.from_snapshot else "good"
    return Freshness(level, max(behind, 0))


def need(screen: Screen, predictor: str, shows: str) -> Service:
    """The release in service of a predictor that has predictions; without one the screen says so (`nothing_yet`) and stops."""
    service = screen.services.get(predictor)
    if service is None or service.as_of is None:
        st.title(screen.t("Nothing to show yet"), anchor=False)
        _what_is_missing(screen, predictor, shows)
        st.stop()
    return service


def nothing_yet(screen: Screen, predictor: str, shows: str) -> None:
    """What a screen below its title would show, what is missing for it, and how to get it."""
    st.subheader(screen.t("Nothing to show yet"), anchor=False)
    _what_is_missing(screen, predictor, shows)


def _what_is_missing(screen: Screen, predictor: str, shows: str) -> None:
    t = screen.t
    with st.container(border=True):
        st.write(md(shows))
        if screen.reading is None:
            st.write(t("What is missing: the company's data has not been read yet."))
        elif screen.read(record.why_missing, predictor):
            unavailable(screen, predictor)
        else:
            st.write(t("What is missing: a trained model."))
        st.write(t("How to get it: an administrator runs `python -m ml retrain`; it takes a minute or two."))


def unavailable(screen: Screen, predictor: str) -> None:
    """What a predictor needs that the data does not give, in the reader's language; the model's own words one click away."""
    reason = screen.read(record.why_missing, predictor)
    st.write(screen.t(texts.NEEDS[predictor]) if reason else screen.t("Not trained yet. An administrator runs `python -m ml retrain`."))
    if reason:
        with st.expander(screen.t("In the words of the log")):
            st.text(reason)


def nothing_matches(t: Translator) -> None:
    """The filters leave no row."""
    st.info(t("Nothing matches these filters. Choose others, or remove them."))


def stamp(screen: Screen, service: Service) -> None:
    """The line under a title: data up to, model of, version; and a warning when the data is late or a copy."""
    t, f = screen.t, screen.f
    st.caption(
        t(
            "Data up to {day} · model of {since} · version {version}",
            day=md(f.day(service.as_of)),
            since=md(f.day(clock.local(service.since, settings().timezone))),
            version=md(service.release_id[-8:]),
        )
    )
    late(screen)


def late(screen: Screen) -> None:
    """A banner when the data is a copy or ends long before today; nothing otherwise."""
    reading, t, f = screen.reading, screen.t, screen.f
    if reading is None:
        return
    state = freshness(reading, screen.today)
    if reading.from_snapshot:
        st.warning(t("The company's database could not be reached. You see the copy with data up to {day}.", day=md(f.day(reading.as_of))))
    elif state.level != "good":
        st.warning(
            t(
                "The data ends on {day}, {n} days before today. Everything here counts from that day.",
                day=md(f.day(reading.as_of)),
                n=f.number(state.days),
            )
        )


def damaged(screen: Screen, asked: Asked, instead: str) -> None:
    """That the version of a model in service cannot be read: what answers now (`instead` where no version can), and what to do."""
    if not asked.is_damaged:
        return
    t = screen.t
    if asked.served is not None:
        instead = t("An earlier version, {version}, answers instead.", version=md(asked.served.release_id[-SHORT:]))
    cure = t("Tell your administrator.") if screen.masked else t("Train the models again on the screen Models; that replaces it.")
    wrong = t("The version of this model in service is damaged or missing on the server's disk.")
    st.warning(f"{wrong} {instead} {t('What is stored is not touched by this.')} {cure}")


@contextmanager
def errors_shown(t: Translator) -> Iterator[None]:
    """Runs a screen; an error in it becomes one calm sentence with an id, under which the log has the details."""
    try:
        yield
    except Exception:
        number = secrets.token_hex(4)
        LOG.exception("A screen failed, error %s", number)
        drafts.hold()
        st.error(
            t("Please try again in a moment. If it happens again, tell your administrator this number: {number}", number=number),
            title=t("This screen could not be shown"),
        )


def logged(what: str) -> str:
    """Write the error that is being handled to the log; returns the number under which it stands there."""
    number = secrets.token_hex(4)
    LOG.exception("%s, error %s", what, number)
    return number
