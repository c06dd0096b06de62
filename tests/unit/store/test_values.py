"""Preferences: defaults until chosen, validated before written, audited with the write."""

from datetime import datetime

import pytest
import sqlalchemy as sa

from ml.settings import load_settings
from ml.store import audit
from ml.store.engine import begin_write, open_store
from ml.store.preferences import PreferenceError, Preferences
from ml.store.schema import preferences
from ml.store.values import load_preferences, set_preference

NOW = datetime(2026, 11, 1, 5)


@pytest.fixture
def store(tmp_path):
    return open_store(load_settings(env_file=None, home=tmp_path))


def choose(store, name, value, who="ana@example.com"):
    with begin_write(store) as connection:
        return set_preference(connection, name, value, who=who, at=NOW)


def test_defaults_until_chosen(store):
    with store.connect() as connection:
        assert load_preferences(connection) == Preferences()
    assert choose(store, "call_cost", 2000).call_cost == 2000
    assert choose(store, "call_cost", 2500).call_cost == 2500
    assert choose(store, "churn_horizon_days", 45).churn_horizon_days == 45
    with store.connect() as connection:
        kept = load_preferences(connection)
        first = audit.latest(connection)[-1]
    assert (kept.call_cost, kept.churn_horizon_days, kept.gross_margin) == (2500, 45, Preferences().gross_margin)
    assert (first["who"], first["action"], first["target"]) == ("ana@example.com", "preference.set", "call_cost")
    assert first["detail"] == {"before": 1500, "after": 2000}


@pytest.mark.parametrize(("name", "value", "says"), [("call_cost", -1, "call_cost was -1"), ("nonsense", 1, "no preference 'nonsense'")])
def test_a_bad_value_is_refused_and_nothing_written(store, name, value, says):
    with pytest.raises(PreferenceError, match=says):
        choose(store, name, value)
    with store.connect() as connection:
        assert connection.execute(sa.select(preferences)).all() == []
        assert audit.latest(connection) == []


def test_a_preference_that_is_no_more_is_passed_over(store):
    with begin_write(store) as connection:
        connection.execute(sa.insert(preferences).values(name="forgotten", value=1, set_at=NOW, set_by="x"))
    with store.connect() as connection:
        assert load_preferences(connection) == Preferences()
