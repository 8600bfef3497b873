"""A recipe carried out by the processes that torchrun started: the first works, the others train with it."""

import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from doctorsun.config import Recipe
from doctorsun.errors import DoctorSunError, Interrupted
from doctorsun.storage.hub.pull import PullRules

if TYPE_CHECKING:
    from doctorsun.recipes.stages import StageContext
    from doctorsun.train.world import World

ORDER = "stage"
"""What the exchange is called by which the first rank tells the others what to train."""


@contextmanager
def ranks(environment: Mapping[str, str], *, meet_at: str = "env://") -> "Generator[World | None]":
    """Meet the other ranks; None where this process is alone.

    An error ends all ranks and is told by the one that had it first: the others leave with its status, silently.

    Args:
        environment: where torchrun says who is who.
        meet_at: where the ranks find each other, as torch.distributed names places.

    Raises:
        PeerLost: another rank ended without a word.
    """
    if environment.get("WORLD_SIZE", "1") == "1":
        yield None
        return
    from doctorsun.train.world import PeerLost, World, is_loss_of_peer

    world = World.join(environment, meet_at=meet_at)
    try:
        yield world
        world.share(ORDER, None)
        world.leave()
    except KeyboardInterrupt as error:  # of a rank that waits; the first one says it
        raise SystemExit(Interrupted.exit_status) from error
    except DoctorSunError as error:
        if world.is_first_to_fail():
            raise
        raise SystemExit(error.exit_status) from error
    except RuntimeError as error:
        if not is_loss_of_peer(error):
            raise
        if not world.is_first_to_fail():
            raise SystemExit(PeerLost.exit_status) from error
        what = f"rank {world.rank} of {world.size} lost another one"
        raise PeerLost(what, got=str(error), do="run the same command again to go on") from error


def order_of(context: "StageContext", stage: str, start: Path) -> dict[str, Any]:
    """Return what another rank must know to train a stage."""
    return {
        "recipe": context.recipe.model_dump(mode="json"),
        "run": str(context.run.resolve()),
        "precision": context.machine.precision,
        "stage": stage,
        "start": str(start.resolve()),
    }


def follow(world: "World", rules: PullRules) -> NoReturn:
    """Train what the first rank says, until it says no more; then end the process."""
    from doctorsun.recipes.stages import train_from
    from doctorsun.train.interruption import stop_requests

    pixels = None
    with stop_requests():  # of any moment: the loop of the next stage tells it to all ranks
        while (order := world.share(ORDER, None)) is not None:
            context = _context(order, world, rules)
            pixels = train_from(context, order["stage"], Path(order["start"]), pixels)
        world.leave()
    sys.exit(0)


def _context(order: Mapping[str, Any], world: "World", rules: PullRules) -> "StageContext":
    from doctorsun.recipes.machine import examine_machine
    from doctorsun.recipes.stages import StageContext
    from doctorsun.recipes.steps import Steps
    from doctorsun.recipes.stores import RunStores
    from doctorsun.train.telemetry import NoTelemetry

    recipe, run = Recipe.model_validate(order["recipe"]), Path(order["run"])
    return StageContext(
        recipe=recipe,
        run=run,
        stores=RunStores(recipe, run, _tell_nobody, rules=rules),
        hashes={},
        machine=replace(examine_machine(), precision=order["precision"]),
        telemetry=NoTelemetry(run / "metrics.jsonl"),
        steps=Steps(run, {}, _tell_nobody),
        world=world,
    )


def _tell_nobody(*_facts: object) -> None:
    """Say nothing: the first rank does."""
