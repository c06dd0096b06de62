"""MESSAGE_JOBS: the jobs that tell people something. PREVIEWS: all messages that screens can show before they go."""

from ml.notify import churn_alerts, experiments, purchase_predictions
from ml.notify.message_jobs import MessageJob

MESSAGE_JOBS: tuple[MessageJob, ...] = (churn_alerts.JOB, purchase_predictions.JOB)
PREVIEWS: tuple[MessageJob, ...] = (*MESSAGE_JOBS, experiments.PREVIEW)
