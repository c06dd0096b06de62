"""Whether customers order more or less just now than their histories say: what the last weeks already show of a season.

A window of H days that has not ended teaches nothing yet; windows of a third of it have. Two such, answered by a logistic regression
that had not seen them, give the error of level, of which a part is carried on: 0.3 up to H = 30, nothing from H = 90.
"""

import numpy as np

from ml.customers.blend import level_error
from ml.customers.features import Panel
from ml.customers.logistic import fit_logistic
from ml.customers.members import examples

_PART = 0.3
_FULL_UNTIL_DAYS, _NONE_FROM_DAYS = 30, 90
_CUTOFFS = 3
_FEWEST = 100


def present_level(panel: Panel, as_of: int) -> float:
    """What to add to the log-odds of churn over H because of the last weeks; 0 for few customers, a short history or a long H."""
    share = (_NONE_FROM_DAYS - panel.horizon_days) / (_NONE_FROM_DAYS - _FULL_UNTIL_DAYS)
    if share <= 0:
        return 0.0
    days = 7 * max(1, round(panel.horizon_days / 21))
    short = panel.with_horizon(days)
    errors = [_error(short, as_of - number * days) for number in (1, 2)]
    return float(np.clip(_PART * min(share, 1.0) * sum(errors), -0.5, 0.5))


def _error(panel: Panel, cutoff: int) -> float:
    if cutoff <= panel.log.first_day:
        return 0.0
    past = examples(panel, cutoff, most=_CUTOFFS)
    now = panel.snapshot(cutoff)
    judged = now.take(np.flatnonzero(now.active))
    if len(past.snapshots) < _CUTOFFS or len(judged) < _FEWEST:
        return 0.0
    log_odds = fit_logistic(past.snapshots, past.churned).log_odds(judged)
    return level_error(log_odds, panel.outcome(judged).churned.astype(float))
