"""Customers who may stop ordering, by the money at risk, and those to win back: the work list of the team."""

import streamlit as st

from ml.queries import calls, customers, stamps
from ml.queries.call_list import Asked, head
from ml.store.values import load_preferences
from ui import alert_effect, alerts, blocks, call_list, data, filters, guard, records, states, work_list, work_words
from ui.glossary import term
from ui.screen import open_screen

CARDS_ON_A_PHONE = 2

screen = open_screen(guard.require("admin", "analyst", "viewer"))
t, f = screen.t, screen.f
service = states.need(
    screen, "customers", t("Here you see which customers may stop ordering, what that would cost, and whom to call first.")
)
gate = screen.read(customers.gate, service)
now = screen.standing_on(data.ask(stamps.alerts))
title = st.container()
states.stamp(screen, service)
earned = now.kept(alert_effect.sentence)
if earned and not screen.phone:
    st.caption(earned)
work_list.came_of_it(screen)
work_list.asked(screen, service)
cautions = work_words.cautions(screen, gate)
below = screen.phone and gate.usable is not False  # how to read the figures; the first call stands on a phone's first screen
for caution in [] if below else cautions:
    st.info(caution)
tab_place = st.container()
place, told = filters.folded(screen, "calls")
chosen_place = place.container(horizontal=True, width="content")
with place:
    costs = work_list.tried(screen, screen.read(load_preferences))
asked = Asked(service, costs, "at_risk", "todo")
figures = now.read(head, asked)
title.title(t("Risk of leaving, {days} days", days=figures.horizon), anchor=False, help=term(t, "risk of leaving"))
tabs = {
    "at_risk": t("At risk ({n})", n=f.number(figures.sizes["at_risk"])),
    "win_back": t("Win back ({n})", n=f.number(figures.sizes["win_back"])),
}
with tab_place:
    asked = asked._replace(tab=filters.choose(screen, t("List"), "list", tabs))
with chosen_place:
    stages = {code: t(label) for code, label in work_words.WORK.items()}
    asked = asked._replace(stage=filters.choose(screen, t("State"), "state", stages))
    figures = now.read(head, asked)
    which, words = call_list.which(screen, asked, figures.worth, gate)
    asked = asked._replace(which=which)
told(" · ".join(part for part in (stages[asked.stage], words) if part))
if asked.which in calls.RULES and figures.listed and not figures.worth:
    st.info(now.kept(call_list.no_call_is_worth_it, asked))
picked = now.kept(call_list.picked, asked)
first_cards = CARDS_ON_A_PHONE if screen.phone else len(picked.cards)
blocks.cards(picked.cards[:first_cards])

if not figures.listed:
    st.info(t("Nobody is in this list now."))
elif not picked.rows:
    states.nothing_matches(t)
else:
    call_list.show(screen, now, asked, picked)
if picked.cards[first_cards:]:
    blocks.cards(picked.cards[first_cards:])
for caution in cautions if below else []:
    st.info(caution)
if earned and screen.phone:
    st.caption(earned)
alerts.left_out(screen, service)

if asked.tab == "at_risk" and figures.worth and asked.which != "rhythm":
    st.subheader(t("How many calls are worth it?"), anchor=False, help=term(t, "expected profit"))
    now.drawn(call_list.curve, asked, figures.worth)
now.drawn(alerts.were_right)
now.drawn(alerts.control_group, service)
records.how_it_did(screen, service)
