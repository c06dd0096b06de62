"""Settings, values: the company's preferences by group, with what each does; who chose them, and the way back."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from ml import clock
from ml.i18n import mark
from ml.i18n.names import CHANNELS
from ml.notify import channels
from ml.queries import administration
from ml.store.values import load_preferences
from ui import actions, data, filters, presses, settings_logo
from ui import preference_texts as words
from ui.format import md
from ui.screen import Screen
from ui.store_access import settings

WRITTEN: Mapping[str, int] = {"text": 80, "addresses": 2000}  # kinds of free text, with the most characters
COORDINATE_STEP, SMALL_STEP, MONEY_STEP, USUAL_STEP = 0.001, 0.05, 50.0, 1.0


def show(screen: Screen) -> None:
    """A group of preferences as a form; below it, who chose them and the last change."""
    t = screen.t
    group = filters.choose(screen, t("Group"), "group", {name: t(title) for name, title in words.GROUPS.items()})
    now = data.ask(load_preferences)
    names = tuple(name for name in words.names_in(group) if name != settings_logo.NAME)
    before = {name: words.shown(name, getattr(now, name)) for name in names}
    drawn = presses.number("values")
    keys = {name: f"value-{name}-{drawn}-{t.language}" for name in names}
    with st.form(f"values-{group}"):
        with st.grid(2, min_column_width=280):
            for name in names:
                with st.container(gap="xsmall"):
                    _field(screen, name, before[name], keys[name])
        presses.submit(
            t("Save"), "values", partial(_save, keys, before), mark("The values are saved. Predictions use them from the next run.")
        )
    if settings_logo.NAME in words.names_in(group):
        settings_logo.show(screen, now.company_logo)
    _checked(screen, group, words.names_in(group))
    _last_change(screen)


def written(screen: Screen, name: str, value: Any) -> str:
    """A value with its unit, as people say it: "35 % of the sale"."""
    t, text = screen.t, words.TEXTS[name]
    if value is None:
        return t("none")
    if text.kind == "choice":
        return t(words.CHOICES[name][value]) if value in words.CHOICES[name] else str(value)
    if text.kind == "channels":
        return ", ".join(t(CHANNELS[code]) for code in value) or t("none")
    if text.kind == "picture":
        return t("a picture") if value else t("none")
    if text.kind in WRITTEN:
        return str(value) or t("none")
    unit = t(text.unit, currency=settings().currency)
    return f"{screen.f.number(words.shown(name, value), 6)} {unit}"


def _field(screen: Screen, name: str, value: Any, key: str) -> None:
    t, text = screen.t, words.TEXTS[name]
    label = f"{t(text.label)} ({t(text.unit, currency=settings().currency)})"
    if text.kind in WRITTEN:
        st.text_input(label, value=value, key=key, max_chars=WRITTEN[text.kind])
    elif text.kind == "channels":
        known = [channel.name for channel in channels.CHANNELS]
        st.multiselect(label, known, default=list(value), format_func=lambda code: t(CHANNELS[code]), key=key, placeholder=t("none"))
    elif text.kind == "choice":
        options = words.CHOICES[name]
        st.selectbox(label, list(options), index=list(options).index(value), format_func=lambda code: t(options[code]), key=key)
    else:
        low, high, _, _ = words.limits(name)
        whole = text.kind == "whole"
        st.number_input(
            label,
            value=value if whole or value is None else float(value),
            min_value=int(low) if whole and low is not None else low if low is None else float(low),
            max_value=int(high) if whole and high is not None else high if high is None else float(high),
            step=1 if whole else _step(text.kind, name),
            format=None if whole else "%.5f" if text.kind == "degrees" else "%g",
            placeholder=t("from the data"),
            key=key,
        )
    st.caption(f"{t(text.help)} {accepted(screen, name)}".strip())


def accepted(screen: Screen, name: str) -> str:
    """The limits of a number in words; empty for what is no number."""
    if words.TEXTS[name].kind in words.NO_NUMBERS:
        return ""
    t, f = screen.t, screen.f
    low, high, above, below = words.limits(name)
    lowest = (t("more than {n}", n=f.number(low, 2)) if above else t("from {n}", n=f.number(low, 2))) if low is not None else ""
    highest = (t("less than {n}", n=f.number(high, 2)) if below else t("up to {n}", n=f.number(high, 2))) if high is not None else ""
    return t("Accepted: {limits}.", limits=" ".join(filter(None, (lowest, highest))))


def _step(kind: str, name: str) -> float:
    if kind == "degrees":
        return COORDINATE_STEP
    if kind == "money":
        return MONEY_STEP
    return SMALL_STEP if name == "detour_factor" else USUAL_STEP


def _save(keys: Mapping[str, str], before: Mapping[str, Any]) -> None:
    """Choose what differs from what was shown: what a colleague changed meanwhile in other fields stays."""
    given = {name: st.session_state.get(key) for name, key in keys.items()}
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    actions.set_preferences({name: words.kept(name, value) for name, value in given.items() if value != before[name]})


def _checked(screen: Screen, group: str, names: tuple[str, ...]) -> None:
    t, f = screen.t, screen.f
    chosen = data.ask(administration.choices)
    by_people = [chosen[name] for name in names if name in chosen and chosen[name].by_person]
    if len(by_people) == len(names):
        latest = max(by_people, key=lambda choice: choice.set_at)
        day = f.day(clock.local(latest.set_at, settings().timezone))
        st.caption(t(":green[●] Chosen by a person; last by {who} on {day}.", who=md(latest.set_by), day=md(day)))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(t(":orange[▲] Some of these are still the values of the start. Are they right for your company?"), width="stretch")
        presses.button(
            t("These values are right"), f"right-{group}", partial(actions.confirm_preferences, names), mark("The values are confirmed.")
        )


def _last_change(screen: Screen) -> None:
    t, f = screen.t, screen.f
    change = data.ask(administration.last_change)
    if change is None:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="last-change"):
        with st.container(width="stretch", gap=None):
            moment = f.moment(clock.local(change.at, settings().timezone))
            st.markdown(t("**Last change**, {who}, {moment}", who=md(change.who), moment=md(moment)))
            for name, (old, new) in change.values.items():
                label = t(words.TEXTS[name].label)
                st.caption(f"{label}: {md(written(screen, name, old))} → {md(written(screen, name, new))}")
        presses.button(
            t("Undo"), f"undo-{change.ids[0]}", partial(actions.undo_preferences, change.ids), mark("The last change was taken back.")
        )
