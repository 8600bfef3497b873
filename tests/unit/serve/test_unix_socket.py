import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from doctorsun.errors import RecipeError
from doctorsun.serve.unix_socket import unix_listener


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "a.sock"


@pytest.fixture(params=[(0o022, 0o640), (0o007, 0o660), (0, 0o660)], ids=["usual", "group", "none"])
def mask_and_mode(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    mask, mode = request.param
    before = os.umask(mask)
    yield mask, mode
    os.umask(before)


def test_it_takes_connections_and_is_gone_afterwards(place: Path) -> None:
    with unix_listener(place), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(place))
    assert not place.exists()


def test_others_cannot_write_to_it_and_the_group_only_where_the_umask_says_so(
    place: Path, mask_and_mode: tuple[int, int]
) -> None:
    mask, mode = mask_and_mode
    with unix_listener(place):
        assert stat.S_IMODE(place.stat().st_mode) & ~0o111 == mode
    now = os.umask(mask)
    assert now == mask


def test_what_a_killed_server_left_is_replaced(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(place))
    with unix_listener(place), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(place))


def test_a_socket_that_is_listened_at_is_left_alone(place: Path) -> None:
    with unix_listener(place):
        with pytest.raises(RecipeError, match=r"got one that another program listens at, .* with --uds, or stop"):
            unix_listener(place).__enter__()
        assert place.is_socket()


def test_a_file_of_another_kind_is_left_alone(place: Path) -> None:
    place.write_text("notes")
    with pytest.raises(RecipeError, match="got a file of another kind there, expected a free path"):
        unix_listener(place).__enter__()
    assert place.read_text() == "notes"


def test_the_socket_of_a_later_server_stays(place: Path) -> None:
    with unix_listener(place):
        place.unlink()
        later = socket.socket(socket.AF_UNIX)
        later.bind(str(place))
    assert place.is_socket()
    later.close()


@pytest.mark.parametrize(
    ("path", "got"),
    [("none/a.sock", "No such file or directory"), ("a" * 120, r"a path of \d+ bytes, expected at most 107")],
    ids=["folder missing", "too long"],
)
def test_a_path_that_cannot_be_had_is_told(tmp_path: Path, path: str, got: str) -> None:
    with pytest.raises(RecipeError, match=f"got {got}"):
        unix_listener(tmp_path / path).__enter__()
