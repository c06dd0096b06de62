"""Parts that add up to their total: proportions of the past, or forecasts of the parts moved together by minimum trace."""

import numpy as np

from ml.forecasting.history import Array

HALF_LIFE_DAYS = 90.0
SHARE_EVIDENCE = 20.0  # units of the total that an ordinary share weighs against what one weekday says
ROUNDS = 20


def weights_of(days: int, half_life: float = HALF_LIFE_DAYS) -> Array:
    """The weight of each of `days` days, oldest first: it halves every `half_life` days.

    >>> weights_of(3, 1.0).tolist()
    [0.25, 0.5, 1.0]
    """
    return np.asarray(0.5 ** (np.arange(days - 1, -1, -1) / half_life), dtype=float)


def shares_of(parts: Array, weekday: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Array:
    """Each part's share of the total by weekday (7 × parts, each row adds up to 1), recent days weighing more.

    `parts`: days × parts, oldest first; `weekday`: of each day, 0 = Monday. A weekday's own shares are drawn to those of all days, by the
    evidence of SHARE_EVIDENCE units: proportions of historical averages (Gross and Sohl, 1990), shrunk. Without any sales all are equal.
    """
    weights = weights_of(len(parts))
    whole = (parts * weights[:, None]).sum(axis=0)
    overall = whole / whole.sum() if whole.sum() > 0 else np.full(parts.shape[1], 1 / max(parts.shape[1], 1))
    by_weekday = np.stack([(parts[weekday == day] * weights[weekday == day, None]).sum(axis=0) for day in range(7)])
    unit = _unit(parts)
    evidence = by_weekday / unit
    return np.asarray((evidence + SHARE_EVIDENCE * overall) / (evidence.sum(axis=1) + SHARE_EVIDENCE)[:, None], dtype=float)


def top_down(total: Array, shares: Array, weekday: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Array:
    """The total of each day divided by the weekday's shares: days × parts."""
    return np.asarray(total[:, None] * shares[weekday], dtype=float)


def min_trace(total: Array, parts: Array, variances: Array) -> Array:
    """Forecasts of parts (days × parts) moved so that each day adds up to `total`, never below 0.

    What is missing is shared by the variances of the parts' errors (one per part): minimum trace with a diagonal error matrix
    (Wickramasuriya, Athanasopoulos and Hyndman, 2019), given the total. A part that would fall below 0 stays at 0 and the others take
    the rest.
    """
    weight = np.where(variances > 0, variances, 0.0)
    weight = weight if weight.sum() > 0 else np.ones(parts.shape[1])
    result = np.maximum(parts, 0.0)
    free = np.broadcast_to(weight, result.shape).copy()
    for _ in range(ROUNDS):
        gap = total - result.sum(axis=1)
        result = result + gap[:, None] * free / np.maximum(free.sum(axis=1, keepdims=True), 1e-12)
        if (result >= 0).all():
            break
        free = np.where(result < 0, 0.0, free)
        result = np.maximum(result, 0.0)
    return _exactly(total, np.maximum(result, 0.0))


def _exactly(total: Array, parts: Array) -> Array:
    """The parts scaled by day to the total; equal parts where none has anything."""
    sums = parts.sum(axis=1)
    even = np.broadcast_to((total / parts.shape[1])[:, None], parts.shape)
    return np.where(sums[:, None] > 0, parts * (total / np.where(sums > 0, sums, 1.0))[:, None], even)


def _unit(parts: Array) -> float:
    """What one sale is worth: the usual size of a day's value of a part, 1 for counts of single orders."""
    positive = parts[parts > 0]
    return max(float(np.median(positive)), 1e-9) if len(positive) else 1.0
