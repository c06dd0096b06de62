"""Routes: what a delivery costs and why, cost by zone, tours against what they took, and where the last day's deliveries went."""

import streamlit as st

from ml.queries import routes
from ui import blocks, charts, guard, loaded, records, route_ask, route_figures, route_words, states, tables
from ui.format import md
from ui.glossary import term
from ui.screen import open_screen

screen = open_screen(guard.require("admin", "analyst", "viewer"))
t, f = screen.t, screen.f
if screen.reading is None:
    states.need(screen, "route_cost", t("Here you see what a delivery costs in each zone, and how tours turned out."))
service = screen.services.get("route_cost")
known = service if service and service.as_of else None
zones, tours = screen.read(routes.zones, known), screen.read(routes.tours, known)
points, model = screen.read(routes.points), loaded.ask("route_cost")
depot = route_ask.depot(screen, model.served)

st.title(t("What does a delivery cost?"), anchor=False, help=term(t, "calculated or learnt"))
if known:
    states.stamp(screen, known)
else:
    states.late(screen)
    st.info(t("Nothing was learnt from your data yet: the cost is calculated from the depot and the rates on Settings."))
    states.unavailable(screen, "route_cost")

asked = route_ask.form(screen, zones, screen.read(routes.customer_types), depot)
said = route_ask.answer(screen, asked, model.served) if asked else None
if isinstance(said, str):
    st.warning(said)
elif said is not None:
    blocks.cards(route_words.cards(screen, said))
    states.damaged(screen, model, t("The cost is calculated from the depot and the rates on Settings instead."))
    parts, columns = route_words.part_rows(screen, said), route_words.part_columns(screen)
    tables.show(screen, parts, columns, alt=t("The cost of this delivery part by part"), key="parts")
    st.caption(md(route_words.behind(screen, said)))

st.subheader(t("Cost of a delivery by zone"), anchor=False)
if len(zones):
    charts.draw(route_figures.cost_by_zone(screen, zones), alt=t("Cost of a delivery by zone, the dearest first"), key="zones")
    columns = route_words.zone_columns(screen)
    tables.show(screen, zones, columns, alt=t("Zones with the cost of a delivery"), key="zone-table")
    tables.export(screen, zones, columns, name="delivery-costs")
else:
    st.write(t("No cost by zone yet."))
    route_words.how_to_add(screen, places=not points.empty, tours=True)

if len(points):
    st.subheader(t("Deliveries of {day}", day=f.short_date(points["day"].iloc[0])), anchor=False)
    alt = t("{n} deliveries of the day around the depot", n=f.number(len(points)))
    charts.draw(route_figures.deliveries(screen, points, depot), alt=alt, key="map")
    st.caption(t("Each dot is a delivery, larger for more bottles; north is up. Drawn from your coordinates alone, without streets."))

st.subheader(t("Tours of the last 30 days"), anchor=False)
if len(tours):
    st.markdown(route_words.tours_told(screen, tours))
    rows, columns = route_words.tour_rows(screen, tours), route_words.tour_columns(screen)
    tables.show(screen, rows, columns, alt=t("Tours with their estimated cost and what they took"), key="tours")
    tables.export(screen, rows, columns, name="tours")
    if (tours["basis"] == "learnt").any():
        st.caption(t("The model may have learnt from some of these tours; the record below is of tours it had not seen."))
else:
    st.write(t("No tour in the last 30 days is on record."))
    route_words.how_to_add(screen, places=True, tours=screen.reading is not None and "tours" in screen.reading.tables)
if known:
    records.how_it_did(screen, known)
