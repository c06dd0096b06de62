"""The browser's door: Streamlit's screens behind the gate, with sign-in and JSON routes beside them, in one process.

`uvicorn app:app` and `streamlit run app.py` both start it; docs/security.md says which options belong to it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from anyio import to_thread
from starlette.middleware import Middleware

from ui.failures import say_failure
from ui.registry import HOME
from ui.store_access import forget, store
from ui.web.counters import Counters, CountRequests
from ui.web.gate import Gate
from ui.web.handlers import EXCEPTION_HANDLERS
from ui.web.headers import SecurityHeaders
from ui.web.page_language import PageLanguage
from ui.web.routes import make_routes
from ui.web.static import CompressStatic
from ui.web.warm_up import warm_up

HERE = Path(__file__).resolve().parent
log = logging.getLogger("insights.app")


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Warm up beside the first requests, and close the store at the end. Never raises: a store that is away now may be back later."""
    warming = asyncio.create_task(to_thread.run_sync(_warm_up, abandon_on_cancel=True))
    yield
    warming.cancel()
    forget()


def _warm_up() -> None:
    try:
        warm_up()
    except Exception:
        log.exception("The app starts cold")


counters = Counters()
app = st.App(
    HERE / "ui" / "main.py",
    lifespan=lifespan,
    routes=make_routes(store, HOME, counters=counters),
    middleware=[
        Middleware(CountRequests, counters=counters),
        Middleware(SecurityHeaders),
        Middleware(Gate, store=store),
        Middleware(PageLanguage, store=store),
        Middleware(CompressStatic),
    ],
    exception_handlers=EXCEPTION_HANDLERS,
    on_script_error=say_failure,
)
