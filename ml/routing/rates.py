"""What a company says about its deliveries: depot, van and rates, as far as the formulas here read them."""

from typing import Protocol


class Rates(Protocol):
    """Where tours start, what a van carries and how fast, and what kilometres and hours cost. Units stand in the names."""

    @property
    def depot_latitude(self) -> float: ...  # noqa: D102 - the name says it
    @property
    def depot_longitude(self) -> float: ...  # noqa: D102
    @property
    def van_capacity_bottles(self) -> int: ...  # noqa: D102
    @property
    def cost_per_km(self) -> float: ...  # noqa: D102
    @property
    def cost_per_hour(self) -> float: ...  # noqa: D102
    @property
    def minutes_per_stop(self) -> float: ...  # noqa: D102
    @property
    def speed_kmh(self) -> float: ...  # noqa: D102
    @property
    def detour_factor(self) -> float: ...  # noqa: D102
