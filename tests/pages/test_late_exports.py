"""A file of customers that is asked for after the day's refresh, from a page that was drawn before it, is whole."""

from datetime import timedelta

import sqlalchemy as sa

from ml.queries import call_list as lists
from ml.queries import segment_list
from ml.queries.service import in_service
from ml.store import schema
from ml.store.customer_rows import refill_all
from ml.store.engine import begin_write
from ml.store.preferences import Preferences
from tests.pages.gallery import screen_of
from ui import call_list, data, groups, store_access, week


def test_a_list_that_was_drawn_yesterday_is_exported_as_it_stands_today(own_full_home, store_at):
    store_at(own_full_home)
    screen, drawn = screen_of("es"), data.ask(in_service)
    people, segments = drawn["customers"], drawn["segments"]
    with begin_write(store_access.store()) as conn:
        said = schema.predictions
        conn.execute(sa.update(said).where(said.c.predictor.in_(("customers", "segments"))).values(as_of=people.day + timedelta(days=1)))
        refill_all(conn)
    assert data.newest(people).day == people.day + timedelta(days=1)
    for tab, which in (("at_risk", "all"), ("win_back", "0")):
        assert len(call_list.everyone(screen, lists.Asked(people, Preferences(), tab, "todo", which))) > 20
    assert len(week.everyone(screen, people, segments, "all", ())) > 20
    assert len(groups.everyone(screen, segment_list.Asked(segments, "loyal"))) > 20
