"""Sign-in throttling: growing waits per account and address, nobody kept out from elsewhere or for good."""

from datetime import timedelta

import pytest

from ml.store import attempts
from ml.store.attempts import ADDRESS_FAILURES, FIRST_WAIT, FREE_FAILURES, LONGEST_WAIT, MEMORY, TRUST
from tests.people import NOW, quick_store

HERE, ELSEWHERE = "203.0.113.9", "198.51.100.7"
NONE = timedelta(0)


@pytest.fixture
def connection():
    with quick_store().begin() as opened:
        yield opened


def fail(connection, times, email="ana", address=HERE, now=NOW):
    for _ in range(times):
        attempts.begin(connection, email, address, now=now)


def test_five_wrong_passwords_are_free_then_waits_double_up_to_a_quarter_of_an_hour(connection):
    waits = []
    for _ in range(14):
        waits.append(attempts.wait(connection, "ana", HERE, now=NOW))
        fail(connection, 1)
    assert FREE_FAILURES == 5
    assert waits[:5] == [NONE] * 5
    assert waits[5:10] == [FIRST_WAIT * factor for factor in (1, 2, 4, 8, 16)]
    assert set(waits[10:]) == {LONGEST_WAIT}
    assert timedelta(minutes=15) == LONGEST_WAIT


def test_a_wait_ends(connection):
    fail(connection, 5)
    assert attempts.wait(connection, "ana", HERE, now=NOW + FIRST_WAIT - timedelta(seconds=1)) == timedelta(seconds=1)
    assert attempts.wait(connection, "ana", HERE, now=NOW + FIRST_WAIT) == NONE


def test_a_colleague_at_another_address_and_another_account_here_are_not_kept_out(connection):
    fail(connection, 20)
    assert attempts.wait(connection, "ana", ELSEWHERE, now=NOW) == NONE
    assert attempts.wait(connection, "ben", HERE, now=NOW) == NONE


def test_a_success_wipes_the_failures_before_it(connection):
    fail(connection, 4)
    attempts.succeed(connection, attempts.begin(connection, "ana", HERE, now=NOW))
    assert attempts.failures(connection, "ana", HERE, now=NOW) == (0, None)
    fail(connection, 4)
    assert attempts.wait(connection, "ana", HERE, now=NOW) == NONE


def test_failures_are_forgotten_after_a_day(connection):
    fail(connection, 20)
    assert attempts.wait(connection, "ana", HERE, now=NOW + MEMORY) == NONE


def test_an_address_that_tries_many_accounts_waits_as_a_whole(connection):
    for number in range(ADDRESS_FAILURES):
        fail(connection, 1, email=f"account{number}")
    assert attempts.wait(connection, "new", HERE, now=NOW) == FIRST_WAIT
    assert attempts.wait(connection, "new", ELSEWHERE, now=NOW) == NONE


def test_who_has_signed_in_there_before_does_not_wait_for_the_others(connection):
    attempts.succeed(connection, attempts.begin(connection, "ana", HERE, now=NOW - timedelta(days=3)))
    for number in range(ADDRESS_FAILURES):
        fail(connection, 1, email=f"account{number}")
    assert attempts.wait(connection, "ana", HERE, now=NOW) == NONE


def test_old_attempts_are_deleted(connection):
    fail(connection, 3, now=NOW - TRUST - timedelta(seconds=1))
    fail(connection, 2)
    assert attempts.forget_old(connection, now=NOW) == 3
    assert attempts.failures(connection, "ana", HERE, now=NOW)[0] == 2
