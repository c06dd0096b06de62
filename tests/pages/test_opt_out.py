"""Who asked not to be contacted stands in no list, message, export or answer of the interface, on whatever screen."""

import pytest
import sqlalchemy as sa

from ml.i18n import translator
from ml.i18n.figures import Formatter
from ml.notify import churn_alerts, purchase_predictions
from ml.queries import calls, churn_answers, next_orders
from ml.queries.service import in_service
from ml.store import schema
from ml.store.customer_rows import refill_all
from ml.store.engine import begin_write
from ml.store.values import load_preferences
from tests.conftest import settings_for
from tests.pages.conftest import texts_of
from tests.pages.filled_store import scored
from ui import store_access
from ui.registry import PAGES

NAME, PHONE = "Zacarías Nollamar", "+56 9 7777 0000"
LOOKED_UP = {"customer"}  # one customer whom somebody looked up by name; the screen says not to contact them


@pytest.fixture
def home(own_full_home, store_at):
    """The filled store; the customer with most at risk, likely to order this week, has asked not to be contacted."""
    store_at(own_full_home)
    with begin_write(store_access.store()) as conn:
        facts, said = schema.customer_facts, schema.predictions
        risk = conn.execute(
            sa.select(said.c.entity_id).where(said.c.measure == "value_at_risk").order_by(said.c.value.desc()).limit(1)
        ).scalar_one()
        changed = {"name": NAME, "phone": PHONE, "email": "nollamar@example.com", "contact_opt_out": True, "search": "zacarias nollamar"}
        conn.execute(sa.update(facts).where(facts.c.customer_id == risk).values(**changed))
        conn.execute(sa.update(said).where(said.c.entity_id == risk, said.c.measure == "churn_probability").values(value=0.99))
        refill_all(conn)
    return own_full_home


def everything(app) -> str:
    """All that a screen says and lists; exports are made from the same frames."""
    return (
        texts_of(app)
        + "\n".join(frame.value.to_csv() for frame in app.dataframe)
        + "\n".join(str(entry.value) for entry in app.get("html"))
    )


@pytest.mark.parametrize("page", [page.name for page in PAGES if page.name not in LOOKED_UP])
def test_no_screen_lists_them(show, home, page):
    said = everything(show(home, page))
    assert NAME not in said and PHONE not in said and PHONE.replace(" ", "") not in said


def test_no_message_names_them(home):
    settings = settings_for(home)
    with store_access.store().connect() as conn:
        for module in (churn_alerts, purchase_predictions):
            message = module.compose(conn, settings, Formatter(translator("es")))
            assert message is not None, "the message must not be empty: it would prove nothing"
            assert NAME not in str(message) and PHONE not in str(message)


def test_no_query_that_makes_a_list_holds_them(home):
    with store_access.store().connect() as conn:
        services = in_service(conn)
        people = services["customers"]
        everybody = scored(conn, people, everybody=True)
        assert NAME in set(everybody["name"])
        listed = [
            scored(conn, people),
            calls.reachable(conn, everybody, people.day),
            next_orders.coming(conn, people, services.get("segments")),
        ]
        assert all(len(frame) > 10 and NAME not in frame.to_csv() for frame in listed)
        out = set(everybody.loc[everybody["name"] == NAME, "customer_id"])
        answers = churn_answers.churn_answers(conn, people, load_preferences(conn))
        assert len(answers) > 10 and not out & {answer["customer_id"] for answer in answers}
