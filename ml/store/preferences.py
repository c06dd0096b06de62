"""The business values people choose on the Settings screen, validated and audited: PREFERENCES is the registry, Preferences the values."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ml.store.addresses import checked_addresses
from ml.store.refused import Refused
from ml.store.schedules import checked_schedule

Schedule = Annotated[str, AfterValidator(checked_schedule)]
Addresses = Annotated[str, AfterValidator(checked_addresses)]
Language = Literal["es", "en"]
Channel = Literal["email", "slack", "apprise", "webhook"]


class PreferenceError(Refused):
    """A preference does not exist or the value is out of its range; the sentence says which and what is accepted."""


class Preferences(BaseModel):
    """All business values with their defaults. Units stand in the names; money is in the company's currency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    company_name: str = Field("Agua Tres Torres", min_length=1, max_length=80)
    company_logo: str = Field("", pattern=r"^([0-9a-f]{64})?$", description="digest of the picture (ml.store.logos); empty = none")
    company_app_url: str = Field("", max_length=200, pattern=r"^(https?://[^\s/]\S*)?$", description="empty = no link")
    churn_horizon_days: int | None = Field(None, ge=7, le=365, description="H: silence that counts as leaving; proposed once from the data")
    churn_threshold: float = Field(0.7, gt=0, lt=1)
    call_cost: float = Field(1500, ge=0)
    gross_margin: float = Field(0.35, gt=0, le=1)
    save_rate: float = Field(0.15, gt=0, le=1)
    kept_days: int = Field(120, ge=7, le=730, description="days of a customer's usual buying that a call that helps brings")
    discount_rate: float = Field(0.10, ge=0, le=0.5, description="yearly; what money of the next twelve months is worth today")
    segment_count: int = Field(4, ge=2, le=6, description="groups of customers; counts from the next training")
    alert_rule: Literal["profit", "probability"] = Field("profit", description="which customers an alert is opened for")
    alert_limit: int = Field(20, ge=1, le=500, description="alerts opened in one run at most")
    holdout: Literal["off", "on"] = Field("off", description="leave some customers alone on purpose, once that will show anything")
    holdout_share: float = Field(0.2, ge=0.05, le=0.5)
    depot_latitude: float = Field(-33.4489, ge=-90, le=90)
    depot_longitude: float = Field(-70.6693, ge=-180, le=180)
    van_capacity_bottles: int = Field(55, ge=1, le=5000)
    cost_per_km: float = Field(350, ge=0)
    cost_per_hour: float = Field(6500, ge=0)
    minutes_per_stop: float = Field(8, ge=0, le=240)
    speed_kmh: float = Field(28, gt=0, le=130)
    detour_factor: float = Field(1.35, ge=1, le=3)
    price_change_limit: float = Field(0.10, gt=0, le=0.5, description="a suggested price stays within this share of today's")
    minimum_margin: float = Field(0.10, ge=0, lt=1)
    vat_rate: float = Field(0.19, ge=0, lt=1)
    hot_day_celsius: float = Field(28, ge=10, le=45)
    rainy_day_mm: float = Field(5, ge=0, le=100)
    weather_url: str = Field("", max_length=200, pattern=r"^(https://\S+|http://127\.0\.0\.1(:\d+)?/\S*)?$", description="empty = off")
    schedule_refresh: Schedule = "30 5 * * *"
    schedule_retrain: Schedule = "0 2 1 * *"
    schedule_churn_alerts: Schedule = "0 9 1,15 * *"
    schedule_purchase_predictions: Schedule = "0 8 * * mon"
    schedule_housekeeping: Schedule = "0 4 * * *"
    schedule_backup: Schedule = "30 4 * * *"
    churn_alerts_recipients: Addresses = ""
    purchase_predictions_recipients: Addresses = ""
    experiments_recipients: Addresses = ""
    sales_language: Language = "es"
    sales_channels: tuple[Channel, ...] = ("email", "slack", "apprise", "webhook")
    technical_recipients: Addresses = ""
    technical_language: Language = "es"
    technical_channels: tuple[Channel, ...] = ("email", "slack")
    next_order_threshold: float = Field(0.4, gt=0, lt=1, description="chance of an order in the week from which a customer is listed")
    message_rows: int = Field(30, ge=3, le=200, description="customers listed in a message at most")
    digest_above: int = Field(5, ge=1, le=100, description="more waiting alerts than this become one message")
    quiet_from: int = Field(21, ge=0, le=23, description="hour from which nothing rings")
    quiet_to: int = Field(8, ge=0, le=23, description="hour from which it may again; the same hour = never quiet")
    message_keep_days: int = Field(90, ge=1, le=3650, description="days after which the text of a message is removed")
    kept_releases: int = Field(6, ge=2, le=60, description="versions of the models kept on disk; those in service always are")
    kept_backups: int = Field(14, ge=1, le=365, description="daily copies of the store that are kept")


PREFERENCES: tuple[str, ...] = tuple(Preferences.model_fields)


def read_preferences(values: dict[str, Any]) -> Preferences:
    """Preferences from stored values (name -> value). Raises PreferenceError naming the preference, the value and what is accepted."""
    try:
        return Preferences(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        cause = (first.get("ctx") or {}).get("error")
        sentence = f"The preference {name} was {first.get('input')!r}: {cause or first['msg']}."
        raise PreferenceError(sentence, getattr(cause, "code", "preference_value"), name=name) from None
