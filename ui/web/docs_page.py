"""The readable page of the JSON interface, and the document it is made of: plain HTML without scripts, in the reader's language."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from ml.i18n import LANGUAGES, Translator, mark, translator
from ml.store import sessions
from ui.web import cookies
from ui.web.access import ACCESS, PUBLIC, READER, Access
from ui.web.headers import PLAIN_POLICY
from ui.web.language import accepted_language
from ui.web.openapi import document, plain_path
from ui.web.operations import ERRORS, OPERATIONS, Operation

ASSETS = Path(__file__).resolve().parent / "assets"
PREFIX = "#/components/schemas/"
TYPES: Mapping[str, str] = {
    "integer": mark("whole number"), "number": mark("number"), "string": mark("text"), "boolean": mark("true or false"),
    "array": mark("list"), "object": mark("object"), "null": mark("null"),
}  # fmt: skip
NAMES: Mapping[str, str] = {"es": "Español", "en": "English"}


class Row(NamedTuple):
    """One field as the page shows it."""

    name: str
    kind: str
    meaning: str


class DocsPages:
    """The endpoints /docs and /openapi.json. `store` gives the engine when first needed; `now` is the clock (naive UTC)."""

    def __init__(self, store: Callable[[], sa.Engine], now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def document(self, _request: Request) -> Response:
        """The OpenAPI document."""
        return Response(_document_text(), media_type="application/json")

    async def page(self, request: Request) -> Response:
        """The readable page: in the language of ?lang, else of the person, else of the browser."""
        wish = request.query_params.get("lang")
        language = wish if wish in LANGUAGES else await to_thread.run_sync(self._language, cookies.session_token(request))
        html = docs_html(language or accepted_language(request.headers.get("accept-language")))
        return HTMLResponse(html, headers={"Content-Security-Policy": PLAIN_POLICY, "Vary": "Accept-Language, Cookie"})

    async def style(self, _request: Request) -> Response:
        """The page's style."""
        return FileResponse(ASSETS / "docs.css", headers={"Cache-Control": "private, max-age=3600"})

    def _language(self, token: str | None) -> str | None:
        with self._store().connect() as connection:
            session = sessions.find(connection, token, now=self._now())
        return session.user.language if session else None


@lru_cache(maxsize=len(LANGUAGES))
def docs_html(language: str) -> str:
    """The whole page in a language."""
    t = translator(language)
    title = escape(t("Interface for programs"))
    links = " · ".join(
        f'<a href="?lang={code}" lang="{code}"{" aria-current=" + chr(34) + "true" + chr(34) if code == language else ""}>{NAMES[code]}</a>'
        for code in LANGUAGES
    )
    index = "".join(f'<li><a href="#{one.name}">{_method(one)} <code>{escape(plain_path(one.path))}</code></a></li>' for one in OPERATIONS)
    return f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · 3T Insights</title>
<link rel="icon" href="/login/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/docs/style.css">
</head>
<body>
<header><a href="/">3T Insights</a><span>{links}</span></header>
<main>
<h1>{title}</h1>
<p>{escape(t("Programs read the same numbers as the screens. They send a token that an administrator makes under Settings."))}</p>
{_code('curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8501/segments')}
<p>{escape(t("Sentences come in the language of Accept-Language, Spanish by default. Unknown fields of a body are passed over."))}
<a href="/openapi.json">OpenAPI 3.1</a></p>
<nav aria-label="{escape(t("Routes"))}"><ul>{index}</ul></nav>
{"".join(_section(one, t) for one in OPERATIONS)}
{_problems(t)}
{_others(t)}
</main>
</body>
</html>"""


def _section(one: Operation, t: Translator) -> str:
    access = next(entry for entry in ACCESS if entry.path == one.path)
    parts = [
        f'<section id="{one.name}"><h2>{_method(one)} <code>{escape(plain_path(one.path))}</code></h2>',
        f"<p>{escape(_capital(t(access.answers)))}. <span class='who'>{escape(_who(access, t))}</span></p>",
    ]
    if one.parameters:
        rows = [Row(parameter.name, _kind(parameter.schema, t), t(parameter.meaning)) for parameter in one.parameters]
        parts.append(_table(t("In the address"), rows, t))
    if one.body:
        parts.append(_table(t("In the body (JSON)"), list(_rows(PREFIX + one.body.__name__, t)), t))
    parts.append(_code(_curl(one, access)))
    if one.answer:
        parts.append(_table(t("Answer (JSON)"), list(_rows(PREFIX + one.answer.__name__, t)), t))
    if one.errors:
        parts.append(f"<p class='errors'>{escape(t('Errors'))}: {', '.join(str(status) for status in one.errors)}</p>")
    return "".join(parts) + "</section>"


def _rows(reference: str, t: Translator, prefix: str = "") -> Iterator[Row]:
    """The fields of a schema, those of nested ones below theirs: predictions[].date."""
    schema = document()["components"]["schemas"][reference.removeprefix(PREFIX)]
    required = schema.get("required", [])
    for name, field in schema["properties"].items():
        needed = "" if name in required or prefix or "default" not in field else f", {t('may be left out')}"
        yield Row(prefix + name, _kind(field, t) + needed, t(field["description"]))
        inner, mark_ = field.get("items", field), "[]" if "items" in field else ""
        for option in (inner, *inner.get("anyOf", [])):
            if "$ref" in option:
                yield from _rows(option["$ref"], t, f"{prefix}{name}{mark_}.")


def _kind(schema: Mapping[str, Any], t: Translator) -> str:
    """A schema's type and limits in words: "whole number, 1 to 90"."""
    if "anyOf" in schema:
        return f" {t('or')} ".join(_kind(option, t) for option in schema["anyOf"])
    kind = t(TYPES[schema.get("type", "object")])
    low, high = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
    if low is None or high is None:
        return kind
    words = mark("{kind}, above {low}, at most {high}") if "exclusiveMinimum" in schema else mark("{kind}, {low} to {high}")
    return t(words, kind=kind, low=f"{low:g}", high=f"{high:g}")


def _table(caption: str, rows: list[Row], t: Translator) -> str:
    heads = "".join(f"<th scope='col'>{escape(text)}</th>" for text in (t("Field"), t("Kind"), t("Meaning")))
    cells = "".join(
        f"<tr><th scope='row'><code>{_breakable(row.name)}</code></th><td>{escape(row.kind)}</td><td>{escape(row.meaning)}</td></tr>"
        for row in rows
    )
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{cells}</tbody></table>"


def _problems(t: Translator) -> str:
    statuses = "".join(f"<tr><th scope='row'>{status}</th><td>{escape(t(text))}</td></tr>" for status, text in sorted(ERRORS.items()))
    return (
        f"<section id='errors'><h2>{escape(t('Errors'))}</h2>"
        f"<p>{escape(t('An error is a problem+json document (RFC 9457) whose detail is one sentence.'))}</p>"
        f"<table><tbody>{statuses}</tbody></table>{_table(t('Answer (JSON)'), list(_rows(PREFIX + 'Problem', t)), t)}</section>"
    )


def _others(t: Translator) -> str:
    known = {one.path for one in OPERATIONS}
    rows = "".join(
        f"<tr><th scope='row'><code>{_breakable(plain_path(access.path))}</code></th>"
        f"<td>{', '.join(access.methods)} · {escape(_who(access, t))}</td><td>{escape(_capital(t(access.answers)))}</td></tr>"
        for access in ACCESS
        if access.path not in known
    )
    return f"<section id='others'><h2>{escape(t('Other addresses'))}</h2><table><tbody>{rows}</tbody></table></section>"


def _who(access: Access, t: Translator) -> str:
    if access.who == PUBLIC:
        return t("For everybody.")
    if access.who.startswith("scope:"):
        return t("For tokens with the scope {scope}.", scope=access.who.removeprefix("scope:"))
    if access.who.startswith("role:"):
        return t("For administrators who are signed in.")
    return t("For who is signed in, and for tokens.") if access.who == READER else t("For who is signed in.")


def _curl(one: Operation, access: Access) -> str:
    path = plain_path(one.path)
    for parameter in one.parameters:
        path = path.replace(f"{{{parameter.name}}}", parameter.example)
    lines = ["curl" + (" -X POST" if one.method == "POST" and not one.example else "")]
    lines[0] += "" if access.who == PUBLIC else ' -H "Authorization: Bearer $TOKEN"'
    lines[0] += f" http://127.0.0.1:8501{path}"
    if one.example:
        lines.append(f"     -H 'Content-Type: application/json' -d '{json.dumps(dict(one.example))}'")
    return " \\\n".join(lines)


def _method(one: Operation) -> str:
    return f'<span class="method {one.method.lower()}">{one.method}</span>'


def _code(text: str) -> str:
    return f'<pre tabindex="0"><code>{escape(text)}</code></pre>'


def _breakable(name: str) -> str:
    """A long name that may break after a dot, underscore or slash."""
    return re.sub(r"([._/])", r"\1<wbr>", escape(name))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@lru_cache(maxsize=1)
def _document_text() -> str:
    return json.dumps(document(), ensure_ascii=False, indent=1)
