"""What stands around every screen: company and badge, how fresh the data is, the refresh button, language, who is signed in."""

from functools import cache
from pathlib import Path

import streamlit as st

from ml import clock
from ml.i18n import LANGUAGES, names
from ml.queries import operations, service
from ml.store.values import load_preferences
from ui import actions, actions_account, chart_modes, data, guard, presses, states
from ui.format import md
from ui.registry import page as page_of
from ui.screen import Screen
from ui.store_access import settings
from ui.web.logo import address_of

POLL_SECONDS = 3
STYLE = Path(__file__).parent / "house.css"


def style() -> None:
    """The few rules of style that the theme cannot hold."""
    st.html(_style())


@cache
def _style() -> str:
    return f"<style>{STYLE.read_text(encoding='utf-8')}{chart_modes.rules()}</style>"


def alarm(screen: Screen) -> None:
    """A red banner on every screen while no scheduler gives a sign of life, or a run that is due does not begin.

    Before the first reading the screens themselves say what is missing.
    """
    t, now = screen.t, clock.utc_now()
    if screen.reading is None:
        return
    scheduler = data.ask(operations.scheduler)
    if scheduler.heartbeat_at is None:
        said = t("The scheduler has never run here: nothing is updated by itself.")
    elif scheduler.is_silent(now):
        moment = screen.f.moment(clock.local(scheduler.heartbeat_at, settings().timezone))
        said = t("The scheduler has given no sign of life since {moment}: nothing is updated by itself.", moment=md(moment))
    elif scheduler.late:
        late = ", ".join(t(names.JOBS[job]) if job in names.JOBS else job for job in scheduler.late)
        said = t("This should have begun more than ten minutes ago: {jobs}.", jobs=md(late))
    else:
        return
    cure = t("Start it on the server with `make run`, or restart its service; what was missed is caught up.")
    st.error(f"{said} {cure if guard.may(screen.user, 'runs') else t('Tell your administrator.')}")


def told(screen: Screen) -> None:
    """What a person must know before they go on, on whatever screen: a press that the store did not take, texts that are back."""
    presses.troubles(screen.t)
    back_at = st.session_state.get(guard.BACK)
    if back_at is not None and clock.utc_now() - back_at < presses.SHOWN:
        st.info(screen.t("What you had typed when your session ended is in its field again; it has not been sent."))


def sidebar(screen: Screen) -> None:
    """The sidebar below the navigation, and the name above it."""
    logo = screen.read(load_preferences).company_logo
    if logo:
        st.logo(address_of(logo), size="large")
    with st.sidebar:
        _freshness(screen)
        _person(screen)


def _freshness(screen: Screen) -> None:
    t, f, reading, refresh = screen.t, screen.f, screen.reading, data.ask(service.refresh_state, actions.REFRESH)
    company = screen.read(load_preferences).company_name
    with st.container(border=True, gap="xsmall"):
        badge = f" :violet-badge[{t('DEMO')}]" if reading and reading.is_demo else ""
        st.markdown(f"**{md(company)}**{badge}")
        if reading is None:
            st.caption(t("No data has been read yet."))
        else:
            state = states.freshness(reading, screen.today)
            colour = states.COLOURS[state.level]
            word = {"good": t("Up to date"), "late": t("Late"), "old": t("Old data")}[state.level]
            st.markdown(f":{colour}-badge[{word}]")
            lines = [t("Data up to {day}", day=md(f.short_date(reading.as_of)))]
            since = max((entry.since for entry in screen.services.values()), default=None)
            if since is not None:
                lines.append(t("Models of {day}", day=md(f.day(clock.local(since, settings().timezone)))))
            if refresh.upcoming is not None:
                lines.append(t("Next: {moment}", moment=md(f.moment(clock.local(refresh.upcoming, settings().timezone)))))
            st.caption("  \n".join(lines))
        if guard.may(screen.user, "refresh") and screen.services:
            _refresh(screen, refresh)


def _refresh(screen: Screen, state: service.RefreshState) -> None:
    """The button, or how the run that it started is getting on."""
    if state.running is None:
        _refresh_button(screen, state)
        return

    @st.fragment(run_every=POLL_SECONDS)
    def part() -> None:
        t, now = screen.t, data.ask(service.active_run, actions.REFRESH)
        if now is None:
            st.rerun()
        st.button(t("Refreshing…"), key="refreshing", icon="spinner", disabled=True, width="stretch")
        seconds = (clock.utc_now() - (now.started_at or now.scheduled_for)).seconds
        st.caption(t("Reading the newest orders and predicting anew, {n} s so far", n=screen.f.number(seconds)))

    part()


def _refresh_button(screen: Screen, state: service.RefreshState) -> None:
    t = screen.t
    st.button(
        t("Refresh"), key="refresh", icon=":material/refresh:", on_click=presses.plainly, args=(actions.refresh_now,), width="stretch"
    )
    if state.last is not None and state.last.status == "failed":
        st.caption(t(":red[■] The last update failed: {error}", error=md(state.last.error or "–")))


def _person(screen: Screen) -> None:
    t, user = screen.t, screen.user
    roles = {"admin": t("administrator"), "analyst": t("analyst"), "viewer": t("viewer")}
    account = page_of("account")
    st.page_link(account.path, label=f"{md(user.name)} · {roles.get(user.role, user.role)}", icon=account.icon, help=t(account.title))
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.segmented_control(
            t("Language"),
            list(LANGUAGES),
            default=t.language,
            format_func=lambda code: code.upper(),
            key=f"language-{t.language}",
            required=True,
            label_visibility="collapsed",
            on_change=_language_chosen,
            args=(t.language,),
        )
        st.html(f'<a href="/logout" target="_self" style="color: inherit; font-size: 0.875rem">{t("Sign out")}</a>')


def _language_chosen(before: str) -> None:
    chosen = st.session_state.get(f"language-{before}")
    if chosen and chosen != before:
        presses.plainly(actions_account.choose_language, chosen)
