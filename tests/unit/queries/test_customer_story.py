"""What the story of a customer tells beside its orders: the quarters in which it was left alone."""

from datetime import date, datetime

import sqlalchemy as sa

from ml.queries import customer_story
from ml.store.engine import open_store
from ml.store.schema_alerts import holdout
from tests.conftest import settings_for

NOW = datetime(2026, 9, 1, 12)


def test_a_quarter_left_alone_is_told_and_one_to_contact_is_not(tmp_path):
    engine = open_store(settings_for(tmp_path))
    with engine.connect() as conn:
        for who, quarter, arm in (("c0", "2026-Q2", "held_out"), ("c0", "2026-Q3", "contact"), ("c1", "2026-Q2", "contact")):
            row = {"customer_id": who, "quarter": quarter, "arm": arm, "stratum": 1, "value": 1.0, "drawn_at": NOW}
            conn.execute(sa.insert(holdout).values(row))
        events = customer_story.events(conn, "c0", "America/Santiago")
        assert [(event.day, event.code) for event in events] == [(date(2026, 4, 1), "left_alone")]
        assert customer_story.events(conn, "c1", "America/Santiago") == []
    engine.dispose()
