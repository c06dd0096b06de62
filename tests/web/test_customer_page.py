"""The public page of a customer: only for a whole, live link; says the next order and nothing else; asks nobody to sign in."""

from datetime import datetime, timedelta

import httpx
import pytest
import sqlalchemy as sa
from anyio.from_thread import start_blocking_portal
from starlette.applications import Starlette
from starlette.routing import Route

from ml.store import audit, customer_links, schema
from ml.store.customer_links import LinkError
from ml.store.engine import begin_write, open_store
from tests.conftest import SECRET_KEY, settings_for
from tests.pages.filled_store import CUSTOMERS, fill, without_signal
from tests.web.in_process import _Through
from ui.web.customer_page import TRIES, CustomerPage, Throttle

NOW = datetime(2026, 11, 21, 9, 0)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def page(tmp_path):
    """The page on a filled store: (client, engine, clock, make) where `make` gives the token of a new link."""
    engine, clock = open_store(settings_for(tmp_path)), Clock()
    fill(engine, hostile=True, experiments=False)
    endpoint = CustomerPage(lambda: engine, lambda: settings_for(tmp_path), clock)

    def make(customer_id: str = "c9", days: int = 7) -> str:
        with begin_write(engine) as conn:
            return customer_links.token_of(customer_links.make(conn, customer_id, days, now=clock.now, by="a@example.com"), SECRET_KEY)

    with start_blocking_portal() as portal:
        through = _Through(Starlette(routes=[Route("/c/{token}", endpoint.page)]), "203.0.113.9", portal)
        with httpx.Client(transport=through, base_url="http://insights.example") as client:
            yield client, engine, clock, make
    engine.dispose()


@pytest.mark.parametrize(
    ("language", "says", "basket"), [("es", "próximo pedido", "3 × Botellón 20 l"), ("en", "next order", "What you usually")]
)
def test_it_says_the_next_order_and_the_usual_products(page, language, says, basket):
    client, _, _, make = page
    answer = client.get(f"/c/{make()}", headers={"Accept-Language": language})
    text = answer.text
    assert answer.status_code == 200 and says in text and basket in text and f'lang="{language}"' in text
    assert ("26 noviembre" if language == "es" else "26 November") in text.replace(" de ", " ")


def test_it_says_neither_who_the_customer_is_nor_risk_group_or_price(page):
    client, engine, _, make = page
    text = client.get(f"/c/{make('c9')}").text.lower()
    with engine.connect() as conn:
        who = conn.execute(sa.select(schema.customer_facts).where(schema.customer_facts.c.customer_id == "c9")).mappings().one()
    for secret in (who["name"], who["phone"], who["email"], who["zone"], "c9", "$", "riesgo", "risk", "vip", "leal", "potencial", "%"):
        assert str(secret).lower() not in text
    assert len(text.encode()) < 30_000 and "<script" not in text and "http://" not in text and "https://" not in text


def test_it_is_not_indexed_and_runs_no_script(page):
    client, _, _, make = page
    for token in (make(), "forged"):
        headers = client.get(f"/c/{token}").headers
        assert "noindex" in headers["x-robots-tag"] and "default-src 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"


def test_a_link_that_was_changed_ended_or_revoked_reads_like_one_that_never_was(page):
    client, engine, clock, make = page
    token = make(days=7)
    number, end, signature = token.split(".")
    other = make("c10")
    strange = [f"{number}.{int(end) + 86_400}.{signature}", f"{other.split('.')[0]}.{end}.{signature}", token[:-1], "x" * 500, "1.2", ".a."]
    refused = {client.get(f"/c/{entry}").text for entry in strange}
    assert client.get(f"/c/{token}").status_code == 200 and len(refused) == 1
    with begin_write(engine) as conn:
        customer_links.revoke(conn, int(number), now=clock.now, by="a@example.com")
    assert client.get(f"/c/{token}").status_code == 404 and client.get(f"/c/{token}").text in refused
    clock.now += timedelta(days=7)
    assert client.get(f"/c/{other}").text in refused


def test_who_asked_not_to_be_contacted_has_no_page(page):
    client, _, _, make = page
    assert client.get(f"/c/{make(f'c{CUSTOMERS - 1}')}").status_code == 404


def test_a_customer_without_a_score_gets_no_invented_day(page):
    client, engine, _, make = page
    with begin_write(engine) as conn:
        conn.execute(sa.delete(schema.predictions).where(schema.predictions.c.entity_id == "c9"))
        conn.execute(sa.delete(schema.customer_products).where(schema.customer_products.c.customer_id == "c9"))
    text = client.get(f"/c/{make()}", headers={"Accept-Language": "en"}).text
    assert "do not know your rhythm" in text and "<ul>" not in text


def test_without_a_usable_signal_it_says_the_own_rhythm_and_no_day_of_the_models(page):
    client, engine, _, make = page
    without_signal(engine)
    text = client.get(f"/c/{make()}", headers={"Accept-Language": "en"}).text
    with engine.connect() as conn:
        last = conn.execute(sa.select(schema.customer_facts.c.last_order).where(schema.customer_facts.c.customer_id == "c9")).scalar()
    assert f"You usually order every 9 days; your last order was on {last:%A} {last.day} {last:%B}." in text
    assert "26 November" not in text


def test_names_of_products_are_written_as_they_are(page):
    client, engine, _, make = page
    with begin_write(engine) as conn:
        conn.execute(sa.update(schema.customer_products).values(name="<script>alert(1)</script>"))
    assert "&lt;script&gt;" in client.get(f"/c/{make()}").text


def test_openings_are_counted_once_a_minute(page):
    client, engine, clock, make = page
    token = make()
    for _ in range(3):
        client.get(f"/c/{token}")
    clock.now += timedelta(minutes=2)
    client.get(f"/c/{token}")
    with engine.connect() as conn:
        assert customer_links.of_customer(conn, "c9")[0].opened == 2
        assert [row["action"] for row in audit.latest(conn)][:1] == ["customer.link"]


def test_an_address_that_asks_too_often_waits(page):
    client, _, clock, make = page
    token = make()
    statuses = [client.get(f"/c/{token}").status_code for _ in range(TRIES + 1)]
    assert statuses == [200] * TRIES + [429] and client.get("/c/x").headers["retry-after"] == "60"
    clock.now += timedelta(minutes=1, seconds=1)
    assert client.get(f"/c/{token}").status_code == 200


def test_the_throttle_counts_each_address_for_itself():
    throttle = Throttle(2, timedelta(minutes=1))
    assert [throttle.is_over("a", NOW) for _ in range(3)] == [False, False, True] and not throttle.is_over("b", NOW)


def test_links_live_for_the_days_that_are_offered_and_are_revoked_once(page):
    _, engine, _, make = page
    make()
    with begin_write(engine) as conn:
        with pytest.raises(LinkError, match="7, 30, 90 days; 365 came"):
            customer_links.make(conn, "c9", 365, now=NOW, by="a@example.com")
        customer_links.revoke(conn, 1, now=NOW, by="a@example.com")
        with pytest.raises(LinkError, match="revoked already"):
            customer_links.revoke(conn, 1, now=NOW, by="a@example.com")
