"""Customers in up to four groups by recency, frequency and spend of a rolling window, named from where the groups lie."""

from dataclasses import dataclass

import numpy as np

NAMES: dict[int, tuple[str, ...]] = {
    1: ("loyal",),
    2: ("loyal", "at_risk"),
    3: ("vip", "potential", "at_risk"),
    4: ("vip", "loyal", "potential", "at_risk"),
    5: ("vip", "loyal", "potential", "occasional", "at_risk"),
    6: ("vip", "loyal", "regular", "potential", "occasional", "at_risk"),
}
WINDOW_DAYS = 365
SMALLEST_SHARE = 0.03


@dataclass(frozen=True)
class Segments:
    """Centroids in standardised log space, in the order of `names`; `assign` gives each customer the index of the nearest."""

    names: tuple[str, ...]
    center: np.ndarray
    scale: np.ndarray
    centroids: np.ndarray

    def assign(self, recency_days: np.ndarray, frequency: np.ndarray, spend: np.ndarray) -> np.ndarray:
        """Index into `names` per customer; without an order in the window a customer belongs to the last (the most silent) group."""
        points = (_logs(recency_days, frequency, spend) - self.center) / self.scale
        distance = ((points[:, None, :] - self.centroids[None, :, :]) ** 2).sum(axis=2)
        return np.where(frequency > 0, distance.argmin(axis=1), len(self.names) - 1)


def fit_segments(recency_days: np.ndarray, frequency: np.ndarray, spend: np.ndarray, *, wanted: int = 4) -> Segments:
    """Groups of the customers with an order in the window: days since the last order, orders and money within it.

    KMeans from a start that depends on the data alone, so that a retrain on nearly the same data gives nearly the same groups. Fewer groups
    for fewer than eight customers, or where one would hold under 3 % of them. Raises ValueError when no customer has an order.
    """
    seen = frequency > 0
    if not seen.any():
        raise ValueError("No customer has an order in the window, so there is nothing to group; a longer window or newer data is needed.")
    rows = _logs(recency_days[seen], frequency[seen], spend[seen])
    center, scale = rows.mean(axis=0), rows.std(axis=0)
    points = (rows - center) / np.where(scale > 1e-9, scale, 1.0)
    distinct = len(np.unique(np.round(points, 9), axis=0))
    for count in range(max(1, min(wanted, len(points) // 2, distinct)), 0, -1):
        centroids, label = _clustered(points, count)
        if count == 1 or np.bincount(label, minlength=count).min() >= SMALLEST_SHARE * len(points):
            break
    order = _ordered(centroids)
    return Segments(NAMES[len(order)], center, np.where(scale > 1e-9, scale, 1.0), centroids[order])


def explained_by_count(
    before: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray], after: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
) -> dict[int, float]:
    """Number of groups -> out-of-time R² of future spend: groups and their mean future spend are learnt at one cutoff and asked at a later.

    Both are recency_days, frequency, spend and future spend at their cutoff. A number that cannot be had (too few customers, or a group
    under 3 %) is left out; below 0 the groups say less than one mean for all.
    """
    *rfm, future = before
    *later, came = after
    asked = later[1] > 0
    spread = float(((came[asked] - future[rfm[1] > 0].mean()) ** 2).sum()) if asked.any() and (rfm[1] > 0).any() else 0.0
    found = {}
    for count in sorted(NAMES):
        if not spread > 0:
            break
        model = fit_segments(*rfm, wanted=count)
        if len(model.names) != count:
            continue
        groups, seen = model.assign(*rfm), rfm[1] > 0
        means = np.array([future[seen & (groups == place)].mean() for place in range(count)])
        error = came[asked] - means[model.assign(*later)[asked]]
        found[count] = 1 - float((error**2).sum()) / spread
    return found


def _logs(recency_days: np.ndarray, frequency: np.ndarray, spend: np.ndarray) -> np.ndarray:
    return np.column_stack([np.log1p(recency_days), np.log1p(frequency), np.log1p(np.maximum(spend, 0))]).astype(float)


def _worth(points: np.ndarray) -> np.ndarray:
    """One figure per point: often and much is worth more, long silent less."""
    return points[:, 1] + points[:, 2] - points[:, 0]


def _clustered(points: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.cluster import KMeans

    ranked = np.array_split(np.argsort(_worth(points), kind="stable"), count)
    start = np.vstack([points[part].mean(axis=0) for part in ranked])
    fitted = KMeans(n_clusters=count, init=start, n_init=1, max_iter=300, tol=1e-8).fit(points)
    return fitted.cluster_centers_, fitted.labels_


def _ordered(centroids: np.ndarray) -> np.ndarray:
    """Centroids from the best to the most silent: the longest silence is at risk, the others rank by orders and spend."""
    silent = int(np.argmax(centroids[:, 0] - 0.25 * (centroids[:, 1] + centroids[:, 2])))
    others = [place for place in np.argsort(-(centroids[:, 1] + centroids[:, 2]), kind="stable") if place != silent]
    return np.array([*others, silent]) if len(centroids) > 1 else np.array([0])
