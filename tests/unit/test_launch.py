"""The launcher: which web server it starts, that it does not believe forwarded headers, and what it says of a port that is taken."""

import socket
import sys

import pytest

from ml.launch import LaunchError, _web_server, require_free_port


def test_the_web_server_is_uvicorn_on_this_machine_only_and_believes_no_forwarded_header():
    command = _web_server(8601)
    assert command[:4] == [sys.executable, "-m", "uvicorn", "app:app"]
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert command[command.index("--port") + 1] == "8601"
    assert {"--no-proxy-headers", "--no-server-header", "--no-access-log"} <= set(command)


def test_the_command_stands_in_the_documentation(request):
    text = (request.config.rootpath / "docs" / "security.md").read_text(encoding="utf-8")
    assert "python -m " + " ".join(_web_server(8501)[2:]) in text


def test_a_port_that_is_taken_is_one_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LaunchError, match=f"Port {port} is taken by another program: stop it, or set INSIGHTS_PORT"):
            require_free_port(port)
