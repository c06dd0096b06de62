"""The audit says who did what, newest first, and stands or falls with the write."""

from datetime import timedelta

import pytest

from ml.store import audit
from tests.people import NOW, quick_store


def test_rows_come_back_newest_first_with_their_detail():
    with quick_store().begin() as connection:
        audit.record(connection, "ana@example.com", "export", "churn", {"rows": 3}, at=NOW)
        audit.record(connection, "system", "user.add", "ben@example.com", at=NOW + timedelta(seconds=1))
        assert audit.latest(connection) == [
            {"at": NOW + timedelta(seconds=1), "who": "system", "action": "user.add", "target": "ben@example.com", "detail": {}},
            {"at": NOW, "who": "ana@example.com", "action": "export", "target": "churn", "detail": {"rows": 3}},
        ]
        assert len(audit.latest(connection, limit=1)) == 1


def test_a_write_that_fails_leaves_no_audit_row():
    store = quick_store()
    with pytest.raises(RuntimeError), store.begin() as connection:
        audit.record(connection, "ana@example.com", "export", "churn", at=NOW)
        raise RuntimeError
    with store.connect() as connection:
        assert audit.latest(connection) == []
