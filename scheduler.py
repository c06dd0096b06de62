"""The clock's door: APScheduler rings at the jobs' times, the ledger says what is due, and each run is a process of its own."""

import logging
import signal
import sys
from typing import Any

import sqlalchemy as sa

from ml.jobs import JOBS
from ml.jobs.timetable import schedule_of
from ml.jobs.watch import Watch
from ml.notify.deliver import Courier
from ml.settings import Settings, SettingsError, load_settings
from ml.store.engine import StoreError, open_store
from ml.store.released_files import require_released_files
from ml.store.releases import ReleaseError
from ml.store.schedules import FIELDS
from ml.store.values import load_preferences

log = logging.getLogger("scheduler")


class Alarm:
    """APScheduler as alarm clock: it wakes the watch at each job's time. Its store is memory, because the ledger is what lasts."""

    def __init__(self, settings: Settings, store: sa.Engine) -> None:
        from apscheduler.schedulers.background import BackgroundScheduler

        self._scheduler: Any = BackgroundScheduler(timezone=settings.timezone)
        self._store, self._set = store, dict[str, str]()
        self.watch = Watch(settings, store, on_tick=self.ring)
        self._courier = Courier(settings, store)

    def ring(self) -> None:
        """What each tick does beside the runs: the alarm is set anew, and the outbox is drained from a thread of its own."""
        self.set()
        self._courier.tick()

    def set(self) -> None:
        """Set the alarm to the schedules as they are chosen now."""
        with self._store.connect() as connection:
            preferences = load_preferences(connection)
        for job in JOBS:
            cron = schedule_of(job, preferences)
            if self._set.get(job.name) != cron:
                fields = dict(zip(FIELDS, cron.split(), strict=True))
                options = {"id": job.name, "misfire_grace_time": None, "coalesce": True, "replace_existing": True}
                self._scheduler.add_job(self.watch.wake.set, "cron", **options, **fields)
                self._set[job.name] = cron

    def run(self) -> None:
        """Until interrupted."""
        self._scheduler.start()
        try:
            log.info("Watching %s.", ", ".join(job.name for job in JOBS))
            self.watch.run()
        finally:
            self._scheduler.shutdown(wait=False)


def main() -> int:
    """Run until SIGTERM or Ctrl-C; the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s scheduler: %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        settings = load_settings()
        store = open_store(settings)
        require_released_files(settings, store)
        Alarm(settings, store).run()
    except (SettingsError, StoreError, ReleaseError) as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, SettingsError) else 1
    except KeyboardInterrupt:
        log.info("Stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
