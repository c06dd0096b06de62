"""Who is about to leave, when each customer orders next and what that is worth: pure functions on an order log. Read this map first.

Two doors, both in `model`:

- `fit_customers(orders, as_of, horizon_days) -> CustomerModel` learns from what was known at the end of `as_of` (a release stores it);
  `.score(orders, as_of)` answers for every customer seen by then
- `score_customers(orders, as_of, horizon_days)` is both in one line, for benches and what-ifs

The way of an order through the room:

1. `days`       orders -> customer-days: sales only, one row per customer and day, cut at a day
2. `features`   customer-days -> snapshot: what could be known about each customer's rhythm at a cutoff; and the truth that followed
3. members of the blend, each a probability of no order in (T, T+H]:
   `purchase` (MBG/NBD, and BG/NBD and Gamma-Gamma beside it), `logistic` (log-RFM), `trees` (XGBoost on the whole snapshot)
4. `blend`      weights in log-odds by number of customers and by out-of-time skill, calibration where three windows carry it;
   `members` fits the three on past cutoffs, `level` says what the last weeks show of a season
5. `next_order` `value`   date with a conformal interval; orders and money in the window and in twelve months
6. `reasons`    at most three per customer, from exact tree contributions, each checked by changing the features it names
7. `record`     the model's own out-of-time record against the naive rule, and whether there is any signal at all
8. `segments`   four groups by recency, frequency and spend; `rhythm` proposes the horizon H; `scoring` the measures used by all
9. `lateness`   how late is too late: the share of customers who still came back, by how many times their own pause they were silent

Words: H = horizon_days, T = cutoff = the last day that is known, "active" = last order within 2H, "dormant" = silent for longer (win-back),
"churn" = no order in (T, T+H].
"""

from ml.customers.days import CustomerDataError
from ml.customers.model import CustomerModel, fit_customers, score_customers
from ml.customers.rhythm import propose_horizon

__all__ = ["CustomerDataError", "CustomerModel", "fit_customers", "propose_horizon", "score_customers"]
