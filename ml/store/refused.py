"""A write that people asked for and that cannot be done: one sentence for logs and terminals, and a code for the screens."""

from typing import Any


class Refused(ValueError):
    """Nothing was written. The sentence says what came, what is accepted and what to do; a screen says `code` in its reader's language."""

    def __init__(self, sentence: str, code: str = "", **params: Any) -> None:
        super().__init__(sentence)
        self.code, self.params = code, params
