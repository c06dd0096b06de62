"""Whether this machine has the models that the store says are in service: schedulers on several machines share one INSIGHTS_HOME."""

import sqlalchemy as sa

from ml.settings import Settings
from ml.store.pointers import in_service
from ml.store.releases import ReleaseError, list_releases


def require_released_files(settings: Settings, store: sa.Engine) -> None:
    """Raises ReleaseError naming what is missing, before a process works with half of what the store knows."""
    with store.connect() as connection:
        serving = set(in_service(connection).values())
    missing = sorted(serving - set(list_releases(settings.models_folder)))
    if missing:
        raise ReleaseError(
            f"The models in service ({', '.join(missing)}) are not under {settings.models_folder}: point INSIGHTS_HOME at the folder that "
            "all machines share, restore it from the backup, or make new ones here with `python -m ml retrain`."
        )
