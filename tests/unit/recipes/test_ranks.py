"""What an error of one rank does to the other; each case runs in two processes of its own."""

import subprocess
import sys
import textwrap
from collections.abc import Mapping

import pytest

from doctorsun.recipes.ranks import ranks

CASES = textwrap.dedent("""
    import os, sys
    from doctorsun.errors import DataError, DoctorSunError
    from doctorsun.recipes.ranks import ranks
    from doctorsun.recipes.stages import _require_same_plan

    def damaged(world):
        if world.is_first:
            raise DataError("the store is damaged")
        world.share("stage", None)

    def dead(world):
        if not world.is_first:
            os._exit(9)
        world.gather("plan", "")

    CASES = {
        "peace": lambda world: world.gather("plan", ""),
        "damaged": damaged,
        "dead": dead,
        "other data": lambda world: _require_same_plan(world, str(world.rank)),
    }

    def be(case, rank):
        variables = {"RANK": rank, "WORLD_SIZE": 2, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": 2}
        environment = {name: str(value) for name, value in variables.items()}
        try:
            with ranks(environment, meet_at=f"file://{sys.argv[1]}/{case}") as world:
                CASES[case](world)
                if rank:
                    world.share("stage", None)
                    world.leave()
                    sys.exit(0)
        except SystemExit as leaving:
            return leaving.code
        except DoctorSunError as error:
            print(f"{case}: rank {rank}: {error}", flush=True)
            return error.exit_status
        return 0

    for case in CASES:
        children = []
        for rank in range(2):
            child = os.fork()
            if child == 0:
                os._exit(be(case, rank))
            children.append(child)
        ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(f"{case}: {ended}", flush=True)
""")


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[str]]:
    """Return what the ranks said in each case, at last how both ended."""
    command = [sys.executable, "-c", CASES, str(tmp_path_factory.mktemp("ranks"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        case, _, text = line.partition(": ")
        lines.setdefault(case, []).append(text)
    return lines


def test_a_process_without_torchrun_is_alone() -> None:
    with ranks({}) as world:
        assert world is None


def test_ranks_part_when_the_work_is_done(said: Mapping[str, list[str]]) -> None:
    assert said["peace"] == ["[0, 0]"]


def test_an_error_of_the_first_rank_ends_the_other_in_silence(said: Mapping[str, list[str]]) -> None:
    assert said["damaged"] == ["rank 0: the store is damaged", "[4, 3]"]


def test_a_rank_that_dies_without_a_word_is_told_of_by_the_other(said: Mapping[str, list[str]]) -> None:
    told, statuses = said["dead"]
    assert told.startswith("rank 0: rank 0 of 2 lost another one: got ")
    assert told.endswith("; run the same command again to go on")
    assert statuses == "[3, 9]"


def test_ranks_that_read_other_data_stop_and_say_so_once(said: Mapping[str, list[str]]) -> None:
    told, statuses = said["other data"]
    assert " of 2: got other data than another rank, expected the same stores and weights on every node; put" in told
    assert statuses == "[4, 4]"
