"""Curation of stores: the three phases in their order, each taken up where a killed run stopped, then the manifest."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from doctorsun.config.curation import Curation
from doctorsun.data.curate.decide import are_decided, decide, groups_decided
from doctorsun.data.curate.examine import examine_shard, is_examined
from doctorsun.data.curate.inputs import Inputs
from doctorsun.data.curate.looks import Looks
from doctorsun.data.curate.runners.runner import Runner
from doctorsun.data.curate.shard_job import WORK, ShardJob
from doctorsun.data.curate.tally import CURATION, Tally, total
from doctorsun.data.curate.watched import rows_noted, told_meanwhile
from doctorsun.data.curate.write import is_written, tally_of, write_shard
from doctorsun.data.leak.tested import Tested
from doctorsun.errors import DataError
from doctorsun.schema import Manifest
from doctorsun.storage.atomic import disk_errors, unfinished_path, write_json
from doctorsun.storage.inputs import inputs_sha256_of
from doctorsun.storage.manifest_file import complete_store, read_manifest, write_manifest
from doctorsun.storage.only_writer import one_writer
from doctorsun.storage.store import Store, store_is_complete
from doctorsun.storage.store_folder import MANIFEST, PROGRESS

OnProgress = Callable[[str, int, int], None]


def curate(
    inputs: Inputs,
    out: Path,
    settings: Curation,
    *,
    tests: Sequence[Tested] = (),
    runner: Runner,
    on_progress: OnProgress,
) -> Store:
    """Make one clean, split store of the samples of several, or go on where a killed run stopped.

    Its bytes depend on the stores and the settings alone, not on the runner or on interruptions.

    Args:
        inputs: the stores, in an order that the new one keeps.
        out: where the new one goes.
        settings: of every step.
        tests: samples that show or say what one of these asks go.
        runner: of `open_runner`.
        on_progress: called with a phase, how many rows or shards of it are done, and how many there are; while rows are
            examined, from another thread.

    Raises:
        DataError: a store is damaged, there is no sample, or ``out`` holds something else.
        MachineError: a process was killed, or the disk is full; what is done stays.
    """
    if not len(inputs):
        raise DataError("nothing to curate", got="stores without samples", do="name a store that holds some")
    planned = planned_store(inputs, settings, tests)
    with one_writer(out, "curation"):
        if not _is_complete(out, planned):
            _begin(out, planned)
            jobs = inputs.jobs(out, settings, with_traces=bool(tests))
            _examine(jobs, runner, partial(on_progress, "examine"))
            on_progress("decide", 0, 1)
            if not are_decided(jobs):
                decide(jobs, settings, Looks(inputs, jobs), tests)
            on_progress("decide", 1, 1)
            _write(jobs, runner, partial(on_progress, "write"))
            _complete(out, planned, total(tally_of(job) for job in jobs), groups_decided(jobs))
        with disk_errors(out / WORK):
            shutil.rmtree(out / WORK, ignore_errors=True)
    return Store(out)


def planned_store(inputs: Inputs, settings: Curation, tests: Sequence[Tested]) -> Manifest:
    """Return the manifest of the new store as far as it is known before: what it is made from, and how."""
    manifests = [store.manifest for store in inputs.stores]
    sources = [{"store": store.manifest.name, "sha256": store.sha256, "samples": len(store)} for store in inputs.stores]
    steps: list[dict[str, Any]] = [step for manifest in manifests for step in manifest.steps]
    steps.append({"step": "curate", "sources": sources})
    for name in Curation.model_fields:
        section = getattr(settings, name)
        if section is not None:
            steps.append({"step": name, **section.model_dump(mode="json")})
    steps += [{"step": "against", "test": test.name, "questions": _sha256(test)} for test in tests]
    return Manifest(
        name=" + ".join(dict.fromkeys(manifest.name for manifest in manifests)),
        shards=(),
        steps=tuple(json.loads(json.dumps(steps))),  # as they will be read back
        parents=tuple(store.sha256 for store in inputs.stores),
    )


def _sha256(test: Tested) -> str:
    """Return a hash of what a test asks and shows."""
    asked = [
        (each.id, test.texts[each.text].words, [test.images[i].sha256 for i in each.images]) for each in test.questions
    ]
    return inputs_sha256_of(asked)


def _is_complete(out: Path, planned: Manifest) -> bool:
    """Say whether the new store is there already.

    Raises:
        DataError: another one is there.
    """
    if not store_is_complete(out):
        return False
    _require_same(read_manifest(out / MANIFEST), planned, f"{out} is the complete store of other settings or sources")
    return True


def _begin(out: Path, planned: Manifest) -> None:
    """Note in the folder what is made there.

    Raises:
        DataError: it holds something else.
        MachineError: the disk is full.
    """
    if (out / PROGRESS).exists():
        _require_same(read_manifest(out / PROGRESS), planned, f"{out} was begun with other settings or sources")
        return
    own = {WORK, unfinished_path(out / PROGRESS).name}
    if out.exists() and (not out.is_dir() or {each.name for each in out.iterdir()} - own):
        raise DataError(f"{out}", got="something that is already there", expected="a new folder", do="name another one")
    write_manifest(out / PROGRESS, planned)


def _require_same(found: Manifest, planned: Manifest, what: str) -> None:
    if (found.name, found.steps, found.parents) == (planned.name, planned.steps, planned.parents):
        return
    other = [step for step in planned.steps if step not in found.steps] or [{"step": "curate"}]
    raise DataError(
        what,
        got=f"another '{other[0]['step']}' now",
        expected="the same stores and settings",
        do="name another folder, or remove this one",
    )


def _examine(jobs: Sequence[ShardJob], runner: Runner, on_progress: Callable[[int, int], None]) -> None:
    """Carry out what is left of the first phase, which takes longest; told in rows, also while none ends."""
    pending = [job for job in jobs if not is_examined(job)]
    total = sum(job.shard.num_rows for job in jobs)
    num_before = total - sum(job.shard.num_rows for job in pending)
    on_progress(num_before, total)
    with told_meanwhile(lambda: on_progress(num_before + rows_noted(pending), total)):
        for _ in runner(examine_shard, pending):
            pass
    on_progress(total, total)


def _write(jobs: Sequence[ShardJob], runner: Runner, on_progress: Callable[[int, int], None]) -> None:
    """Carry out what is left of the last phase, told in shards."""
    pending = [job for job in jobs if not is_written(job)]
    num_done = len(jobs) - len(pending)
    on_progress(num_done, len(jobs))
    for _ in runner(write_shard, pending):
        num_done += 1
        on_progress(num_done, len(jobs))


def _complete(out: Path, planned: Manifest, whole: Tally, groups: dict[str, int]) -> None:
    """Write what became of all samples, and then the manifest."""
    write_json(out / CURATION, whole.facts() | {"groups": groups})
    num_read, num_dropped = whole.read.total(), whole.reasons.total()
    manifest = replace(
        planned,
        shards=whole.shards,
        counts={name: dict(numbers) for name, numbers in whole.counts.items()},
        read=num_read,
        kept=num_read - num_dropped,
        dropped=num_dropped,
        dropped_reasons=dict(whole.reasons),
    )
    complete_store(out, manifest)
