"""What a preset's reader hands to cleaning: frames under our names with values as they came, and what it noticed on the way."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

from ml.source.findings import Finding


@dataclass
class Raw:
    """Frames by our table name (columns by our keys, values untouched) and findings about whole tables and columns."""

    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def note(self, finding: Finding) -> None:
        """Add a finding."""
        self.findings.append(finding)

    def note_absent_columns(self, table: str, keys: Iterable[str]) -> None:
        """One finding for the optional columns that the source does not have."""
        names = tuple(keys)
        if names:
            self.note(Finding("columns_absent", table, len(names), "noted", examples=names[:3], params={"columns": list(names)}))
