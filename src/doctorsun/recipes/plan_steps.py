"""What the steps of a stage hold, told from some of them: tokens, packs, work, and the largest pack."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from transformers import LlavaConfig

from doctorsun.config import Recipe, StageName
from doctorsun.errors import DataError, TooLong
from doctorsun.model.flops import TrainingFlops, Work
from doctorsun.model.forward import PackedForward
from doctorsun.processor.processor import Processor, Rendered
from doctorsun.train.few_blocks import paper_model
from doctorsun.train.labels import LabelObjective
from doctorsun.train.loader import PixelCache
from doctorsun.train.loop import StageJob, build_objective
from doctorsun.train.objective import AnyObjective, Item
from doctorsun.train.pack import PackItem, neighbours
from doctorsun.train.pairs import PairItem
from doctorsun.train.plan import StagePlan

ALL_SAMPLES = 2_000
SAMPLED_SAMPLES = 1_000
"""A stage of up to so many samples is laid out whole; of a longer one steps with so many, spread evenly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepsOnPaper:
    """Steps of a stage, laid out.

    Attributes:
        num_steps: steps that were looked at.
        is_exact: these are all steps of the stage.
        samples: of all of them together, those that can be used.
        tokens: that pass through the language model; visual tokens that samples share are counted once.
        alone_tokens: of the same samples, each for itself.
        padded_tokens: of the same samples, padded to the longest of their step.
        supervised: targets of the loss.
        passes: the most packs of one rank in a step, added up over the steps.
        work: that the network does.
        largest: the pack with the most tokens.
    """

    num_steps: int
    is_exact: bool
    samples: int
    tokens: int
    alone_tokens: int
    padded_tokens: int
    supervised: int
    passes: int
    work: Work
    largest: tuple[PackItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageData:
    """What a stage reads, where all of it is there.

    Attributes:
        plan: which samples each step holds.
        processor: of the stage, its template included; None where the tokenizer is still to be made.
    """

    plan: StagePlan
    processor: Processor | None


def lay_out(
    recipe: Recipe, name: StageName, data: StageData, config: LlavaConfig, *, flops: TrainingFlops, num_ranks: int
) -> StepsOnPaper | None:
    """Lay steps of a stage out as training does, from the texts alone; None where the tokenizer is still to be made.

    Raises:
        RecipeError: labels are to be learnt and there are none.
        DataError: no sample of these steps can be used.
    """
    plan = data.plan
    if data.processor is None:
        return None
    objective = _objective(recipe, name, plan, data.processor, config)
    if not isinstance(objective, LabelObjective):
        objective.flops = flops  # pyright: ignore[reportAttributeAccessIssue]  # of all blocks: packs are shared by it
    steps = _chosen_steps(plan)
    found = [_step(objective, plan, step, num_ranks) for step in steps]
    if not any(each.samples for each in found):
        raise _unusable(recipe, name, objective, data, steps)
    return StepsOnPaper(
        num_steps=len(steps),
        is_exact=len(steps) == plan.num_steps,
        samples=sum(each.samples for each in found),
        tokens=sum(each.tokens for each in found),
        alone_tokens=sum(each.alone_tokens for each in found),
        padded_tokens=sum(each.padded_tokens for each in found),
        supervised=sum(each.supervised for each in found),
        passes=sum(each.passes for each in found),
        work=sum((each.work for each in found), Work()),
        largest=max((each.largest for each in found), key=_num_tokens),
    )


def _unusable(
    recipe: Recipe, name: StageName, objective: AnyObjective, data: StageData, steps: Sequence[int]
) -> DataError:
    """Say why a stage finds no sample that it can use: all are too long, or the reason of the first."""
    reasons: list[DataError] = []
    for ref in dict.fromkeys(ref for step in steps for ref in data.plan.step(step)):
        try:
            objective.item(data.plan.pools[ref.pool].store.without_bytes(ref.row))
        except DataError as error:
            reasons.append(error)
    if not reasons or not all(isinstance(error, TooLong) for error in reasons):
        do = f"the first of them: {reasons[0].text()}" if reasons else "look at its stores"
        return DataError(f"stage {name}", got="no sample that can be used", expected="some", do=do)
    image = f" (one image alone is {data.processor.num_visual_tokens:,} tokens)" if data.processor else ""
    limit = recipe.stages[name].max_length
    return DataError(
        f"stage {name}: no sample fits",
        got=f"{len(reasons):,} samples, all longer than max_length {limit:,}{image}",
        expected="some that are not",
        do=f"raise stages.{name}.max_length, and pack_tokens to at least as many; {reasons[0].text()}",
    )


def _objective(
    recipe: Recipe, name: StageName, plan: StagePlan, processor: Processor, config: LlavaConfig
) -> AnyObjective:
    """Make what the stage learns from, over a network without memory."""
    stage, images = recipe.stages[name], processor.images
    job = StageJob(
        name=name,
        index=0,
        num_stages=1,
        stage=stage,
        plan=plan,
        processor=processor,
        pixels=PixelCache(processor),
        folder=Path(),
        seed=recipe.seed,
        bf16=False,
    )
    model = paper_model(config, stage, bf16=False)
    return build_objective(job, PackedForward(model, image_mean=images.mean, image_std=images.std))


def _chosen_steps(plan: StagePlan) -> list[int]:
    if plan.num_samples <= ALL_SAMPLES:
        return list(range(plan.num_steps))
    number = max(1, min(plan.num_steps, SAMPLED_SAMPLES * plan.num_steps // plan.num_samples))
    return np.linspace(0, plan.num_steps - 1, number).round().astype(int).tolist()


def _step(objective: AnyObjective, plan: StagePlan, step: int, num_ranks: int) -> StepsOnPaper:
    items: list[Item] = []
    for ref in plan.step(step):
        try:
            items.append(objective.item(plan.pools[ref.pool].store.without_bytes(ref.row)))
        except DataError:  # left out when it is learnt from
            continue
    ranks = objective.layout(items, num_ranks)
    packs = [pack for rank in ranks for pack in rank]
    works = [_work(pack) for pack in packs]
    lengths = [_num_tokens([item]) for item in items]
    return StepsOnPaper(
        num_steps=1,
        is_exact=False,
        samples=len(items),
        tokens=sum(work.tokens for work in works),
        alone_tokens=sum(lengths),
        padded_tokens=len(lengths) * max(lengths, default=0),
        supervised=sum(work.targets for work in works),
        passes=max(map(len, ranks), default=0),
        work=sum(works, Work()),
        largest=max((_as_pack(pack) for pack in packs), key=_num_tokens, default=()),
    )


def _work(pack: Sequence[Item]) -> Work:
    if not all(isinstance(item, PackItem | PairItem) for item in pack):
        return Work(images=len(pack), targets=len(pack))
    work = sum((group.work for group in neighbours(_as_pack(pack))), Work())
    return work + Work(projected=work.images)


def _as_pack(pack: Sequence[Item]) -> tuple[PackItem, ...]:
    """Return the samples of a pack, each reply of a pair for itself; an image with labels as one without a text."""
    return tuple(part for item in pack for part in _parts(item))


def _parts(item: Item) -> tuple[PackItem, ...]:
    if isinstance(item, PairItem):
        return item.replies
    return (item if isinstance(item, PackItem) else _only_image(item),)


def _only_image(item: Item) -> PackItem:
    nothing = np.zeros(1, dtype=np.int32)
    return PackItem(Rendered(nothing, nothing.astype(np.bool_), 0), item.images)


def _num_tokens(pack: Sequence[Item]) -> int:
    """Return the tokens of a pack: those that its samples share once."""
    return sum(group.length for group in neighbours(_as_pack(pack)))
