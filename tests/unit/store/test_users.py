"""People: added, changed and authenticated as declared, the last admin kept, every write audited."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from ml.settings import load_settings
from ml.store import schema, sessions, users
from ml.store.users import PASSWORD_LENGTHS, ROLES, UserError
from tests.people import NOW, PASSWORD, add_person, audited, quick_hashes, quick_store  # noqa: F401


@pytest.fixture
def connection():
    with quick_store().begin() as opened:
        yield opened


def test_an_added_person_is_found_in_any_spelling_of_the_address(connection):
    added = users.add(connection, "  Ana.Perez@Example.COM ", "Ana", "analyst", PASSWORD, now=NOW, by="root@example.com")
    assert added == users.get(connection, "ana.perez@example.com") == users.find(connection, "ANA.PEREZ@EXAMPLE.COM")
    assert (added.email, added.name, added.role, added.enabled) == ("ana.perez@example.com", "Ana", "analyst", True)
    assert audited(connection) == [("root@example.com", "user.add", "ana.perez@example.com")]


def test_a_person_without_a_name_is_called_after_the_address(connection):
    assert users.add(connection, "ana@example.com", " ", "viewer", PASSWORD, now=NOW).name == "ana"


@pytest.mark.parametrize(
    "email",
    ["", "ana", "ana@", "@example.com", "ana@example", "a na@example.com", "a@b@example.com", "a\0a@example.com", "x" * 200 + "@e.cl"],
)
def test_an_unusable_address_is_refused_with_a_sentence(connection, email):
    with pytest.raises(UserError, match="accepted is one like"):
        users.add(connection, email, "", "viewer", PASSWORD, now=NOW)
    assert users.list_users(connection) == []


def test_taken_addresses_unknown_roles_and_unknown_people_are_refused_with_a_sentence(connection):
    add_person(connection, "viewer")
    with pytest.raises(UserError, match="already a user 'viewer@example.com'"):
        users.add(connection, "VIEWER@example.com", "", "viewer", PASSWORD, now=NOW)
    with pytest.raises(UserError, match="The role was 'boss'; accepted are admin, analyst, viewer"):
        users.set_role(connection, "viewer@example.com", "boss", now=NOW)
    with pytest.raises(UserError, match="There is no user 'nobody@example.com'"):
        users.disable(connection, "nobody@example.com", now=NOW)


@pytest.mark.parametrize("length", [0, PASSWORD_LENGTHS[0] - 1, PASSWORD_LENGTHS[1] + 1])
def test_a_password_out_of_length_is_refused(length):
    with pytest.raises(UserError, match=f"has {length} characters; accepted are 10 to 200"):
        users.hash_password("x" * length)


def test_the_products_own_hash_costs_what_rfc_9106_asks(monkeypatch):
    """RFC 9106, section 4, second recommended option: argon2id, t=3, p=4, m=64 MiB."""
    monkeypatch.undo()
    assert users.hash_password(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_passwords_are_kept_as_argon2id_only(connection):
    add_person(connection, "viewer")
    kept = connection.execute(sa.select(schema.users.c.password_hash)).scalar_one()
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept


def test_authenticate_knows_right_from_wrong(connection):
    ana = add_person(connection, "analyst", "ana")
    assert users.authenticate(connection, " ANA@example.com", PASSWORD) == ana
    assert users.authenticate(connection, "ana@example.com", PASSWORD + "x") is None
    assert users.authenticate(connection, "ana@example.com", "") is None
    assert users.authenticate(connection, "ana@example.com", "x" * 10_000) is None
    assert users.authenticate(connection, "nobody@example.com", PASSWORD) is None
    assert users.authenticate(connection, "ana\0@example.com", PASSWORD) is None


def test_the_same_letters_typed_on_another_keyboard_are_the_same_password(connection):
    users.add(connection, "ana@example.com", "", "viewer", "contrasen\u0303a larga", now=NOW)
    assert users.authenticate(connection, "ana@example.com", "contrase\u00f1a larga")


def test_an_unknown_account_costs_a_hash_too(monkeypatch):
    verified = []
    real = users._hasher()
    users._dummy_hash.cache_clear()

    class Watched:
        def verify(self, kept, password):
            verified.append(kept)
            return real.verify(kept, password)

        def hash(self, password):
            return real.hash(password)

    monkeypatch.setattr(users, "_hasher", Watched)
    assert not users.verify(None, PASSWORD)
    assert len(verified) == 1
    assert verified[0].startswith("$argon2id$")


def test_a_disabled_person_is_out_at_once_and_in_again_only_anew(connection):
    add_person(connection, "admin")
    ana = add_person(connection, "viewer", "ana")
    token = sessions.create(connection, ana.id, now=NOW)
    assert not users.disable(connection, ana.email, now=NOW, by="admin@example.com").enabled
    assert users.authenticate(connection, ana.email, PASSWORD) is None
    assert sessions.find(connection, token, now=NOW) is None
    assert users.enable(connection, ana.email, now=NOW).enabled
    assert users.authenticate(connection, ana.email, PASSWORD)
    assert sessions.find(connection, token, now=NOW) is None
    assert [row[1] for row in audited(connection)][-2:] == ["user.disable", "user.enable"]


def test_a_new_password_ends_all_sessions(connection):
    ana = add_person(connection, "viewer", "ana")
    token = sessions.create(connection, ana.id, now=NOW)
    users.set_password(connection, ana.email, "another long secret", now=NOW)
    assert sessions.find(connection, token, now=NOW) is None
    assert users.authenticate(connection, ana.email, PASSWORD) is None
    assert users.authenticate(connection, ana.email, "another long secret")


def test_a_role_counts_from_the_next_look_at_the_session(connection):
    ana = add_person(connection, "viewer", "ana")
    token = sessions.create(connection, ana.id, now=NOW)
    users.set_role(connection, ana.email, "analyst", now=NOW)
    assert sessions.find(connection, token, now=NOW).user.role == "analyst"


def test_the_last_admin_stays(connection):
    first = add_person(connection, "admin")
    with pytest.raises(UserError, match="is the last admin"):
        users.disable(connection, first.email, now=NOW)
    with pytest.raises(UserError, match="is the last admin"):
        users.set_role(connection, first.email, "viewer", now=NOW)
    second = add_person(connection, "admin", "second")
    users.set_role(connection, first.email, "viewer", now=NOW)
    with pytest.raises(UserError, match="is the last admin"):
        users.disable(connection, second.email, now=NOW)


def test_language_is_one_of_ours_or_the_browsers(connection):
    add_person(connection, "viewer")
    assert users.set_language(connection, "viewer@example.com", "en", now=NOW).language == "en"
    assert users.set_language(connection, "viewer@example.com", None, now=NOW).language is None
    with pytest.raises(UserError, match="The language was 'xx'; accepted are es, en"):
        users.set_language(connection, "viewer@example.com", "xx", now=NOW)


def test_the_first_admin_is_made_once_and_told_once(tmp_path):
    store, settings = quick_store(), load_settings(None, home=tmp_path)
    email, password = users.ensure_first_admin(settings, store, NOW)
    assert (email, users.ensure_first_admin(settings, store, NOW)) == ("admin@example.com", ("admin@example.com", None))
    with store.begin() as connection:
        assert users.authenticate(connection, email, password).role == "admin"
        assert len(users.list_users(connection)) == 1


def test_a_given_first_password_is_used_and_not_told(tmp_path):
    store = quick_store()
    settings = load_settings(None, home=tmp_path, admin_email="jefe@example.cl", admin_password=PASSWORD)
    assert users.ensure_first_admin(settings, store, NOW + timedelta(days=1)) == ("jefe@example.cl", None)
    with store.connect() as connection:
        assert users.authenticate(connection, "jefe@example.cl", PASSWORD)


def test_roles_are_the_three_of_the_product():
    assert ROLES == ("admin", "analyst", "viewer")
