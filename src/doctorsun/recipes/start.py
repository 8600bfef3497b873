"""Where a run starts from weights: whole ones or their parts, brought from hubs, foretold by headers, and written."""

import json
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from transformers import LlavaConfig

from doctorsun.config import Recipe
from doctorsun.config.document import Node
from doctorsun.errors import DoctorSunError
from doctorsun.processor.processor import Processor
from doctorsun.recipes.addresses import weights_of
from doctorsun.recipes.asked import asked_as_keys
from doctorsun.storage.hub.address import parse_address
from doctorsun.storage.hub.hub import open_hub
from doctorsun.storage.hub.kinds import WEIGHTS
from doctorsun.storage.hub.lock import Lock
from doctorsun.storage.hub.pull import PullRules, missing_files
from doctorsun.weights.assemble import REPORT, write_stock
from doctorsun.weights.complete import complete
from doctorsun.weights.hugging_face import read_config
from doctorsun.weights.import_weights import ImportRequest, SourceName, import_weights, settle, state_of, told_of
from doctorsun.weights.inspect import inspect, parameters_by_part
from doctorsun.weights.merge import kept_folder
from doctorsun.weights.portable_names import LANGUAGE, PROJECTOR, VISION
from doctorsun.weights.published import find_layout, read_published
from doctorsun.weights.read_options import read_options
from doctorsun.weights.sources import bring, look_at
from doctorsun.weights.tensors.number_type import NumberType

BYTES_FP32 = 4
PREFIXES = {"vision": VISION, "projector": PROJECTOR, "language": LANGUAGE}
Paths = Mapping[SourceName, Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPlan:
    """What the weights that a run starts from will be, told by their headers.

    Attributes:
        layouts: of each source, by its name.
        config: of the network.
        parameters: of vision, projector and language.
        download_bytes: of the files that are not on this machine yet.
    """

    layouts: Mapping[str, str]
    config: LlavaConfig
    parameters: Mapping[str, int]
    download_bytes: int

    @property
    def start_bytes(self) -> int:
        """Bytes of the weights that the run writes first, in 32 bits."""
        return sum(self.parameters.values()) * BYTES_FP32


def plan_start(recipe: Recipe, rules: PullRules, document: Node | None = None) -> StartPlan | None:
    """Foretell the weights that a recipe starts from; None where it starts from random ones.

    Of weights on a hub the headers and the small files are fetched, and no contents.

    Args:
        recipe: the settings.
        rules: what may be pulled.
        document: what the recipe was read from, for the places in the messages.

    Raises:
        RecipeError: the recipe does not say what its weights do not tell.
        WeightsError: a source is damaged or of no known layout, or the parts do not fit.
        DataError: a hub refuses, or offline something is not here.
    """
    sources = _sources(recipe)
    if not sources:
        return None
    with asked_as_keys(recipe.model, document), _looking_at(sources, rules) as paths:
        config, parameters = _foretold(recipe, paths)
        return StartPlan(
            layouts={name: find_layout(path).name for name, path in paths.items()},
            config=config,
            parameters=parameters,
            download_bytes=sum(_missing_bytes(text, rules) for text in sources.values()),
        )


def processor_of_start(recipe: Recipe) -> Processor | None:
    """Return the processor of weights that are on this machine, as the run will write it; None where they are not."""
    sources = _sources(recipe)
    if not sources:
        return None
    try:
        with _looking_at(sources, PullRules(offline=True)) as paths, TemporaryDirectory() as folder:
            settle(paths["source"], _request(recipe, paths, {}))[0].write_processor(Path(folder))
            return Processor.from_folder(Path(folder))
    except DoctorSunError:  # told where it is checked, or when the weights are brought
        return None


def write_start(recipe: Recipe, out: Path, rules: PullRules, document: Node | None = None) -> None:
    """Write the weights that a recipe starts from, in 32 bits, with where they come from.

    Args:
        recipe: the settings.
        out: the new folder.
        rules: what may be pulled.
        document: what the recipe was read from, for the places in the messages.

    Raises:
        RecipeError: the recipe does not say what its weights do not tell.
        WeightsError: a source is damaged or of no known layout, or the parts do not fit.
        DataError: a hub refuses, a file has a wrong hash, or something is at ``out`` already.
        MachineError: the disk is full; what is there stays for the next call.
    """
    paths: dict[SourceName, Path] = {}
    called: dict[SourceName, str] = {}
    for name, text in _sources(recipe).items():
        paths[name], called[name] = bring(text, locked=rules.locked, offline=rules.offline)
    if not _is_stock(recipe, paths):
        with asked_as_keys(recipe.model, document):
            import_weights(paths["source"], out, _request(recipe, paths, called))
        return
    source = paths["source"]
    published = read_published(source)
    told = {"from": called["source"], **told_of(published, published.left_over)}
    stock = kept_folder(source, complete(published), NumberType.FLOAT32)
    write_stock(stock, out, origin={"sources": {"source": told}}, contents=state_of([source]))


def read_sources(start: Path) -> dict[str, Any]:
    """Return what ``run.json`` tells of the sources of the weights that a run starts from."""
    return dict(json.loads((start / REPORT).read_text(encoding="utf-8")))


def _sources(recipe: Recipe) -> dict[SourceName, str]:
    """Return what an import reads: whole weights, or first the tower, by the names that imports give them."""
    named = {key.removeprefix("model."): text for key, text in weights_of(recipe).items()}
    names: dict[str, SourceName] = {
        "init": "source",
        "vision": "source",
        "language": "language",
        "projector": "projector",
    }
    return {names[name]: text for name, text in named.items()}


@contextmanager
def _looking_at(sources: Mapping[SourceName, str], rules: PullRules) -> Generator[Paths]:
    with ExitStack() as stack:
        paths: dict[SourceName, Path] = {
            name: stack.enter_context(look_at(text, locked=rules.locked, offline=rules.offline))
            for name, text in sources.items()
        }
        yield paths


def _foretold(recipe: Recipe, paths: Paths) -> tuple[LlavaConfig, dict[str, int]]:
    """Return the configuration and the parameters of each part, by headers."""
    if _is_stock(recipe, paths):
        source = paths["source"]
        return LlavaConfig.from_dict(read_config(source)), parameters_by_part(read_published(source))
    stock = settle(paths["source"], _request(recipe, paths, {}))[0]
    return stock.config, {
        part: sum(each.header.size_bytes for name, each in stock.tensors.items() if name.startswith(prefix))
        // BYTES_FP32
        for part, prefix in PREFIXES.items()
    }


def _is_stock(recipe: Recipe, paths: Paths) -> bool:
    """Tell whether training can take whole weights as they are, and the recipe wants no more of them."""
    model, source = recipe.model, paths["source"]
    if model.init is None or model.chat or model.vision_config or model.given_fit:
        return False
    return inspect(source)["loads"]["how"] == "as it is"


def _request(recipe: Recipe, paths: Paths, called: Mapping[SourceName, str]) -> ImportRequest:
    model = recipe.model
    return ImportRequest(
        language=paths.get("language"),
        projector=paths.get("projector"),
        read=read_options(vision_config=Path(model.vision_config) if model.vision_config else None),
        chat=model.chat,
        fit=model.given_fit,
        dtype="float32",
        projector_seed=recipe.seed if model.parts else None,
        addresses=called,
    )


def _missing_bytes(text: str, rules: PullRules) -> int:
    address = parse_address(text)
    if address is None:
        return 0
    return sum(file.size_bytes for file in missing_files(address, WEIGHTS, open_hub(address.hub), Lock(), rules))
