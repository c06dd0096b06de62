"""/c/{token}: a customer's own next order, for the customer: plain HTML without scripts, opened by a signed link, without signing in.

It says when the next order is expected and what it usually is, and never risk, segment, price or who the customer is. Every link that does
not open (forged, expired, revoked, of somebody who asked not to be contacted) reads the same.
"""

import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from threading import Lock

import pandas as pd
import sqlalchemy as sa
from anyio import to_thread
from babel.dates import format_date
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ml.clock import utc_now
from ml.i18n import Translator, translator
from ml.i18n.figures import Formatter
from ml.queries import customer, customers
from ml.queries.service import Service, in_service
from ml.settings import Settings
from ml.store import customer_links
from ml.store.engine import begin_write
from ml.store.values import load_preferences
from ui.store_access import UNAVAILABLE, proxies
from ui.web.headers import PLAIN_POLICY
from ui.web.language import accepted_language
from ui.web.peer import peer_address, throttle_key

log = logging.getLogger(__name__)
TEMPLATE = Path(__file__).resolve().parent / "assets" / "customer.html"
MOST_PRODUCTS = 5
TRIES, WITHIN = 30, timedelta(minutes=1)
KNOWN_ADDRESSES = 10_000
LOCALES = {"es": "es_CL", "en": "en_GB"}
CLOSED_TO_ROBOTS = {
    "Content-Security-Policy": PLAIN_POLICY,
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Language",
}


class Throttle:
    """At most `tries` requests `within` a time from one address; remembers the KNOWN_ADDRESSES that called last."""

    def __init__(self, tries: int = TRIES, within: timedelta = WITHIN) -> None:
        self._tries, self._within = tries, within
        self._seen: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = Lock()

    def is_over(self, address: str, now: datetime) -> bool:
        """Whether this request is one too many; it counts either way."""
        with self._lock:
            times = self._seen.setdefault(address, deque(maxlen=self._tries + 1))
            self._seen.move_to_end(address)
            times.append(now)
            if len(self._seen) > KNOWN_ADDRESSES:
                self._seen.popitem(last=False)
            return len(times) > self._tries and now - times[0] < self._within


class CustomerPage:
    """The endpoint of /c/{token}. `store` gives the engine when first needed, `settings` the key; `now` is the clock (naive UTC)."""

    def __init__(self, store: Callable[[], sa.Engine], settings: Callable[[], Settings], now: Callable[[], datetime] = utc_now) -> None:
        self._store, self._settings, self._now = store, settings, now
        self._throttle = Throttle()

    async def page(self, request: Request) -> Response:
        """The suggestion; 404 for a link that does not open, 429 for an address that asks too often, 503 while the store is away."""
        t = translator(accepted_language(request.headers.get("accept-language")))
        address = throttle_key(peer_address(request.scope, proxies()))
        if self._throttle.is_over(address, self._now()):
            wait = {"Retry-After": str(int(WITHIN.total_seconds()))}
            return _html(t, 429, "", t("Too many visits"), t("Please try again in a minute."), "", wait)
        try:
            return await to_thread.run_sync(self._answer, request.path_params["token"], t)
        except UNAVAILABLE:
            log.exception("The store cannot be asked for a customer's page")
            return _html(t, 503, "", t("Just a moment"), t("The page cannot be shown just now; please try again shortly."), "")

    def _answer(self, token: str, t: Translator) -> Response:
        key, now = self._settings().secret_key, self._now()
        with self._store().connect() as conn:
            link = customer_links.find(conn, token, key.get_secret_value(), now=now) if key is not None else None
            who = customer.profile(conn, link.customer_id) if link else None
            if link is None or who is None or who.contact_opt_out:
                text = t("Ask us for a new one with the message by which you got it.")
                return _html(t, 404, "", t("This link does not open any more"), text, "")
            service = in_service(conn).get("customers")
            lead = _lead(conn, t, service, who)
            usual = customer.products(conn, who.customer_id)
            company = load_preferences(conn).company_name
        with begin_write(self._store()) as conn:
            customer_links.note_opened(conn, link, now=now)
        return _html(t, 200, company, t("Your next order"), lead, _basket(t, usual, self._settings().currency))


def _lead(conn: sa.Connection, t: Translator, service: Service | None, who: customer.Profile) -> str:
    """When the next order is expected, in one sentence; the own rhythm alone where the models have no usable signal."""
    said = customer.outlook(conn, service, who.customer_id) if service and service.as_of else None
    if said is not None and service and customers.has_signal(conn, service) is False:
        if said.gap_days is not None and who.last_order is not None:
            days, day = Formatter(t).number(max(said.gap_days, 1)), _written(t, who.last_order)
            return t("You usually order every {days} days; your last order was on {day}.", days=days, day=day)
    elif said is not None and said.next_date and said.next_lo and said.next_hi:
        spoken = {"day": said.next_date, "low": said.next_lo, "high": said.next_hi}
        written = {name: _written(t, day) for name, day in spoken.items()}
        return t("By your rhythm you would order again around {day}, most likely between {low} and {high}.", **written)
    return t("We do not know your rhythm well enough yet to suggest a day.")


def _written(t: Translator, day: date) -> str:
    return format_date(day, "EEEE d MMMM", locale=LOCALES[t.language])


def _basket(t: Translator, usual: pd.DataFrame, currency: str) -> str:
    """What the customer usually orders, as a list; empty where no order lines are recorded."""
    if usual.empty:
        return ""
    f = Formatter(t, currency)
    rows = usual.head(MOST_PRODUCTS).to_dict("records")
    lines = []
    for row in rows:
        name = row["name"] if isinstance(row["name"], str) and row["name"].strip() else str(row["product_id"])
        count = "" if pd.isna(row["quantity_per_order"]) else f"{f.number(row['quantity_per_order'], 0)} × "
        lines.append(f"<li>{escape(count + name[:120])}</li>")
    return f"<h2>{escape(t('What you usually order'))}</h2>\n<ul>{''.join(lines)}</ul>"


def _html(
    t: Translator, status: int, company: str, heading: str, lead: str, basket: str, headers: dict[str, str] | None = None
) -> Response:
    reply = t("To order, answer the message with which you got this link.") if status == 200 else ""
    html = _template().substitute(
        language=t.language, company=escape(company), title=escape(heading), lead=escape(lead), basket=basket, reply=escape(reply)
    )
    return HTMLResponse(html, status, headers=CLOSED_TO_ROBOTS | (headers or {}))


@cache
def _template() -> Template:
    return Template(TEMPLATE.read_text(encoding="utf-8"))
