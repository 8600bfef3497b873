"""The stages of a run: each starts from the one before, and ends as loadable weights."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from transformers import LlavaForConditionalGeneration

from doctorsun.config import Recipe, StageName, StageSection
from doctorsun.config.document import Node
from doctorsun.errors import DataError
from doctorsun.model.build import build_model
from doctorsun.model.presets import PRESETS
from doctorsun.processor.chat_template import ChatTemplate
from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.processor.processor import Processor
from doctorsun.processor.tokenizer import BOS, EOS_TURN, train_tokenizer
from doctorsun.recipes.addresses import usual_rules
from doctorsun.recipes.check_adapters import require_adapter_layers
from doctorsun.recipes.examination import examination_of
from doctorsun.recipes.inputs import result_inputs, stage_inputs, start_inputs, training_stores
from doctorsun.recipes.lengths import reply_lengths
from doctorsun.recipes.machine import Machine, place
from doctorsun.recipes.mixtures import num_without_pairs, plan_stage
from doctorsun.recipes.placed import placed_errors
from doctorsun.recipes.ranks import ORDER, order_of
from doctorsun.recipes.realised import Row, realised_mixture
from doctorsun.recipes.record import update_record
from doctorsun.recipes.repeats import repeat_note
from doctorsun.recipes.start import read_sources, write_start
from doctorsun.recipes.steps import Steps
from doctorsun.recipes.stores import RunStores, hashes_of
from doctorsun.storage.atomic import atomic_folder
from doctorsun.storage.hub.pull import PullRules
from doctorsun.storage.store import Store
from doctorsun.train.interruption import unbroken
from doctorsun.train.loader import PixelCache
from doctorsun.train.loop import StageJob, train_stage
from doctorsun.train.meter import Ceiling
from doctorsun.train.plan import StagePlan
from doctorsun.train.telemetry import Telemetry
from doctorsun.train.world import World
from doctorsun.weights.hugging_face import load_weights, save_processor, save_weights
from doctorsun.weights.trained import save_trained

# Samples of each store that the tokenizer learns from; more changes no merge that matters.
TOKENIZER_SAMPLES = 30_000


def prepare_start(
    recipe: Recipe,
    steps: Steps,
    stores: Mapping[str, Store],
    *,
    rules: PullRules | None = None,
    document: Node | None = None,
) -> Path:
    """Make the weights that the first stage starts from: the recipe's own, or random ones with a new tokenizer.

    Args:
        recipe: the settings.
        steps: what has been done of the run.
        stores: the data, by ``source/split``.
        rules: what may be pulled from hubs; the usual ones when None.
        document: what the recipe was read from, for the places in the messages.

    Raises:
        RecipeError: the recipe does not say what its weights do not tell.
        WeightsError: the recipe's weights make no LLaVA, or those that are there were made from other stores.
        DataError: the stores hold no text for the tokenizer, or a hub refuses.
        MachineError: weights do not fit the disk.
    """
    start, inputs = steps.run / "start", start_inputs(recipe, hashes_of(stores))
    has_sources = recipe.model.init is not None or bool(recipe.model.parts)
    if not steps.has_weights("start", inputs, start):
        if has_sources:
            write_start(recipe, start, rules or usual_rules(), document)
        else:
            _make_start(recipe, steps.run, [stores[name] for name in training_stores(recipe)])
        steps.close_weights("start", inputs, start)
    if has_sources:
        update_record(steps.run, steps.record, start=read_sources(start))
    return start


def _make_start(recipe: Recipe, run: Path, stores: Sequence[Store]) -> None:
    """Train a tokenizer, and write it with random weights."""
    preset = PRESETS[recipe.model.preset or ""]
    tokenizer = train_tokenizer(_texts(stores), recipe.model.tokenizer.vocab_size)
    template = ChatTemplate(bos_token=BOS, eos_token=EOS_TURN)
    images = ImageProcessor(size=preset.image_size, fit=recipe.model.fit)
    processor = Processor(tokenizer, template, images, preset.num_visual_tokens)
    model = build_model(preset, processor, seed=recipe.seed)
    processor_folder = run / "processor"
    save_processor(processor, processor_folder, patch_size=preset.patch_size, max_length=preset.max_positions)
    save_weights(model, processor_folder, run / "start")


@dataclass(frozen=True, slots=True, kw_only=True)
class StageContext:
    """What all stages of a run share."""

    recipe: Recipe
    run: Path
    stores: RunStores
    hashes: Mapping[str, str]
    """SHA-256 of each store."""
    machine: Machine
    telemetry: Telemetry
    steps: Steps
    document: Node | None = None
    """What the recipe was read from."""
    world: World = field(default_factory=World)


def run_stages(context: StageContext, last: StageName | None = None) -> Path:
    """Train every stage that is not done, each from the one before; return the last one's weights.

    Args:
        context: the run.
        last: stop after this stage.

    Raises:
        RecipeError: adapters are wanted where the network has no linear layer.
    """
    steps, weights, before = context.steps, context.run / "start", "start"
    require_adapter_layers(context.recipe, weights, context.document)
    pixels: PixelCache | None = None
    for name in context.recipe.stages:
        step, finished = f"stages/{name}", context.run / "stages" / name / "weights"
        inputs = stage_inputs(context.recipe, name, context.hashes, steps.revision(before))
        if not steps.has_weights(step, inputs, finished):
            context.world.share(ORDER, order_of(context, name, weights))
            pixels = train_from(context, name, weights, pixels, revision=steps.revision(before))
            steps.close_weights(step, inputs, finished)
        shutil.rmtree(context.run / "stages" / name / "checkpoints", ignore_errors=True)
        weights, before = finished, step
        if name == last:
            break
    return weights


def train_from(
    context: StageContext, name: StageName, start: Path, pixels: PixelCache | None, *, revision: str = ""
) -> PixelCache:
    """Train one stage, as one of the ranks that do; return the images that it decoded, for the next one.

    Args:
        context: the run.
        name: the stage.
        start: weights that it starts from.
        pixels: the images of the stage before.
        revision: of these weights; only the first rank needs it.

    Raises:
        DataError: the ranks do not read the same data.
    """
    recipe, folder = context.recipe, context.run / "stages" / name
    model, processor = load_weights(start)
    pixels = pixels or PixelCache(processor)
    stage = recipe.stages[name]
    asked = processor.asked_as(stage.template)
    sources = dict.fromkeys(entry.source for entry in stage.mixture)
    stores = {f"{source}/train": context.stores.open(source, "train") for source in sources}
    lengths = reply_lengths(context.run / "lengths", asked, max_length=stage.max_length)
    plan = plan_stage(recipe, stage, stores, lengths=lengths)
    _require_same_plan(context.world, plan.fingerprint)
    _tell_samples(context, name, plan, stores)
    realised: Sequence[Row] = ()
    if context.world.is_first:
        realised = realised_mixture(plan, asked if stage.objective == "replies" else None)
        record = context.steps.record
        update_record(context.run, record, mixtures=record.get("mixtures", {}) | {name: realised})
    job = StageJob(
        name=name,
        index=list(recipe.stages).index(name),
        num_stages=len(recipe.stages),
        stage=stage,
        plan=plan,
        start=revision,
        realised=realised,
        processor=asked,
        pixels=pixels,
        folder=folder,
        seed=recipe.seed,
        bf16=context.machine.precision == "bf16",
        ceiling=_ceiling(context),
        validation_store=context.stores.open(stage.validation.source, stage.validation.split)
        if stage.validation
        else None,
        examination=examination_of(recipe, context.stores, processor) if stage.objective != "labels" else None,
        place=place,
        world=context.world,
    )
    with placed_errors(f"stages.{name}.objective", context.document):
        told = train_stage(job, model, context.telemetry)
    if context.world.is_first:
        record = context.steps.record
        update_record(context.run, record, lengths=record.get("lengths", {}) | {name: told})
    _save_result(model, start, folder, stage, context.world)
    return pixels


def _save_result(
    model: LlavaForConditionalGeneration, start: Path, folder: Path, stage: StageSection, world: World
) -> None:
    """Write what a stage leaves; whatever signals come, no rank ends before the one that writes."""
    with unbroken():
        save_trained(model, start, folder, adapters=stage.adapters, is_writer=world.is_first)
        world.share("saved", None)


def _tell_samples(context: StageContext, name: StageName, plan: StagePlan, stores: Mapping[str, Store]) -> None:
    """Say which samples are left out, and where small data is taken again."""
    stage = context.recipe.stages[name]
    number = num_without_pairs(stage, stores)
    left_out = f"{name}: {number:,} samples have no rejected reply and are left out" if number else None
    for text in (left_out, repeat_note(name, stage, plan)):
        if text:
            context.telemetry.write("note", text=text)


def _ceiling(context: StageContext) -> Ceiling | None:
    """Return what all devices reach at best; None where it was not measured."""
    machine, size = context.machine, context.world.size
    if machine.matmul_tflops is None:
        return None
    return Ceiling(machine.matmul_tflops * size, machine.datasheet_tflops and machine.datasheet_tflops * size)


def _require_same_plan(world: World, fingerprint: str) -> None:
    if len(set(world.gather("plan", fingerprint))) > 1:
        raise DataError(
            f"rank {world.rank} of {world.size}",
            got="other data than another rank",
            expected="the same stores and weights on every node",
            do="put the run's folder, the data and the caches where all nodes read them",
        )


def publish(weights: Path, recipe: Recipe, steps: Steps) -> Path:
    """Copy the last stage's weights to ``weights/``, the result of the run."""
    result, inputs = steps.run / "weights", result_inputs(recipe, steps.revision)
    if not steps.is_done("weights", inputs):
        steps.tell_why("weights", inputs)
        shutil.rmtree(result, ignore_errors=True)
        with unbroken(), atomic_folder(result) as partial:
            for path in weights.iterdir():
                shutil.copyfile(path, partial / path.name)
        steps.close("weights", inputs, result.iterdir(), revision=inputs["revision"])
    return result


def _texts(stores: Sequence[Store]) -> Iterator[str]:
    for store in stores:
        for sample in islice(store.without_images(), TOKENIZER_SAMPLES):
            yield from (message.text for message in sample.messages)
