"""What a job may use of the machine in one attempt."""

import faulthandler
import resource
from types import TracebackType

from ml.jobs import Job

MEGABYTE = 1024 * 1024


class Limits:
    """The job's limits on this process: past the time it prints where it is and ends, past the memory it raises MemoryError.

    Both hold without the interpreter's help, so that code that hangs in a library is ended too.
    """

    def __init__(self, job: Job) -> None:
        self._job, self._before = job, resource.getrlimit(resource.RLIMIT_DATA)

    def __enter__(self) -> None:
        faulthandler.enable()
        faulthandler.dump_traceback_later(self._job.minutes * 60, exit=True)
        soft, hard = self._job.megabytes * MEGABYTE, self._before[1]
        resource.setrlimit(resource.RLIMIT_DATA, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        faulthandler.cancel_dump_traceback_later()
        resource.setrlimit(resource.RLIMIT_DATA, self._before)
