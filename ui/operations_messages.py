"""Operations, messages: what is said to whom and how it went; the next ones before they go; dead letters sent again."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from ml import clock
from ml.i18n import mark, names
from ml.notify.audience import Address
from ml.notify.channels import CHANNELS
from ml.notify.jobs import MESSAGE_JOBS, PREVIEWS
from ml.notify.message_jobs import MessageJob, NothingPredicted, Planned, plan
from ml.notify.messages import message_of
from ml.queries import messages, operations
from ui import actions_messages, data, filters, message_bodies, presses, states, tables, texts
from ui.format import md
from ui.screen import Screen
from ui.store_access import settings
from ui.tables import Column

STATES: Mapping[str, str] = {
    "queued": mark("waiting"), "sending": mark("on its way"), "sent": mark("sent"), "dead": mark("not delivered"),
    "kept": mark("kept here"),
}  # fmt: skip
OUTCOMES: Mapping[str, str] = {
    "sent": mark("sent"), "retry": mark("failed, is tried again"), "waits": mark("asked to wait"), "dead": mark("given up"),
    "kept": mark("kept here"), "queued": mark("put back by a person"),
}  # fmt: skip
REASONS: Mapping[str, str] = {
    "demo": mark("the demo company never sends"), "no_channel": mark("no channel is set up"),
    "disabled_person": mark("the person is disabled"),
    "digest": mark("part of a summary"), "overtaken": mark("overtaken by a newer message"), "erased": mark("the customer was erased"),
    "unknown_target": mark("this target is no longer set up"), "sender_died": mark("the sending process ended each time"),
    "time_out": mark("no answer in time"), "no_connection": mark("no connection"), "connection_lost": mark("the connection was lost"),
    "unknown_host": mark("there is no such server"), "tls_failed": mark("the encryption failed"),
    "smtp_no_tls": mark("the server does not encrypt"), "not_taken": mark("the service did not take it"),
    "restored": mark("it waited when a backup was put back"),
    "report_not_written": mark("the report was being written"),
}  # fmt: skip


def show(screen: Screen) -> None:
    """Channels, the message jobs with their preview, and the messages."""
    presses.show(screen.t)
    _channels(screen)
    for job in PREVIEWS:
        _job(screen, job)
    looked_at = actions_messages.looked_at()
    if looked_at:
        deed, name = looked_at
        _look(screen, deed, next(job for job in PREVIEWS if job.name == name))
    st.subheader(screen.t("What was said"), anchor=False)
    _list(screen)


def why(screen: Screen, code: str | None) -> str:
    """A reason or an answer of a server in words; a code of a protocol as it is ("HTTP 503", "SMTP 550")."""
    if not code:
        return ""
    if code in REASONS:
        return screen.t(REASONS[code])
    kind, _, number = code.partition("_")
    return f"{kind.upper()} {number}" if kind in ("http", "smtp") else code.replace("_", " ")


def message_rows(screen: Screen, found: pd.DataFrame) -> pd.DataFrame:
    """Messages in words and local time: when, what, to, state, why."""
    t, zone = screen.t, settings().timezone
    moments = found["done_at"].fillna(found["created_at"])
    return found.assign(
        when=pd.Series([clock.local(moment.to_pydatetime(), zone) for moment in moments], index=found.index, dtype="datetime64[us]"),
        what=[texts.label(t, names.MESSAGES, kind) for kind in found["kind"]],
        by=[texts.label(t, names.CHANNELS, channel) for channel in found["channel"]],
        to=[masked if channel in ("email", "apprise") else "" for channel, masked in zip(found["channel"], found["masked"], strict=True)],
        shown_state=[texts.label(t, STATES, state) for state in found["state"]],
        why=[why(screen, reason) for reason in found["reason"]],
    )


def message_columns(screen: Screen) -> list[Column]:
    """How messages are listed."""
    t = screen.t
    return [
        Column("when", t("When"), "moment"), Column("shown_state", t("State"), width=110), Column("title", t("Title"), width="large"),
        Column("by", t("Channel"), width="small"), Column("to", t("Recipient"), width="medium"), Column("why", t("Why"), width="medium"),
    ]  # fmt: skip


def _channels(screen: Screen) -> None:
    t, values = screen.t, settings()
    ready = [t(names.CHANNELS[channel.name]) for channel in CHANNELS if channel.is_ready(values)]
    if values.is_demo:
        st.info(t("The demo company never sends: its messages are kept here to be read."))
    elif ready:
        st.caption(t("Channels that are set up: {channels}. To whom each goes stands under Settings, Values.", channels=", ".join(ready)))
    else:
        st.info(
            t("No channel is set up, so messages are kept here to be read. docs/operations.md says how to set up e-mail, Slack and others.")
        )


def _job(screen: Screen, job: MessageJob) -> None:
    t, f, zone = screen.t, screen.f, settings().timezone
    coming = data.ask(operations.scheduler).next_runs.get(job.name)
    is_job = job in MESSAGE_JOBS
    planned = t("Next: {moment}", moment=f.moment(clock.local(coming, zone))) if coming else t("nothing planned")
    when = planned if is_job else t("Goes out when a test ends; shown is the newest test.")
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"job-{job.name}"):
        with st.container(width="stretch", gap=None):
            st.markdown(f"**{t(names.MESSAGES[job.name])}**")
            st.caption(md(when))
        with st.container(horizontal=True, width="content"):
            look = partial(actions_messages.preview, job.name)
            presses.button(t("Preview"), f"preview-{job.name}", look, mark("This is what would be sent now."))
            tried = mark("This is to whom it would go. Nothing was sent.")
            presses.button(t("Dry run"), f"dry-{job.name}", partial(actions_messages.dry_run, job.name), tried)
            if is_job:
                presses.asked(
                    t("Send now"),
                    t("The message goes out to its readers now, besides the planned ones."),
                    t("Send it"),
                    f"send-{job.name}",
                    partial(actions_messages.send_now, job.name),
                    mark("The message is being written; it stands in the list below in a moment."),
                )


def _look(screen: Screen, deed: str, job: MessageJob) -> None:
    t = screen.t
    heads = {"message.preview": t("Preview"), "message.dry_run": t("Dry run")}
    with st.container(border=True, key="looked-at"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{heads[deed]}: {t(names.MESSAGES[job.name])}**", width="stretch")
            st.button(t("Close"), key="close-look", on_click=actions_messages.close)
        try:
            planned = data.ask(plan, settings(), job)
        except NothingPredicted:
            st.write(t("There are no predictions yet, so there is nothing to tell."))
            return
        message = next((said for _, said in planned if said), None)
        if message is None:
            nobody = t("There is nothing to tell now: nobody is above the rule. No message would go out, only a line in the activity list.")
            st.write(nobody if job in MESSAGE_JOBS else t("No test has begun yet, so there is nothing to tell."))
        elif deed == "message.dry_run":
            _trial(screen, planned)
        else:
            st.caption(f"{t('To:')} {md('; '.join(reader(screen, one) for one, _ in planned))}")
            channels = [one.channel for one, _ in planned]
            first = "email" if "email" in channels else channels[0]
            message_bodies.show(screen, message, name="form", key=f"{job.name}:0", at=clock.utc_now(), channel=first)


def _trial(screen: Screen, planned: Planned) -> None:
    """To whom what would go, reader by reader."""
    t = screen.t
    languages = {"es": t("Spanish"), "en": t("English")}
    told = [
        {
            "by": t(names.CHANNELS[one.channel]), "to": one.masked if one.channel in ("email", "apprise") else "",
            "language": languages[one.language], "title": said.title if said else "",
            "fate": t("would be sent") if one.kept is None and one.channel != "screen" else f"{t('kept here')}: {why(screen, one.kept)}",
        }
        for one, said in planned
    ]  # fmt: skip
    columns = [
        Column("by", t("Channel"), width="medium"), Column("to", t("Recipient"), width="medium"),
        Column("fate", t("State"), width="medium"),
        Column("language", t("Language"), width="small"), Column("title", t("Title"), width="large"),
    ]  # fmt: skip
    tables.show(screen, pd.DataFrame(told), columns, alt=t("Readers of this message and what would happen"), key="trial")


def reader(screen: Screen, one: Address) -> str:
    """A reader in words: channel, masked address, and why nothing is sent where nothing is."""
    t = screen.t
    shown = t(names.CHANNELS[one.channel])
    to = f"{shown} {one.masked}" if one.channel in ("email", "apprise") else shown
    return f"{to} ({why(screen, one.kept)})" if one.kept else to


def _list(screen: Screen) -> None:
    t = screen.t
    kinds, known_states, channels = data.ask(messages.message_kinds)
    if not kinds:
        st.write(t("Nothing was said yet."))
        return
    with st.container(horizontal=True):
        kind = filters.pick(screen, t("What"), "kind", {code: texts.label(t, names.MESSAGES, code) for code in kinds})
        state = filters.pick(screen, t("State"), "mstate", {code: texts.label(t, STATES, code) for code in known_states})
        channel = filters.pick(screen, t("Channel"), "channel", {code: texts.label(t, names.CHANNELS, code) for code in channels})
    pages = data.ask(messages.message_pages, kind, state, channel)
    page = st.pagination(pages, key="messages-page", bind="query-params") if pages > 1 else 1
    found = data.ask(messages.messages, kind, state, channel, page)
    if found.empty:
        states.nothing_matches(t)
        return
    rows, columns = message_rows(screen, found), message_columns(screen)
    tables.show(screen, rows, columns, alt=t("Messages, newest first"), key="messages")
    tables.export(screen, rows, columns, name="messages")
    options = {str(row["id"]): f"{row['when']:%d-%m-%Y %H:%M} · {row['title']} · {row['by']}" for row in rows.to_dict("records")}
    chosen = filters.pick(screen, t("Message"), "message", options, none=t("Choose a message to read it"))
    if chosen is not None:
        _one(screen, int(chosen))


def _one(screen: Screen, message_id: int) -> None:
    t = screen.t
    kept = data.ask(messages.message, message_id)
    if kept is None:
        states.nothing_matches(t)
        return
    if kept.may_be_sent_again:
        presses.button(
            t("Send again"), f"again-{message_id}", partial(actions_messages.send_again, message_id),
            mark("The message is back in the queue and goes out within a minute."), strong=True,
        )  # fmt: skip
    if kept.body is None:
        st.write(t("The text has been removed: it was older than texts are kept, or a customer in it was erased."))
    else:
        at = kept.row["created_at"]
        message_bodies.show(screen, message_of(kept.body), name="shown", key=kept.dedup_key, at=at, channel=kept.row["channel"])
    if len(kept.tries):
        st.markdown(f"**{t('Tries')}**")
        tables.show(screen, _tries(screen, kept.tries), _try_columns(screen), alt=t("Tries to send this message"), key="tries")


def _tries(screen: Screen, tries: pd.DataFrame) -> pd.DataFrame:
    t, zone = screen.t, settings().timezone
    told: dict[str, Any] = {
        "when": [clock.local(moment.to_pydatetime(), zone) for moment in tries["at"]],
        "came": [texts.label(t, OUTCOMES, outcome) for outcome in tries["outcome"]],
        "why": [who or why(screen, code) for who, code in zip(tries["who"], tries["code"], strict=True)],
    }
    return tries.assign(**told)


def _try_columns(screen: Screen) -> list[Column]:
    t = screen.t
    return [
        Column("when", t("When"), "moment"), Column("came", t("What came of it"), width="medium"), Column("why", t("Why"), width="large"),
        Column("attempt", t("Try"), "number"), Column("address", t("Recipient"), width="medium"),
        Column("seconds", t("Seconds"), "number", digits=2),
    ]  # fmt: skip
