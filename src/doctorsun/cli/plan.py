"""The command ``plan``: what a recipe will need, for this machine or for others."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doctorsun.cli.flattened import flattened
from doctorsun.cli.hub import Locked, Offline, rules_of
from doctorsun.cli.printing import print_facts, print_json, print_notes, print_rows
from doctorsun.cli.session import AsJson, Language, RecipeName, RunFolder, Settings
from doctorsun.cli.words import column, say

if TYPE_CHECKING:
    from doctorsun.recipes.plan_request import PlanRequest

MFU = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The machines that a user plans for."""

    gpus: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="GPUs in all, eight a node; this machine when not given.")
    ] = None
    gpu_memory: Annotated[
        float | None,
        typer.Option(min=0, metavar="GIB", help="Memory of one GPU; that of this machine's, if it has one."),
    ] = None
    tflops: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="PEAK", help="Peak of one device in 10^12 operations a second, such as 989 of an H100."
        ),
    ] = None
    mfu: Annotated[float, typer.Option(min=0.01, max=1, metavar="SHARE", help="Share of the peak that is reached.")] = (
        MFU
    )


def plan(
    context: typer.Context,
    recipe: RecipeName,
    out: RunFolder = None,
    settings: Settings = None,
    *,
    target: Target,
    locked: Locked = False,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Foretell what each stage of a recipe will need, without loading weights.

    Parameters that are frozen, full or adapters; steps, samples, tokens, packs and padding where the data is built;
    operations and time; memory of each GPU by kind; checkpoints and disk. Of weights that it starts from, also what
    has to be fetched. What does not fit is noted; the status is 0.
    """
    from doctorsun.recipes.check import load_for_plan, notes
    from doctorsun.recipes.network import network_of
    from doctorsun.recipes.plan import plan as plan_recipe
    from doctorsun.recipes.plan_disk import disk_row, start_row
    from doctorsun.recipes.plan_target import request_for

    rules = rules_of(locked=locked, offline=offline)
    loaded, document, folder, missing = load_for_plan(recipe, settings or [], out=out, rules=rules)
    request = request_for(
        loaded,
        folder,
        network_of(loaded, folder, rules, document),
        num_gpus=target.gpus,
        gpu_memory_gib=target.gpu_memory,
        tflops=target.tflops,
        mfu=target.mfu,
    )
    rows = plan_recipe(request)
    disk = disk_row(rows, folder)
    language: Language = context.obj.language
    print_notes(
        [*missing, *notes(loaded, folder, num_ranks=request.devices.num), *_notes(request, rows, disk, language)],
        language,
    )
    first = [] if request.network.start is None else [start_row(request.network.start, folder)]
    if as_json:
        print_json([*first, *rows, disk])
        return
    for row in first:
        print_facts({column(key, language): value for key, value in row.items()})
        typer.echo("")
    _print_tables(request, rows, disk, language)


def _print_tables(
    request: "PlanRequest", rows: Sequence[Mapping[str, Any]], disk: Mapping[str, Any], language: Language
) -> None:
    from doctorsun.recipes.realised import share_tables

    devices, speed = request.devices, request.speed
    facts = {"sizes": request.network.told_by, "devices": devices.num, "mfu": speed.mfu, "tflops": speed.tflops}
    print_facts({column(key, language): value for key, value in facts.items()})
    tables = [
        _parts(rows, language),
        _steps(rows),
        _memory(rows, language),
        *share_tables({row["stage"]: row["mixture"] for row in rows}),
    ]
    for table in (*tables, [disk]):
        typer.echo("")
        print_rows([{column(key, language): value for key, value in row.items()} for row in table])


def _parts(rows: Iterable[Mapping[str, Any]], language: Language) -> list[dict[str, Any]]:
    return [
        {
            "stage": row["stage"],
            "part": name,
            "state": say(f"part_{part['state']}", language, rank=str(part["rank"])),
            "parameters": part["parameters"],
            "trained": part["trained"],
        }
        for row in rows
        for name, part in row["parts"].items()
    ]


def _steps(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    names = (
        "stage",
        "steps",
        "samples",
        "tokens",
        "supervised_tokens",
        "packs_per_step",
        "padding_avoided",
        "flops",
        "hours",
        "checkpoint_gib",
    )
    return [{name: row[name] for name in names} for row in rows]


def _memory(rows: Sequence[Mapping[str, Any]], language: Language) -> list[dict[str, Any]]:
    """Return a row for each kind of memory, with a column for each stage."""
    kinds = [kind for kind in rows[0]["memory"] if kind != "pack"] if rows else []
    return [{"memory": column(kind, language)} | {row["stage"]: row["memory"][kind] for row in rows} for kind in kinds]


def _notes(
    request: "PlanRequest", rows: Iterable[Mapping[str, Any]], disk: Mapping[str, Any], language: Language
) -> Iterable[str]:
    """Yield what does not fit, and what is not known yet."""
    from doctorsun.recipes.plan_memory import less_memory

    rows = list(rows)
    for row in rows:
        memory = row["memory"]
        if memory["fits"] is False:
            peak, available = f"{memory['peak_gib']:.1f}", f"{memory['available_gib']:.1f}"
            less = less_memory(row["stage"], request.recipe.stages[row["stage"]])
            yield say("memory_short", language, stage=row["stage"], peak=peak, available=available, less=less)
    if not disk["fits_disk"]:
        needed, free = f"{disk['disk_gib']:.1f}", f"{disk['free_disk_gib']:.1f}"
        yield say("disk_short", language, needed=needed, free=free)
    unknown = [row for row in rows if row["mixture"] is None]
    if unknown:
        yield say("mixture_unknown", language, missing=_missing(unknown))
    if request.speed.tflops is None:
        yield say("hours_unknown", language)
    stand_ins = [row for row in rows if row["memory"]["pack"] == "stand-in"]
    if stand_ins:
        stages = ", ".join(row["stage"] for row in stand_ins)
        yield say("pack_unknown", language, stages=stages, missing=_missing(stand_ins))


def _missing(rows: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(dict.fromkeys(name for row in rows for name in row["missing"]))


command = flattened(plan, "target")
