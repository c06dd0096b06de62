"""The one place of the app process where settings and the store's engine come from: screens, gate and routes share them."""

import ipaddress
import threading
from functools import cache

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from ml.settings import Settings, SettingsError, load_settings
from ml.store.engine import StoreError, open_store

Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
UNAVAILABLE = (SettingsError, StoreError, SQLAlchemyError)  # what anybody who reads the store must expect
_OPENING = threading.Lock()  # functools.cache alone would let two threads open two engines


@cache
def _settings() -> Settings:
    return load_settings()


@cache
def _store() -> sa.Engine:
    return open_store(_settings())


def settings() -> Settings:
    """The settings of this process, read once. Raises SettingsError with one sentence; a later call tries again."""
    with _OPENING:
        return _settings()


def store() -> sa.Engine:
    """The store's engine, opened at the first call, shared after. Raises StoreError with one sentence; a later call tries again."""
    with _OPENING:
        return _store()


def proxies() -> Networks:
    """The reverse proxies whose forwarded headers count; none while the settings cannot be read."""
    try:
        return settings().proxy_networks
    except SettingsError:
        return ()


def forget() -> None:
    """Close the engine and forget the settings, so that the next call reads them anew (for tests and for shutting down)."""
    with _OPENING:
        if _store.cache_info().currsize:
            _store().dispose()
        _store.cache_clear()
        _settings.cache_clear()
