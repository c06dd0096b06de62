"""What a screen can do with messages: look at one before it goes, try a job without sending, send now, send a dead letter again."""

import streamlit as st

from ml import clock
from ml.jobs.running import request_job
from ml.notify.jobs import MESSAGE_JOBS, PREVIEWS
from ml.store import audit, outbox
from ml.store.engine import begin_write
from ui import guard
from ui.actions import ActionError, writing
from ui.store_access import settings, store

LOOKED_AT = "looked_at_message"


def preview(job: str) -> None:
    """Show what a message job would say now, from here on in this session."""
    _look(job, "message.preview")


def dry_run(job: str) -> None:
    """Show to whom a message job would send what now; nothing but the audit row is written."""
    _look(job, "message.dry_run")


def close() -> None:
    """Show it no more."""
    st.session_state.pop(LOOKED_AT, None)


def looked_at() -> tuple[str, str] | None:
    """What this session looks at: "message.preview" or "message.dry_run", and the message job."""
    return st.session_state.get(LOOKED_AT)


def send_now(job: str) -> None:
    """Let a message job run now, in a process of its own; a second press finds the first one running."""
    user = guard.authorise("messages")
    if job not in {entry.name for entry in MESSAGE_JOBS}:
        raise ActionError(f"There is no message job {job!r}.")
    started = request_job(settings(), store(), job, requested_by=user.email)
    if started.is_new:
        with begin_write(store()) as conn:
            audit.record(conn, user.email, "job.start", job, {"run": started.run_id}, at=clock.utc_now())


def send_again(message_id: int) -> None:
    """Put a dead or kept message back into the queue. Raises OutboxError."""
    with writing("messages") as write:
        outbox.send_again(write.conn, message_id, by=write.user.email, now=write.now)


def _look(job: str, deed: str) -> None:
    with writing("messages") as write:
        audit.record(write.conn, write.user.email, deed, _previewed(job), {}, at=write.now)
    st.session_state[LOOKED_AT] = (deed, job)


def _previewed(job: str) -> str:
    if job not in {entry.name for entry in PREVIEWS}:
        raise ActionError(f"There is no message {job!r}.")
    return job
