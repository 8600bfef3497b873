"""What published weights are, told from names, headers and configurations alone."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from doctorsun.errors import WeightsError
from doctorsun.weights.assumed_alpha import read_assuming
from doctorsun.weights.inspected_parts import facts_of_parts, strange_words
from doctorsun.weights.layouts import mm_projector
from doctorsun.weights.lazy import LazyTensors
from doctorsun.weights.loading import how_it_loads, refused
from doctorsun.weights.lora_alpha import require_use
from doctorsun.weights.parts import Published, ReadOptions
from doctorsun.weights.published import find_layout
from doctorsun.weights.settings_files import read_settings
from doctorsun.weights.tensors.open import open_tensors
from doctorsun.weights.tensors.tensor_files import TensorFiles, TensorHeader, strange_names
from doctorsun.weights.unsaid import strange_silence
from doctorsun.weights.vocabulary import words_of

Facts = dict[str, Any]


def inspect(path: Path, options: ReadOptions | None = None) -> Facts:
    """Describe weights of any known layout; the contents of their tensors are not read.

    Args:
        path: a file or folder.
        options: what the user says where a layout cannot tell.

    Returns:
        The facts, as JSON has them. Weights whose tensors can be read but whose settings are refused are described as
        far as their headers tell, with the reason under ``loads``.

    Raises:
        WeightsError: nobody knows the layout, or a file is damaged.
        RecipeError: the user says an alpha of LoRA changes that are not there, or one of several.
    """
    layout = find_layout(path)
    facts: Facts = {"layout": layout.name, "summary": layout.summary}
    try:
        published, asked = read_assuming(path, options or ReadOptions())
    except WeightsError as refusal:
        is_projector = path.is_dir() and layout.name == mm_projector.NAME
        files = _files_of(path / mm_projector.FILE if is_projector else path, refusal)
        facts |= {"loads": asdict(refused(refusal)), **_of_headers(path, files.headers)}
        return facts | {"strange": strange_names(files), "files_bytes": _files(path)}
    require_use(options and options.lora_alpha, [published])
    by_part, words = parameters_by_part(published), words_of(published.language)
    return {
        **facts,
        "loads": asdict(how_it_loads(path, published, words).after(asked)),
        **_of_headers(path, published.tensors),
        "parameters": sum(by_part.values()),
        "parameters_by_part": by_part,
        "adapters": _adapters(published),
        **facts_of_parts(published, words),
        "left_over": _by_reason(published.left_over),
        "strange": (
            *published.strange,
            *strange_words(published.language, words),
            *strange_silence(published.language, published.projector),
        ),
        "files_bytes": _files(path),
    }


def parameters_by_part(published: Published) -> dict[str, int]:
    """Return the parameters of vision, projector and language; zero where a part is missing."""
    parts = {"vision": published.vision, "projector": published.projector, "language": published.language}
    return {name: _num_parameters(part.tensors) if part else 0 for name, part in parts.items()}


def _num_parameters(tensors: LazyTensors) -> int:
    return sum(math.prod(tensor.header.shape) for tensor in tensors.values())


def _files_of(path: Path, refusal: WeightsError) -> TensorFiles:
    """Return the tensors of refused weights; where they cannot be read either, the refusal stands."""
    try:
        return open_tensors(path)
    except WeightsError:
        raise refusal from None


def _of_headers(path: Path, headers: Mapping[str, TensorHeader]) -> Facts:
    names = read_settings(path, "config.json").get("architectures")
    types = Counter(str(header.dtype) for header in headers.values())
    return {
        "architecture": names[0] if names and isinstance(names, list) else None,
        "parameters": sum(math.prod(header.shape) for header in headers.values()),
        "tensors": len(headers),
        "dtype": ", ".join(types) if len(types) < 2 else dict(types.most_common()),  # noqa: PLR2004 (several)
    }


def _adapters(published: Published) -> dict[str, int]:
    """Return the number of tensors that each part's adapters change."""
    changed: Counter[str] = Counter()
    for adapter in published.adapters:
        changed[adapter.part] += len(adapter.pairs) + len(adapter.replaced)
    return dict(changed)


def _by_reason(left_over: Mapping[str, str]) -> dict[str, Facts]:
    """Return, by reason, how many tensors are left over, and the first of them."""
    names: dict[str, list[str]] = {}
    for name, reason in left_over.items():
        names.setdefault(reason, []).append(name)
    return {reason: {"tensors": len(same), "first": same[0]} for reason, same in names.items()}


def _files(path: Path) -> dict[str, int]:
    """Return the bytes of every file, hidden ones left out, by its path inside the folder."""
    if not path.is_dir():
        return {path.name: path.stat().st_size}
    files = {each.relative_to(path).as_posix(): each for each in sorted(path.rglob("*")) if each.is_file()}
    return {name: file.stat().st_size for name, file in files.items() if not f"/{name}".count("/.")}
