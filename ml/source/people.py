"""Customers, their addresses and the products: one row each, zones in one spelling, coordinates that can be true."""

import pandas as pd

from ml.source.cells import Rules
from ml.source.columns import looked_up, with_columns
from ml.source.findings import Finding, Ledger, examples_of
from ml.source.zones import fold, spell

FAR_DEGREES = 15.0
NEAR_DEGREES = 3.0
ENOUGH_POINTS = 5


def clean_customers(customers: pd.DataFrame, sales: pd.DataFrame, rules: Rules, ledger: Ledger) -> pd.DataFrame:
    """One row per customer; one is created for each customer id of `sales` without one. `name` says whom to call, in brackets."""
    frame = with_columns(customers, "customer_id")
    frame = ledger.leave_out("customers", frame, frame["customer_id"].isna(), "customer_without_id", "name")
    frame = frame.sort_values("customer_id", kind="stable")
    frame = ledger.leave_out("customers", frame, frame.duplicated("customer_id"), "duplicate_customer", "customer_id")
    known = set(frame["customer_id"])
    missing = sorted(set(sales["customer_id"].unique()) - known)
    if missing:
        if known:
            ledger.findings.append(Finding("customer_missing", "customers", len(missing), "created", tuple(missing[:3])))
        else:
            ledger.findings.append(Finding("customers_from_orders", "customers", len(missing), "created", tuple(missing[:3])))
        frame = pd.concat([frame, pd.DataFrame({"customer_id": pd.Series(missing, dtype="str")})], ignore_index=True)
    frame = frame.sort_values("customer_id", kind="stable").reset_index(drop=True)
    return _one_type_spelling(frame.assign(name=_display_name(frame)), rules, ledger)


def clean_addresses(addresses: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """One row per address with an owner; impossible coordinates emptied, swapped ones exchanged, missing ones counted."""
    frame = with_columns(addresses, "address_id", "customer_id", "latitude", "longitude")
    frame = ledger.leave_out("addresses", frame, frame["address_id"].isna(), "address_without_id", "customer_id")
    frame = ledger.leave_out("addresses", frame, frame["customer_id"].isna(), "address_without_customer", "address_id")
    frame = frame.sort_values(["address_id", "customer_id"], kind="stable")
    frame = ledger.leave_out("addresses", frame, frame.duplicated("address_id"), "duplicate_address", "address_id").reset_index(drop=True)
    frame = _possible_coordinates(frame, ledger)
    ledger.note("addresses", frame, frame["latitude"].isna(), "coordinates_missing", "kept", "address_id")
    return frame


def clean_products(products: pd.DataFrame, lines: pd.DataFrame, rules: Rules, ledger: Ledger) -> pd.DataFrame:
    """One row per product; one is created for each product id of `lines` without one. Bottles are those the mapping names."""
    frame = with_columns(products, "product_id")
    frame = ledger.leave_out("products", frame, frame["product_id"].isna(), "product_without_id", "name")
    telling = [name for name in ("product_id", "name", "category", "is_bottle") if name in frame]  # of two rows the same one stays, always
    frame = frame.sort_values(telling, kind="stable")
    frame = ledger.leave_out("products", frame, frame.duplicated("product_id"), "duplicate_product", "product_id")
    missing = sorted(set(lines["product_id"].unique()) - set(frame["product_id"]))
    if missing:
        code = "product_missing" if len(frame) else "products_from_lines"
        ledger.findings.append(Finding(code, "products", len(missing), "created", tuple(missing[:3])))
        frame = pd.concat([frame, pd.DataFrame({"product_id": pd.Series(missing, dtype="str")})], ignore_index=True)
    frame = frame.sort_values("product_id", kind="stable").reset_index(drop=True)
    name = (frame["name"] if "name" in frame else pd.Series(None, index=frame.index, dtype="str")).fillna(frame["product_id"])
    wanted = {fold(bottle) for bottle in rules.bottles}
    named = name.map(fold).isin(wanted) | frame["product_id"].map(fold).isin(wanted)
    flagged = frame["is_bottle"].fillna(False).astype(bool) if "is_bottle" in frame else pd.Series(False, index=frame.index)
    return frame.assign(name=name, is_bottle=named | flagged)


def one_zone_spelling(frames: dict[str, pd.DataFrame], rules: Rules, ledger: Ledger) -> dict[str, pd.DataFrame]:
    """The `zone` columns of all frames in one spelling, decided over all of them together."""
    holders = {name: frame["zone"].astype("str") for name, frame in frames.items() if "zone" in frame and len(frame)}
    if not holders:
        return frames
    together = pd.concat(holders.values(), keys=list(holders))
    spelling = spell(together, rules.zones)
    answer = dict(frames)
    for name, came in holders.items():
        values, changed, unknown = (part.xs(name) for part in spelling)
        if changed.any():
            examples = examples_of(came[changed] + " → " + values[changed])
            ledger.findings.append(Finding("zone_spelling", name, int(changed.sum()), "corrected", examples))
        ledger.note(name, frames[name].assign(zone=values), unknown, "zone_unknown", "kept", "zone")
        answer[name] = frames[name].assign(zone=values)
    return answer


def zone_of_orders(sales: pd.DataFrame, addresses: pd.DataFrame, customers: pd.DataFrame) -> pd.Series:
    """Per sale its own zone, else its delivery address's, else its customer's."""
    own = sales["zone"] if "zone" in sales else pd.Series(None, index=sales.index, dtype="str")
    for key, owner in (("address_id", addresses), ("customer_id", customers)):
        if key in sales and key in owner and "zone" in owner:
            own = own.fillna(looked_up(sales[key], owner.set_index(key)["zone"]))
    return own.astype("str")


def zone_of_customers(customers: pd.DataFrame, addresses: pd.DataFrame) -> pd.Series:
    """Per customer the own zone, else the one of the address it names, else of its default or first address."""
    own = customers["zone"] if "zone" in customers else pd.Series(None, index=customers.index, dtype="str")
    if "zone" not in addresses:
        return own.astype("str")
    if "address_id" in customers:
        own = own.fillna(looked_up(customers["address_id"], addresses.set_index("address_id")["zone"]))
    rank = ~addresses["is_default"] if "is_default" in addresses else pd.Series(False, index=addresses.index)
    first = addresses.assign(rank=rank).dropna(subset=["zone"]).sort_values(["rank", "address_id"]).drop_duplicates("customer_id")
    return own.fillna(looked_up(customers["customer_id"], first.set_index("customer_id")["zone"])).astype("str")


def _display_name(customers: pd.DataFrame) -> pd.Series:
    """Business name, else name, else contact; the contact in brackets when it is someone else; else the id."""
    empty = pd.Series(None, index=customers.index, dtype="str")
    business, name, contact = (customers.get(key, empty).astype("str") for key in ("business_name", "name", "contact_name"))
    shown = business.fillna(name).fillna(contact).fillna(customers["customer_id"])
    other = contact.notna() & (contact.fillna("").map(fold) != shown.map(fold))
    return shown.where(~other, shown + " (" + contact.fillna("") + ")")


def _one_type_spelling(customers: pd.DataFrame, rules: Rules, ledger: Ledger) -> pd.DataFrame:
    if "customer_type" not in customers:
        return customers
    came = customers["customer_type"].astype("str")
    counts = came.value_counts()
    chosen: dict[str, str] = {fold(kind): kind for kind in rules.types if kind != "*"}
    for kind in sorted(counts.index, key=lambda kind: (-counts[kind], kind)):
        chosen.setdefault(fold(kind), kind)
    spelled = came.map(lambda kind: chosen[fold(kind)], na_action="ignore").astype("str")
    changed = came.notna() & (spelled != came)
    ledger.note("customers", customers, changed, "type_spelling", "corrected", "customer_type")
    return customers.assign(customer_type=spelled)


def _possible_coordinates(addresses: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Emptied: outside the globe, exactly (0, 0), half a pair, or over 15 degrees from the median of all; swapped pairs are turned."""
    latitude, longitude = addresses["latitude"], addresses["longitude"]
    outside = (latitude.abs() > 90) | (longitude.abs() > 180) | ((latitude == 0) & (longitude == 0)) | (latitude.isna() != longitude.isna())
    latitude, longitude = latitude.mask(outside), longitude.mask(outside)
    swapped = pd.Series(False, index=addresses.index)
    while latitude.notna().sum() >= ENOUGH_POINTS:
        middle = float(latitude.median()), float(longitude.median())
        far = _further(latitude, longitude, middle, FAR_DEGREES)
        if not far.any():
            break
        turn = far & ~_further(longitude, latitude, middle, NEAR_DEGREES) & (longitude.abs() <= 90)
        latitude, longitude = latitude.mask(turn, longitude), longitude.mask(turn, latitude)
        gone = far & ~turn
        latitude, longitude = latitude.mask(gone), longitude.mask(gone)
        swapped, outside = swapped | turn, outside | gone
    ledger.note("addresses", addresses, outside, "coordinates_impossible", "emptied", "address_id")
    ledger.note("addresses", addresses, swapped & ~outside, "coordinates_swapped", "corrected", "address_id")
    return addresses.assign(latitude=latitude, longitude=longitude)


def _further(latitude: pd.Series, longitude: pd.Series, middle: tuple[float, float], degrees: float) -> pd.Series:
    return ((latitude - middle[0]).abs() > degrees) | ((longitude - middle[1]).abs() > degrees)
