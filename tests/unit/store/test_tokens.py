"""Bearer tokens: shown once, kept hashed, scoped, and dead with their owner."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from ml.store import schema, tokens, users
from ml.store.tokens import PREFIX, SCOPES, TokenError
from tests.people import NOW, add_person, audited, quick_hashes, quick_store  # noqa: F401

READ = ["predictions:read"]


@pytest.fixture
def connection():
    with quick_store().begin() as opened:
        yield opened


@pytest.fixture
def ana(connection):
    return add_person(connection, "viewer", "ana")


def test_a_token_is_found_by_its_secret_which_is_not_kept(connection, ana):
    number, secret = tokens.add(connection, "  ERP ", ana, READ, now=NOW, by="root@example.com")
    found = tokens.find(connection, secret, now=NOW)
    assert (found.id, found.name, found.scopes, found.user) == (number, "ERP", frozenset(READ), ana)
    assert secret.startswith(PREFIX)
    assert secret not in str(connection.execute(sa.select(schema.tokens)).all())
    assert secret not in str(tokens.list_tokens(connection))
    assert audited(connection)[-1] == ("root@example.com", "token.add", "ERP (ana@example.com)")


@pytest.mark.parametrize("forged", [None, "", PREFIX, PREFIX + "x" * 43, "\udce9"])
def test_forged_tokens_open_nothing(connection, ana, forged):
    tokens.add(connection, "ERP", ana, READ, now=NOW)
    assert tokens.find(connection, forged, now=NOW) is None


@pytest.mark.parametrize("scopes", [[], ["everything"], ["predictions:read", "users:write"]])
def test_scopes_are_declared_ones(connection, ana, scopes):
    with pytest.raises(TokenError, match="accepted are one or more of"):
        tokens.add(connection, "ERP", ana, scopes, now=NOW)
    assert tokens.list_tokens(connection) == []


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
def test_a_token_says_who_uses_it(connection, ana, name):
    with pytest.raises(TokenError, match="accepted are 1 to 80 characters"):
        tokens.add(connection, name, ana, READ, now=NOW)


def test_tokens_that_would_never_work_are_refused(connection, ana):
    with pytest.raises(TokenError, match="would never work"):
        tokens.add(connection, "ERP", ana, READ, now=NOW, expires_at=NOW)
    with pytest.raises(TokenError, match="would never work"):
        tokens.add(connection, "ERP", users.disable(connection, ana.email, now=NOW), READ, now=NOW)


def test_a_token_dies_by_age_revocation_and_with_its_owner(connection, ana):
    _, short = tokens.add(connection, "short", ana, READ, now=NOW, expires_at=NOW + timedelta(days=1))
    number, revoked = tokens.add(connection, "revoked", ana, READ, now=NOW)
    _, kept = tokens.add(connection, "kept", ana, READ, now=NOW)
    tokens.revoke(connection, number, now=NOW)
    later = NOW + timedelta(days=1)
    assert [tokens.find(connection, secret, now=later) is not None for secret in (short, revoked, kept)] == [False, False, True]
    users.disable(connection, ana.email, now=later)
    assert tokens.find(connection, kept, now=later) is None
    with pytest.raises(TokenError, match=f"no open token number {number}"):
        tokens.revoke(connection, number, now=later)


def test_use_is_noted_once_a_minute(connection, ana):
    _, secret = tokens.add(connection, "ERP", ana, READ, now=NOW)
    token = tokens.find(connection, secret, now=NOW)
    assert tokens.needs_touch(token, NOW)
    tokens.touch(connection, token, now=NOW)
    again = tokens.find(connection, secret, now=NOW)
    assert not tokens.needs_touch(again, NOW + timedelta(seconds=59))
    assert tokens.needs_touch(again, NOW + timedelta(seconds=60))


def test_every_scope_has_a_meaning():
    assert SCOPES
    assert all(scope.meaning for scope in SCOPES)


def test_a_scope_wants_a_role_when_it_is_given_and_when_it_is_used(connection):
    ana = add_person(connection, "analyst", "bea")
    with pytest.raises(TokenError, match="experiments:write wants another role"):
        tokens.add(connection, "form", add_person(connection, "viewer", "eva"), [*READ, "experiments:write"], now=NOW)
    _, secret = tokens.add(connection, "form", ana, [*READ, "experiments:write"], now=NOW)
    assert tokens.find(connection, secret, now=NOW).may("experiments:write")
    users.set_role(connection, ana.email, "viewer", now=NOW)
    found = tokens.find(connection, secret, now=NOW)
    assert found.may("predictions:read") and not found.may("experiments:write") and not found.may("metrics:read")
