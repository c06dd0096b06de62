"""A message as each channel writes it, escaped for that channel: what is shown on the screen is made by the same functions."""

import html
import re
from datetime import datetime
from typing import Any

from ml.notify.messages import Link, Message, Table

ADDRESS = re.compile(r"https?(?=://)|\bwww(?=\.)", re.IGNORECASE)
WORD_JOINER = "\u2060"  # seen by nobody, and no address goes across it
SLACK_SIGNS = re.compile(r"([*_~`])")
SLACK_LINK = re.compile(r"<([^|>]*)\|([^>]*)>")
SLACK_STRONG = re.compile(r"(?m)^(\d+\. )\*(.*?)\*(?= · )")
SLACK_HEADER, SLACK_SECTION, SLACK_ROWS = 150, 2_900, 20
TEXT_COLUMN = 34
LINK_COLOUR, INK, RULE, SOFT = "#0B63B0", "#14212E", "#DCE3EB", "#F3F6FA"
FONT = "font-family:-apple-system,'Segoe UI',Roboto,Arial,sans-serif"


def unlinked(text: str) -> str:
    """A text in which no address is taken for a link.

    >>> unlinked("see http://evil.example").isascii()
    False
    """
    return ADDRESS.sub(lambda found: found.group() + WORD_JOINER, text)


def as_text(message: Message) -> str:
    """The message as plain text, for e-mail."""
    parts = [unlinked(message.title), "\n".join(_texts(message.sentences))]
    if message.table:
        parts.append(_text_table(message.table))
    if message.log:
        parts.append(unlinked(message.log))
    if message.link:
        parts.append(f"{message.link.text}: {message.link.url}")
    return "\n\n".join(part for part in parts if part) + "\n"


def as_short(message: Message) -> str:
    """The message for a phone: its short lines and the link."""
    lines = [*_texts(message.short), *([message.link.url] if message.link else [])]
    return "\n".join(lines)


def as_html(message: Message, picture: str | None = None) -> str:
    """The message as an HTML page for e-mail; `picture` is the address of the chart within the mail, None without."""
    head = f'<meta charset="utf-8"><title>{_escaped(message.title)}</title>'
    return f'<!doctype html><html lang="{message.language}"><head>{head}</head><body>{html_body(message, picture)}</body></html>'


def html_body(message: Message, picture: str | None = None) -> str:
    """What stands on that page: also what a screen shows, with the chart as data: address."""
    e = _escaped
    body = [f'<h1 style="font-size:20px;margin:0 0 12px">{e(message.title)}</h1>']
    body += [f'<p style="margin:0 0 8px;line-height:1.45">{e(sentence)}</p>' for sentence in message.sentences]
    if message.chart and picture:
        body.append(f'<img src="{html.escape(picture)}" alt="{e(message.chart.alt)}" width="560" style="max-width:100%;margin:12px 0">')
    if message.table:
        body.append(_html_table(message.table))
    if message.log:
        body.append(f'<pre style="background:{SOFT};padding:12px;white-space:pre-wrap;font-size:12px">{e(message.log)}</pre>')
    if message.link:
        body.append(_html_link(message.link))
    style = f"{FONT};color:{INK};background:#FFFFFF;max-width:640px;margin:0 auto;padding:20px;font-size:15px"
    return f'<div style="{style}">{"".join(body)}</div>'


def as_slack(message: Message) -> dict[str, Any]:
    """The message as the JSON of a Slack incoming webhook: nothing in it calls anybody, formats, or becomes a link but our own."""
    blocks: list[dict[str, Any]] = [_plain_header(message.title)]
    blocks += [_section(_slack(sentence)) for sentence in message.sentences]
    if message.table:
        blocks += [_section(part) for part in _slack_rows(message.table)]
    if message.log:
        blocks.append(_section(f"```{_slack(message.log)[:SLACK_SECTION]}```"))
    if message.link:
        blocks.append(_section(f"<{_slack_escaped(message.link.url)}|{_slack(message.link.text)}>"))
    text = _slack("\n".join((message.title, *message.short[1:])))[:SLACK_SECTION]
    return {"text": text, "blocks": blocks, "unfurl_links": False, "unfurl_media": False, "link_names": False}


def slack_lines(payload: dict[str, Any]) -> str:
    """What a reader of Slack sees of a payload of `as_slack`, as plain text."""
    texts = [block["text"]["text"] for block in payload["blocks"]]
    texts = [SLACK_STRONG.sub(r"\1\2", text) for text in texts]
    shown = "\n\n".join(SLACK_LINK.sub(r"\2 (\1)", text) for text in texts).replace(WORD_JOINER, "")
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def as_json(message: Message, *, key: str, created_at: datetime) -> dict[str, Any]:
    """The message for another program: the texts, the table by column, and the figures as numbers."""
    table = message.table
    return {
        "idempotency_key": key,
        "kind": message.kind,
        "language": message.language,
        "created_at": f"{created_at.isoformat(timespec='seconds')}Z",
        "title": message.title,
        "sentences": list(message.sentences),
        "table": {"columns": list(table.head), "rows": [list(row) for row in table.rows], "links": list(table.links)} if table else None,
        "link": message.link.url if message.link else None,
        "facts": dict(message.facts),
    }


def _texts(texts: tuple[str, ...]) -> list[str]:
    return [unlinked(text) for text in texts]


def _text_table(table: Table) -> str:
    cells = [[unlinked(cell) for cell in row] for row in (table.head, *table.rows)]
    widths = [min(max(len(row[place]) for row in cells), TEXT_COLUMN) for place in range(len(table.head))]
    lines = []
    for row in cells:
        padded = [
            cell.rjust(width) if align == "right" else cell.ljust(width)
            for cell, width, align in zip(row, widths, table.align, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join([lines[0], "-" * min(sum(widths) + 2 * len(widths), 100), *lines[1:]])


def _html_table(table: Table) -> str:
    def cell(tag: str, content: str, align: str) -> str:
        weight = "600" if tag == "th" else "400"
        style = f"text-align:{align};padding:6px 8px;border-bottom:1px solid {RULE};font-weight:{weight};vertical-align:top"
        return f'<{tag} style="{style}">{content}</{tag}>'

    def line(place: int, row: tuple[str, ...]) -> str:
        link, texts = table.link_of(place), [_escaped(text) for text in row]
        if link:
            texts[0] = f'<a href="{html.escape(link)}" style="color:{LINK_COLOUR}">{texts[0]}</a>'
        return "".join(cell("td", text, align) for text, align in zip(texts, table.align, strict=True))

    head = "".join(cell("th", _escaped(text), align) for text, align in zip(table.head, table.align, strict=True))
    body = "".join(f"<tr>{line(place, row)}</tr>" for place, row in enumerate(table.rows))
    style = "border-collapse:collapse;width:100%;margin:12px 0;font-size:14px"
    return f'<table style="{style}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _html_link(link: Link) -> str:
    style = f"display:inline-block;margin-top:12px;padding:9px 16px;border-radius:8px;background:{LINK_COLOUR};color:#FFFFFF"
    return f'<p><a href="{html.escape(link.url)}" style="{style};text-decoration:none">{_escaped(link.text)}</a></p>'


def _escaped(text: str) -> str:
    return html.escape(unlinked(text))


def _plain_header(title: str) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": title[:SLACK_HEADER], "emoji": False}}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _slack_rows(table: Table) -> list[str]:
    """The first rows, one line each: the first cell strong, the others with their heads; in pieces that Slack takes."""
    pieces: list[str] = []
    lines: list[str] = []
    for place, row in enumerate(table.rows[:SLACK_ROWS]):
        link, name = table.link_of(place), _slack(row[0])
        first = f"<{_slack_escaped(link)}|{name}>" if link else name
        rest = " · ".join(f"{_slack(head)}: {_slack(cell)}" for head, cell in zip(table.head[1:], row[1:], strict=True) if cell)
        line = f"{place + 1}. *{first}* · {rest}"[:SLACK_SECTION]
        if lines and len("\n".join([*lines, line])) > SLACK_SECTION:
            pieces.append("\n".join(lines))
            lines = []
        lines.append(line)
    return [*pieces, "\n".join(lines)] if lines else pieces


def _slack(text: str) -> str:
    """Text of others in Slack's markup: signs escaped, formatting signs kept from formatting, addresses no links."""
    return SLACK_SIGNS.sub(rf"\1{WORD_JOINER}", _slack_escaped(unlinked(text)))


def _slack_escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
