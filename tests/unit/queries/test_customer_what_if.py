"""What if: the log of one customer alone gives what the whole log gave, an order calms the risk, silence raises it."""

from datetime import timedelta

import pytest

from ml.queries import customer_what_if, service
from ml.settings import Settings
from ml.store.engine import open_store
from ml.store.pointers import serve
from ml.store.releases import signing_key
from tests.conftest import settings_for
from tests.pages.filled_store import scored


@pytest.fixture(scope="module")
def company(trained_home):
    settings: Settings = settings_for(trained_home)
    engine = open_store(settings)
    with engine.connect() as conn:
        model = serve(conn, settings.models_folder, "customers", signing_key(settings)).predictor.model_
        yield conn, model, service.in_service(conn)["customers"]
    engine.dispose()


def test_one_customers_log_is_enough_for_what_the_release_said(company):
    conn, model, serving = company
    frame = scored(conn, serving).head(12)
    for row in frame.to_dict("records"):
        told = customer_what_if.ask(conn, model, row["customer_id"], serving.day, 14)
        assert told.now.probability == pytest.approx(row["probability"], abs=1e-9)
        assert told.now.value_at_risk == pytest.approx(row["value_at_risk"], rel=1e-9)


def test_an_order_lowers_the_risk_and_silence_raises_it(company):
    conn, model, serving = company
    frame = scored(conn, serving)
    late = frame[(frame["population"] == "active") & (frame["days_since_last_order"] > frame["gap_days"])].head(5)
    told = [customer_what_if.ask(conn, model, key, serving.day, 30) for key in late["customer_id"]]
    assert told and all(answer.ordered.probability < answer.now.probability for answer in told)
    assert sum(answer.silent.probability > answer.now.probability for answer in told) >= len(told) - 1


def test_nobody_and_days_out_of_range(company):
    conn, model, serving = company
    assert customer_what_if.ask(conn, model, "nobody", serving.day, 14) is None
    key = scored(conn, serving)["customer_id"].iloc[0]
    assert customer_what_if.ask(conn, model, key, serving.day - timedelta(days=4000), 14) is None
    assert customer_what_if.ask(conn, model, key, serving.day, 9999).days == customer_what_if.LONGEST_SILENCE
