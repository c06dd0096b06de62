"""The OpenAPI 3.1 description, generated from ACCESS (who may call what), OPERATIONS and the models of bodies and answers."""

import re
from functools import cache
from http import HTTPStatus
from typing import Any

from pydantic.json_schema import models_json_schema

from ml.store.tokens import SCOPES
from ui.web.access import ACCESS, PUBLIC, READER, Access
from ui.web.cookies import SESSION as COOKIE
from ui.web.counters import TEXT
from ui.web.operations import ERRORS, OPERATIONS, Operation, operation_for
from ui.web.problem import MEDIA_TYPE
from ui.web.shapes import Problem

VERSION = "1.0"
JSON = "application/json"
CONVERTER = re.compile(r"\{(\w+):\w+\}")


@cache
def document() -> dict[str, Any]:
    """The document: every path and method of ACCESS, with its schemas under components."""
    paths: dict[str, dict[str, Any]] = {}
    for access in ACCESS:
        for method in access.methods:
            paths.setdefault(plain_path(access.path), {})[method.lower()] = _operation(access, method)
    scopes = "; ".join(f"{scope.name}: {scope.meaning}" for scope in SCOPES)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "3T Insights",
            "version": VERSION,
            "description": "Forecasts, segments, risks, delivery costs and prices of the company. Errors are problem details (RFC 9457).",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": f"A token made on the Settings screen. Scopes: {scopes}."},
                "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "A signed-in browser."},
            },
        },
    }


def plain_path(path: str) -> str:
    """The path as OpenAPI writes it.

    >>> plain_path("/static/{path:path}")
    '/static/{path}'
    """
    return CONVERTER.sub(r"{\1}", path)


def _operation(access: Access, method: str) -> dict[str, Any]:
    known = operation_for(access.path, method)
    names = re.findall(r"\{(\w+)", access.path)
    described = {parameter.name: parameter for parameter in known.parameters} if known else {}
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": dict(described[name].schema) if name in described else {"type": "string"},
            "description": described[name].meaning if name in described else "the rest of the path",
        }
        for name in names
    ]
    told: dict[str, Any] = {
        "operationId": known.name if known else _identifier(access.path, method),
        "summary": access.answers,
        "responses": _responses(access, known),
        "security": _security(access),
    }
    if parameters:
        told["parameters"] = parameters
    if known and known.body:
        wanted = any(field.is_required() for field in known.body.model_fields.values())
        content = {"schema": {"$ref": f"#/components/schemas/{known.body.__name__}"}, "example": dict(known.example or {})}
        told["requestBody"] = {"required": wanted, "content": {JSON: content}}
    return told


def _responses(access: Access, known: Operation | None) -> dict[str, Any]:
    if known is None:
        media = "text/css" if access.path.endswith(".css") else "image/svg+xml" if access.path.endswith(".svg") else "text/html"
        answers = {"200": {"description": access.answers, "content": {media: {"schema": {"type": "string"}}}}}
        return answers if access.who == PUBLIC else answers | {"303": {"description": "to the sign-in page"}}
    if known.answer is not None:
        content: dict[str, Any] = {JSON: {"schema": {"$ref": f"#/components/schemas/{known.answer.__name__}"}}}
    elif known.name == "metrics":
        content = {TEXT: {"schema": {"type": "string"}}}
    else:
        content = {JSON: {"schema": {"type": "object"}}}
    statuses = sorted({*known.errors, *(() if access.who == PUBLIC else (401,)), *((403,) if access.who.startswith("scope:") else ())})
    problem = content if access.who == PUBLIC else {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    errors = {str(status): {"description": ERRORS.get(status, HTTPStatus(status).phrase), "content": problem} for status in statuses}
    return {"200": {"description": access.answers, "content": content}} | errors


def _security(access: Access) -> list[dict[str, list[str]]]:
    if access.who == PUBLIC:
        return []
    if access.who.startswith("scope:"):
        return [{"token": [access.who.removeprefix("scope:")]}]
    return [{"session": []}, {"token": []}] if access.who == READER else [{"session": []}]


def _schemas() -> dict[str, Any]:
    models = {model for one in OPERATIONS for model in (one.body, one.answer) if model is not None} | {Problem}
    ordered = sorted(models, key=lambda model: model.__name__)
    answers = {one.answer for one in OPERATIONS}
    inputs: list[Any] = [(model, "serialization" if model in answers else "validation") for model in ordered]
    _, schema = models_json_schema(inputs, ref_template="#/components/schemas/{model}")
    return dict(sorted(schema["$defs"].items()))


def _identifier(path: str, method: str) -> str:
    return method.lower() + "".join(part.capitalize() for part in re.findall(r"\w+", plain_path(path)))
