"""Our tables about what happens outside the orders: events people enter, those the company's data tells, and weather forecasts as they were
issued."""

import sqlalchemy as sa

from ml.store.schema import Day, Moment, Number, Text, metadata

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("kind", Text, nullable=False),  # promotion | price_change | strike | closure
    sa.Column("name", Text, nullable=False),
    sa.Column("start", Day, nullable=False),
    sa.Column("end", Day),  # null: that day alone, or, for a price change, from then on
    sa.Column("announced_at", Day, nullable=False),  # from this day on forecasts may know of it
    sa.Column("created_at", Moment, nullable=False),  # when it was entered, or last changed, as it is now
    sa.Column("created_by", Text, nullable=False),
    sa.Column("removed_at", Moment),  # removed events stay, so that a removal can be taken back
)
event_facts = sa.Table(  # what the company's own data tells, replaced as a whole at every reading
    "event_facts",
    metadata,
    sa.Column("start", Day, primary_key=True),
    sa.Column("kind", Text, primary_key=True),  # as they call it; "" where it is not told
    sa.Column("name", Text, primary_key=True),
    sa.Column("end", Day),
    sa.Column("announced_at", Day),
)
weather_forecasts = sa.Table(
    "weather_forecasts",
    metadata,
    sa.Column("issued_at", Day, primary_key=True),
    sa.Column("date", Day, primary_key=True),
    sa.Column("temp_max_c", Number),
    sa.Column("temp_min_c", Number),
    sa.Column("humidity", Number),
    sa.Column("precip_mm", Number),
)
