"""The screen of one's own account, for every role: language, password, and where one is signed in."""

import pytest
import sqlalchemy as sa

from ml.clock import utc_now
from ml.i18n import translator
from ml.store import attempts, schema, sessions, users
from ml.store.engine import begin_write
from ml.store.users import ROLES
from tests.pages.conftest import PASSWORD, texts_of
from tests.pages.pressing import button, everything_written, field, rows
from ui import actions_account, guard, presses, registry, store_access

ES, EN = translator("es"), translator("en")
NEW = "another long secret"


def number_of(role: str) -> int:
    return rows(schema.users, "id", email=f"{role}@example.com")[0][0]


def deeds() -> list[tuple]:
    """The audit without the sign of the language that the fixture chose: (who, action, target)."""
    return [row for row in rows(schema.audit, "who", "action", "target") if row[0] != "system"]


def open_now() -> set[str]:
    return {name for name, revoked in rows(schema.sessions, "token_hash", "revoked_at") if revoked is None}


def typed(app, now: str, new: str, again: str | None = None):
    """The form of the password filled in and pressed."""
    for name, value in (("now", now), ("new", new), ("again", new if again is None else again)):
        field(app, "text_input", f"password-{name}").set_value(value)
    return button(app, "own-password").click().run()


def can_enter(password: str, role: str = "viewer") -> bool:
    with store_access.store().connect() as conn:
        return users.authenticate(conn, f"{role}@example.com", password) is not None


@pytest.mark.parametrize("role", ROLES)
def test_everybody_reaches_it_from_their_name(live, own_full_home, role):
    app = live(own_full_home, "overview", role=role)
    names = [link.label.replace("\\", "") for link in app.sidebar.get("page_link")]
    assert len(names) == 1 and names[0].startswith(f"Ana {role.title()} · ")
    assert registry.page("account").title not in [entry.title for entries in registry.pages_for(role).values() for entry in entries]
    app = app.switch_page(str(registry.page("account").path)).run()
    assert [title.value for title in app.title] == [ES("My account")] and not app.exception and not app.error


@pytest.mark.parametrize("role", ROLES)
def test_own_sessions_are_listed_and_ended_one_by_one_or_together(live, own_full_home, role):
    app = live(own_full_home, "account", role=role)
    with begin_write(store_access.store()) as conn:
        others = [sessions.create(conn, number_of(role), now=utc_now()) for _ in range(3)]
        foreign = sessions.create(conn, number_of("viewer" if role == "admin" else "admin"), now=utc_now())
    app.run()
    said = texts_of(app).replace("\\", "")
    assert "Firefox · Linux" in said and ES("this browser") in said and "10.0.0.7 · desde" in said
    app = button(app, f"end-{sessions.hashed(others[0])[:12]}").click().run()
    assert sessions.hashed(others[0]) not in open_now() and sessions.hashed(others[1]) in open_now()
    app = button(app, "end-others").click().run()
    assert open_now() == {sessions.hashed(guard.session_token()), sessions.hashed(foreign)}
    assert deeds() == [(f"{role}@example.com", "session.revoke", f"{role}@example.com")] * 2 and not app.error


def test_somebody_elses_session_cannot_be_ended_as_ones_own(live, own_full_home):
    live(own_full_home, "account", role="analyst")
    with begin_write(store_access.store()) as conn:
        foreign = sessions.create(conn, number_of("viewer"), now=utc_now())
    before = everything_written()
    actions_account.end_session(sessions.hashed(foreign))
    assert everything_written() == before


def test_the_own_language_may_follow_the_browser(live, own_full_home):
    app = live(own_full_home, "account", role="viewer", language="es")
    field(app, "segmented_control", "own-language").set_value("en").run()
    assert app.title[0].value == EN("My account")
    field(app, "segmented_control", "own-language").set_value("browser").run()
    assert rows(schema.users, "language", email="viewer@example.com") == [(None,)]


# --- the password


def test_a_new_password_counts_and_the_other_browsers_are_out(live, own_full_home):
    app = live(own_full_home, "account", role="viewer")
    with begin_write(store_access.store()) as conn:
        elsewhere = sessions.create(conn, number_of("viewer"), now=utc_now())
    app = typed(app, PASSWORD, NEW)
    assert app.success[0].value == ES("Your new password counts from now on.") and not app.error
    assert can_enter(NEW) and not can_enter(PASSWORD)
    assert sessions.hashed(elsewhere) not in open_now() and sessions.hashed(guard.session_token()) in open_now()
    assert deeds() == [("viewer@example.com", "user.password", "viewer@example.com")]
    assert field(app, "text_input", "password-now").value == ""


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (("wrong password", NEW), "password_wrong"), ((PASSWORD, "short"), "password_length"),
        ((PASSWORD, NEW, "another long secreT"), "password_differs"), (("", NEW), "password_wrong"),
    ],
)  # fmt: skip
def test_a_password_that_cannot_be_taken_is_refused_in_a_sentence(live, own_full_home, given, code):
    app = live(own_full_home, "account", role="analyst")
    kept = rows(schema.users, "email", "password_hash")
    app = typed(app, *given)
    assert app.error[0].value == ES(presses.REFUSALS[code]) and not app.success
    assert rows(schema.users, "email", "password_hash") == kept
    told = [("analyst@example.com", "user.password_refuse", "analyst@example.com")] if code == "password_wrong" else []
    assert deeds() == told


def test_an_open_session_is_no_way_to_guess_the_password(live, own_full_home):
    app = live(own_full_home, "account", role="viewer")
    for guess in range(attempts.FREE_FAILURES):
        app = typed(app, f"a wrong guess {guess}", NEW)
    app = typed(app, PASSWORD, NEW)
    assert app.error[0].value == ES(presses.REFUSALS["password_wait"]) and can_enter(PASSWORD)
    with store_access.store().connect() as conn:
        assert attempts.wait(conn, "viewer@example.com", "10.0.0.7", now=utc_now())
        assert not attempts.wait(conn, "viewer@example.com", "10.0.0.8", now=utc_now())


def test_who_comes_in_through_the_provider_has_no_password_here(live, own_full_home):
    app = live(own_full_home, "account", role="viewer")
    with begin_write(store_access.store()) as conn:
        conn.execute(sa.update(schema.users).where(schema.users.c.email == "viewer@example.com").values(password_hash=None))
    app.run()
    assert not [entry for entry in app.text_input if entry.key.startswith("password-")]
    assert ES("You come in through the company's sign-in provider; your password is changed there.") in texts_of(app)
    with pytest.raises(presses.Refused, match="wrong"):
        actions_account.change_password("", NEW, NEW)
    assert rows(schema.users, "password_hash", email="viewer@example.com") == [(None,)]
