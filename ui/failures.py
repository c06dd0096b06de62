"""What a person reads when something they pressed failed: callbacks run outside the screen, so outside its error state."""

import logging

import streamlit as st

from ml.i18n import translator
from ml.store.person import User
from ui import guard, states
from ui.screen import language_of
from ui.store_access import UNAVAILABLE

log = logging.getLogger(__name__)


def say_failure(error: Exception) -> bool:
    """Show one calm sentence instead of Streamlit's own, in the person's language: a lost right as such, else an id that the log knows."""
    t = translator(language_of(_person()))
    if isinstance(error, guard.NotAllowed):
        log.warning("Refused: %s", error)
        st.error(t("This is not for your role, or your session has ended. Nothing was changed; load the page again."))
        return True
    with states.errors_shown(t):
        raise error
    return True


def _person() -> User | None:
    try:
        return guard.current_user()
    except UNAVAILABLE:
        return None
