"""What can be wrong with an experiment, as one sentence."""

from typing import Any

from ml.store.refused import Refused


class ExperimentError(Refused):
    """The data or the request cannot be used as it is; the sentence says what came and what is needed, `code` is for the screens."""

    def __init__(self, sentence: str, code: str = "experiment", **params: Any) -> None:
        super().__init__(sentence, code, **params)


class TooSmallWarning(UserWarning):
    """A test was made that cannot see a realistic effect; the sentences say what it would find and what can be done instead."""
