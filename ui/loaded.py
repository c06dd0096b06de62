"""The fitted models in service, for what-ifs on screens and routes: verified, loaded once, anew when another release is in service."""

import copy
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from ml.settings import Settings
from ml.store.pointers import Served, pointed_releases, serve
from ml.store.releases import signing_key
from ml.store.values import load_preferences
from ui.store_access import settings

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


def _of_today(predictor: Any, connection: sa.Connection) -> Any:
    """The same fitted state with the preferences as chosen now; the kept predictor is shared by all and not changed."""
    current = copy.copy(predictor)
    current.company = replace(predictor.company, preferences=load_preferences(connection))
    return current


MODELS = LoadedModels(settings)
