"""The JSON files that stand beside published weights."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doctorsun.errors import WeightsError
from doctorsun.weights.parts import ImageFit

TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json")
TENSOR_SUFFIXES = (".bin", ".pt", ".pth", ".safetensors")
TRAINER_FILES = ("trainer_state.json",)
SHARD_NAMES = ("model*.safetensors", "pytorch_model*.bin")

Three = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSettings:
    """How images entered; None where nobody says."""

    mean: Three | None = None
    std: Three | None = None
    fit: ImageFit | None = None


def read_settings(folder: Path, name: str) -> dict[str, Any]:
    """Return a JSON object of a folder; an empty one where there is no such file.

    Raises:
        WeightsError: the file cannot be read, or is not a JSON object.
    """
    path = folder / name
    if not path.is_file():
        return {}
    try:
        settings = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise WeightsError(
            f"{path}",
            got=error.strerror or str(error),
            expected="a file that can be read",
            do="check its permissions and those of its folder",
        ) from error
    except ValueError as error:
        raise _unusable(f"{path}", str(error)) from error
    if not isinstance(settings, dict):
        raise _unusable(f"{path}", type(settings).__name__)
    return settings


def read_section(settings: Mapping[str, Any], name: str, where: str) -> dict[str, Any] | None:
    """Return the settings that stand inside others; None where there are none.

    Args:
        settings: of a file.
        name: of the inner ones.
        where: the file, for messages.

    Raises:
        WeightsError: something else than settings stands there.
    """
    section = settings.get(name)
    if section is None or isinstance(section, dict):
        return section
    raise _unusable(f"{where}: {name}", type(section).__name__)


def architecture(config: Mapping[str, Any]) -> str:
    """Return the first of the classes that a configuration names, or nothing."""
    names = config.get("architectures")
    return str(names[0]) if isinstance(names, list) and names else ""


def read_image_settings(folder: Path) -> ImageSettings:
    """Read how a folder's image processor works, from a file of its own or from inside the processor's.

    Raises:
        WeightsError: a file is not JSON, or its mean or deviation is not three numbers, deviations above zero.
    """
    name = "preprocessor_config.json"
    settings = read_settings(folder, name)
    if not settings:
        name = "processor_config.json"
        settings = read_section(read_settings(folder, name), "image_processor", f"{folder / name}")
    if not settings:
        return ImageSettings()
    return ImageSettings(
        mean=_three(settings.get("image_mean"), f"{folder / name}: image_mean"),
        std=_three(settings.get("image_std"), f"{folder / name}: image_std", above=0.0),
        fit="pad" if settings.get("do_pad") else "crop",
    )


def tokenizer_folder(folder: Path) -> Path | None:
    """Return the folder if a tokenizer lies in it."""
    return folder if any((folder / name).is_file() for name in TOKENIZER_FILES) else None


def knows_token(folder: Path, token: str) -> bool:
    """Return whether the tokenizer of a folder has a token, by a look into its JSON files."""
    paths = [folder / name for name in ("tokenizer.json", "tokenizer_config.json")]
    return any(token.encode() in path.read_bytes() for path in paths if path.is_file())


def strange_tokenizer(folder: Path) -> tuple[str, ...]:
    """Return what is strange about the tokenizer of a folder: none at all, or no token for padding.

    Raises:
        WeightsError: one of its files is not JSON.
    """
    if tokenizer_folder(folder) is None:
        return ("no tokenizer in the folder",)
    files = [read_settings(folder, name) for name in ("tokenizer_config.json", "special_tokens_map.json")]
    return () if any(file.get("pad_token") for file in files) else ("the tokenizer names no token for padding",)


def strange_files(folder: Path) -> tuple[str, ...]:
    """Name what lies beside the weights of a folder, looks like them and is not read."""
    shards = {path for name in SHARD_NAMES for path in folder.glob(name)}
    beside = {path for suffix in TENSOR_SUFFIXES for path in folder.glob(f"*{suffix}")} - shards
    beside |= {folder / name for name in TRAINER_FILES if (folder / name).is_file()}
    beside |= set(folder.glob("global_step*"))
    names = ", ".join(sorted(path.name for path in beside))
    return (f"beside the weights, not read: {names}",) if names else ()


def _unusable(where: str, got: str) -> WeightsError:
    return WeightsError(where, got=got, expected="a JSON object", do="fetch or write the file again")


def _three(values: Any, where: str, above: float = -math.inf) -> Three | None:
    if values is None:
        return None
    try:
        red, green, blue = (float(value) for value in values)
    except (TypeError, ValueError) as error:
        raise _no_three(values, where) from error
    if not all(above < value < math.inf for value in (red, green, blue)):
        raise _no_three(values, where)
    return red, green, blue


def _no_three(values: Any, where: str) -> WeightsError:
    return WeightsError(where, got=f"{values!r}", expected="three numbers: red, green, blue", do="correct the file")
