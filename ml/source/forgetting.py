"""Tables without the names, contacts and places of customers who asked to be forgotten."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from ml.source.tables import SPECS, Tables

Forgotten = Callable[[pd.Series], pd.Series]
BLANK = ("name", "phone", "email")


def forget(tables: Tables, forgotten: Forgotten | None) -> Tables:
    """The same tables; of those for whom `forgotten` (customer ids -> bools) is true, name, phone, e-mail and coordinates are empty and
    contact_opt_out is set. Sales stay under the bare id."""
    if forgotten is None:
        return tables
    frames = {name: tables[name] for name in SPECS if tables.has(name)}
    if "customers" in frames:
        people = frames["customers"]
        gone = forgotten(people["customer_id"])
        blank = {name: people[name].mask(gone) for name in BLANK}
        frames["customers"] = people.assign(**blank, contact_opt_out=people["contact_opt_out"].fillna(False).astype(bool) | gone)
    if "addresses" in frames:
        places = frames["addresses"]
        gone = forgotten(places["customer_id"])
        frames["addresses"] = places.assign(**{name: places[name].mask(gone, np.nan) for name in ("latitude", "longitude")})
    return Tables(frames)
