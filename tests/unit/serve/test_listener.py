import socket

import pytest

from doctorsun.errors import RecipeError
from doctorsun.serve.listener import listen


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_taken_port_accepts_connections_at_once(host: str) -> None:
    sockets = listen(host, 0)
    try:
        ports = {each.getsockname()[1] for each in sockets}
        assert len(ports) == 1
        socket.create_connection((host, ports.pop()), timeout=5).close()
    finally:
        for each in sockets:
            each.close()


def test_a_busy_port_is_refused_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(RecipeError) as error:
        listen("127.0.0.1", other.getsockname()[1])
    assert error.value.exit_status == 2
    assert error.value.text() == (
        f"serving on 127.0.0.1, port {error.value.what.split()[-1]}: got a port that another program uses, expected an"
        " address of this machine with a free port; choose another port with --port, or stop the other program"
    )


@pytest.mark.parametrize(
    ("host", "reason"),
    [("192.0.2.1", "Cannot assign requested address"), ("256.1.1.1", r"\w+ .*"), ("a" * 300, ".*label.* too long.*")],
    ids=["elsewhere", "unknown", "no name"],
)
def test_a_host_that_is_not_this_machine_is_refused(host: str, reason: str) -> None:
    expected = f"^serving on {host}, port 0: got {reason}, expected an address of this machine .*; correct --host"
    with pytest.raises(RecipeError, match=expected):
        listen(host, 0)
