"""A right lost while a page is open, on the running server: whatever is pressed then, nothing is written."""

from functools import partial
from html import escape
from threading import Barrier, Thread
from urllib.parse import quote, unquote

import pytest
import sqlalchemy as sa
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus

from ml.clock import utc_now
from ml.i18n import translator
from ml.store import schema, sessions, tokens, users
from ml.store.engine import begin_write
from tests.people import add_person
from tests.web.in_process import sign_in
from tests.web.served import run_page, send, texts


@pytest.fixture
def ana(app):
    """An analyst of this test's own, enabled and Spanish."""
    with begin_write(app.store) as connection:
        if users.find(connection, "ana@example.com") is None:
            add_person(connection, "analyst", "ana", utc_now())
        users.enable(connection, "ana@example.com", now=utc_now())
        users.set_role(connection, "ana@example.com", "analyst", now=utc_now())
        users.set_language(connection, "ana@example.com", "es", now=utc_now())
    return app.session_of("ana")


def widget(messages: list[ForwardMsg], kind: str, key: str) -> tuple[str, str]:
    """The id and the fragment of the widget with that key."""
    for message in messages:
        if message.WhichOneof("type") == "delta" and message.delta.new_element.WhichOneof("type") == kind:
            number = getattr(message.delta.new_element, kind).id
            if number.endswith(f"-{key}"):
                return number, message.delta.fragment_id
    raise AssertionError(f"There is no {kind} {key}")


def choose_english(messages: list[ForwardMsg]) -> BackMsg:
    message = BackMsg()
    chosen = message.rerun_script.widget_states.widgets.add(id=widget(messages, "button_group", "language-es")[0])
    chosen.string_array_value.data.append("EN")
    return message


def press_refresh(messages: list[ForwardMsg]) -> BackMsg:
    message = BackMsg()
    number, message.rerun_script.fragment_id = widget(messages, "button", "refresh")
    message.rerun_script.widget_states.widgets.add(id=number).trigger_value = True
    return message


def language(app) -> str | None:
    with app.store.connect() as connection:
        return users.get(connection, "ana@example.com").language


def runs(app) -> int:
    with app.store.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(schema.job_run)).scalar_one()


def said(msgid: str, messages: list[ForwardMsg]) -> bool:
    return any(translator(code)(msgid) in texts(messages) for code in ("es", "en"))


def test_with_the_right_a_choice_is_written(app, ana):
    with app.websocket(ana) as socket:
        shown = send(socket, choose_english(run_page(socket, "")))
    assert language(app) == "en"
    assert not said("You are signed out", shown)


ENDINGS = {
    "session revoked": lambda connection: sessions.revoke_all(connection, users.get(connection, "ana@example.com").id, now=utc_now()),
    "person disabled": lambda connection: users.disable(connection, "ana@example.com", now=utc_now()),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_after_the_session_ended_nothing_is_written_and_the_page_says_so(app, ana, ending):
    before = runs(app)
    with app.websocket(ana) as socket:
        shown = run_page(socket, "")
        with begin_write(app.store) as connection:
            ENDINGS[ending](connection)
        answers = [send(socket, press(shown)) for press in (choose_english, press_refresh)]
    assert (language(app), runs(app)) == ("es", before)
    assert all(said("You are signed out", answer) for answer in answers)
    with pytest.raises(InvalidStatus):
        app.websocket(ana)


def test_a_lost_role_presses_in_vain(app, ana):
    before = runs(app)
    with app.websocket(ana) as socket:
        shown = run_page(socket, "")
        with begin_write(app.store) as connection:
            users.set_role(connection, "ana@example.com", "viewer", now=utc_now())
        answer = send(socket, press_refresh(shown))
    assert runs(app) == before
    assert said("This is not for your role, or your session has ended. Nothing was changed; load the page again.", answer)


def test_a_token_writes_no_more_once_its_person_lost_the_right(app, ana):
    """Disabled, demoted, or the token revoked: from the next request on, and nothing of the request is kept."""
    with begin_write(app.store) as connection:
        person, now = users.get(connection, "ana@example.com"), utc_now()
        number, secret = tokens.add(connection, "form", person, ["experiments:write", "predictions:read"], now=now)
    with app.client(Authorization=f"Bearer {secret}") as client:

        def sent() -> int:
            return client.post("/experiments/none/outcomes", json={}).status_code

        assert sent() in (404, 422)
        demote, promote = (partial(users.set_role, role=role) for role in ("viewer", "analyst"))
        for status, others, lose, regain in ((403, 200, demote, promote), (401, 401, users.disable, users.enable)):
            with begin_write(app.store) as connection:
                lose(connection, person.email, now=now)
            assert (sent(), client.get("/segments").status_code) == (status, others)
            with begin_write(app.store) as connection:
                regain(connection, person.email, now=now)
            assert sent() in (404, 422)
        with begin_write(app.store) as connection:
            tokens.revoke(connection, number, now=now)
        assert sent() == 401


FORMS = (  # screen, its query, the kind and key of a field, the key of its button
    ("customer", "customer=c1", "text_area", "note-text-0", "note-0"),
    ("churn", "", "text_input", "several-note-0", "several-0"),
    ("demand", "days=7&measure=revenue", "text_input", "event-0-name", "event-add-0"),
    ("experiments", "view=new", "text_input", "x-name-0", "make-experiment-0"),
)


def opened(app, socket, page: str, query: str) -> list[ForwardMsg]:
    """A screen at its address, as a browser opens it."""
    message = BackMsg()
    message.rerun_script.page_name, message.rerun_script.query_string = page, query
    message.rerun_script.context_info.url, message.rerun_script.context_info.locale = f"{app.url}/{page}", "es-CL"
    return send(socket, message)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form[0])
def test_what_was_typed_when_the_session_ended_waits_for_the_same_person_at_the_same_address(filled_app, form):
    page, query, kind, key, button = form
    token = filled_app.session_of("analyst")
    with filled_app.websocket(token) as socket:
        shown = opened(filled_app, socket, page, query)
        message = BackMsg()
        message.rerun_script.page_name, message.rerun_script.query_string = page, query
        message.rerun_script.context_info.url = f"{filled_app.url}/{page}"
        message.rerun_script.widget_states.widgets.add(id=widget(shown, kind, key)[0]).string_value = "Half a sentence"
        message.rerun_script.widget_states.widgets.add(id=widget(shown, "button", button)[0]).trigger_value = True
        with begin_write(filled_app.store) as connection:
            sessions.revoke(connection, sessions.hashed(token), now=utc_now())
            noted = audit_rows(connection)
        answer = texts(send(socket, message))
    asked = quote(f"/{page}?{query}" if query else f"/{page}", safe="")
    assert f"/login?next={asked}" in answer and "Half a sentence" not in answer
    with filled_app.client(Accept="text/html") as client:
        assert escape(unquote(asked)) in client.get(f"/login?next={asked}").text
    for person, is_back in (("viewer", False), ("admin", False), ("analyst", True), ("analyst", False)):
        with filled_app.websocket(filled_app.session_of(person)) as socket:
            shown = opened(filled_app, socket, page, query)
            assert ("Half a sentence" in texts(shown)) is is_back
            assert said("What you had typed when your session ended is in its field again; it has not been sent.", shown) is is_back
    with filled_app.store.connect() as connection:
        assert audit_rows(connection) == noted


def audit_rows(connection: sa.Connection) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(schema.audit)).scalar_one()


def test_guesses_at_the_same_moment_and_under_many_names_do_not_slip_past_the_count(app):
    """Twelve at once, each claiming another address in a header that the web server believes from this machine."""
    statuses, ready = [], Barrier(12)

    def guess(number: int) -> None:
        with app.client() as client:
            client.get("/login")
            ready.wait(timeout=30)
            claimed = {"X-Forwarded-For": f"192.0.2.{number}"}
            statuses.append(sign_in(client, "victim@example.com", f"wrong password {number}", headers=claimed).status_code)

    guessing = [Thread(target=guess, args=(number,)) for number in range(12)]
    for thread in guessing:
        thread.start()
    for thread in guessing:
        thread.join(timeout=60)
    assert sorted(statuses) == [401] * 5 + [429] * 7
