"""One customer: found by name, phone or id; profile, what is expected, rhythm, orders, products and story."""

import pandas as pd
import streamlit as st

from ml.queries import customer, customer_story, customers
from ui import blocks, charts, customer_work, data, find_customer, guard, one_customer, rhythm, states, work_list, work_words
from ui.glossary import term
from ui.registry import page as page_of
from ui.screen import open_screen
from ui.store_access import settings

FEWEST_POINTS = 2

screen = open_screen(guard.require("admin", "analyst", "viewer"))
t, f = screen.t, screen.f
asked = st.query_params.get("customer", "")
who = screen.read(customer.profile, asked) if asked else None

if who is None:
    find_customer.show(screen, asked)
    st.stop()

service, segments = screen.services.get("customers"), screen.services.get("segments")
said = screen.read(customer.outlook, service, who.customer_id) if service and service.as_of else None
segment = screen.read(customer.segment, segments, who.customer_id) if segments and segments.as_of else None

st.page_link(page_of("customer").path, label=t("Find another customer"), icon=":material/arrow_back:", help="")
as_of = service.day if service and service.as_of else screen.today
standing = data.ask(customer_story.standing, who.customer_id, as_of)
one_customer.head(screen, who, segment, service, held_out=standing.held_out_until is not None)
work_list.came_of_it(screen, who.customer_id)
customer_work.left_alone(screen, standing)
if service and service.as_of:
    states.stamp(screen, service)
    customer_work.alert(screen, who, standing)
gate = screen.read(customers.gate, service) if said is not None and service else None
usable = gate.usable if gate else None
blocks.cards(one_customer.cards(screen, who, said, usable=usable))
if said is not None and service and gate:
    st.markdown(one_customer.why(screen, said, usable=usable))
    kept = who.contact_opt_out or standing.held_out_until is not None
    st.markdown(one_customer.what_to_do(screen, said, service, usable=usable, kept_from_contact=kept))
    for caution in work_words.cautions(screen, gate):
        st.caption(caution)
elif who.orders_total:
    st.write(t("This customer has no score yet: it comes with the next training or refresh of the models."))

days = screen.read(customer.order_days, who.customer_id)
if days.empty:
    st.info(t("No order of this customer is on record."))
    st.stop()
st.subheader(t("Rhythm"), anchor=False, help=term(t, "own rhythm"))
last_day = pd.Timestamp(service.day if service and service.as_of else days["day"].iloc[-1])
charts.draw(
    rhythm.orders_on_a_line(screen, days, said, last_day),
    alt=t("Orders of this customer on a line of time, and when the next one is expected"),
    key="rhythm",
)
st.caption(
    t("Each dot is a day with an order, larger for more money. Dotted: the usual pause. Bar: 8 of 10 next orders; diamond: the likeliest.")
)

risks = screen.read(customer.past_probabilities, who.customer_id)
if usable is False:
    risks = risks.iloc[:0]
left, right = st.columns([3, 2], gap="large")
with left:
    one_customer.orders(screen, who)
with right:
    one_customer.usual_products(screen, who)
    one_customer.delivery_cost(screen, who)
    st.subheader(t("Story"), anchor=False)
    done = data.ask(customer_story.events, who.customer_id, settings().timezone)
    events = [*customer.timeline(who, days, risks), *done]
    one_customer.story(screen, sorted(events, key=lambda event: event.day, reverse=True))
    customer_work.tools(screen, who, standing)
    if said is not None and service and usable is not False:
        customer_work.what_if(screen, service, who)

if len(risks) >= FEWEST_POINTS:
    st.subheader(t("Risk over time"), anchor=False, help=term(t, "risk of leaving"))
    charts.draw(rhythm.risk_over_time(screen, risks), alt=t("The risk of leaving as it was said at each past day"), key="risk")
