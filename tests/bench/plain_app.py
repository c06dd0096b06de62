"""The same app in Streamlit's default way: static files as they are, no freeze after warm-up, garbage collection after every run."""

import gc

from starlette.types import ASGIApp


def make() -> ASGIApp:
    """The app, for a process of its own: what it switches off stays off."""
    from streamlit import config

    from ui.web import static

    static.PREFIX = "\0"  # no path begins so: nothing is compressed
    gc.freeze = lambda: None
    config.set_option("runner.postScriptGC", True)  # an environment variable counts under `streamlit run` only
    from app import app

    return app
