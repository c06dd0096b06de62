"""The contract of a predictor. Only the three final methods cut time; a subclass sees what was known at `as_of` and nothing else.

A further model is one new file beside this one and one line in `ml.predictors.PREDICTORS`.
"""

import abc
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, NamedTuple, Self, final

import pandas as pd

from ml.source.tables import Tables
from ml.store.preferences import Preferences

PREDICTION_COLUMNS = (
    "measure", "entity_type", "entity_id", "target_date", "window_days", "value", "lo80", "hi80", "lo95", "hi95", "detail",
)  # fmt: skip
SUPPORT_DAYS_FOR_SAME_DAY_TRUTH = 30


class PredictorError(ValueError):
    """A predictor was asked something it cannot answer, or answered in a form that was not agreed."""


class NotEnoughData(PredictorError):
    """The data does not carry an answer yet; the sentence says what is missing and how much of it."""


class Measure(NamedTuple):
    """What a predictor says about an entity. `metric` (a key of ml.evaluation.metrics.METRICS) decides promotion; None = a parameter
    that has no observable truth. `baseline` names the naive rule of `_baseline` in plain words. `population` says who is judged."""

    name: str
    unit: str
    entities: tuple[str, ...]
    horizon_days: int
    metric: str | None
    baseline: str = ""
    population: str = "all"


@dataclass(frozen=True)
class Company:
    """What a predictor may know besides tables: the country (calendar), the currency and the values people chose.

    `only_judged`: a backtest asks, which reads the judged rows alone; a predictor may leave out the others."""

    country: str = "CL"
    currency: str = "CLP"
    preferences: Preferences = Preferences()
    seed: int = 20240101
    only_judged: bool = False


class Predictor(abc.ABC):
    """One business question. Subclasses write `_fit`, `_predict`, `_baseline`, `_actual` and never filter by date themselves.

    Learned state ends in `_` and must pickle with joblib (hold an XGBoost booster as .ubj bytes and Prophet as JSON).
    """

    name: ClassVar[str]
    question: ClassVar[str]
    measures: ClassVar[tuple[Measure, ...]]
    reads: ClassVar[tuple[str, ...]]

    def __init__(self, company: Company) -> None:
        self.company = company

    @final
    def fit(self, tables: Tables, as_of: date) -> Self:
        """Learn from what was known at the end of `as_of`; returns itself. Raises NotEnoughData with what is missing."""
        self._fit(tables.known(as_of, self.reads), as_of)
        return self

    @final
    def predict(self, tables: Tables, as_of: date) -> pd.DataFrame:
        """Say what comes after `as_of`: a frame with PREDICTION_COLUMNS, one row per measure, entity, target date and window.

        May be called every day with newer tables: history and lags move on, parameters do not. `target_date` is the last day of the
        window and `window_days` its length (1 = that day). `detail` is a JSON-ready dict.
        """
        answer = self._predict(tables.known(as_of, self.reads), as_of)
        return self._checked(answer)

    @final
    def baseline(self, tables: Tables, as_of: date) -> pd.DataFrame:
        """The naive rule's answer to the same question, same columns and keys, for the judged measures."""
        return self._checked(self._baseline(tables.known(as_of, self.reads), as_of))

    @final
    def actual(self, tables: Tables, predicted: pd.DataFrame, as_of: date) -> pd.Series | None:
        """The truth for each row of `predicted` (aligned to its index), NaN where its window has not ended by `as_of`.

        None when nothing the predictor says has an observable truth.
        """
        truth = self._actual(tables.known(as_of, self.reads), predicted, as_of)
        if truth is None:
            return None
        ended = pd.to_datetime(predicted["target_date"]) <= pd.Timestamp(as_of)
        return truth.reindex(predicted.index).where(ended)

    def judged(self, predicted: pd.DataFrame) -> pd.DataFrame:
        """The rows that count for the record (the measure's population). Default: all."""
        return predicted

    def proposals(self) -> dict[str, Any]:
        """Preference values the fit proposes (name -> value), kept only where nobody has chosen one. Default: none."""
        return {}

    def measure(self, name: str) -> Measure:
        """The declared measure of that name; KeyError names the known ones."""
        for measure in self.measures:
            if measure.name == name:
                return measure
        raise KeyError(f"{self.name} has no measure {name!r}; it has {[m.name for m in self.measures]}")

    @final
    def _checked(self, answer: pd.DataFrame) -> pd.DataFrame:
        missing = set(PREDICTION_COLUMNS) - set(answer.columns)
        unknown = set(answer["measure"]) - {m.name for m in self.measures} if "measure" in answer else set()
        if missing or unknown:
            raise PredictorError(f"{self.name} answered without columns {sorted(missing)} or with undeclared measures {sorted(unknown)}.")
        return answer.loc[:, list(PREDICTION_COLUMNS)].reset_index(drop=True)

    @abc.abstractmethod
    def _fit(self, tables: Tables, as_of: date) -> None: ...

    @abc.abstractmethod
    def _predict(self, tables: Tables, as_of: date) -> pd.DataFrame: ...

    @abc.abstractmethod
    def _baseline(self, tables: Tables, as_of: date) -> pd.DataFrame: ...

    @abc.abstractmethod
    def _actual(self, tables: Tables, predicted: pd.DataFrame, as_of: date) -> pd.Series | None: ...
