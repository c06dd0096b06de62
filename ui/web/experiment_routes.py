"""The JSON routes of experiments: what runs, a customer's group (so that an order form can ask for the price), outcomes."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ml import clock
from ml.experiments.errors import ExperimentError
from ml.experiments.outcomes import outcome_row
from ml.queries import experiments
from ml.settings import Settings
from ml.store import experiments as kept_experiments
from ml.store.engine import begin_write
from ui.web.bodies import BadRequest, OutcomesPosted, read_body

ARMS = ("control", "treatment", "hold_out")
LONGEST_KEY = 200
POSTED_BY = "api"


class ExperimentRoutes:
    """The endpoints. `store` gives the engine when first needed; `now` is the clock (naive UTC)."""

    def __init__(self, store: Callable[[], sa.Engine], now: Callable[[], datetime], settings: Callable[[], Settings]) -> None:
        self._store, self._now, self._settings = store, now, settings

    async def active(self, _request: Request) -> Response:
        """The tests that run today."""
        return JSONResponse(await to_thread.run_sync(self._active))

    async def arm(self, request: Request) -> Response:
        """A customer's group; asking in a running test notes that the customer came to the point of treatment."""
        return JSONResponse(await to_thread.run_sync(partial(self._arm, **request.path_params)))

    async def outcomes(self, request: Request) -> Response:
        """Keep outcomes, all or none; the same Idempotency-Key gives the same answer again."""
        asked = await read_body(request, OutcomesPosted)
        key = request.headers.get("idempotency-key", "")
        if len(key) > LONGEST_KEY:
            raise BadRequest(422, f"The Idempotency-Key has {len(key)} characters; up to {LONGEST_KEY} are accepted.")
        return JSONResponse(await to_thread.run_sync(partial(self._post, request.path_params["experiment_id"], asked, key)))

    def _today(self) -> Any:
        return clock.local(self._now(), self._settings().timezone).date()

    def _active(self) -> dict[str, Any]:
        with self._store().connect() as connection:
            return experiments.active(connection, self._today())

    def _arm(self, experiment_id: str, customer_id: str) -> dict[str, Any]:
        with begin_write(self._store()) as connection:
            kept = kept_experiments.get(connection, experiment_id)
            arm = kept_experiments.arm_of(connection, experiment_id, customer_id)
            if arm is None:
                raise ExperimentError(f"{customer_id[:80]!r} is not part of {experiment_id}: treat them as before.", "unit_unknown")
            if kept.state == "active" and kept.start <= self._today() <= kept.end:
                kept_experiments.note_reached(connection, experiment_id, customer_id, at=self._now())
        treated = arm == 1 and kept.state == "active"
        what = kept.plan.get("treatment") if treated else None
        return {
            "experiment_id": experiment_id, "customer_id": customer_id, "arm": ARMS[arm], "in_treatment": treated, "treatment": what,
        }  # fmt: skip

    def _post(self, experiment_id: str, asked: OutcomesPosted, key: str) -> dict[str, Any]:
        digest = hashlib.sha256(json.dumps(asked.model_dump(), sort_keys=True).encode()).hexdigest()
        with begin_write(self._store()) as connection:
            kept = kept_experiments.get(connection, experiment_id)
            known = kept_experiments.find_post(connection, experiment_id, key) if key else None
            if known is not None:
                if known["digest"] != digest:
                    raise ExperimentError(f"The Idempotency-Key {key[:40]!r} came before with another body.", "key_twice")
                return dict(known["answer"])
            if kept.state not in ("active", "paused"):
                raise ExperimentError(f"{experiment_id} is {kept.state}: outcomes are taken while it runs.", "experiment_state")
            rows = [self._row(connection, kept, one.model_dump(exclude_none=True)) for one in asked.outcomes]
            recorded = kept_experiments.add_outcomes(connection, experiment_id, rows, who=POSTED_BY, at=self._now())
            answer = {"experiment_id": experiment_id, "received": len(rows), "recorded": recorded}
            if key:
                kept_experiments.keep_post(connection, experiment_id, key, digest, answer, at=self._now())
        return answer

    def _row(self, connection: sa.Connection, kept: kept_experiments.Kept, told: dict[str, Any]) -> dict[str, Any]:
        unit = str(told.pop("customer_id"))
        if kept_experiments.arm_of(connection, kept.experiment_id, unit) is None:
            raise ExperimentError(f"{unit[:80]!r} is not part of {kept.experiment_id}; nothing was kept.", "unit_unknown")
        return outcome_row(kept, unit, told, self._today())
