"""What the Demand screen shows of one question, in parts that are drawn once and put back: nothing to press is in them.

`screen` stands on `stamps.entered_events` in all of them: events and the weather forecast come between two readings.
"""

import re
import unicodedata
from datetime import timedelta
from typing import NamedTuple

import pandas as pd
import streamlit as st

from ml.queries import demand, demand_parts, events, record
from ml.queries.demand import Total
from ml.queries.service import Service
from ui import behind, blocks, demand_figure, event_list, expected, records, tables, texts
from ui.screen import Screen
from ui.tables import Column

PAST_DAYS, TOLD_DAYS = 60, 90
MOST_LETTERS = 80


class Asked(NamedTuple):
    """A measure of the company or of a part of it, so many days ahead; `ways`: each way of forecasting drawn in the figure."""

    service: Service
    measure: str
    kind: str
    entity: str
    horizon: int
    ways: bool = False

    @property
    def whole(self) -> bool:
        """Whether it is the whole company."""
        return self.kind == "company"

    @property
    def part(self) -> tuple[str, ...]:
        """What the queries of a measure want to know besides the release."""
        return (self.measure,) if self.whole else (self.measure, self.kind, self.entity)


def file_name(measure: str, part: str | None) -> str:
    """What the file of the days ahead is called; `part` is what the list says of it, None for the whole company.

    >>> file_name("orders", None), file_name("revenue", "Zona: Ñuñoa")
    ('forecast-orders', 'forecast-revenue-zona-nunoa')
    """
    plain = unicodedata.normalize("NFKD", part or "").encode("ascii", "ignore").decode().lower()
    return "-".join(["forecast", measure, *re.findall(r"[a-z0-9]+", plain)])[:MOST_LETTERS]


def days(screen: Screen, asked: Asked) -> pd.DataFrame:
    """The forecast by day: a frame of `demand.daily_forecast`."""
    query = demand.daily_forecast if asked.whole else demand_parts.part_forecast
    frame: pd.DataFrame = screen.read(query, asked.service, *asked.part, asked.horizon)
    return frame


def headline(screen: Screen, asked: Asked) -> None:
    """The headline numbers, what to beware of, and the figure."""
    service, ahead, last = asked.service, days(screen, asked), asked.service.day
    totals = _totals(screen, asked)
    blocks.cards(expected.cards(screen, asked.measure, totals, ahead, screen.read(record.scores, service), whole=asked.whole))
    caution = texts.caution(screen.t, screen.read(demand.caution, service, asked.measure))
    if caution:
        st.info(caution)
    past = screen.read(demand.history, asked.measure, last - timedelta(days=PAST_DAYS - 1), last, asked.kind, asked.entity)
    demand_figure.show(screen, service, past, ahead, _events(screen, asked), measure=asked.measure, since=PAST_DAYS)


def day_rows(screen: Screen, asked: Asked) -> pd.DataFrame:
    """The days ahead as they are listed."""
    return expected.day_rows(screen, event_list.with_words(days(screen, asked), _events(screen, asked)))


def day_columns(screen: Screen, asked: Asked) -> list[Column]:
    """How they are listed."""
    return expected.day_columns(screen, asked.measure, days(screen, asked))


def exported_columns(screen: Screen, asked: Asked) -> list[Column]:
    """The columns of the file of the days ahead."""
    return expected.exported_columns(screen, asked.measure, days(screen, asked))


def day_by_day(screen: Screen, asked: Asked) -> None:
    """The days ahead as a table."""
    st.subheader(screen.t("Day by day"), anchor=False)
    tables.show(screen, day_rows(screen, asked), day_columns(screen, asked), alt=screen.t("The forecast by day"), key="days")


def beside(screen: Screen, asked: Asked) -> None:
    """The totals, and what stands behind the forecast."""
    t = screen.t
    st.subheader(t("In total"), anchor=False)
    for line in expected.total_lines(screen, asked.measure, _totals(screen, asked), days(screen, asked)):
        st.markdown(line)
    st.subheader(t("What is behind it"), anchor=False)
    said = screen.read(demand_parts.told, asked.service, "behind", asked.measure) if asked.whole else {}
    for line in behind.lines(screen, said, days(screen, asked), asked.measure):
        st.markdown(line)


def record_of_part(screen: Screen, asked: Asked) -> None:
    """How past weeks of a part would have gone."""
    st.subheader(screen.t("How did it do?"), anchor=False)
    told = screen.read(demand_parts.part_record, asked.service, *asked.part)
    st.markdown(records.of_part(screen, told))


def weather(screen: Screen, asked: Asked) -> None:
    """What the weather does, folded away."""
    with st.expander(screen.t("What the weather does")):
        said = screen.read(demand_parts.told, asked.service, "weather_effect", asked.measure)
        for line in behind.weather(screen, said, screen.read(events.weather_forecast)):
            st.markdown(line)


def past(screen: Screen, asked: Asked) -> None:
    """How the last three months would have been forecast, and what was really said a week before."""
    behind.replayed(screen, screen.read(demand_parts.told, asked.service, "replay", asked.measure), asked.measure)
    since = asked.service.day - timedelta(days=TOLD_DAYS)
    expected.told(screen, screen.read(demand.told_and_came, asked.measure, since), asked.measure)


def _events(screen: Screen, asked: Asked) -> pd.DataFrame:
    return event_list.since(screen, asked.service.day - timedelta(days=PAST_DAYS))


def _totals(screen: Screen, asked: Asked) -> dict[int, Total]:
    found: dict[int, Total] = screen.read(demand.totals if asked.whole else demand_parts.part_totals, asked.service, *asked.part)
    return found
