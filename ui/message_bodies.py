"""A message as each channel would show it, made by the functions that write it for sending."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime

import streamlit as st

from ml.i18n import mark
from ml.notify.chart import png
from ml.notify.messages import Message
from ml.notify.rendering import as_json, as_short, as_slack, as_text, html_body, slack_lines
from ui import filters
from ui.screen import Screen

FORMS: Mapping[str, str] = {
    "html": mark("E-mail"), "text": mark("E-mail as text"), "slack": mark("Slack"), "short": mark("Phone"), "json": mark("CRM or n8n"),
}  # fmt: skip
OF_CHANNEL: Mapping[str, str] = {"email": "html", "slack": "slack", "apprise": "short", "webhook": "json"}


def show(screen: Screen, message: Message, *, name: str, key: str, at: datetime, channel: str | None = None) -> None:
    """The message in the form of its channel; the others are one press away. `key` is its key in the outbox."""
    t = screen.t
    form = filters.choose(screen, t("Shown as"), name, {code: t(text) for code, text in FORMS.items()}, OF_CHANNEL.get(channel or ""))
    with st.container(border=True, key=f"body-{name}"):
        if form == "html":
            st.html(html_body(message, picture(message)))
        elif form == "text":
            st.code(as_text(message), language=None, wrap_lines=True)
        elif form == "slack":
            st.code(slack_lines(as_slack(message)), language=None, wrap_lines=True)
        elif form == "short":
            st.code(as_short(message), language=None, wrap_lines=True)
        else:
            told = as_json(message, key=key, created_at=at)
            st.code(json.dumps(told, ensure_ascii=False, indent=2), language="json", wrap_lines=True)


def picture(message: Message) -> str | None:
    """The chart as an address that holds the picture itself, None without one."""
    return f"data:image/png;base64,{base64.b64encode(png(message.chart)).decode()}" if message.chart else None
