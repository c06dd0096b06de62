"""What the gate must understand of the messages a browser sends over Streamlit's websocket."""

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from starlette.types import Message
from streamlit.proto.BackMsg_pb2 import BackMsg


def is_automatic(message: Message) -> bool:
    """Whether the page called by itself, on a timer, and not because somebody did something."""
    asked = _parsed(message)
    return asked is not None and asked.WhichOneof("type") == "rerun_script" and asked.rerun_script.is_auto_rerun


def only_the_page(message: Message) -> Message:
    """The message reduced to "run this page from its top": without changed widgets (no callback runs) and without fragment.

    The page's guard then says that the session has ended. Whatever is no request to run becomes the same.
    """
    asked, plain = _parsed(message), BackMsg()
    plain.rerun_script.SetInParent()
    if asked is not None and asked.WhichOneof("type") == "rerun_script":
        for name in ("query_string", "page_script_hash", "page_name"):
            setattr(plain.rerun_script, name, getattr(asked.rerun_script, name))
        plain.rerun_script.context_info.CopyFrom(asked.rerun_script.context_info)
    return {"type": "websocket.receive", "bytes": plain.SerializeToString()}


def typed(message: Message) -> dict[str, str]:
    """The texts in the fields that a message brings, by the keys of the fields."""
    asked = _parsed(message)
    states = asked.rerun_script.widget_states.widgets if asked is not None and asked.WhichOneof("type") == "rerun_script" else ()
    return {state.id.split("-", 2)[-1]: state.string_value for state in states if state.WhichOneof("value") == "string_value"}


def _parsed(message: Message) -> BackMsg | None:
    try:
        return BackMsg.FromString(message.get("bytes") or b"")
    except DecodeError:
        return None
