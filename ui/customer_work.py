"""What people do about one customer: its alert, notes and contacts, always calling it, the link to its own page, and what if."""

from functools import partial

import streamlit as st

from ml import clock
from ml.i18n import mark
from ml.queries import customer_story, customer_what_if
from ml.queries.customer import Profile
from ml.queries.customer_story import Standing
from ml.queries.customer_what_if import Answer
from ml.queries.service import Service
from ml.store.customer_links import DAYS_CHOICES
from ui import actions_alerts, actions_customers, data, guard, loaded, presses, states, work_list, work_words
from ui.format import md
from ui.registry import page as page_of
from ui.screen import Screen
from ui.store_access import settings

DONE = mark("Noted.")
USUAL_SILENCE = 14
KINDS = {"note": mark("Note"), "contact": mark("I contacted this customer")}


def left_alone(screen: Screen, standing: Standing) -> None:
    """That nobody is to contact this customer for now; nothing otherwise."""
    if standing.held_out_until is None:
        return
    told = screen.t(
        "Control group without contact until {day}: please do not call or write, so that the calls' effect shows.",
        day=md(screen.f.day(standing.held_out_until)),
    )
    st.info(told)


def alert(screen: Screen, who: Profile, standing: Standing) -> None:
    """The customer's live alert with what can be done, or a way to open one by hand."""
    if not work_list.may_work(screen) or standing.held_out_until is not None or who.contact_opt_out:
        return
    t = screen.t
    with st.container(horizontal=True, vertical_alignment="center"):
        if standing.live is None:
            press = partial(actions_alerts.open_alert, who.customer_id)
            presses.button(t("Open an alert"), f"open-{who.customer_id}", press, work_list.OPENED)
        else:
            state = t(work_words.STATES[standing.live.state])
            label = t("Alert {n}: {state}", n=standing.live.id, state=state)
            st.page_link(page_of("churn").path, label=md(label), query_params={"alert": str(standing.live.id)}, help="")
            work_list.buttons(screen, who.customer_id, standing.live.id)


def tools(screen: Screen, who: Profile, standing: Standing) -> None:
    """Notes, always calling, and the link to the customer's own page, for those who work with customers."""
    if not guard.may(screen.user, "customers"):
        return
    t = screen.t
    with st.expander(t("Notes and contacts"), icon=":material/edit_note:"):
        _notes(screen, who)
    with st.expander(t("Page for the customer"), icon=":material/link:"):
        _links(screen, who, standing)
    wanted = not standing.always_called
    label = t("Always call: never in the control group") if wanted else t("No longer always call")
    press, back = (partial(actions_alerts.always_call, who.customer_id, is_wanted) for is_wanted in (wanted, not wanted))
    presses.button(label, f"always-{who.customer_id}", press, DONE, back=back)


def what_if(screen: Screen, service: Service, who: Profile) -> None:
    """The risk if the customer ordered now, or stayed silent for some days more, by the model in service."""
    t = screen.t
    with st.expander(t("What if …?"), icon=":material/psychology_alt:"):
        if not st.toggle(t("Ask the model"), key="what-if"):
            st.caption(t("What the risk would be if the customer ordered today, or stayed silent for longer."))
            return
        days = st.slider(t("Days more without an order"), 1, customer_what_if.LONGEST_SILENCE, USUAL_SILENCE, key="what-if-days")
        asked = loaded.ask("customers")
        states.damaged(screen, asked, t("What would be cannot be asked until it is replaced."))
        model = asked.served.predictor.model_ if asked.served else None
        told = data.ask(customer_what_if.ask, model, who.customer_id, service.day, days) if model else None
        if told is None and asked.is_damaged:
            return
        if told is None:
            st.caption(t("The model cannot answer for this customer just now."))
            return
        for label, answer in (
            (t("As it is"), told.now),
            (t("With an order of {money} today", money=md(screen.f.money(told.usual_amount))), told.ordered),
            (t("After {n} more days without an order", n=told.days), told.silent),
        ):
            st.markdown(f"**{label}** · {_said(screen, answer)}")


def _said(screen: Screen, answer: Answer) -> str:
    t, f = screen.t, screen.f
    return t(
        "{risk} risk · {money} at stake · {year} in 12 months",
        risk=md(f.percent(answer.probability)),
        money=md(f.money(answer.value_at_risk)),
        year=md(f.money(answer.value_12m)),
    )


def _notes(screen: Screen, who: Profile) -> None:
    t, f, drawn = screen.t, screen.f, presses.number("note")
    kind, text = f"note-kind-{drawn}", f"note-text-{drawn}"
    with st.form("note", border=False):
        st.radio(t("What"), list(KINDS), format_func=lambda code: t(KINDS[code]), key=kind, horizontal=True, label_visibility="collapsed")
        st.text_area(t("Text"), key=text, max_chars=500)
        presses.submit(t("Keep"), "note", partial(_keep, who.customer_id, kind, text), DONE)
    for note in data.ask(customer_story.notes, who.customer_id):
        with st.container(horizontal=True, vertical_alignment="center", key=f"kept-note-{note.id}"):
            st.markdown(f"**{md(f.day(note.day))}** · {md(t(KINDS[note.kind]))}: {md(note.text)}", width="stretch")
            if note.who == screen.user.email:
                remove = partial(actions_customers.remove_note, note.id)
                back = partial(actions_customers.put_back_note, who.customer_id, note)
                presses.button(t("Remove"), f"remove-note-{note.id}", remove, mark("The note is removed."), back=back)


def _keep(customer_id: str, kind: str, text: str) -> None:
    actions_customers.keep_note(customer_id, str(st.session_state.get(kind) or "note"), str(st.session_state.get(text) or ""))


def _links(screen: Screen, who: Profile, standing: Standing) -> None:
    t, f = screen.t, screen.f
    st.caption(t("A page with this customer's expected next order and usual products, without signing in: no risk, no group, no prices."))
    if who.contact_opt_out or standing.held_out_until is not None:
        st.caption(t("This customer is not to be contacted."))
    else:
        with st.container(horizontal=True):
            for days in DAYS_CHOICES:
                press = partial(actions_customers.make_link, who.customer_id, days)
                presses.button(t("Link for {n} days", n=days), f"link-{days}", press, mark("The link for the customer:"))
    now = clock.utc_now()
    for link in standing.links:
        if not link.is_live(now):
            continue
        with st.container(horizontal=True, vertical_alignment="center", key=f"link-{link.id}"):
            until = f.day(clock.local(link.expires_at, settings().timezone))
            told = t("Link {n}, until {day}, opened {count} times", n=link.id, day=until, count=f.number(link.opened))
            st.caption(md(told), width="stretch")
            end = partial(actions_customers.revoke_link, link.id)
            question = t("The customer cannot open the page by this link any more; a link that was revoked does not come back.")
            ended = mark("The link does not open any more.")
            presses.asked(t("Revoke"), question, t("Revoke the link"), f"revoke-link-{link.id}", end, ended)
