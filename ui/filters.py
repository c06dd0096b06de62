"""Controls whose values stand in the address, so that a link shows the same view to whoever opens it, in any language."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.screen import Screen


def folded(screen: Screen, name: str) -> tuple[DeltaGenerator, Callable[[str], object]]:
    """The place of a screen's filters, and what to call with the words for what they are set to.

    A row; on a phone a button that opens it, with the words beside it, so that the answer stands on the first screen.
    """
    if not screen.phone:
        return st.container(horizontal=True, vertical_alignment="center"), _silent
    row = st.container(horizontal=True, vertical_alignment="center", key=f"folded-{name}")
    place = row.popover(screen.t("Filters"), icon=":material/tune:", key=f"filters-{name}").container()
    return place, row.container(width="stretch").caption


def _silent(_: str) -> None:
    """Filters that can be seen need no words."""


def choose(screen: Screen, label: str, name: str, options: Mapping[str, str], default: str | None = None) -> str:
    """One of a few options, all visible: the chosen code. `options` is code -> label; the address holds the code, not the label."""
    codes = list(options)
    fallback = default if default is not None and default in options else codes[0]
    key = f"{name}-{screen.t.language}"
    _follow(name, key, codes, fallback)
    value = st.segmented_control(
        label,
        codes,
        format_func=lambda code: options[code],
        key=key,
        required=True,
        label_visibility="collapsed",
    )
    shown: str = value if value is not None else fallback
    _keep(name, shown, fallback)
    st.session_state[f"{key}-drawn"] = (st.query_params.get(name), shown)
    return shown


def pick(
    screen: Screen,
    label: str,
    name: str,
    options: Mapping[str, str],
    *,
    none: str | None = None,
    default: str | None = None,
    among: str = "",
) -> str | None:
    """One of many options or none (`none`: what that means, "All"): the chosen code. `options` is code -> label.

    With a `default` one is always chosen. `among` says what the options come from, a search: another one is chosen from anew.
    """
    given = st.query_params.get(name)
    codes = list(options)
    chosen = given if given is not None and given in options else default
    value = st.selectbox(
        label,
        codes,
        index=codes.index(chosen) if chosen is not None else None,
        format_func=lambda code: options.get(code, code),
        key=f"{name}-{screen.t.language}{among and f'-{among}'}",
        placeholder=none or screen.t("All"),
    )
    _keep(name, value, default)
    return value


def one_of(screen: Screen, label: str, name: str, options: Mapping[str, str]) -> str:
    """One of many options, the first unless the address says another: the chosen code. `options` is code -> label."""
    given, codes = st.query_params.get(name), list(options)
    place = codes.index(given) if given is not None and given in options else 0
    key = f"{name}-{screen.t.language}"
    value = st.selectbox(label, codes, index=place, format_func=lambda code: options.get(code, code), key=key)
    _keep(name, value, codes[0])
    return str(value)


def days(label: str, name: str, steps: Sequence[int], default: int) -> int:
    """A number of days out of a few steps."""
    value = st.select_slider(label, options=list(steps), value=default, key=name, bind="query-params")
    return int(value)


def search(label: str, name: str, placeholder: str) -> str:
    """A text to look for, lower case and trimmed; empty = everything."""
    text = st.text_input(label, key=name, bind="query-params", type="search", placeholder=placeholder, max_chars=80)
    return (text or "").strip().lower()


def _follow(name: str, key: str, codes: Sequence[str], fallback: str) -> None:
    """Choose what the address says: when the screen opens, and when a link on it leads to the screen itself.

    A press counts more than the address: the browser may still send the one of before.
    """
    given, (address, shown) = st.query_params.get(name), st.session_state.get(f"{key}-drawn", (None, None))
    followed = given is not None and given != address and shown is not None and st.session_state.get(key) == shown
    if key not in st.session_state or followed:
        st.session_state[key] = given if given in codes else fallback
    if followed:
        st.query_params[name] = str(given)  # a link to the screen itself leaves the browser's address without it


def _keep(name: str, value: str | None, default: str | None) -> None:
    if value == default or value is None:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != value:
        st.query_params[name] = value
