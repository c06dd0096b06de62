"""What the first visitor would otherwise wait for: the store opened, the catalogues compiled, the screens' modules imported."""

import ast
import gc
import importlib.util
import logging
from pathlib import Path

from ml.i18n import LANGUAGES, translator
from ml.predictors import PREDICTORS, predictor_class
from ui.registry import PAGES
from ui.store_access import UNAVAILABLE, store
from ui.web.headers import app_policy

log = logging.getLogger(__name__)


def warm_up() -> None:
    """Open the store, compile the catalogues and import what the screens import; then take all that out of garbage collection for good.

    Runs beside the first requests. A store that is away now is tried again by whoever needs it.
    """
    try:
        store()
    except UNAVAILABLE as error:
        log.error("The app starts without its store: %s", error)
    app_policy()
    for language in LANGUAGES:
        translator(language)
    for name in sorted({name for page in PAGES for name in imported_by(page.path)}):
        importlib.import_module(name)
    for name, _ in PREDICTORS:
        predictor_class(name)  # the screens ask each for its measures
    gc.collect()
    gc.freeze()


def imported_by(script: Path) -> set[str]:
    """The modules that a screen imports at its top."""
    found: set[str] = set()
    for statement in ast.parse(script.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Import):
            found |= {alias.name for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            members = {f"{statement.module}.{alias.name}" for alias in statement.names}
            found |= {statement.module} | {name for name in members if importlib.util.find_spec(statement.module) and _is_module(name)}
    return found


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
