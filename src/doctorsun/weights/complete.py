"""From published weights, which may lack parts, to the three parts of one LLaVA."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from doctorsun.errors import WeightsError
from doctorsun.weights.internlm2_adapter import llama_adapter
from doctorsun.weights.lazy import LazyTensors
from doctorsun.weights.lora import joined
from doctorsun.weights.parts import Adapter, Parts, ProjectorPart, Published, VisionPart
from doctorsun.weights.projector_part import require_layer

PartName = Literal["vision", "projector", "language"]
PARTS: tuple[PartName, ...] = ("vision", "projector", "language")

OPTIONS: Mapping[PartName, str] = {
    "vision": "--vision FOLDER or --vision hf:openai/clip-vit-large-patch14-336",
    "projector": "--projector FILE or FOLDER, for example the mm_projector.bin of a first stage",
    "language": "--language FOLDER or --language hf:OWNER/NAME, the language model that it was trained with",
}
NOUNS: Mapping[PartName, str] = {
    "vision": "vision tower",
    "projector": "projector",
    "language": "language model",
}


def complete(
    published: Published,
    *,
    vision: Published | None = None,
    projector: Published | None = None,
    language: Published | None = None,
) -> Parts:
    """Return the parts of a LLaVA, adapters joined into them.

    A part that is given wins over the weights' own; `unused` names what is left over then.

    Args:
        published: the weights.
        vision: where the vision tower comes from instead.
        projector: where the projector comes from instead.
        language: where the language model comes from instead.

    Raises:
        WeightsError: a part is nowhere, nobody says the heads of the tower, an adapter changes what is not there,
            the tower has no layer that the projector reads, or the parts do not fit together.
    """
    tower = (vision or published).vision
    middle = (projector or published).projector
    model = (language or published).language
    if tower is None or tower.fault or middle is None or model is None:
        given = zip(PARTS, (tower, middle, model), (vision, projector, language), strict=True)
        faults = [_missing(name, published, source) for name, part, source in given if part is None]
        raise _together([*faults, *([tower.fault] if tower and tower.fault else [])])
    changes = [llama_adapter(adapter, model.config) for adapter in _adapters("language", published, language)]
    parts = Parts(
        vision=replace(tower, tensors=_joined(tower.tensors, _adapters("vision", published, vision))),
        projector=replace(middle, tensors=_joined(middle.tensors, _adapters("projector", published, projector))),
        language=replace(model, tensors=_joined(model.tensors, changes)),
    )
    require_features(parts.vision, parts.projector)
    _require_fit(parts)
    return parts


def require_features(vision: VisionPart | None, projector: ProjectorPart | None) -> None:
    """Require that a tower has the layer that a projector reads, where both are there and the layer is said.

    Raises:
        WeightsError: it has not.
    """
    if vision is not None and projector is not None and projector.feature_layer is not None:
        require_layer(projector.feature_layer, vision.config["num_hidden_layers"], "the projector")


def unused(published: Published, names: Collection[PartName], why: str, *, joins: bool) -> dict[str, str]:
    """Return the tensors of parts that nobody takes, each with the same reason.

    Args:
        published: the weights.
        names: the parts.
        why: the reason.
        joins: whether changes of these parts are joined all the same, into what somebody else brings.
    """
    parts = {"vision": published.vision, "projector": published.projector, "language": published.language}
    tensors = [tensor for name in names if (part := parts[name]) is not None for tensor in part.tensors.values()]
    sources = {source for tensor in tensors for source in tensor.sources}
    changes = {source for adapter in published.adapters if adapter.part in names for source in _sources(adapter)}
    return dict.fromkeys(sorted(sources - changes if joins else sources | changes), why)


def _sources(adapter: Adapter) -> set[str]:
    pairs = [tensor for pair in adapter.pairs.values() for tensor in (pair.down, pair.up)]
    return {source for tensor in (*pairs, *adapter.replaced.values()) for source in tensor.sources}


def _missing(name: PartName, published: Published, given: Published | None) -> WeightsError:
    if given is not None:
        return WeightsError(
            f"--{name}",
            got=f"weights of the layout {given.layout}, without a {NOUNS[name]}",
            expected=f"a {NOUNS[name]}",
            do=f"give {OPTIONS[name]}",
        )
    return WeightsError(
        f"weights of the layout {published.layout}",
        got=f"no {NOUNS[name]}",
        expected="the three parts of a LLaVA",
        do=f"give {OPTIONS[name]}",
    )


def _together(faults: Sequence[WeightsError]) -> WeightsError:
    """Return one error for everything that a user still has to give, so that one more try is enough."""
    first, *others = faults
    found = [fault.got if fault.what == first.what else f"{fault.what}: {fault.got}" for fault in others]
    return WeightsError(
        first.what,
        got=" and ".join([first.got, *found]),
        expected=first.expected,
        do="; and ".join(fault.do for fault in faults),
    )


def _adapters(name: PartName, published: Published, given: Published | None) -> list[Adapter]:
    """Return the changes of a part: those that came with it first, then the weights' own."""
    sources = (given, published) if given is not None else (published,)
    return [adapter for source in sources for adapter in source.adapters if adapter.part == name]


def _joined(tensors: LazyTensors, adapters: list[Adapter]) -> LazyTensors:
    for adapter in adapters:
        tensors = joined(tensors, adapter)
    return tensors


def _require_fit(parts: Parts) -> None:
    """Require that the projector leads from the width of the tower to that of the language model."""
    first, second = (parts.projector.tensors[f"linear_{index}.weight"].header.shape for index in (1, 2))
    vision, text = parts.vision.config["hidden_size"], parts.language.config["hidden_size"]
    sides: tuple[tuple[PartName, int, int], ...] = (
        ("vision", first[-1], vision),
        ("language", first[0], text),
        ("language", second[0], text),
    )
    for option, got, expected in sides:
        if got != expected:
            raise WeightsError(
                "the projector",
                got=f"one that {'reads features' if option == 'vision' else 'gives embeddings'} of width {got}",
                expected=f"width {expected}, as the {NOUNS[option]} has",
                do=f"give parts that were trained together: --projector, or {OPTIONS[option]}",
            )
