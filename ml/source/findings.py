"""What was found wrong or missing in the data, as values: screens and `check` turn them into sentences."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import pandas as pd

Action = Literal["left_out", "corrected", "emptied", "created", "kept", "noted"]
EXAMPLES = 3


@dataclass(frozen=True)
class Finding:
    """One kind of finding in one table: how many rows or cells, what was done, up to three examples.

    `action`: left_out (the row is gone), corrected (a cell was read differently), emptied (a cell is now empty), created (a row was
    added), kept (suspicious but unchanged), noted (about the table as a whole). Only left_out and created change the number of rows.
    """

    code: str
    table: str
    count: int
    action: Action
    examples: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON-ready values."""
        return asdict(self) | {"examples": list(self.examples), "params": dict(self.params)}


def finding_from(values: Mapping[str, Any]) -> Finding:
    """The finding that `as_dict` wrote."""
    return Finding(**{**values, "examples": tuple(values["examples"])})


def examples_of(values: pd.Series) -> tuple[str, ...]:
    """The first three different values as short texts."""
    return tuple(str(value)[:60] for value in values.drop_duplicates().head(EXAMPLES))


class Ledger:
    """Collects findings while frames are cleaned; the only way a row is left out of a frame, so that nothing goes silently."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def leave_out(self, table: str, frame: pd.DataFrame, wrong: pd.Series, code: str, shown: str, **params: Any) -> pd.DataFrame:
        """`frame` without the rows where `wrong`; examples are taken from the column `shown`."""
        self.note(table, frame, wrong, code, "left_out", shown, **params)
        return frame.loc[~wrong] if wrong.any() else frame

    def note(self, table: str, frame: pd.DataFrame, where: pd.Series, code: str, action: Action, shown: str, **params: Any) -> None:
        """Record the rows where `where`; nothing if there are none."""
        count = int(where.sum())
        if count:
            examples = examples_of(frame.loc[where, shown].dropna()) if shown in frame else ()
            self.findings.append(Finding(code, table, count, action, examples, params))
