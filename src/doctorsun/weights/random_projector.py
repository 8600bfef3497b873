"""A projector that knows nothing yet, for recipes that begin with parts."""

import torch
from torch import Tensor

from doctorsun.weights.lazy import LazyTensor
from doctorsun.weights.parts import LanguagePart, ProjectorPart, Published, VisionPart
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.tensor_files import TensorHeader
from doctorsun.weights.unsaid import FEATURE_LAYER, FIT

LAYOUT = "random projector"
STANDARD_DEVIATION = 0.02  # where the language model's configuration is silent, as in transformers


def random_projector(vision: VisionPart, language: LanguagePart, *, seed: int) -> Published:
    """Return a random projector from a tower to a language model.

    Weights are normal with the language model's ``initializer_range``, biases zero, as transformers starts
    LlavaMultiModalProjector (``PreTrainedModel._init_weights``). Equal seeds give equal numbers. It reads
    the layer that LLaVA-1.5's does, and images enter as CLIP takes them: nothing was learned of another way.
    """
    features, hidden = vision.config["hidden_size"], language.config["hidden_size"]
    deviation = language.config.get("initializer_range") or STANDARD_DEVIATION
    tensors = {
        "linear_1.weight": _normal((hidden, features), deviation, 2 * seed),
        "linear_1.bias": _zeros(hidden),
        "linear_2.weight": _normal((hidden, hidden), deviation, 2 * seed + 1),
        "linear_2.bias": _zeros(hidden),
    }
    part = ProjectorPart(tensors=tensors, feature_layer=FEATURE_LAYER, fit=FIT)
    return Published(layout=LAYOUT, tensors={}, projector=part)


def _normal(shape: tuple[int, int], deviation: float, seed: int) -> LazyTensor:
    def draw() -> Tensor:
        return torch.empty(shape).normal_(0.0, deviation, generator=torch.Generator().manual_seed(seed))

    return LazyTensor(TensorHeader(NumberType.FLOAT32, shape), draw, ())


def _zeros(size: int) -> LazyTensor:
    return LazyTensor(TensorHeader(NumberType.FLOAT32, (size,)), lambda: torch.zeros(size), ())
