"""Addresses and https: forwarded headers count from configured proxies only."""

import ipaddress

import pytest

from ui.web.peer import LOOPBACK, UNKNOWN, is_https, peer_address, throttle_key

PROXIES = tuple(ipaddress.ip_network(text) for text in ("127.0.0.1", "10.0.0.0/8", "fd00::/8"))
CLIENT, PROXY, FORGED = "203.0.113.9", "10.1.2.3", "192.0.2.66"


def scope(client: str | None, forwarded: str | None = None, proto: str | None = None, scheme: str = "http") -> dict:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded is not None else []
    headers += [(b"x-forwarded-proto", proto.encode())] if proto else []
    return {"type": "http", "client": (client, 40_000) if client else None, "headers": headers, "scheme": scheme}


@pytest.mark.parametrize(
    ("client", "forwarded", "proxies", "address"),
    [
        (CLIENT, None, (), CLIENT),
        (CLIENT, FORGED, (), CLIENT),
        (CLIENT, FORGED, PROXIES, CLIENT),
        (PROXY, CLIENT, PROXIES, CLIENT),
        (PROXY, f"{FORGED}, {CLIENT}", PROXIES, CLIENT),
        (PROXY, f"{FORGED}, {CLIENT}, 10.9.9.9", PROXIES, CLIENT),
        (PROXY, None, PROXIES, PROXY),
        (PROXY, "10.9.9.9", PROXIES, "10.9.9.9"),
        (PROXY, f"{CLIENT}:51234", PROXIES, CLIENT),
        (PROXY, "[2001:db8::7]:443", PROXIES, "2001:db8::7"),
        (PROXY, "not an address", PROXIES, UNKNOWN),
        ("::ffff:10.1.2.3", CLIENT, PROXIES, CLIENT),
        (None, CLIENT, PROXIES, UNKNOWN),
    ],
)
def test_the_nearest_hop_that_is_no_trusted_proxy_counts(client, forwarded, proxies, address):
    assert peer_address(scope(client, forwarded), proxies) == address


@pytest.mark.parametrize("forwarded", [FORGED, f"{FORGED}:4444", f"192.0.2.1, {FORGED}"])
def test_an_address_that_the_web_server_took_from_a_header_is_taken_back(forwarded):
    """uvicorn believes 127.0.0.1 by default: it then hands on the forwarded address as if it were the connection's."""
    assert peer_address(scope(FORGED, forwarded), ()) == LOOPBACK
    assert peer_address(scope(FORGED, forwarded), PROXIES) == FORGED


def test_ipv6_is_throttled_by_household():
    assert throttle_key("2001:db8:1:2::7") == throttle_key("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert throttle_key(CLIENT) == CLIENT
    assert throttle_key("garbage") == UNKNOWN


@pytest.mark.parametrize(
    ("asked", "proxies", "encrypted"),
    [
        (scope(CLIENT), (), False),
        (scope(CLIENT, scheme="https"), (), True),
        (scope(CLIENT, scheme="wss"), (), True),
        (scope(CLIENT, proto="https"), PROXIES, False),
        (scope(PROXY, proto="https"), PROXIES, True),
        (scope(PROXY, proto="https"), (), False),
        (scope(PROXY, proto="http, https"), PROXIES, True),
        (scope(PROXY, proto="http"), PROXIES, False),
        (scope(None, proto="https"), PROXIES, False),
    ],
)
def test_https_is_the_connections_own_or_told_by_a_trusted_proxy(asked, proxies, encrypted):
    assert is_https(asked, proxies) is encrypted
