"""A right that is lost while a page is open: whatever is pressed then on any screen, nothing is written."""

import pytest
import sqlalchemy as sa

from ml.clock import utc_now
from ml.store import schema, sessions
from ml.store.engine import begin_write
from tests.pages.writing_buttons import PLACES, changed, contents, families, fill_more, is_of
from ui import guard, presses, store_access

LOSSES = ("demoted", "disabled", "signed out")
NOT_HERE = {"open-", "cancel-", "segment-count", "logo", "logo-remove"}  # in a state that shuts out another's, or with a file
HANDED_IN = {"make-experiment", "yes-1", "no-1"}


def give(loss: str, *, back: bool) -> None:
    """Take the right away, or give it back, past every audit: as if it had happened elsewhere."""
    here = sessions.hashed(guard.session_token())
    user, session = schema.users.c.email == "admin@example.com", schema.sessions.c.token_hash == here
    change = {
        "demoted": sa.update(schema.users).where(user).values(role="admin" if back else "viewer"),
        "disabled": sa.update(schema.users).where(user).values(disabled_at=None if back else utc_now()),
        "signed out": sa.update(schema.sessions).where(session).values(revoked_at=None if back else utc_now()),
    }[loss]
    with begin_write(store_access.store()) as conn:
        conn.execute(change)


@pytest.fixture
def tried(monkeypatch) -> dict[str, set[str]]:
    """What became of each press: name -> "refused" for want of the right, or "let in"."""
    found, once = {}, presses.press

    def watched(name, *press):
        try:
            once(name, *press)
        except guard.NotAllowed:
            found.setdefault(name, set()).add("refused")
            raise
        found.setdefault(name, set()).add("let in")

    monkeypatch.setattr(presses, "press", watched)
    return found


def test_after_the_right_is_gone_no_button_of_any_screen_writes(live, own_full_home, tried):
    live(own_full_home, "overview")
    for page, query in (*PLACES, *fill_more()):
        app = live(own_full_home, page, language="en", **query)
        changed(app)
        app.run()
        assert not app.exception, page
        drawn, before = app._tree, contents()
        losses = LOSSES[page == "account" :]  # with another role one may still do what stands there
        for number, key in enumerate(entry.key for entry in app.button if entry.key and not entry.disabled):
            loss = losses[number % len(losses)]
            give(loss, back=False)
            app._tree = drawn
            pressed = app.button(key=key)
            pressed.click().run()
            pressed.set_value(False)
            give(loss, back=True)
        assert contents() == before, page
    assert {name for name, fates in tried.items() if fates != {"refused"}} == set()
    missing = {one for one in families() if not any(is_of(name, one) for name in tried)}
    assert missing - {""} == NOT_HERE and tried.keys() >= HANDED_IN, " ".join(sorted(missing))
