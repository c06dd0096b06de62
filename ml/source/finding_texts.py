"""FINDINGS: every kind of finding with the sentence that explains it; `{name}` places are filled from the finding's params and count."""

from collections.abc import Mapping

from ml.i18n.translator import mark
from ml.source.findings import Finding

FINDINGS: Mapping[str, str] = {
    # the source as a whole
    "table_absent": mark("The source has no table {table}; what needs it is not available."),
    "table_empty": mark("The table {table} gives no row: it is empty, or hidden by row-level security."),
    "table_refused": mark("The database does not let this user read the table {table}."),
    "table_unusable": mark("The table {table} lacks the columns {columns}; it is not used."),
    "columns_absent": mark("The source does not have the columns {columns}."),
    "lines_from_orders": mark("Orders without lines of their own: one line was made of each order."),
    "orders_from_days": mark("There is no order number: what a customer buys on one day is one order."),
    "order_id_shared": mark("Order numbers that several customers have: each customer's lines are an order of their own."),
    "from_snapshot": mark("The source does not answer; this is the last snapshot, read on {read_on}."),
    "snapshot_damaged": mark("Damaged snapshots were not used."),
    "snapshot_not_kept": mark("The snapshot could not be written; check free space and rights of the data folder."),
    "vat_basis_unknown": mark("The mapping does not say whether amounts are net or gross of VAT."),
    "vat_type_unknown": mark("Sales of a customer type for which the mapping does not say net or gross of VAT."),
    # values
    "number_text": mark("Numbers written as text in {column}."),
    "number_format_assumed": mark(
        "Numbers such as 1.234 in {column} were read with a thousands mark; say decimal in the mapping if that is wrong."
    ),
    "number_unreadable": mark("Values of {column} that are no numbers."),
    "date_unreadable": mark("Values of {column} that are no dates."),
    "date_order_assumed": mark("Dates in {column} were read with the day first; say date_order in the mapping if that is wrong."),
    "id_format": mark("Identifiers in {column} written as decimal numbers (12.0)."),
    "zone_spelling": mark("Zones written in several ways."),
    "zone_unknown": mark("Zones that are not in the list of known names."),
    "type_spelling": mark("Customer types written in several ways."),
    # orders
    "order_without_id": mark("Orders without a number."),
    "order_without_customer": mark("Orders without a customer."),
    "order_without_date": mark("Orders without a usable date."),
    "future_date": mark("Dates after {after}."),
    "implausible_date": mark("Dates before 1990."),
    "duplicate_order": mark("The same order number again."),
    "excluded": mark("Rows that the mapping leaves out: {column} is {value}."),
    "order_of_excluded_customer": mark("Orders of customers that the mapping leaves out."),
    "amount_missing": mark("Orders without an amount."),
    "amount_zero": mark("Orders with an amount of 0."),
    "amount_negative": mark("Orders with a negative amount."),
    "possible_duplicate": mark("Orders like another one: same customer, day and amount."),
    "quantity_negative": mark("Orders with a negative quantity."),
    "order_spans_days": mark("Orders whose lines have different days; the first day counts."),
    "unknown_value": mark("Values of {column} that the mapping does not know."),
    "address_unknown": mark("Orders with an address that does not exist."),
    # lines
    "quantity_of_all_products": mark("Quantities that counted all products of an order: set to what the amount buys of the first one."),
    "line_superseded": mark("Lines made of an order that has lines of its own."),
    "line_of_left_out_order": mark("Lines of orders that were left out."),
    "line_without_order": mark("Lines of orders that do not exist."),
    "line_without_product": mark("Lines without a product."),
    "line_without_amount": mark("Lines without an amount."),
    "duplicate_line": mark("The same line again."),
    "vat_aligned": mark("Lines that differ from their order by the VAT were put on the order's basis."),
    "lines_differ_from_order": mark("Orders whose lines do not add up to their amount."),
    # customers, addresses, products
    "customer_without_id": mark("Customers without a number."),
    "duplicate_customer": mark("The same customer number again."),
    "customer_missing": mark("Customers of orders that are missing in the customers' table."),
    "customers_from_orders": mark("There is no table of customers; they were taken from the orders."),
    "address_without_id": mark("Addresses without a number."),
    "address_without_customer": mark("Addresses without a customer."),
    "duplicate_address": mark("The same address number again."),
    "coordinates_impossible": mark("Coordinates that cannot be true."),
    "coordinates_swapped": mark("Latitude and longitude were exchanged."),
    "coordinates_missing": mark("Addresses without coordinates."),
    "product_without_id": mark("Products without a number."),
    "duplicate_product": mark("The same product number again."),
    "product_missing": mark("Products of lines that are missing in the products' table."),
    "products_from_lines": mark("There is no table of products; they were taken from the lines."),
    # the rest
    "row_without_date": mark("Rows without a date."),
    "duplicate_row": mark("The same row again."),
    "tour_km_not_positive": mark("Kilometres of a tour that are 0 or negative."),
    "tour_without_day": mark("Orders with kilometres but no delivery day belong to no tour."),
    "late_delivery_moved": mark("Deliveries dated on the day after their tour came back to it."),
    "purchase_without_id": mark("Purchases without a number."),
    "duplicate_purchase": mark("The same purchase again."),
    "cost_incomplete": mark("Purchases without product, date or price."),
}

ACTIONS: Mapping[str, str] = {
    "left_out": mark("left out"),
    "corrected": mark("corrected"),
    "emptied": mark("emptied"),
    "created": mark("created"),
    "kept": mark("kept as it is"),
    "noted": mark("noted"),
}


def places(finding: Finding) -> dict[str, str]:
    """What fills the named places of a finding's sentence."""
    shown = {name: ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value) for name, value in finding.params.items()}
    return {"table": finding.table, "count": str(finding.count)} | shown


def sentence(finding: Finding) -> str:
    """The finding as an English sentence."""
    return FINDINGS[finding.code].format(**places(finding))
