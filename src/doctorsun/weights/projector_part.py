"""The projector of LLaVA, wherever it was published: two layers, proved on their shapes."""

from doctorsun.errors import WeightsError
from doctorsun.weights.lazy import LazyTensors
from doctorsun.weights.parts import FeatureStrategy, ImageFit, ProjectorPart

LAYERS = ("linear_1", "linear_2")
"""As transformers' LLaVA calls them."""
SEQUENTIAL = ("0", "2")
"""As ``nn.Sequential(Linear, GELU, Linear)`` calls them: LLaVA's ``mlp2x_gelu``, xtuner's projector of depth 2."""


def require_layer(layer: int, num_layers: int, where: str) -> None:
    """Require that a tower has the hidden state that a projector reads; the first is what enters its layers.

    Args:
        layer: index among the hidden states, from behind where it is below zero.
        num_layers: of the tower.
        where: what names the layer, for messages.

    Raises:
        WeightsError: it has not.
    """
    if not -num_layers - 1 <= layer <= num_layers:
        raise WeightsError(
            f"{where}: the feature layer",
            got=f"{layer}",
            expected=f"{-num_layers - 1} to {num_layers}, as a vision tower of {num_layers} layers has them",
            do="correct mm_vision_select_layer (vision_feature_layer, visual_select_layer), or give the right tower",
        )


def projector_part(
    tensors: LazyTensors,
    *,
    where: str,
    layers: tuple[str, str] = LAYERS,
    feature_layer: int | None = None,
    feature_strategy: FeatureStrategy = "default",
    fit: ImageFit | None = None,
) -> ProjectorPart:
    """Return the projector that tensors hold.

    Args:
        tensors: every tensor of the projector, by its name inside it.
        where: the file or folder, for messages.
        layers: what the names begin with.
        feature_layer: see `ProjectorPart`.
        feature_strategy: see `ProjectorPart`.
        fit: see `ProjectorPart`.

    Raises:
        WeightsError: there are more or fewer layers, or they do not fit together.
    """
    wanted = {
        f"{layer}.{kind}": f"{ours}.{kind}"
        for layer, ours in zip(layers, LAYERS, strict=True)
        for kind in ("weight", "bias")
    }
    if tensors.keys() != wanted.keys():
        raise WeightsError(
            f"{where}: the projector",
            got=f"tensors {', '.join(sorted(tensors)) or 'of no name'}",
            expected=f"two layers with GELU between: {', '.join(wanted)}",
            do="name weights whose projector is 'mlp2x_gelu'; transformers' LLaVA holds no other",
        )
    first = tensors[f"{layers[0]}.weight"].header.shape
    text = first[0] if len(first) == 2 else 0  # noqa: PLR2004 (a matrix)
    shapes = [tensors[name].header.shape for name in wanted]
    if shapes != [first, (text,), (text, text), (text,)]:
        raise WeightsError(
            f"{where}: the projector",
            got=f"shapes {', '.join(str(list(shape)) for shape in shapes)}",
            expected="[text, vision], [text], [text, text], [text]",
            do="check that the files belong to one projector",
        )
    return ProjectorPart(
        tensors={ours: tensors[name] for name, ours in wanted.items()},
        feature_layer=feature_layer,
        feature_strategy=feature_strategy,
        fit=fit,
    )
