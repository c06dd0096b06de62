"""One person as read from the store: what users, sessions and tokens have in common."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ml.store import schema


@dataclass(frozen=True)
class User:
    """One person as the store knows them, without the password. `language` None means the browser's."""

    id: int
    email: str
    name: str
    role: str
    language: str | None
    disabled_at: datetime | None

    @property
    def enabled(self) -> bool:
        """Whether this person may come in."""
        return self.disabled_at is None


COLUMNS = tuple(schema.users.c[name] for name in User.__dataclass_fields__)


def user_from(row: Any) -> User:
    """A User from a row that holds COLUMNS (and perhaps more)."""
    return User(**{column.name: row[column.name] for column in COLUMNS})
