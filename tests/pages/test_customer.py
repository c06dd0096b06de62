"""The Customer screen: found, shown and masked as it should be, whatever the address says."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from ml.i18n import advice as words
from ml.queries import advice, customer
from ml.queries.service import in_service
from ml.store import schema
from ml.store.engine import begin_write, open_store
from ml.store.preferences import Preferences
from tests.conftest import settings_for
from tests.pages.conftest import texts_of
from tests.pages.filled_store import AS_OF, CUSTOMERS, HOSTILE, LONG_HISTORY, fill, scored, without_signal
from ui import contact, data
from ui.format import md

ROLES = ("admin", "analyst", "viewer")
OPTED_OUT = f"c{CUSTOMERS - 1}"


def links(app) -> list[str]:
    return [button.url for button in app.get("link_button")]


@pytest.mark.parametrize(("language", "rhythm", "owes"), [("es", "Ritmo", "debe"), ("en", "Rhythm", "owes")])
@pytest.mark.parametrize("role", ROLES)
def test_every_role_in_both_languages(show, full_home, role, language, rhythm, owes):
    app = show(full_home, "customer", role=role, language=language, query={"customer": "c2"})
    assert not app.exception
    assert not app.error
    assert rhythm in texts_of(app)
    assert owes in texts_of(app)
    assert len(app.metric) == 4


def test_without_a_customer_the_largest_are_listed(show, full_home):
    app = show(full_home, "customer")
    assert len(app.dataframe[0].value) == 50
    assert app.dataframe[0].value["spend_365"].is_monotonic_decreasing


def test_the_numbers_are_those_of_the_store(show, full_home):
    app = show(full_home, "customer", query={"customer": "c2"})
    values = {metric.label: metric.value for metric in app.metric}
    assert any(label.startswith("Riesgo de fuga") for label in values)
    assert values["Próximo pedido"] == f"jue {AS_OF + timedelta(days=6):%d}\\-11".replace(" ", "\u00a0")
    assert "12 días" in texts_of(app)
    orders, products = app.dataframe[0].value, app.dataframe[1].value
    assert orders["paid"].tolist()[:3] == ["aún sin pagar", "aún sin pagar", "pagado"]
    assert products["what"].tolist() == ["Botellón 20 l", "Vasos x 1000"]


def test_who_has_been_silent_for_long_has_the_year_before_the_silence_as_the_win_back_list_tells_it(show, own_full_home):
    engine = open_store(settings_for(own_full_home))
    with begin_write(engine) as conn:
        conn.execute(sa.update(schema.customer_facts).values(spend_before_silence=123_456.0))
        serving = in_service(conn)["customers"]
        people = scored(conn, serving).groupby("population")["customer_id"].first()
    engine.dispose()
    notes = {who: show(own_full_home, "customer", language="en", query={"customer": people[who]}).metric[2].delta for who in people.index}
    assert "year before the silence\\: \\$\u00a0123\\.456" in notes["dormant"] and notes["active"].startswith("last 12\\: ")


@pytest.mark.parametrize("who", ["c2", "c60"])
def test_without_a_signal_the_rhythm_says_how_the_customer_stands(show, own_full_home, who):
    with_signal = show(own_full_home, "customer", language="en", query={"customer": who})
    assert any(metric.label.startswith("Risk of leaving") for metric in with_signal.metric) and "What to do" in texts_of(with_signal)
    assert with_signal.toggle
    engine = open_store(settings_for(own_full_home))
    without_signal(engine)
    with engine.connect() as conn:
        said = customer.outlook(conn, in_service(conn)["customers"], who)
    engine.dispose()
    data.forget()  # a release says it once and for all, so it is kept
    stands = advice.standing(customer.known(said, Preferences(), kept_from_contact=False), 0.7, AS_OF, usable=False)
    app = show(own_full_home, "customer", language="en", query={"customer": who})
    told, shown = texts_of(app), {metric.label: metric.value for metric in app.metric}
    assert not app.exception and len(app.metric) == 4 and shown["Days silent"] == f"{said.days_since_last_order:.0f}"
    assert not any("Risk" in label for label in shown) and "Risk of leaving" not in told and "Risk over time" not in told and not app.toggle
    assert md(words.ADVICE[stands.advice]) in told and md(words.BY_RHYTHM) in told


def test_contact_links_with_a_text_in_spanish_in_both_languages(show, full_home):
    for language in ("es", "en"):
        found = links(show(full_home, "customer", language=language, query={"customer": "c2"}))
        assert found[0] == "tel:+56910000002"
        assert found[1] == contact.chat("+56910000002", "CL", contact.prepared("Agua Tres Torres"))
        assert "Buenos%20d%C3%ADas" in found[1]


def test_who_asked_not_to_be_contacted_has_a_profile_without_links(show, full_home):
    app = show(full_home, "customer", query={"customer": OPTED_OUT})
    assert links(app) == []
    assert "pidió que no lo contacten" in texts_of(app)
    assert len(app.dataframe) >= 1


def test_viewers_see_neither_name_nor_phone_and_cannot_find_them_out(show, full_home):
    app = show(full_home, "customer", role="viewer", query={"customer": "c2"})
    said = texts_of(app)
    assert "Carla" not in said
    assert "0002" not in said
    assert links(app) == []
    listed = show(full_home, "customer", role="viewer")
    assert all("·" in name for name in listed.dataframe[0].value["who"])
    guess = show(full_home, "customer", role="viewer", query={"q": "Carla"})
    assert len(guess.dataframe) == 0
    assert len(show(full_home, "customer", role="viewer", query={"q": "c117"}).dataframe[0].value) == 1


@pytest.mark.parametrize(
    "strange", ["nobody", "<script>alert(1)</script>", "'; DROP TABLE users; --", "x" * 4000, "c2\u200b", "\u202e", "%", "🧊"]
)
def test_a_customer_that_does_not_exist_is_said_and_others_can_be_found(show, full_home, strange):
    app = show(full_home, "customer", query={"customer": strange})
    assert not app.exception
    assert not app.error
    assert "No hay un cliente" in texts_of(app)
    assert len(app.dataframe) == 1


@pytest.mark.parametrize("wanted", ["PEREZ", "pérez", "p\u200be\u0301rez"])
def test_the_search_knows_no_accents_and_no_hidden_characters(show, full_home, wanted):
    app = show(full_home, "customer", query={"q": wanted})
    found = app.dataframe[0].value["who"]
    assert len(found) == 24
    assert all("Pérez" in name for name in found)


def test_nothing_found_says_so(show, full_home):
    app = show(full_home, "customer", query={"q": "zzz"})
    assert not app.exception
    assert "Nada coincide" in texts_of(app) or len(app.info) == 1


def test_orders_beyond_a_page_are_read_page_by_page(show, full_home):
    first = show(full_home, "customer", query={"customer": "c0"})
    last = show(full_home, "customer", query={"customer": "c0", "page": "3"})
    wrong = show(full_home, "customer", query={"customer": "c0", "page": "999"})
    assert [len(app.dataframe[0].value) for app in (first, last, wrong)] == [200, LONG_HISTORY - 400, 200]
    assert first.dataframe[0].value["day"].iloc[0] > last.dataframe[0].value["day"].iloc[0]


def test_hostile_names_show_as_they_are_written(show, store_at, tmp_path):
    home = tmp_path / "hostile"
    home.mkdir()
    from tests.pages.conftest import make_home

    make_home(home, lambda engine: fill(engine, hostile=True, customers=12))
    for key, name in HOSTILE.items():
        app = show(home, "customer", query={"customer": key})
        assert not app.exception
        assert not app.error
        assert app.title[0].value.replace("\\", "").replace("\u2060", "") == name


@pytest.fixture
def strange_home(own_full_home):
    """A filled home with a customer who never ordered, one without a score, and one without lines, phone, type and zone."""
    engine = open_store(settings_for(own_full_home))
    bare = {"contact_opt_out": False, "orders_total": 0, "orders_365": 0, "spend_total": 0.0, "spend_365": 0.0}
    with begin_write(engine) as conn:
        conn.execute(sa.insert(schema.customer_facts), [bare | {"customer_id": "never"}, bare | {"customer_id": "new", "orders_total": 1}])
        order = {"customer_id": "new", "day": AS_OF, "order_id": "n-1", "amount": 10_000.0}
        conn.execute(sa.insert(schema.customer_orders), order)
    engine.dispose()
    return own_full_home


def test_customers_about_whom_little_is_known(show, strange_home):
    never = show(strange_home, "customer", query={"customer": "never"})
    assert not never.exception
    assert "No hay pedidos registrados" in texts_of(never)
    new = show(strange_home, "customer", query={"customer": "new"})
    assert not new.exception
    assert "aún no tiene puntaje" in texts_of(new)
    assert "No hay un teléfono válido" in texts_of(new)
    assert "no tienen líneas de pedido" in texts_of(new)
    assert "quantity" not in new.dataframe[0].value
    assert "paid" not in new.dataframe[0].value


@pytest.mark.parametrize(("key", "has_way"), [("c0", True), ("c3", False)])
def test_the_way_to_the_cost_of_a_delivery(show, full_home, key, has_way):
    links = show(full_home, "customer", role="viewer", query={"customer": key}).get("page_link")
    told = [link.proto.query_string for link in links if "entrega" in link.label]
    assert told == (["place=customer&customer=c0"] if has_way else [])
