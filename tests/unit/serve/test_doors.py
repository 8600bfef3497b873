from contextlib import ExitStack, suppress

import pytest

from doctorsun.serve.doors import Crowded, Doors
from doctorsun.serve.engine import EngineFailure


def test_there_are_as_many_places_as_were_said() -> None:
    doors = Doors(2)
    with doors.place("a"), doors.place("a"):
        assert doors.num_inside == 2
        expected = "^request: got too many at once, expected a free place; send it again later$"
        with pytest.raises(Crowded, match=expected), doors.place("a"):
            pass
        assert doors.num_inside == 2
    with doors.place("a"):
        assert doors.num_inside == 1


def test_a_place_is_free_again_after_a_failure() -> None:
    doors = Doors(1)
    with pytest.raises(ValueError, match="broke"), doors.place("a"):
        raise ValueError("broke")
    assert doors.num_inside == 0
    doors.check("a")


def test_who_looks_takes_no_place() -> None:
    doors = Doors(1)
    doors.check("a")
    doors.check("a")
    assert doors.num_inside == 0


def test_closing_doors_let_nobody_in_and_nobody_out() -> None:
    doors = Doors(5)
    with doors.place("a"):
        doors.close()
        with pytest.raises(EngineFailure, match="the server stops; send the request again later"):
            doors.check("a")
        assert (doors.num_inside, doors.are_closing) == (1, True)


def taken(doors: Doors, clients: str) -> str:
    """Let clients take places, one after the other; return those who got one."""
    inside = ""
    with ExitStack() as places:
        for client in clients:
            with suppress(Crowded):
                places.enter_context(doors.place(client))
                inside += client
    return inside


@pytest.mark.parametrize(
    ("num_clients", "inside"), [(1, "aaaaaaaa"), (2, "aaaaaabb"), (4, "aaaaaabb")], ids=["one", "two", "four"]
)
def test_one_of_several_clients_leaves_places_to_the_others(num_clients: int, inside: str) -> None:
    assert taken(Doors(8, num_clients=num_clients), "aaaaaaaaaabbbbbbb") == inside


def test_all_can_fill_the_house_together() -> None:
    assert taken(Doors(8, num_clients=2), "abababababab") == "abababab"


def test_a_small_house_lets_everybody_in() -> None:
    assert taken(Doors(1, num_clients=9), "ab") == "a"


def test_room_is_held_as_it_is_needed_and_given_back() -> None:
    doors = Doors(10, full="too much")
    with doors.room("a") as hold, doors.room("b") as other:
        hold(9)
        other(4)
        assert doors.num_inside == 13  # what has come is there: only what comes next is refused
        with pytest.raises(Crowded, match=r"^request: got too much, expected a free place; send it again later$"):
            hold(10)
        hold(2)
        other(7)
        assert doors.num_inside == 9
    assert doors.num_inside == 0
