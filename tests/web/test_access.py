"""The access matrix, against a real server by direct address: every path of the registry and every screen, for every kind of caller."""

from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from websockets.exceptions import InvalidStatus

from ml.clock import utc_now
from ml.i18n import translator
from ml.store import customer_links, logos, schema, tokens, users
from ml.store.engine import begin_write
from ml.store.sessions import ABSOLUTE, IDLE
from ml.store.users import ROLES
from ml.store.values import set_preference
from tests.conftest import SECRET_KEY
from tests.web.served import Served, run_page, texts
from ui.registry import PAGES
from ui.web.access import ACCESS, PUBLIC, READER, SESSION, VISITOR, is_for_people

CALLERS = ("anonymous", "forged", "expired", "idle", "disabled", *ROLES)
ENDED = ("expired", "idle", "disabled")
SAMPLES = {
    "/predict/demand/{days}": "/predict/demand/7",
    "/predict/churn/{customer_id:path}": "/predict/churn/vip-0",
    "/experiments/{experiment_id}/arm/{customer_id:path}": "/experiments/none/arm/vip-0",
    "/experiments/{experiment_id}/outcomes": "/experiments/none/outcomes",
    "/static/{path:path}": "/static/js/",
}
OFF = ("/login/oidc", "/login/oidc/callback")  # this server has no sign-in provider: nobody finds anything there
ALL_BUT_METRICS = [scope.name for scope in tokens.SCOPES if scope.name != "metrics:read"]
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>'
SIGNED_OUT = [translator(language)("You are signed out") for language in ("es", "en")]
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
UNDECLARED = (
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/script-health-check",
    "/media/x.csv",
    "/component/x",
    "/_stcore/upload_file/a/b",
)


@pytest.fixture(scope="module")
def sessions(app: Served) -> dict[str, str | None]:
    """A session id per kind of caller."""
    kinds = {role: app.session_of(role) for role in ROLES}
    ended = {
        "expired": app.session_of("viewer", age=ABSOLUTE + timedelta(hours=1)),
        "idle": app.session_of("viewer", age=IDLE + timedelta(hours=1)),
    }
    return {"anonymous": None, "forged": "forged-" * 6, "disabled": app.session_of("leaver"), **ended, **kinds}


def sample(app: Served, path: str) -> str:
    """An address that the rule `path` is for."""
    if path.startswith("/static/"):
        index = app.client(app.session_of("viewer")).get("/").text
        return "/" + index.partition('src="./')[2].partition('"')[0]
    if path.startswith("/c/"):
        with begin_write(app.store) as connection:
            link = customer_links.make(connection, "vip-0", 7, now=utc_now(), by="admin@example.com")
        return f"/c/{customer_links.token_of(link, SECRET_KEY)}"
    if "/logo/" in path:
        with begin_write(app.store) as connection:
            digest = logos.keep(connection, DRAWING, now=utc_now(), by="admin@example.com")
            set_preference(connection, "company_logo", digest, who="admin@example.com", at=utc_now())
        return path.format(digest=digest)
    return SAMPLES.get(path, path)


def expected(who: str, caller: str, *, for_people: bool) -> int:
    """The status that the registry promises; 200 stands for "passes"."""
    if who == PUBLIC or (who == VISITOR and caller in ENDED) or (who in (SESSION, VISITOR, READER) and caller in ROLES):
        return 200
    if who.startswith("role:") and caller in ROLES:
        return 200 if who == f"role:{caller}" else 403
    return 303 if for_people else 401


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("access", ACCESS, ids=lambda access: access.path)
def test_every_declared_path(app, sessions, access, caller):
    path = sample(app, access.path)
    with app.client(sessions[caller]) as client:
        answer = client.request(access.methods[0], path)
    if path in OFF:
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
        return
    if path == "/login" and caller in ROLES:
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        return
    assert answer.status_code == expected(access.who, caller, for_people=is_for_people(access, path))
    if answer.status_code == 303:
        assert answer.headers["location"].startswith("/login?next=")
    elif answer.status_code != 200:
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("path", UNDECLARED)
def test_everything_else_of_streamlit_wants_a_session(app, sessions, path, caller):
    with app.client(sessions[caller]) as client:
        status = client.get(path).status_code
    assert (status not in (303, 401, 403)) if caller in ROLES else status == 401


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_screen_by_its_address(app, sessions, page, caller):
    with app.client(sessions[caller], **HTML) as client:
        answer = client.get(f"/{page.name}?days=30")
        if answer.headers.get("location") == "/?days=30":
            answer = client.get("/?days=30")
    if caller in ROLES:
        assert answer.status_code == 200
        assert "<noscript>" in answer.text
    else:
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/login?next=%2F{page.name}%3Fdays%3D30"
        assert page.name not in answer.text


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_screen_through_the_websocket(app, sessions, page, caller):
    if caller not in ROLES:
        with pytest.raises(InvalidStatus) as refused:
            app.websocket(sessions[caller])
        assert refused.value.response.status_code == 403
        return
    with app.websocket(sessions[caller]) as socket:
        shown = texts(run_page(socket, page.name))
    title = [translator(language)("This screen is not for your role") for language in ("es", "en")]
    assert len(shown) > 200
    assert not any(sentence in shown for sentence in SIGNED_OUT)
    assert any(sentence in shown for sentence in title) is (caller not in page.roles)


@pytest.mark.parametrize("access", [access for access in ACCESS if access.who != VISITOR], ids=lambda access: access.path)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_undeclared_methods_are_refused_before_anything_else(app, access, method):
    if method not in access.methods:
        answer = app.client().request(method, sample(app, access.path))
        assert answer.status_code == 405
        assert answer.headers["allow"] == ", ".join(access.methods)
        assert answer.headers["content-type"] == "application/problem+json"


SPELLINGS = [
    "/login/", "/login/../_stcore/metrics", "/login/%2e%2e/_stcore/metrics", "/login/style.css/x", "/login/../../app.py", "/Login",
    "/health/", "/health/../_stcore/metrics", "/HEALTH", "//health", "/health%00", "/static/../_stcore/metrics", "/static/%2e%2e/media/x",
]  # fmt: skip


@pytest.mark.parametrize("path", SPELLINGS)
def test_no_spelling_of_a_public_path_opens_another(app, path):
    answer = httpx.Client(base_url=app.url).send(httpx.Request("GET", httpx.URL(app.url, raw_path=path.encode())))
    assert answer.status_code in (303, 401, 400, 404)
    assert "streamlit" not in answer.text.lower()


def test_tokens_open_what_their_scope_says_and_nothing_else(app):
    with begin_write(app.store) as connection:
        owner, now = users.get(connection, "analyst@example.com"), utc_now()
        secrets = {
            name: tokens.add(connection, name, owner, ["metrics:read"] if name == "metrics" else ALL_BUT_METRICS, now=now)
            for name in ("good", "revoked", "other", "old", "leaver", "metrics")
        }
        tokens.revoke(connection, secrets["revoked"][0], now=now)
        changes: dict = {"other": {"scopes": ["other:read"]}, "old": {"expires_at": now - timedelta(days=1)}}
        changes["leaver"] = {"user_id": users.get(connection, "leaver@example.com").id}
        for name, values in changes.items():
            connection.execute(sa.update(schema.tokens).where(schema.tokens.c.id == secrets[name][0]).values(**values))
    wanted = {"good": 0, "revoked": 401, "other": 403, "old": 401, "leaver": 401, "metrics": 403}
    for access in (access for access in ACCESS if access.who.startswith("scope:")):
        for method in access.methods:
            for name, status in wanted.items():
                if access.who == "scope:metrics:read":
                    status = {"good": 403, "metrics": 0}.get(name, status)
                answer = app.client(Authorization=f"Bearer {secrets[name][1]}").request(method, sample(app, access.path))
                assert (access.path, name, status or answer.status_code) == (access.path, name, answer.status_code)
                assert status or answer.status_code not in (401, 403)
                assert ("www-authenticate" in answer.headers) is (status != 0)
                assert status == 0 or answer.headers["content-type"] == "application/problem+json"
    for name, status in {**wanted, "good": 200, "metrics": 200, "other": 200}.items():
        assert app.client(Authorization=f"Bearer {secrets[name][1]}").get("/openapi.json").status_code == status
    good = secrets["good"][1]
    assert app.client(Authorization=f"Basic {good}").get("/segments").status_code == 401
    assert app.client(Authorization=f"bearer {good}").get("/segments").status_code == 200
    assert app.client(Authorization=f"Bearer {good}").get("/demand").status_code == 303
    assert app.client(Authorization=f"Bearer {good}").get("/_stcore/metrics").status_code == 401
    assert app.client(good).get("/segments").status_code == 401


def test_one_address_for_people_and_programs(app, sessions):
    program, browser = app.client(sessions["viewer"]), app.client(sessions["viewer"], **HTML)
    assert program.get("/segments").status_code == 401
    assert "<noscript>" in browser.get("/segments").text
    assert browser.get("/segments", headers={"Authorization": "Bearer x"}).status_code == 401
    assert app.client(**HTML).get("/segments").headers["location"] == "/login?next=%2Fsegments"


def test_screens_that_share_an_address_with_a_route_are_declared_so():
    paths = {access.path: access for access in ACCESS}
    for page in PAGES:
        assert f"/{page.name}" not in paths or paths[f"/{page.name}"].is_page


def test_a_fresh_server_runs_no_screen_for_a_stranger(app):
    """The hole that a folder of pages beside the main script would be: a direct request before anybody has run the main script."""
    assert app.first_contact == {page.name: (303, 403) for page in PAGES}
