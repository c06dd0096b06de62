"""The gate by itself: it fails closed, watches an open websocket, and notes use without holding anybody up."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from streamlit.proto.BackMsg_pb2 import BackMsg

from ml.store import schema, sessions, tokens, users
from ml.store.engine import StoreError
from ml.store.sessions import IDLE, TOUCH_EVERY
from tests.people import NOW, add_person, quick_hashes, quick_store  # noqa: F401
from ui.web.gate import Gate


@pytest.fixture
def store():
    engine = quick_store()
    with engine.begin() as connection:
        add_person(connection, "viewer")
    return engine


@pytest.fixture
def session(store):
    with store.begin() as connection:
        return sessions.create(connection, 1, now=NOW)


class Inner:
    """What stands behind the gate: takes everything the browser sends until it goes."""

    def __init__(self, during=None) -> None:
        self.scopes, self.messages, self._during = [], [], during

    async def __call__(self, scope, receive, send):
        self.scopes.append(scope)
        if scope["type"] == "websocket":
            while (message := await receive())["type"] != "websocket.disconnect":
                self.messages.append(message)
                if self._during:
                    self._during()
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"inside"})


def ask(gate: Gate, *messages: dict, kind: str = "websocket", path: str = "/_stcore/stream", headers=()) -> list[dict]:
    """Send the messages through the gate; what comes back. Waits for the notes of use."""

    async def conversation() -> list[dict]:
        waiting, sent = list(messages), []

        async def receive() -> dict:
            return waiting.pop(0) if waiting else {"type": f"{kind}.disconnect"}

        async def send(message: dict) -> None:
            sent.append(message)

        scope = {
            "type": kind,
            "path": path,
            "method": "GET",
            "query_string": b"",
            "headers": list(headers),
            "scheme": "http",
            "client": None,
        }
        await gate(scope, receive, send)
        await asyncio.gather(*gate._touching)
        return sent

    return asyncio.run(conversation())


def cookie(session: str) -> list[tuple[bytes, bytes]]:
    return [(b"cookie", f"insights_session={session}".encode())]


def press(button: str = "b", **fields) -> dict:
    """The message of a pressed button inside a fragment."""
    message = BackMsg()
    message.rerun_script.page_name = "demand"
    message.rerun_script.query_string = "days=7"
    message.rerun_script.fragment_id = "fragment"
    message.rerun_script.context_info.locale = "es-CL"
    message.rerun_script.widget_states.widgets.add(id=button).trigger_value = True
    for name, value in fields.items():
        setattr(message.rerun_script, name, value)
    return {"type": "websocket.receive", "bytes": message.SerializeToString()}


def seen_at(store):
    with store.connect() as connection:
        return connection.execute(sa.select(schema.sessions.c.seen_at)).scalar_one()


@pytest.mark.parametrize("headers", [[], cookie("forged"), [(b"cookie", b"\xff\xfe=;;")], [(b"authorization", b"Bearer x")]])
def test_a_strangers_websocket_is_closed_before_it_opens(store, headers):
    inner = Inner()
    assert ask(Gate(inner, lambda: store, lambda: NOW), {"type": "websocket.connect"}, headers=headers) == [
        {"type": "websocket.close", "code": 1008, "reason": ""}
    ]
    assert inner.scopes == []


def test_messages_of_a_live_session_pass_unchanged(store, session):
    inner, sent = Inner(), [{"type": "websocket.connect"}, press(), {"type": "websocket.receive", "text": "x"}]
    ask(Gate(inner, lambda: store, lambda: NOW), *sent, headers=cookie(session))
    assert inner.messages == sent


ENDINGS = {
    "revoked": lambda connection: sessions.revoke_all(connection, 1, now=NOW),
    "disabled": lambda connection: users.disable(connection, "viewer@example.com", now=NOW),
    "idle": lambda connection: connection.execute(sa.update(schema.sessions).values(seen_at=NOW - IDLE)),
    "expired": lambda connection: connection.execute(sa.update(schema.sessions).values(expires_at=NOW)),
    "deleted": lambda connection: connection.execute(sa.delete(schema.sessions)),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_button_pressed_after_the_session_ended_is_only_a_request_for_the_page(store, session, ending):
    def end():
        with store.begin() as connection:
            ENDINGS[ending](connection)

    inner = Inner(during=end)
    ask(
        Gate(inner, lambda: store, lambda: NOW),
        press("first"),
        press("second"),
        {"type": "websocket.receive", "text": "x"},
        headers=cookie(session),
    )
    first, second, third = (BackMsg.FromString(message["bytes"]) for message in inner.messages)
    assert first.rerun_script.widget_states.widgets[0].id == "first"
    assert not second.rerun_script.widget_states.widgets
    assert second.rerun_script.fragment_id == ""
    assert (second.rerun_script.page_name, second.rerun_script.query_string) == ("demand", "days=7")
    assert second.rerun_script.context_info.locale == "es-CL"
    assert third.WhichOneof("type") == "rerun_script"


def test_when_the_store_is_away_nobody_passes(session):
    def away():
        raise StoreError("The store is away.")

    inner = Inner()
    gate = Gate(inner, away, lambda: NOW)
    assert ask(gate, {"type": "websocket.connect"}, headers=cookie(session))[0]["code"] == 1013
    for headers in (cookie(session), [(b"authorization", b"Bearer x")]):
        path = "/demand" if headers[0][0] == b"cookie" else "/segments"
        assert ask(gate, kind="http", path=path, headers=headers)[0]["status"] == 503
    assert inner.scopes == []


def test_a_store_that_goes_away_while_a_page_is_open_runs_no_callback(store, session):
    inner = Inner(during=lambda: stores.clear())
    stores = [store]
    ask(Gate(inner, lambda: stores[0] if stores else _away(), lambda: NOW), press("first"), press("second"), headers=cookie(session))
    assert not BackMsg.FromString(inner.messages[1]["bytes"]).rerun_script.widget_states.widgets


def _away():
    raise StoreError("The store is away.")


def test_use_is_noted_but_a_page_that_refreshes_by_itself_is_no_use(store, session):
    later = NOW + TOUCH_EVERY
    moments = [NOW, later, later + TOUCH_EVERY]
    gate = Gate(Inner(), lambda: store, lambda: moments[0])
    ask(gate, press(), headers=cookie(session))
    assert seen_at(store) == NOW
    moments.pop(0)
    ask(gate, kind="http", path="/demand", headers=cookie(session))
    assert seen_at(store) == later
    moments.pop(0)

    def only_timer(scope_session):
        async def conversation():
            waiting = [press(is_auto_rerun=True)]

            async def receive():
                return waiting.pop(0) if waiting else {"type": "websocket.disconnect"}

            scope = {"type": "websocket", "path": "/", "headers": cookie(scope_session)}
            await gate._receive_checked(scope, receive)
            await asyncio.gather(*gate._touching)

        asyncio.run(conversation())

    only_timer(session)
    assert seen_at(store) == later


def test_the_use_of_a_token_is_noted(store):
    with store.begin() as connection:
        _, secret = tokens.add(connection, "ERP", users.get(connection, "viewer@example.com"), ["predictions:read"], now=NOW)
    gate = Gate(Inner(), lambda: store, lambda: NOW + timedelta(hours=1))
    answer = ask(gate, kind="http", path="/segments", headers=[(b"authorization", f"Bearer {secret}".encode())])
    assert answer[0]["status"] == 200
    with store.connect() as connection:
        assert tokens.find(connection, secret, now=NOW).last_used_at == NOW + timedelta(hours=1)


def test_the_lifespan_passes():
    inner = Inner()
    asyncio.run(Gate(inner, _away)({"type": "lifespan"}, None, None))
    assert inner.scopes == [{"type": "lifespan"}]
