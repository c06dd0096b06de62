"""Visitors for benches and the soak: sessions on Streamlit's websocket that switch pages, and what the server's process costs meanwhile."""

import os
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import WebSocketException

from ml.clock import utc_now
from ml.store import schema
from ml.store.engine import begin_write
from tests.pages.filled_store import fill
from tests.web.served import Served, prepared_store, run_page
from ui.registry import PAGES

NAMES = [page.name for page in PAGES]
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Tally:
    """What visitors saw: seconds of each page switch, bytes it brought, and what went wrong."""

    seconds: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.seconds += other.seconds
        self.sizes += other.sizes
        self.errors += other.errors

    def milliseconds(self, share: float) -> float:
        """The quantile `share` of a page switch, ms."""
        return float(np.quantile(self.seconds, share)) * 1000 if self.seconds else float("nan")


def filled_home(home: Path, customers: int) -> None:
    """A store under `home` with a company of that size, people who may come in, and a scheduler that is heard for the next day."""
    store = prepared_store(home)
    fill(store, customers=customers)
    with begin_write(store) as connection:
        connection.execute(sa.update(schema.scheduler_state).values(heartbeat_at=utc_now() + timedelta(days=1)))
    store.dispose()


def cpu_seconds(pid: int) -> float:
    """CPU seconds, user and system, that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mb(pid: int) -> float:
    """Resident memory of a process, MB."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def visit(app: Served, token: str, *, switches: int, pause: float = 0.0, seed: int = 0, first: str | None = None) -> Tally:
    """One person opens a page and switches `switches` times, after a pause of `pause` seconds on average (between half and 1.5 of it)."""
    rng, tally = np.random.default_rng(seed), Tally()
    try:
        with app.websocket(token) as socket:
            run_page(socket, first or NAMES[seed % len(NAMES)])
            for number in range(1, switches + 1):
                time.sleep(pause * rng.uniform(0.5, 1.5))
                name = NAMES[(seed + number) % len(NAMES)]
                began = time.perf_counter()
                messages = run_page(socket, name)
                tally.seconds.append(time.perf_counter() - began)
                tally.sizes.append(sum(message.ByteSize() for message in messages))
                tally.errors += [f"{name}: {fault}" for fault in faults(messages)]
    except (WebSocketException, TimeoutError, OSError) as error:
        tally.errors.append(f"{type(error).__name__}: {error}")
    return tally


def crowd(app: Served, visitors: int, *, switches: int, pause: float) -> Tally:
    """`visitors` people at once, each in a session and a thread of its own."""
    tokens = [app.session_of("admin") for _ in range(visitors)]
    tallies = [Tally() for _ in tokens]

    def one(place: int) -> None:
        tallies[place] = visit(app, tokens[place], switches=switches, pause=pause, seed=place)

    threads = [threading.Thread(target=one, args=(place,)) for place in range(visitors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = Tally()
    for tally in tallies:
        whole.add(tally)
    return whole


def faults(messages: list[ForwardMsg]) -> list[str]:
    """What a run put on the screen that it should not: exceptions, error boxes, an end that is no success."""
    found = []
    for message in messages:
        kind = message.WhichOneof("type")
        if kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY:
            found.append(f"ended with {message.script_finished}")
        if kind == "delta":
            element = message.delta.new_element
            if element.WhichOneof("type") == "exception":
                found.append(element.exception.message)
            elif element.WhichOneof("type") == "alert" and element.alert.format == Alert.ERROR:
                found.append(element.alert.body)
    return found
