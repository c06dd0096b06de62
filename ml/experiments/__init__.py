"""A/B tests for companies of a few hundred customers. Everything a program needs is importable from here.

`stats`       tests of means, ratios, proportions, clusters; permutation; sample ratio; multiple testing (`redrawing` draws the arms anew)
`sequential`  planned looks: Lan-DeMets boundaries, repeated intervals, the adjusted estimate after an early stop
`assignment`  who gets what: sticky hashing and balanced pairs
`designs`     the kinds of experiment and what is fixed before the start; `creating` makes one, `planner` says what it can see
`units`       what came of each unit, from the orders or from posted `outcomes`
`analysis`    the planned tests; `health` whether they may be read; `looks` when; `decision` what follows
`reading`     all of it as one mapping; `report` and `figures` write it down, `summary` in a few sentences; `exchange` is the JSON file
`price_tests` finished price tests as the price model reads them
`experiment`  the object behind create_…_experiment and load_experiment
"""

from ml.experiments.experiment import (
    Experiment,
    create_churn_alert_experiment,
    create_demand_forecast_experiment,
    create_dynamic_pricing_experiment,
    import_experiment,
    load_experiment,
    plan_experiment,
)

__all__ = [
    "Experiment",
    "create_churn_alert_experiment",
    "create_demand_forecast_experiment",
    "create_dynamic_pricing_experiment",
    "import_experiment",
    "load_experiment",
    "plan_experiment",
]
