"""The Settings screen: who may open it, every write with its audit row, and nothing written once the right is gone."""

from datetime import timedelta
from threading import Thread

import pytest
import sqlalchemy as sa

from ml.clock import utc_now
from ml.i18n import translator
from ml.store import schema, sessions, tokens, users
from ml.store.engine import begin_write
from ml.store.logo_files import LogoError
from ml.store.values import set_preference
from tests.pages.conftest import texts_of
from tests.pages.filled_store import HOSTILE
from tests.pages.pressing import button, everything_written, field, rows
from ui import actions, guard, presses, store_access
from ui.preference_texts import GROUPS, names_in

TABS = ("setup", "people", "values", "tokens", "system")
LOGO = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>'
ES, EN = translator("es"), translator("en")


def number_of(role: str) -> int:
    return rows(schema.users, "id", email=f"{role}@example.com")[0][0]


def chosen_logo() -> str:
    return rows(schema.preferences, "value", name="company_logo")[0][0]


def drawn(app) -> str:
    return "".join(entry.proto.body for entry in app.get("html"))


def deeds() -> list[tuple]:
    """The audit without the sign of the language that the fixture chose: (who, action, target)."""
    return [row for row in rows(schema.audit, "who", "action", "target") if row[0] != "system"]


def to(app, tab: str):
    """The same page with another tab chosen."""
    return field(app, "segmented_control", "tab-").set_value(tab).run()


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("store", ["own_full_home", "own_empty_home"])
def test_every_tab_in_both_languages_on_a_full_and_an_empty_store(live, request, store, language):
    app = live(request.getfixturevalue(store), "settings", language=language)
    t, other = (ES, EN) if language == "es" else (EN, ES)
    for tab in TABS:
        app = to(app, tab)
        assert not app.exception and not app.error, tab
        assert [title.value for title in app.title] == [t("Settings")] != [other("Settings")]


@pytest.mark.parametrize("role", ["analyst", "viewer"])
def test_others_than_admins_see_only_that_it_is_not_for_them(live, own_full_home, role):
    app = live(own_full_home, "settings", role=role, tab="people")
    said = texts_of(app)
    assert ES("This screen is not for your role") in said
    assert "admin@example" not in said and not app.get("form") and not app.dataframe


def test_an_unknown_tab_in_the_address_shows_the_first(live, own_full_home):
    app = live(own_full_home, "settings", tab="'; DROP TABLE users")
    assert not app.exception and not app.error


# --- people


def add_ana(app, email="ana@3t.cl", name="Ana Rojas", role="analyst"):
    field(app, "text_input", "new-email").set_value(email)
    field(app, "text_input", "new-name").set_value(name)
    field(app, "radio", "new-role").set_value(role)
    return button(app, "add-person").click().run()


def test_a_person_is_added_with_a_password_that_is_shown_once_and_works(live, own_full_home):
    app = add_ana(live(own_full_home, "settings", tab="people"))
    password = app.code[0].value
    with store_access.store().connect() as conn:
        assert users.authenticate(conn, "ana@3t.cl", password).role == "analyst"
    assert deeds() == [("admin@example.com", "user.add", "ana@3t.cl")]
    kept = str(everything_written())
    assert password not in kept
    assert "Ana Rojas" in texts_of(app)
    app = button(app, "noted").click().run()
    assert not app.code and password not in texts_of(app)


def test_the_form_is_empty_again_after_a_success_and_kept_after_a_refusal(live, own_full_home):
    app = add_ana(live(own_full_home, "settings", tab="people"), email="no address")
    assert app.error[0].value == ES(presses.REFUSALS["email_unusable"])
    assert field(app, "text_input", "new-email").value == "no address"
    app = add_ana(app)
    assert field(app, "text_input", "new-email").value == ""


def test_a_taken_address_is_refused(live, own_full_home):
    app = live(own_full_home, "settings", tab="people")
    before = everything_written()
    app = add_ana(app, email="VIEWER@example.com ")
    assert app.error[0].value == ES(presses.REFUSALS["email_taken"]) and everything_written() == before


def test_a_double_click_adds_one_person_and_shows_their_password(live, own_full_home, monkeypatch):
    """The second click starts a run beside the first one's, while the person is being added."""
    app = live(own_full_home, "settings", tab="people")
    book, passwords, second = app.session_state[presses.BOOK], [], []
    monkeypatch.setattr(presses.st, "session_state", {presses.BOOK: book})

    def add() -> str:
        second.append(Thread(target=presses.press, args=("add-person", 0, add, "done", {})))
        second[-1].start()
        passwords.append(actions.add_person("ana@3t.cl", "Ana", "viewer"))
        return passwords[-1]

    presses.press("add-person", 0, add, "done", {})
    second[0].join(timeout=10)
    assert len(second) == len(passwords) == 1
    assert book.said.done and book.said.secret == passwords[0]
    assert len(rows(schema.users, "id", email="ana@3t.cl")) == 1


def test_a_role_is_changed(live, own_full_home):
    app = live(own_full_home, "settings", tab="people")
    number = number_of("viewer")
    field(app, "selectbox", f"role-of-{number}").set_value("analyst").run()
    app = button(app, f"role-{number}").click().run()
    assert rows(schema.users, "role", email="viewer@example.com") == [("analyst",)]
    assert deeds() == [("admin@example.com", "user.role", "viewer@example.com")]
    assert app.success and not app.error
    app = button(app, f"back-role-{number}").click().run()
    assert rows(schema.users, "role", email="viewer@example.com") == [("viewer",)] and not app.error
    assert not [entry for entry in app.button if (entry.key or "").startswith("back-")]


def test_a_role_that_somebody_changed_since_is_not_taken_back(live, own_full_home):
    app = live(own_full_home, "settings", tab="people")
    number = number_of("viewer")
    field(app, "selectbox", f"role-of-{number}").set_value("analyst").run()
    app = button(app, f"role-{number}").click().run()
    with begin_write(store_access.store()) as conn:
        users.set_role(conn, "viewer@example.com", "admin", now=utc_now(), by="other@example.com")
    app = button(app, f"back-role-{number}").click().run()
    assert rows(schema.users, "role", email="viewer@example.com") == [("admin",)] and app.error


def test_disabling_is_taken_back_beside_what_came_of_it(live, own_full_home):
    app = live(own_full_home, "settings", tab="people")
    number = number_of("viewer")
    app = button(app, f"disable-{number}").click().run()
    app = button(app, f"back-disable-{number}").click().run()
    with store_access.store().connect() as conn:
        assert users.get(conn, "viewer@example.com").enabled
    assert [action for _, action, _ in deeds()] == ["user.disable", "user.enable"] and not app.error


def test_disabling_shuts_out_and_enabling_lets_in(live, own_full_home):
    app = live(own_full_home, "settings", tab="people")
    number = number_of("viewer")
    with begin_write(store_access.store()) as conn:
        theirs = sessions.create(conn, number, now=utc_now())
    app = button(app, f"disable-{number}").click().run()
    with store_access.store().connect() as conn:
        assert sessions.find(conn, theirs, now=utc_now()) is None
        assert not users.get(conn, "viewer@example.com").enabled
    app = button(app, f"enable-{number}").click().run()
    with store_access.store().connect() as conn:
        assert users.get(conn, "viewer@example.com").enabled
    assert [action for _, action, _ in deeds()] == ["user.disable", "user.enable"]
    assert not app.error


def test_a_new_password_replaces_the_old_and_ends_sessions(live, own_full_home):
    app = live(own_full_home, "settings", tab="people")
    number = number_of("viewer")
    with begin_write(store_access.store()) as conn:
        theirs = sessions.create(conn, number, now=utc_now())
    app = button(app, f"password-{number}").click().run()
    with store_access.store().connect() as conn:
        assert users.authenticate(conn, "viewer@example.com", app.code[0].value)
        assert sessions.find(conn, theirs, now=utc_now()) is None
    assert deeds() == [("admin@example.com", "user.password", "viewer@example.com")]


def test_somebody_is_signed_out_everywhere(live, own_full_home):
    app = live(own_full_home, "settings", tab="people")
    number = number_of("analyst")
    with begin_write(store_access.store()) as conn:
        theirs = sessions.create(conn, number, now=utc_now())
    app = button(app.run(), f"out-{number}").click().run()
    with store_access.store().connect() as conn:
        assert sessions.find(conn, theirs, now=utc_now()) is None
    assert deeds() == [("admin@example.com", "session.revoke", "analyst@example.com")] and not app.error


def test_where_a_person_is_signed_in_is_seen_and_ended_one_by_one(live, own_full_home):
    app = live(own_full_home, "settings", tab="people")
    number = number_of("analyst")
    with begin_write(store_access.store()) as conn:
        agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1"
        phone, office = (sessions.create(conn, number, now=utc_now(), address=f"192.0.2.{n}", agent=agent) for n in (1, 2))
        boss = users.add(conn, "boss@example.com", "Boss", "admin", "a long enough password", now=utc_now())
        foreign = sessions.create(conn, boss.id, now=utc_now())
    said = texts_of(app.run()).replace("\\", "")
    assert "192.0.2.1 · desde" in said and "Safari · iPhone" in said
    app = button(app, f"theirs-{sessions.hashed(phone)[:12]}").click().run()
    with store_access.store().connect() as conn:
        assert [sessions.find(conn, token, now=utc_now()) is not None for token in (phone, office, foreign)] == [False, True, True]
    assert deeds()[-1] == ("admin@example.com", "session.revoke", "analyst@example.com") and app.success and not app.error
    before = everything_written()
    actions.end_session_of("analyst@example.com", sessions.hashed(foreign))
    assert everything_written() == before


@pytest.mark.parametrize(
    "change", [lambda: actions.end_session_of("ADMIN@example.com", "x"), lambda: actions.change_role("ADMIN@example.com", "viewer"),
               lambda: actions.disable_person("admin@example.com"), lambda: actions.new_password("admin@example.com"),
               lambda: actions.sign_out_person("admin@example.com")]
)  # fmt: skip
def test_nobody_shuts_themselves_out(live, own_full_home, change):
    app = live(own_full_home, "settings", tab="people")
    assert not any(str(number_of("admin")) == (entry.key or "").split("-")[1] for entry in app.button if "-" in (entry.key or ""))
    before = everything_written()
    with pytest.raises(presses.Refused, match="your own account"):
        change()
    assert everything_written() == before


def test_the_last_admin_stays_whoever_presses(live, own_full_home, monkeypatch):
    """A second admin was demoted meanwhile: their open page cannot take the last one away."""
    live(own_full_home, "settings", tab="people")
    with begin_write(store_access.store()) as conn:
        boss = users.add(conn, "boss@example.com", "Boss", "admin", "a long enough password", now=utc_now())
        users.disable(conn, "boss@example.com", now=utc_now())
    monkeypatch.setattr(guard, "current_user", lambda token=None: boss)
    before = everything_written()
    for change in (lambda: actions.disable_person("admin@example.com"), lambda: actions.change_role("admin@example.com", "viewer")):
        with pytest.raises(users.UserError, match="last admin"):
            change()
    assert everything_written() == before


def test_hostile_names_are_shown_as_written(live, own_full_home):
    app = live(own_full_home, "settings", tab="people")
    for number, name in enumerate(HOSTILE.values()):
        with begin_write(store_access.store()) as conn:
            users.add(conn, f"h{number}@example.com", name, "viewer", "a long enough password", now=utc_now())
            user = users.get(conn, f"h{number}@example.com")
            tokens.add(conn, name[:80], user, ["predictions:read"], now=utc_now())
    app.run()
    assert not app.exception and not app.error
    assert "<script>" not in texts_of(app) and "\\<script\\>" in texts_of(app)
    app = live(own_full_home, "settings", tab="tokens")
    assert not app.exception and not app.error and "<script>" not in texts_of(app)


def test_many_people_come_in_pages(live, own_full_home):
    app = live(own_full_home, "settings", tab="people")
    with begin_write(store_access.store()) as conn:
        for number in range(30):
            users.add(conn, f"p{number:02}@example.com", f"P {number}", "viewer", "a long enough password", now=utc_now())
    said = texts_of(app.run())
    assert "p05@example" in said and "p29@example" not in said


# --- tokens


def make_a_token(app, name="App de reparto", days=90):
    field(app, "text_input", "token-name").set_value(name)
    field(app, "selectbox", "token-days").set_value(days)
    return button(app, "make-token").click().run()


@pytest.mark.parametrize("days", [30, 0])
def test_a_token_is_made_shown_once_and_works(live, own_full_home, days):
    app = make_a_token(live(own_full_home, "settings", tab="tokens"), days=days)
    secret = app.code[0].value
    with store_access.store().connect() as conn:
        token = tokens.find(conn, secret, now=utc_now())
    assert (token.name, token.scopes, token.user.email) == ("App de reparto", {"predictions:read"}, "admin@example.com")
    (end,) = rows(schema.tokens, "expires_at")[0]
    assert end is None if days == 0 else abs(end - utc_now() - timedelta(days=days)) < timedelta(minutes=5)
    assert secret not in str(everything_written())
    assert deeds() == [("admin@example.com", "token.add", "App de reparto (admin@example.com)")]
    assert not button(app, "noted").click().run().code


@pytest.mark.parametrize(("scopes", "name", "code"), [([], "x", "token_scope"), (["predictions:read"], "  ", "token_name")])
def test_a_token_without_name_or_scope_is_refused(live, own_full_home, scopes, name, code):
    app = live(own_full_home, "settings", tab="tokens")
    before = everything_written()
    field(app, "multiselect", "token-scopes").set_value(scopes)
    app = make_a_token(app, name=name)
    assert app.error[0].value == ES(presses.REFUSALS[code]) and everything_written() == before


def test_a_token_is_revoked_after_a_question(live, own_full_home):
    app = make_a_token(live(own_full_home, "settings", tab="tokens"))
    secret = app.code[0].value
    app = button(button(app, "noted").click().run(), "revoke-").click().run()
    with store_access.store().connect() as conn:
        assert tokens.find(conn, secret, now=utc_now()) is None
    assert deeds()[-1] == ("admin@example.com", "token.revoke", "1")
    assert not app.error and ES("Ended tokens ({n})", n="1") in texts_of(app)


# --- values


def test_a_value_is_saved_with_before_and_after_and_taken_back(live, own_full_home):
    app = live(own_full_home, "settings", tab="values", group="deliveries")
    field(app, "number_input", "value-cost_per_km").set_value(420.0)
    field(app, "number_input", "value-van_capacity_bottles").set_value(60)
    app = button(app, "values").click().run()
    assert dict(rows(schema.preferences, "name", "value")) == {"cost_per_km": 420, "van_capacity_bottles": 60}
    details = dict(rows(schema.audit, "target", "detail", action="preference.set"))
    assert details == {"cost_per_km": {"before": 350, "after": 420}, "van_capacity_bottles": {"before": 55, "after": 60}}
    app = button(app, "undo-").click().run()
    assert dict(rows(schema.preferences, "name", "value")) == {"cost_per_km": 350, "van_capacity_bottles": 55}
    assert not app.error and len(rows(schema.audit, "id", action="preference.set")) == 4


def test_shares_are_written_in_per_cent(live, own_full_home):
    app = live(own_full_home, "settings", tab="values", group="prices")
    assert field(app, "number_input", "value-vat_rate").value == 19
    field(app, "number_input", "value-vat_rate").set_value(15.5)
    button(app, "values").click().run()
    assert dict(rows(schema.preferences, "name", "value")) == {"vat_rate": 0.155}


def test_a_choice_is_kept_by_its_code(live, own_full_home):
    app = live(own_full_home, "settings", tab="values", group="customers")
    field(app, "selectbox", "value-alert_rule").set_value("probability")
    button(app, "values").click().run()
    assert dict(rows(schema.preferences, "name", "value")) == {"alert_rule": "probability"}


def test_saving_without_a_change_writes_nothing(live, own_full_home):
    for group in GROUPS:
        app = live(own_full_home, "settings", tab="values", group=group)
        before = everything_written()
        app = button(app, "values").click().run()
        assert everything_written() == before and not app.error and not app.exception


def test_a_value_beyond_its_limit_changes_nothing_at_all(live, own_full_home):
    app = live(own_full_home, "settings", tab="values", group="deliveries")
    before = everything_written()
    field(app, "number_input", "value-cost_per_km").set_value(420.0)
    field(app, "number_input", "value-speed_kmh").set_value(0.0)
    app = button(app, "values").click().run()
    assert app.error[0].value == ES(presses.REFUSALS["preference_value"]) and everything_written() == before


def test_the_name_of_the_company_stands_at_the_top_at_once(live, own_full_home):
    app = live(own_full_home, "settings", tab="values", group="company")
    field(app, "text_input", "value-company_name").set_value("Vertiente <b>Sur</b>")
    app = button(app, "values").click().run().run()
    assert "**Vertiente \\<b\\>Sur\\</b\\>** :violet-badge[DEMO]" in [mark.value for mark in app.markdown]


def test_a_logo_is_put_in_its_place_removed_and_brought_back(live, own_full_home):
    app = live(own_full_home, "settings", tab="values", group="company", language="es")
    app.file_uploader[0].upload("logo.svg", LOGO, "image/svg+xml").run()
    app = button(app, "logo-").click().run()
    digest = rows(schema.logos, "digest", kind="image/svg+xml")[0][0]
    assert chosen_logo() == digest and f'src="/app/static/logo/{digest}"' in drawn(app)
    assert "quedó en su lugar" in texts_of(app) and "ninguno → una imagen" in texts_of(app)
    app = button(app, "logo-remove").click().run()
    assert chosen_logo() == "" and digest not in drawn(app)
    button(app, "undo").click().run()
    assert chosen_logo() == digest


@pytest.mark.parametrize(
    ("content", "code"), [(b"hello", "logo_unreadable"), (b"x" * 200_001, "logo_large"), (LOGO.replace(b"path", b"script"), "logo_unsafe")]
)
def test_a_file_that_cannot_be_the_logo_gets_one_sentence(live, own_full_home, content, code):
    app = live(own_full_home, "settings", tab="values", group="company", language="es")
    app.file_uploader[0].upload("logo.png", content, "image/png").run()
    assert [error.value for error in app.error] == [ES(presses.REFUSALS[code])]
    assert not [entry for entry in app.button if entry.key and entry.key.startswith("logo")]
    with pytest.raises(LogoError):
        actions.set_logo(content)
    assert rows(schema.logos, "digest") == [] and rows(schema.preferences, "value", name="company_logo") == []


def test_confirming_a_group_makes_its_values_chosen(live, own_full_home):
    app = live(own_full_home, "settings", tab="values", group="deliveries")
    app = button(app, "right-deliveries").click().run()
    assert {name for (name,) in rows(schema.preferences, "name")} == set(names_in("deliveries"))
    assert "right-deliveries" not in str([entry.key for entry in app.button])
    with pytest.raises(AssertionError):
        button(app, "undo-")  # nothing was changed, so nothing is to be undone


def test_an_undo_gives_way_to_a_later_change(live, own_full_home):
    app = live(own_full_home, "settings", tab="values", group="deliveries")
    field(app, "number_input", "value-cost_per_km").set_value(420.0)
    app = button(app, "values").click().run()
    with begin_write(store_access.store()) as conn:
        set_preference(conn, "cost_per_km", 500, who="boss@example.com", at=utc_now())
    app = button(app, "undo-").click().run()
    assert app.error[0].value == ES(presses.REFUSALS["changed_since"])
    assert rows(schema.preferences, "value", name="cost_per_km") == [(500,)]


# --- system, oneself, setting up


def test_settings_are_shown_as_set_or_not_and_never_their_values(live, own_full_home, monkeypatch):
    canaries = {"SOURCE": "csv:/canary-folder", "ADMIN_PASSWORD": "canary-password", "DATABASE_URL": ""}
    app = live(own_full_home, "settings", tab="system")
    shown = app.dataframe[0].value.set_index("name")["state"]
    assert shown["INSIGHTS_HOME"] == shown["INSIGHTS_SECRET_KEY"] == ES("set") and shown["INSIGHTS_SOURCE"] == ES("not set")
    for name, value in canaries.items():
        monkeypatch.setenv(f"INSIGHTS_{name}", value)
    store = store_access.store()
    monkeypatch.setattr(store_access, "store", lambda: store)
    store_access._settings.cache_clear()
    app.run()
    shown = app.dataframe[0].value.set_index("name")["state"]
    assert shown["INSIGHTS_SOURCE"] == shown["INSIGHTS_ADMIN_PASSWORD"] == ES("set")
    assert shown["INSIGHTS_DATABASE_URL"] == ES("not set")
    said = texts_of(app) + app.dataframe[0].value.to_csv()
    assert "canary" not in said and "k" * 40 not in said


def test_setting_up_counts_what_is_left_and_goes_when_all_is_done(live, own_full_home, monkeypatch):
    app = live(own_full_home, "settings")
    assert [bar.proto.text for bar in app.get("progress")] == [ES("{done} of {all} steps are done", done="3", all="9")]
    assert "Conecte sus datos" in texts_of(app) and "Ya hay un colega" in texts_of(app)
    for group in ("deliveries", "customers"):
        actions.confirm_preferences(names_in(group))
    said = texts_of(app.run())
    assert "La bodega tiene su ubicación" in said and "Está confirmado qué silencio" in said and "Conecte sus datos" in said
    monkeypatch.setattr("ml.queries.administration.setup_steps", lambda conn, is_demo: [])
    said = texts_of(live(own_full_home, "settings"))
    assert "Conecte sus datos" not in said and ES("Add a person") in said


# --- without the right


WRITES = (
    lambda: actions.add_person("x@example.com", "", "viewer"), lambda: actions.change_role("viewer@example.com", "admin"),
    lambda: actions.disable_person("viewer@example.com"), lambda: actions.enable_person("viewer@example.com"),
    lambda: actions.new_password("viewer@example.com"), lambda: actions.sign_out_person("viewer@example.com"),
    lambda: actions.end_session_of("viewer@example.com", "x"),
    lambda: actions.make_token("x", "viewer@example.com", ["predictions:read"], None), lambda: actions.revoke_token(1),
    lambda: actions.set_preferences({"call_cost": 1}), lambda: actions.confirm_preferences(("call_cost",)),
    lambda: actions.undo_preferences((1,)),
)  # fmt: skip


@pytest.mark.parametrize("role", ["analyst", "viewer"])
def test_every_write_of_this_screen_is_an_admins(live, own_full_home, role):
    live(own_full_home, "overview", role=role)
    before = everything_written()
    for write in WRITES:
        with pytest.raises(guard.NotAllowed):
            write()
    assert everything_written() == before


def test_a_write_that_fails_half_way_leaves_nothing(live, own_full_home, monkeypatch):
    live(own_full_home, "settings", tab="values")
    before = everything_written()
    with pytest.raises(presses.Refused):
        actions.set_preferences({"call_cost": 2000, "speed_kmh": -1})
    monkeypatch.setattr(
        "ml.store.audit.record", lambda *a, **k: (_ for _ in ()).throw(sa.exc.OperationalError("x", None, Exception("full")))
    )
    with pytest.raises(sa.exc.OperationalError):
        actions.add_person("x@example.com", "", "viewer")
    monkeypatch.undo()
    assert before["users"] and "x@example.com" not in str(before)
