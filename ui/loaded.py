"""The fitted models in service, for what-ifs on screens and routes: verified, loaded once, anew when another release is in service."""

import copy
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import sqlalchemy as sa

from ml.settings import Settings
from ml.store.pointers import Served, pointed_releases, serve
from ml.store.releases import ReleaseError, signing_key
from ml.store.values import load_preferences
from ui.store_access import settings, store

log = logging.getLogger(__name__)


class LoadedModels:
    """Keeps the newest verified release of each predictor that was asked for. `settings` says where releases lie and what signs them."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._kept: dict[str, tuple[str, Served]] = {}
        self._loading = threading.Lock()

    def serving(self, connection: sa.Connection, predictor: str) -> Served | None:
        """The predictor in service with the company's rates and limits of today; None when it has no release at all.

        A release that fails its checks gives way to the newest earlier one that is whole, which the log says. Raises ReleaseError when
        there is none.
        """
        pointed = pointed_releases(connection, predictor)
        if not pointed:
            return None
        with self._loading:
            place, kept = self._kept.get(predictor, ("", None))
            if kept is None or place != pointed[0]:
                values = self._settings()
                kept = serve(connection, values.models_folder, predictor, signing_key(values))
                for problem in kept.problems:
                    log.error("%s The release %s answers what-ifs of %s instead.", problem, kept.release_id, predictor)
                self._kept[predictor] = (pointed[0], kept)
        return kept._replace(predictor=_of_today(kept.predictor, connection))


class Asked(NamedTuple):
    """A model that was asked for: what serves, None where nothing can, and whether the version in service is damaged."""

    served: Served | None
    is_damaged: bool


def ask(predictor: str) -> Asked:
    """The predictor that answers what-ifs of a screen; an earlier version where the one in service is damaged."""
    try:
        with store().connect() as connection:
            served = MODELS.serving(connection, predictor)
    except ReleaseError as error:
        log.error("%s What-ifs of %s cannot be answered.", error, predictor)
        return Asked(None, is_damaged=True)
    return Asked(served, is_damaged=served is not None and bool(served.problems))


def _of_today(predictor: Any, connection: sa.Connection) -> Any:
    """The same fitted state with the preferences as chosen now; the kept predictor is shared by all and not changed."""
    current = copy.copy(predictor)
    current.company = replace(predictor.company, preferences=load_preferences(connection))
    return current


MODELS = LoadedModels(settings)
