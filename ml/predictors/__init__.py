"""The business questions, one thin file each behind the contract of `base`. PREDICTORS lists them as "module:Class", imported when used."""

from functools import cache
from importlib import import_module

from ml.predictors.base import Company, Predictor

PREDICTORS: tuple[tuple[str, str], ...] = (
    ("demand", "ml.predictors.demand:Demand"),
    ("segments", "ml.predictors.segments:Segments"),
    ("customers", "ml.predictors.customers:Customers"),
    ("route_cost", "ml.predictors.route_cost:RouteCost"),
    ("price", "ml.predictors.price:Price"),
)


@cache
def predictor_class(name: str) -> type[Predictor]:
    """The predictor class registered under `name`; KeyError names the known ones."""
    registered = dict(PREDICTORS)
    if name not in registered:
        raise KeyError(f"There is no predictor {name!r}; known are {sorted(registered)}.")
    module, _, attribute = registered[name].partition(":")
    return getattr(import_module(module), attribute)


def make_predictor(name: str, company: Company) -> Predictor:
    """A fresh, unfitted predictor of that name for a company."""
    return predictor_class(name)(company)
