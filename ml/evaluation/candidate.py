"""What one run knows about one predictor: the release in service before, the newly fitted one, and which of them answers now."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd

from ml.evaluation.promotion import UNUSABLE, Check, Decision, concluded, sentence
from ml.predictors.base import Predictor
from ml.store.pointers import Served
from ml.store.predictions import Score


@dataclass
class Candidate:
    """Filled step by step by `ml.pipeline`. `answer` is what is said at the run's as_of by whoever serves from now on."""

    name: str
    pointed: str | None = None  # the release the store points to, usable or not
    before: Served | None = None  # what is in service, verified and loaded; None = nothing usable
    before_as_of: date | None = None  # the last day it learnt from
    before_learnt: dict[str, int] = field(default_factory=dict)  # table -> rows it learnt from
    before_rows: pd.DataFrame = field(default_factory=pd.DataFrame)  # what it was judged on, for a comparison row by row
    before_answer: pd.DataFrame = field(default_factory=pd.DataFrame)  # what it says at this run's as_of
    record_before: list[Score] = field(default_factory=list)
    fitted: Predictor | None = None
    packed: bytes = b""  # the newly fitted one as it is stored
    challenge: pd.DataFrame = field(default_factory=pd.DataFrame)  # the newly fitted one's answer
    rows: pd.DataFrame = field(default_factory=pd.DataFrame)  # what the newly fitted one was judged on
    record: list[Score] = field(default_factory=list)
    decision: Decision | None = None
    answer: pd.DataFrame = field(default_factory=pd.DataFrame)
    truth: dict[int, float] = field(default_factory=dict)  # prediction row id -> what came
    failure: str | None = None  # one sentence: why there is no new model or answer

    @property
    def promoted(self) -> bool:
        """Whether the newly fitted predictor goes into service."""
        return self.decision is not None and self.decision.promoted

    @property
    def storable(self) -> bool:
        """Whether the newly fitted predictor becomes part of a release: everything that can be used, so that a person may choose it."""
        return self.fitted is not None and self.decision is not None and self.decision.code not in UNUSABLE

    @property
    def serving(self) -> Predictor | None:
        """The predictor that answers from now on."""
        if self.promoted:
            return self.fitted
        return self.before.predictor if self.before else None

    @property
    def fate(self) -> dict[str, Any]:
        """What became of it in this run, for the ledger: `state`, `reason` (a sentence or None), `reasons` ([{"code", "params"}]).

        promoted: the new one serves; review: it waits for a person; kept: the one before serves still; answers: it was asked, nothing was
        fitted; failed: something went wrong and what was said before stays; unavailable: nothing serves.
        """
        said = sentence(self.decision.reason) if self.decision else None
        reasons = self.decision.reasons if self.decision else []
        if self.promoted:
            return {"state": "promoted", "reason": said, "reasons": reasons}
        if self.decision is not None and self.decision.state == "review":
            return {"state": "review", "reason": said, "reasons": reasons}
        if self.before is None:
            return {"state": "unavailable", "reason": self.failure or said, "reasons": reasons}
        if self.failure:
            return {"state": "failed", "reason": self.failure, "reasons": reasons}
        return {"state": "kept" if said else "answers", "reason": said, "reasons": reasons}

    @property
    def is_damaged(self) -> bool:
        """Whether a release is pointed to and none of this predictor's can be used."""
        return self.pointed is not None and self.before is None

    def stop(self, check: Check) -> None:
        """Keep the newly fitted predictor out of service for one more reason."""
        self.decision = concluded([check, *(self.decision.checks if self.decision else ())])

    def serving_release(self, release_id: str | None) -> str | None:
        """The release that answers from now on, where `release_id` is the one this run wrote."""
        if self.promoted:
            return release_id
        return self.before.release_id if self.before else None
