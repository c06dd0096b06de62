"""What a company allows of a suggested price, as far as the formulas here read it."""

from typing import Protocol


class Guardrails(Protocol):
    """How far a suggested price may be from today's (a share), and the least margin over the known unit cost (a share of the price)."""

    @property
    def price_change_limit(self) -> float: ...  # noqa: D102 - the name says it
    @property
    def minimum_margin(self) -> float: ...  # noqa: D102
