"""What cannot be taken back asks first, and says so, on every screen and in both languages."""

import pytest

from ml.clock import utc_now
from ml.store import experiments, sessions, tokens, users
from ml.store.engine import begin_write
from tests.pages.filled_store import NOW
from ui import store_access

PLACES = {
    "people": ("settings", {"tab": "people"}, ("password-", "out-", "theirs-")),
    "tokens": ("settings", {"tab": "tokens"}, ("revoke-",)),
    "account": ("account", {}, ("end-",)),
}
LOST = {"es": "no se puede deshacer", "en": "cannot be undone"}
FOLDS = ("expander", "popover")


def around(app, key: str) -> str:
    """What stands in the innermost fold around the button whose key begins so; empty for one that stands in the open."""
    found = [fold for kind in FOLDS for fold in app.get(kind) if any((entry.key or "").startswith(key) for entry in fold.button)]
    return "\n".join(text.value for text in min(found, key=lambda fold: len(fold.button)).markdown).lower() if found else ""


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("language", LOST)
def test_what_is_lost_is_said_before_it_is_done(live, own_full_home, place, language):
    page, query, keys = PLACES[place]
    live(own_full_home, "overview")
    with begin_write(store_access.store()) as conn:
        for role in ("admin", "viewer"):
            sessions.create(conn, users.get(conn, f"{role}@example.com").id, now=utc_now())
        tokens.add(conn, "App", users.get(conn, "viewer@example.com"), ["predictions:read"], now=NOW)
    app = live(own_full_home, page, language=language, **query)
    for key in keys:
        assert LOST[language] in around(app, key), key


def test_the_end_of_a_test_is_asked_for_and_its_pause_is_not(live, own_full_home):
    live(own_full_home, "overview")
    with store_access.store().connect() as conn:
        running = next(kept.experiment_id for kept in experiments.list_all(conn) if kept.state == "active")
    app = live(own_full_home, "experiments", test=running)
    assert LOST["es"] in around(app, f"move-{running}-completed")
    assert around(app, f"move-{running}-paused") == ""
