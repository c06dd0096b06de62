"""Buttons that write: each runs once per drawing, says what came of it, and asks first where something is lost."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Literal, NamedTuple

import streamlit as st

from ml.clock import utc_now
from ml.i18n import Translator, mark
from ml.store.refused import Refused
from ui import states
from ui.format import md
from ui.store_access import UNAVAILABLE

Action = Callable[[], str | None]  # a write; what it returns is shown once, as a secret
BOOK = "presses"
SHOWN, SHOWN_WITH_UNDO = timedelta(seconds=15), timedelta(minutes=2)
REFUSALS: dict[str, str] = {
    "email_taken": mark("There is already a person with this e-mail address."),
    "email_unusable": mark("This is no usable e-mail address; write one like ana@example.com."),
    "last_admin": mark("This is the last administrator. Make somebody else an administrator first."),
    "own_account": mark("This is your own account; another administrator can change it."),
    "password_wrong": mark("The password of today is wrong. Nothing was changed."),
    "password_wait": mark("Too many wrong passwords. Please wait a quarter of an hour and try again."),
    "password_length": mark("The new password is too short or too long. Nothing was changed."),
    "password_differs": mark("The new password was not typed the same way twice. Nothing was changed."),
    "nobody": mark("This person is no longer there."),
    "token_name": mark("Give the token a name of 1 to 80 characters that says who uses it."),
    "token_scope": mark("Choose at least one thing that the token may do."),
    "token_useless": mark("This person is disabled; choose somebody who may come in."),
    "token_role": mark("The role of this person is not enough for what the token should do; choose somebody else, or less."),
    "token_gone": mark("This token has been revoked already."),
    "preference_value": mark("One of the values is outside its limits. Nothing was changed."),
    "schedule_fields": mark(
        "One of the schedules is not written as minute hour day month weekday, such as 30 5 * * *. Nothing was changed."
    ),
    "schedule_weekday": mark("Write the weekday by its name, mon tue wed thu fri sat sun, not as a number. Nothing was changed."),
    "schedule_night": mark(
        "From 23:00 to 00:59 nothing may be scheduled: daylight saving takes or doubles that time once a year. Nothing was changed."
    ),
    "email_list": mark(
        "One of the e-mail addresses cannot be used; write them like ana@example.com, with commas between. Nothing was changed."
    ),
    "message_state": mark("This message is on its way or has been sent already."),
    "message_gone": mark("This message cannot be sent: its text is gone, or no channel was set up for it."),
    "note_gone": mark("This note is gone, or somebody else wrote it."),
    "link_gone": mark("This link was revoked already."),
    "link_no_key": mark("Links cannot be signed: the secret key is not set."),
    "nobody_chosen": mark("Choose at least one customer first."),
    "alert_action": mark("This cannot be done to an alert."),
    "alert_note": mark("Write something first."),
    "alert_gone": mark("This alert is no longer there. Load the page again."),
    "alert_state": mark("Somebody has changed this alert in the meantime. Load the page again."),
    "alert_changed": mark("Something happened to this alert since; it cannot be taken back any more."),
    "alert_undone": mark("This was taken back already."),
    "alert_not_to_contact": mark("This customer is not to be contacted."),
    "reason_missing": mark("Write in a few words why; it is kept with the change."),
    "already_serves": mark("This version is in service already."),
    "release_damaged": mark("This version is damaged and cannot be used. The one in service stays."),
    "nothing_before": mark("There is no earlier version to go back to."),
    "review_gone": mark("Somebody has answered already, or a newer version took its place."),
    "too_few": mark("At least four customers are needed, two for each group."),
    "experiment_overlap": mark("Some of these customers are in another test at that time. Leave them out, or end that test first."),
    "experiment_state": mark("The test is in another state by now. Load the page again."),
    "end_past": mark("The test would end before today. Choose a later start or more days."),
    "outcome_twice": mark("Some of these lines came before with other numbers. Outcomes are never changed; nothing was kept."),
    "unit_twice": mark("A customer stands twice in the list."),
    "event_kind": mark("Choose what kind of event it is."),
    "event_name": mark("Give the event a name of 1 to 80 characters."),
    "event_days": mark("An event ends on its first day or later, within a year."),
    "event_known": mark("The day from which it is known cannot lie after its start."),
    "event_gone": mark("This event was changed in the meantime. Load the page again."),
    "run_state": mark("Only a run that failed, was cancelled or was skipped is run again."),
    "run_busy": mark("Another run of this job waits or works. Let it end, or cancel it first."),
    "run_over": mark("This run is over already."),
    "run_unknown": mark("This run, or its job, is no longer there."),
    "logo_large": mark("This picture is too large for a logo: up to 200 KB and 4,000 pixels a side. Save it smaller and try again."),
    "logo_unreadable": mark("This is no picture that can be read. Take a PNG, JPEG or SVG file."),
    "logo_unsafe": mark("This drawing holds a script or fetches something from elsewhere. Save it as a plain SVG or as a PNG."),
    "changed_since": mark("Somebody changed the values in the meantime. Look at them again first."),
}
TAKEN_BACK = mark("It was taken back.")
AWAY = mark(
    "The store is busy or away, so nothing was changed; what you typed is still there. Press again in a moment. If it lasts, tell your "
    "administrator this number: {number}"
)
OTHER = mark("This could not be done. Nothing was changed.")


class Said(NamedTuple):
    """What came of a press, and when (naive UTC): a msgid with its places, a secret that is shown until the person has noted it, and the
    way back under a name of its own, which refuses by itself where something has happened since."""

    done: bool
    text: str
    params: dict[str, Any]
    at: datetime
    secret: str | None = None
    back: Action | None = None
    name: str = ""


@dataclass
class Book:
    """What a session remembers of its presses, changed in place and under its lock.

    A second click starts a new run beside the first one's, which ends at its next touch of the session state: written there, what came
    of the first press would be lost, and the new run would show nothing of it.
    """

    numbers: dict[str, int] = field(default_factory=dict)
    said: Said | None = None
    trouble: Said | None = None
    lock: Any = field(default_factory=Lock)


def number(name: str) -> int:
    """How often the press `name` has succeeded in this session: part of the keys of its form, which is empty again after each."""
    return _book().numbers.get(name, 0)


def press(name: str, drawn: int, action: Action, done: str, params: dict[str, Any], back: Action | None = None) -> None:
    """What a button calls: does `action` unless the same drawing of the button was pressed before (a double click), keeps what to say.

    `done` is the msgid for success. An action that was refused says why, and so does a store that is away; a lost right is raised on.
    """
    book = _book()
    with book.lock:
        if book.numbers.get(name, 0) != drawn:
            return
        book.trouble = None
        try:
            secret = action()
        except Refused as refusal:
            book.said = Said(False, REFUSALS.get(refusal.code, OTHER), {}, utc_now())
        except UNAVAILABLE:
            book.trouble = _trouble()
        else:
            book.numbers[name] = drawn + 1
            book.said = Said(True, done, params, utc_now(), secret, back, f"{name}-{drawn}")


def button(
    label: str,
    name: str,
    action: Action,
    done: str,
    /,
    *,
    strong: bool = False,
    back: Action | None = None,
    **params: Any,
) -> None:
    """A button that writes. `params` fill the places of `done`; `back` is offered afterwards."""
    drawn = number(name)
    kind: Literal["primary", "secondary"] = "primary" if strong else "secondary"
    st.button(label, key=f"{name}-{drawn}", on_click=press, args=(name, drawn, action, done, params, back), type=kind)


def submit(label: str, name: str, action: Action, done: str, /, *, back: Action | None = None, **params: Any) -> None:
    """The button of a form that writes; `action` reads the form's fields from the session state, `back` is offered afterwards."""
    drawn = number(name)
    st.form_submit_button(label, key=f"{name}-{drawn}", on_click=press, args=(name, drawn, action, done, params, back), type="primary")


def asked(label: str, question: str, yes: str, name: str, action: Action, done: str, /, *, folds: bool = False, **params: Any) -> None:
    """A button that asks first: `question` says what will be lost, `yes` is the button that does it.

    Within a popover, which cannot hold another one, the question `folds` out.
    """
    key = f"ask-{name}-{number(name)}"
    with st.expander(label, key=key) if folds else st.popover(label, key=key):
        st.write(md(question))
        button(yes, name, action, done, strong=True, **params)


def show(t: Translator, told_below: Collection[str] = ()) -> None:
    """What came of the last press, for SHOWN (SHOWN_WITH_UNDO where it can be taken back); a secret until the person has noted it.

    What was done with one of these texts is told by the caller."""
    book = _book()
    with book.lock:
        said = book.said
    if said is None or (said.done and said.text in told_below):
        return
    text = t(said.text, **{key: md(value) for key, value in said.params.items()}) if said.params else t(said.text)
    if said.secret is None:
        if utc_now() - said.at > (SHOWN_WITH_UNDO if said.back else SHOWN):
            book.said = None
        elif said.back is not None:
            _with_way_back(t, text, said.back, said.name)
        else:
            (st.success if said.done else st.error)(text)
        return
    with st.container(border=True, key="secret"):
        st.markdown(f"**{text}**")
        st.code(said.secret, language=None, wrap_lines=True)
        st.caption(t("It is shown only now and kept nowhere in readable form. Hand it over in person or by phone, not by e-mail."))
        st.button(t("I have noted it"), key="noted", on_click=forget, type="primary")


def _with_way_back(t: Translator, text: str, back: Action, name: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="way-back"):
        st.success(text, width="stretch")
        button(t("Undo"), f"back-{name}", back, TAKEN_BACK)


def plainly(action: Callable[..., object], *args: Any) -> None:
    """What a choice or a button calls that writes without a drawing of its own (safe to press twice): a store that is away is told."""
    book = _book()
    book.trouble = None
    try:
        action(*args)
    except UNAVAILABLE:
        book.trouble = _trouble()


def troubles(t: Translator) -> None:
    """That the store did not take the last press, for SHOWN, on whatever screen."""
    trouble = _book().trouble
    if trouble is None:
        return
    if utc_now() - trouble.at > SHOWN:
        _book().trouble = None
        return
    st.error(t(trouble.text, **trouble.params))


def forget() -> None:
    """Show what was said no more."""
    _book().said = None


def _trouble() -> Said:
    """What to say of the error that is being handled, with the number under which the log has it."""
    number = states.logged("A press could not be written")
    return Said(False, AWAY, {"number": number}, utc_now())


def _book() -> Book:
    book: Book = st.session_state.setdefault(BOOK, Book())
    return book
