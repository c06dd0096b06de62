"""What jobs, models and the basis of money are called, on screens and in messages."""

from collections.abc import Mapping

from ml.i18n import Translator, mark

JOBS: Mapping[str, str] = {
    "refresh": mark("Refresh of the predictions"),
    "retrain": mark("Training of the models"),
    "churn_alerts": mark("Message: customers at risk"),
    "purchase_predictions": mark("Message: orders of the week"),
    "housekeeping": mark("Tidying up"),
    "backup": mark("Backup of our own data"),
}
PREDICTORS: Mapping[str, str] = {
    "demand": mark("Demand"),
    "customers": mark("Customers: risk, next order, value"),
    "segments": mark("Segments"),
    "route_cost": mark("Route costs"),
    "price": mark("Prices"),
}
MESSAGES: Mapping[str, str] = {
    "churn_alerts": mark("Customers at risk"),
    "purchase_predictions": mark("Orders of the week"),
    "experiment_ended": mark("Result of a test"),
    "run_started": mark("Training begins"),
    "run_done": mark("Training done"),
    "run_failed": mark("A job failed"),
    "alert": mark("Technical alert"),
    "digest": mark("Summary of alerts"),
}
CHANNELS: Mapping[str, str] = {
    "email": mark("E-mail"),
    "slack": mark("Slack"),
    "apprise": mark("WhatsApp, Teams, Telegram"),
    "webhook": mark("CRM or n8n"),
    "screen": mark("Only here"),
}
BASES: Mapping[str, str] = {"net": mark("net"), "gross": mark("gross")}
AS_RECORDED = mark("as recorded")


def money_basis(t: Translator, code: str | None) -> str:
    """How money is recorded, in words: net, gross, or as recorded (mixed, unknown, nothing read yet).

    >>> from ml.i18n import translator
    >>> money_basis(translator("en"), "net"), money_basis(translator("en"), None)
    ('net', 'as recorded')
    """
    return t(BASES.get(code or "", AS_RECORDED))
