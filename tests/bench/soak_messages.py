"""The message jobs under kill -9: schedulers write messages, send them to a web server and a mail server, and are killed while they do.

    make soak ONLY=ledger        # the second table

The jobs are the house's own, on a filled store. The servers take their time, so that many kills fall between the sending of a message and
its mark; those are counted as they happen. Counted afterwards: runs without their letters, and letters that neither arrived nor wait for a
person as dead letters, because ten of their senders died (lost); runs told twice (doubled); copies of a letter beyond the first
(duplicates), of which there may be as many as were caught in that gap.
SOAK_RUNS and SOAK_KILLS say how long it goes on.
"""

import asyncio
import os
import random
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
from aiosmtpd.controller import Controller

from ml import clock
from ml.notify.jobs import MESSAGE_JOBS
from ml.notify.mail import message_id
from ml.store import runs
from ml.store.engine import begin_write, open_store
from ml.store.schema import job_run
from ml.store.schema_outbox import outbox
from ml.store.values import set_preference
from tests.bench import soaking
from tests.bench.soak_ledger import SCHEDULERS
from tests.bench.soaking import KEY, rows, start
from tests.pages.filled_store import RELEASE, fill

RUNS, KILLS = int(os.environ.get("SOAK_RUNS", "300")), int(os.environ.get("SOAK_KILLS", "100"))
LONGEST_SECONDS = 2_400.0
SLOWNESS = (0.1, 0.6)  # seconds a server takes after a letter has arrived
ARRIVES_WITHIN_SECONDS = 0.5  # what a scheduler had sent when it was killed
SENDER, READERS = "insights@example.com", ("ana@example.com", "bob@example.com")
LETTERS = 1 + len(READERS)  # by webhook and by e-mail
JOBS = tuple(job.name for job in MESSAGE_JOBS)
Arrivals = Counter[tuple[str, str]]


class Soaked(NamedTuple):
    """What one database went through."""

    database: str
    runs: int
    kills_of_workers: int
    kills_of_schedulers: int
    given_up: int
    letters: int
    dead_letters: int
    lost: int
    doubled: int
    caught: int
    duplicates: int
    seconds: float


def report() -> tuple[list[str], bool]:
    """The table of both databases, and whether nothing was lost or doubled and no copy is unexplained."""
    found = soaking.on_both(soak)
    head = ("store", "runs", "killed workers", "killed schedulers", "given up", "letters", "dead letters", "lost", "doubled",
            "caught between sending and mark", "duplicates", "seconds")  # fmt: skip
    return soaking.table(head, found), not any(one.lost or one.doubled or one.duplicates > one.caught for one in found)


def soak(database: str, home: Path, url: str | None) -> Soaked:
    """Runs and kills on one store until there were enough of both, all runs are over, and no letter waits."""
    (home / "models" / "versions" / RELEASE).mkdir(parents=True)
    with servers() as (arrived, web_port, mail_port):
        environment = soaking.environment(
            home, url, TOY="messages", TOY_LEASE="6", TOY_OUTBOX_LEASE="30", TOY_TICK="1", INSIGHTS_WEBHOOK_SECRET=KEY,
            INSIGHTS_WEBHOOK_URL=f"http://127.0.0.1:{web_port}/", INSIGHTS_SMTP_HOST="127.0.0.1", INSIGHTS_SMTP_FROM=SENDER,
            INSIGHTS_SMTP_PORT=str(mail_port), INSIGHTS_SMTP_SECURITY="none",
        )  # fmt: skip
        world = World(_filled(home, url), arrived)
        chance, began = random.Random(20261125), time.monotonic()
        schedulers = [start(environment) for _ in range(SCHEDULERS)]
        try:
            while time.monotonic() - began < LONGEST_SECONDS and not world.is_over():
                if not world.is_enough():
                    world.ask()
                    if world.kills.total() < KILLS:
                        world.strike(schedulers, chance)
                schedulers = [one if one.poll() is None else start(environment) for one in schedulers]
                time.sleep(chance.uniform(0.2, 1.2))
        finally:
            soaking.stop(schedulers)
        return world.counted(database, time.monotonic() - began)


class World:
    """A store, what arrived of its letters, and what was done to those who work on it."""

    def __init__(self, store: sa.Engine, arrived: Arrivals) -> None:
        self.store, self.arrived = store, arrived
        self.kills, self.caught = Counter[str](), 0
        self._seen: Arrivals = Counter()

    def is_enough(self) -> bool:
        """Whether there were enough runs and kills."""
        return len(rows(self.store)) >= RUNS and self.kills.total() >= KILLS

    def is_over(self) -> bool:
        """Whether, besides, all runs are over and no letter waits."""
        if not self.is_enough() or any(row.status in runs.ACTIVE for row in rows(self.store)):
            return False
        return not any(letter.state in ("queued", "sending") for letter in self.letters())

    def ask(self) -> None:
        """One more run of each job that has none alive."""
        for job in JOBS:
            runs.queue_run(self.store, job, now=clock.utc_now())

    def strike(self, schedulers: list[soaking.Scheduler], chance: random.Random) -> None:
        """Kill a scheduler, mostly one that is sending, or a worker, or nobody."""
        what = chance.random()
        if what < 0.4:
            owners = [str(letter.owner) for letter in self.letters() if letter.state == "sending"]
            sending = [one for one in schedulers if any(f":{one.pid}:" in owner for owner in owners)]
            victim = chance.choice(sending if sending and chance.random() < 0.7 else schedulers)
            soaking.kill_scheduler(victim, self.kills)
            time.sleep(ARRIVES_WITHIN_SECONDS)
            self._catch(victim.pid)
        elif what < 0.8:
            soaking.kill_a_worker(self.store, chance, self.kills)

    def letters(self) -> list[sa.Row]:
        """All letters that the message jobs wrote; what is said of runs that were given up is none of them."""
        table = outbox.c
        columns = (table.run_id, table.dedup_key, table.channel, table.recipient, table.state, table.owner)
        with self.store.connect() as connection:
            return list(connection.execute(sa.select(*columns).where(table.kind.in_(JOBS))))

    def counted(self, database: str, seconds: float) -> Soaked:
        """Runs against their letters, letters against their arrivals."""
        all_rows, letters = rows(self.store), self.letters()
        per_run = Counter(letter.run_id for letter in letters)
        given_up = {row.id for row in all_rows if row.status == "failed" and row.attempt >= runs.MOST_ATTEMPTS}
        missing = sum(max(LETTERS - per_run[row.id], 0) + (row.status != "done") for row in all_rows if row.id not in given_up)
        dead = sum(letter.state == "dead" for letter in letters)
        unarrived = sum(self.arrived[_key(letter)] == 0 and letter.state != "dead" for letter in letters)
        doubled = sum(max(count - LETTERS, 0) for count in per_run.values()) + sum(per_run[run_id] for run_id in given_up)
        copies = sum(count - 1 for count in self.arrived.values())
        self.store.dispose()
        kills = self.kills
        return Soaked(
            database, len(all_rows), kills["worker"], kills["scheduler"], len(given_up), len(letters), dead, missing + unarrived,
            doubled, self.caught, copies, seconds,
        )  # fmt: skip

    def _catch(self, pid: int) -> None:
        """Count the letters that a dead scheduler had sent and not marked."""
        for letter in self.letters():
            if letter.state == "sending" and f":{pid}:" in (letter.owner or "") and self.arrived[_key(letter)] > self._seen[_key(letter)]:
                self.caught += 1
                self._seen[_key(letter)] = self.arrived[_key(letter)]


def _key(letter: sa.Row) -> tuple[str, str]:
    if letter.channel == "webhook":
        return "webhook", letter.dedup_key
    return "email", message_id(letter.dedup_key, letter.recipient, SENDER)


@contextmanager
def servers() -> Iterator[tuple[Arrivals, int, int]]:
    """A web server and a mail server that count what arrives by channel and key, then take their time; their ports."""
    arrived: Arrivals = Counter()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            arrived["webhook", self.headers["Idempotency-Key"]] += 1
            time.sleep(random.uniform(*SLOWNESS))
            try:
                self.send_response(204)
                self.end_headers()
            except OSError:
                return  # who sent it is dead

        def log_message(self, *_arguments: object) -> None:
            """Silence."""

    class Box:
        async def handle_DATA(self, _server: object, _session: object, envelope) -> str:  # noqa: ANN001 - aiosmtpd's own
            head = next(line for line in envelope.content.splitlines() if line.lower().startswith(b"message-id:"))
            arrived["email", head.split(b":", 1)[1].strip().decode()] += 1
            await asyncio.sleep(random.uniform(*SLOWNESS))
            return "250 taken"

    web = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    mail = Controller(Box(), hostname="127.0.0.1", port=port)
    mail.start()
    try:
        yield arrived, web.server_port, port
    finally:
        mail.stop()
        web.shutdown()
        web.server_close()


def _filled(home: Path, url: str | None) -> sa.Engine:
    store = open_store(soaking.settings(home, url))
    fill(store)
    with begin_write(store) as connection:
        for job in JOBS:
            set_preference(connection, f"{job}_recipients", ", ".join(READERS), who="soak", at=clock.utc_now())
        connection.execute(sa.delete(job_run))
    return store


if __name__ == "__main__":
    sys.exit(soaking.finish(report))
