"""Whether a run can come to its end: what a plan foretells is asked before the work begins, not met in its middle."""

import shutil
from collections.abc import Sequence
from typing import Any, cast

from transformers import LlavaConfig

from doctorsun.config import StageName, StageSection
from doctorsun.errors import MachineError
from doctorsun.recipes.job import RunJob
from doctorsun.recipes.machine import Machine
from doctorsun.recipes.network import Network, config_here
from doctorsun.recipes.placed import placed_errors
from doctorsun.recipes.plan import processor_here, stage_data
from doctorsun.recipes.plan_memory import less_memory, stage_memory
from doctorsun.recipes.plan_request import GIB, Devices, PlanRequest, Speed
from doctorsun.recipes.plan_steps import lay_out
from doctorsun.recipes.plan_target import available_bytes
from doctorsun.recipes.steps import has_start
from doctorsun.recipes.stores import training_stores
from doctorsun.train.survey import BYTES_FP32, StageOnPaper, survey
from doctorsun.train.validation import validation_plan
from doctorsun.weights.hugging_face import read_config

ERROR_OF_PLAN = 1.15
"""A foretold peak is within 15 %: what is above the memory by less may fit, and is only told."""
ROOMY = 4
"""Where so many times a rough bound fits, no pass is rehearsed: that takes the better part of a second a stage."""


def require_feasible(job: RunJob, machine: Machine) -> None:
    """Stop where a stage that is still to be trained cannot work, as far as is known now.

    Before the stores are built, samples of a usual size stand in; the same call afterwards looks at what is there.

    Args:
        job: the run.
        machine: where it is carried out.

    Raises:
        MachineError: weights do not fit the disk, or a stage does not fit the memory.
        DataError: a stage finds no sample that it can use, in training or in validation.
        RecipeError: labels are to be learnt and there are none, or adapters find no layer.
    """
    config = _config(job)
    stages: list[StageName] = [name for name in job.recipe.stages if f"stages/{name}" not in job.steps.names]
    if config is None or not stages:
        return
    request = _request(job, machine, config)
    stores, processor = training_stores(job.recipe, job.folder), processor_here(job.recipe, job.folder)
    for name in stages:
        stage = job.recipe.stages[name]
        with placed_errors(f"stages.{name}", job.document):
            paper = survey(config, stage, bf16=machine.precision == "bf16")
            data = stage_data(request, stage, stores, processor)
            num_ranks = request.devices.num
            steps = lay_out(job.recipe, name, data, config, flops=paper.flops, num_ranks=num_ranks) if data else None
            _require_validation(job, stage)
        _require_disk(job, paper, stages)
        if _may_fill(config, stage, paper, request.devices):
            known = (steps, data) if steps and data else None
            memory = stage_memory(request, stage, paper, known, bf16=machine.precision == "bf16")
            _require_memory(job, name, memory, request.devices)


def _config(job: RunJob) -> LlavaConfig | None:
    if has_start(job.folder):
        return LlavaConfig.from_dict(read_config(job.folder / "start"))
    return config_here(job.recipe)


def _request(job: RunJob, machine: Machine, config: LlavaConfig) -> PlanRequest:
    is_gpu, world = machine.device != "cpu", job.world
    sharing = world.local_size if world else 1
    memory = available_bytes(machine, is_gpu=True) if is_gpu else round(machine.memory_gib * GIB) // sharing
    return PlanRequest(
        recipe=job.recipe,
        run=job.folder,
        network=Network(config=config, start=None, told_by=""),
        devices=Devices(num=world.size if world else 1, is_gpu=is_gpu, available_bytes=memory),
        speed=Speed(mfu=1.0, tflops=None),
    )


def _require_validation(job: RunJob, stage: StageSection) -> None:
    section = stage.validation
    store = section and job.stores.find(section.source, section.split)
    if section and store:
        validation_plan(section, store, seed=job.recipe.seed, has_pairs=stage.objective == "preference")


def _require_disk(job: RunJob, paper: StageOnPaper, stages: Sequence[StageName]) -> None:
    """Require room for the weights alone: those of the stages, the first ones and the result."""
    one = sum(each.parameters for each in paper.parts.values()) * BYTES_FP32
    needed = one * (len(stages) + 1 + (not has_start(job.folder)))
    free = shutil.disk_usage(job.folder).free
    if needed > free:
        raise MachineError(
            f"the disk of {job.folder}",
            got=f"{free / GIB:.3g} GiB that are free",
            expected=f"{needed / GIB:.3g} GiB for the weights of the run",
            do="free some space, or name a folder on another disk with --out",
        )


def _may_fill(config: LlavaConfig, stage: StageSection, paper: StageOnPaper, devices: Devices) -> bool:
    if devices.available_bytes is None:
        return False
    text, vision = cast("Any", config.text_config), cast("Any", config.vision_config)
    tokens = max(stage.pack_tokens, stage.max_length)
    numbers = tokens * (_numbers_a_token(text) + _numbers_a_token(vision) + 3 * text.vocab_size)
    held = sum(each.weights_bytes + each.gradients_bytes + each.optimizer_bytes for each in paper.parts.values())
    return ROOMY * (held + numbers * BYTES_FP32) > devices.available_bytes


def _numbers_a_token(config: Any) -> int:
    """Return about how many numbers the blocks keep of a token for their backward pass."""
    return config.num_hidden_layers * (12 * config.hidden_size + 4 * config.intermediate_size)


def _require_memory(job: RunJob, name: StageName, memory: dict[str, Any], devices: Devices) -> None:
    peak, available = memory["peak_gib"], memory["available_gib"]
    if memory["fits"]:
        return
    if peak <= ERROR_OF_PLAN * available:
        job.progress.say(f"stage {name} may not fit: about {peak:.1f} GiB of memory foretold, {available:.1f} there")
        return
    stage = job.recipe.stages[name]
    is_cut = devices.is_gpu and "language" in stage.trainable and "language" not in stage.adapters
    raise MachineError(
        f"stage {name} does not fit the memory",
        got=f"{available:.1f} GiB a device",
        expected=f"about {peak:.1f} GiB",
        do=f"'doctorsun plan {job.recipe.name}' tells of what; less with: {less_memory(name, stage)}"
        + (", more GPUs" if is_cut else ""),
    )
