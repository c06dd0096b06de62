"""Groups over time on the Segments screen: who moved between two days, how cohorts stay, the 5 × 5 grid, and how many groups to have."""

import math
from datetime import date, timedelta
from functools import partial

import pandas as pd
import streamlit as st

from ml.i18n import mark
from ml.queries import customers, segment_list, segments
from ml.queries.segments import FEWEST_FOR_A_GRID, PERIODS, QUARTER_MONTHS, Grouping, Migration
from ml.queries.service import Service
from ml.store.values import load_preferences
from ui import actions, charts, data, guard, presses, tables, texts
from ui.charts import Figure, base_layout, palette
from ui.format import mask_name
from ui.glossary import term
from ui.screen import Screen
from ui.tables import NAME, Column

USUAL_STEP = timedelta(days=90)
NEW = mark("New")
FIFTHS = range(1, 6)
CELL = 0.96  # of a step of the grid: what is left lies between two cells


def moved(screen: Screen, service: Service, members: int) -> None:
    """Who moved from one group to another between two days, with the list of those who fell; `members` is how many there are in all."""
    t, f = screen.t, screen.f
    st.subheader(t("Who moved?"), anchor=False, help=t("Both days are scored with today's groups, so only customers move, not the groups."))
    with st.container(horizontal=True):
        before = _day(t("From"), "from", service.day - USUAL_STEP, service.day)
        after = _day(t("Until"), "until", service.day, service.day)
    found: Migration | None = screen.read(segments.migration, service, before, after)
    if found is None:
        st.write(t("This comes with the next training of the models."))
        return
    if members >= FEWEST_FOR_A_GRID:
        charts.draw(_flows(screen, found.moves), alt=t("Customers who moved between groups"), key="flows")
    table = _matrix(screen, found.moves)
    columns = [Column("name", t("From")), *(Column(name, _name(screen, name), "number") for name in table.columns if name != "name")]
    tables.show(screen, table, columns, alt=t("Customers by group before and after"), key="moves")
    if found.downgrades.empty:
        st.write(t("Nobody fell to a weaker group between these days."))
        return
    st.markdown(t("**{n} customers fell to a weaker group**", n=f.number(len(found.downgrades))))
    shown = [
        Column("who", t("Customer"), width=NAME),
        Column("spend_after", t("Sales in 12 months, now"), "money"),
        Column("was", t("Was")),
        Column("is_now", t("Is now")),
        Column("spend_before", t("Sales in 12 months, before"), "money"),
    ]
    told = tables.Pages(len(found.downgrades), partial(screen.kept, _fallen_page, service, before, after))
    tables.show(screen, told, shown, alt=t("Customers who fell to a weaker group"), key="fallen", opens=True)
    tables.export(screen, lambda: _fallen(screen, found.downgrades), shown, name="segment-downgrades")


def cohorts(screen: Screen, service: Service) -> None:
    """Of the customers who began in a month (or quarter, where months are too small), the share who ordered in each one after."""
    t = screen.t
    rows, by_quarter = screen.kept(_cohort_rows, service.day)
    st.subheader(t("Who stays?"), anchor=False, help=term(t, "cohort"))
    if rows.empty:
        st.write(t("No order is on record."))
        return
    periods = [Column(name, str(number), "percent") for number, name in enumerate(PERIODS, start=1) if rows[name].notna().any()]
    columns = [Column("began", t("First order in")), Column("customers", t("Customers"), "number"), *periods]
    if by_quarter:
        alt = t("Share of each quarter's new customers who ordered in the quarters after")
        said = t("By quarter, because few customers begin in a month. Columns: quarters after the first; an empty cell has not ended yet.")
    else:
        alt = t("Share of each month's new customers who ordered in the months after")
        said = t("Columns: months after the first order. An empty cell has not ended yet.")
    tables.show(screen, rows, columns, alt=alt, key="cohorts")
    st.caption(said)
    tables.export(screen, rows, columns, name="cohorts")


def _cohort_rows(screen: Screen, day: date) -> tuple[pd.DataFrame, bool]:
    """The rows with how their beginning is written, and whether they are quarters."""
    told, t = screen.read(segments.cohorts, day), screen.t
    by_quarter = told.months == QUARTER_MONTHS
    names = [f"{(day.month + 2) // 3}-{day.year}" if by_quarter else f"{day:%m-%Y}" for day in told.rows["cohort"]]
    return told.rows.assign(began=[t("Quarter {quarter}", quarter=name) if by_quarter else name for name in names]), by_quarter


def grid(screen: Screen, cells: pd.DataFrame | None) -> None:
    """The classic grid of recency and frequency (`segments.grid`), from FEWEST_FOR_A_GRID customers on."""
    t, f = screen.t, screen.f
    if cells is None:
        return
    st.subheader(t("By how recently and how often"), anchor=False)
    counts = cells.pivot(index="frequency", columns="recency", values="customers").reindex(index=FIFTHS, columns=FIFTHS).fillna(0)
    colours = palette(dark=screen.dark)
    shades = (colours.grid, colours.band95, colours.band80, colours.past)  # bars, for colours in a picture could not follow the mode
    most = max(float(counts.to_numpy().max()), 1.0)
    bars = [
        {
            "type": "bar", "x": [str(place) for place in FIFTHS], "y": [CELL] * len(FIFTHS), "base": [place - CELL / 2] * len(FIFTHS),
            "marker": {"color": [shades[math.ceil(value / most * (len(shades) - 1))] for value in row]},
            "text": [f.number(value) for value in row], "textposition": "inside", "insidetextanchor": "middle", "textangle": 0,
            "textfont": {"color": charts.INK[screen.dark]}, "hoverinfo": "skip",
        }
        for place, row in zip(FIFTHS, counts.to_numpy(), strict=True)
    ]  # fmt: skip
    layout = base_layout(screen, colours) | {"barmode": "overlay", "bargap": 1 - CELL, "showlegend": False}
    plain = {"fixedrange": True, "tickfont": {"color": colours.grey}, "showgrid": False, "zeroline": False}
    layout["xaxis"] = {"title": {"text": t("Recently (5 = just now)")}, "type": "category", **plain}
    layout["yaxis"] = {"title": {"text": t("Often (5 = most)")}, "tickvals": list(FIFTHS), "range": [0.5, 5.5], **plain}
    charts.draw({"data": bars, "layout": layout}, alt=t("Customers by fifths of recency and frequency"), key="grid")


def how_many(screen: Screen, service: Service) -> None:
    """What each number of groups would say of future spend, and an administrator's choice."""
    t, f = screen.t, screen.f
    found: Grouping | None = screen.read(segments.grouping, service)
    with st.expander(t("How many groups?"), icon=":material/tune:"):
        if found is None or not found.explained:
            st.write(t("The history is too short to say what other numbers of groups would explain; nine months are needed."))
            return
        rows = pd.DataFrame({"count": list(found.explained), "explained": list(found.explained.values())})
        columns = [
            Column("count", t("Groups"), "number"),
            Column("explained", t("Of the next 90 days' spend"), "percent", term(t, "explained spend"), digits=1),
        ]
        tables.show(screen, rows, columns, alt=t("What each number of groups explains"), key="counts")
        st.caption(t("Learnt at one day and asked at a later one. Numbers that would make a group of under 3 % are not offered."))
        if not guard.may(screen.user, "preferences"):
            return
        chosen = screen.read(load_preferences).segment_count
        options = [count for count in found.explained if count >= 2]
        place = options.index(chosen) if chosen in options else 0
        count = st.selectbox(t("Groups from the next training on"), options, index=place, format_func=f.number, key="wanted-groups")
        if count is not None and count != chosen:
            press = partial(actions.set_preferences, {"segment_count": int(count)})
            presses.button(t("Choose"), "segment-count", press, mark("It counts from the next training."))


def _day(label: str, key: str, default: date, latest: date) -> date:
    given = st.query_params.get(key, "")
    try:
        wanted = min(date.fromisoformat(given), latest) if given else default
    except ValueError:
        wanted = default
    chosen = st.date_input(label, value=wanted, max_value=latest, format="DD-MM-YYYY", key=f"day-{key}")
    day = chosen if isinstance(chosen, date) else default
    if day != default:
        st.query_params[key] = day.isoformat()
    else:
        st.query_params.pop(key, None)
    return day


def _name(screen: Screen, name: str) -> str:
    return screen.t(NEW) if name == "new" else texts.label(screen.t, texts.SEGMENTS, name)


def _matrix(screen: Screen, moves: pd.DataFrame) -> pd.DataFrame:
    """Before down, after across, in the order of the groups."""
    known = [name for name in texts.SEGMENTS if name in set(moves["before"]) | set(moves["after"])]
    wide = moves.pivot(index="before", columns="after", values="customers")
    wide = wide.reindex(index=[name for name in (*known, "new") if name in wide.index], columns=known).fillna(0)
    wide.columns = list(wide.columns)
    return wide.assign(name=[_name(screen, name) for name in wide.index]).reset_index(drop=True)


def _fallen_page(screen: Screen, service: Service, before: date, after: date, start: int) -> pd.DataFrame:
    found: Migration = screen.read(segments.migration, service, before, after)
    return _fallen(screen, found.downgrades.iloc[start : start + tables.PAGE_ROWS])


def _fallen(screen: Screen, rows: pd.DataFrame) -> pd.DataFrame:
    few = tuple(rows["customer_id"]) if len(rows) <= tables.PAGE_ROWS else ()
    who = segment_list.shown_names(rows.assign(name=rows["customer_id"].map(data.ask(customers.names, few))))
    return rows.assign(
        who=who.map(mask_name) if screen.masked else who,
        was=[_name(screen, name) for name in rows["before"]],
        is_now=[_name(screen, name) for name in rows["after"]],
    )


def _flows(screen: Screen, moves: pd.DataFrame) -> Figure:
    """A Sankey diagram from the groups before to those after."""
    colours = palette(dark=screen.dark)
    before = [name for name in (*texts.SEGMENTS, "new") if name in set(moves["before"])]
    after = [name for name in texts.SEGMENTS if name in set(moves["after"])]
    labels = [_name(screen, name) for name in (*before, *after)]
    flow = {
        "type": "sankey",
        "node": {"label": labels, "color": colours.line, "pad": 14, "thickness": 14},
        "link": {
            "source": [before.index(name) for name in moves["before"]],
            "target": [len(before) + after.index(name) for name in moves["after"]],
            "value": moves["customers"].tolist(),
            "color": colours.band80,
        },
        "textfont": {"color": colours.grey},
    }
    return {"data": [flow], "layout": base_layout(screen, colours) | {"height": 90 + 60 * max(len(labels) // 2, 3)}}
