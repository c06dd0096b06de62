"""What passes between our sign-in and the sign-in provider: an attempt on the way there, an identity on the way back."""

import secrets
from dataclasses import dataclass

RANDOM_BYTES = 48


class ProviderError(RuntimeError):
    """The provider cannot be asked, or what it said does not hold; the sentence is for the log, never with a token in it."""


@dataclass(frozen=True)
class Attempt:
    """What ties the way there to the way back: kept in the browser's cookie until it returns."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> "Attempt":
        """A fresh one from the system's random numbers."""
        return cls(*(secrets.token_urlsafe(RANDOM_BYTES) for _ in range(3)))


@dataclass(frozen=True)
class Identity:
    """Who the provider says came: a verified address, a name, and a role where claims decide it (None: none of ours)."""

    email: str
    name: str
    role: str | None
