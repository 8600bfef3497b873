"""The floating-point operations that one training step needs: those that the network as it is set to train computes."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from torch import nn
from transformers import LlavaForConditionalGeneration, PretrainedConfig

from doctorsun.model.attention import Document
from doctorsun.model.decoder_layer import computed_everywhere
from doctorsun.model.parts import blocks_of

FORWARD, BACK_TO_INPUT, BACK_TO_WEIGHTS = 2, 2, 2
"""Operations per weight and row: a multiplication and an addition each."""
ATTENTION_FORWARD, ATTENTION_BACK = 4, 8
"""Operations per pair of tokens and channel: two products forward, four backward."""


@dataclass(frozen=True, slots=True)
class Work:
    """What passes through the network.

    Attributes:
        tokens: of the language model, shared prefixes counted once.
        pairs: of a token and a token that it sees.
        targets: positions of which the logits are computed.
        images: that the tower reads.
        projected: of these, that the projector passes on.
    """

    tokens: int = 0
    pairs: int = 0
    targets: int = 0
    images: int = 0
    projected: int = 0

    def __add__(self, other: "Work") -> "Work":
        return Work(
            self.tokens + other.tokens,
            self.pairs + other.pairs,
            self.targets + other.targets,
            self.images + other.images,
            self.projected + other.projected,
        )


def seen_pairs(documents: Iterable[Document]) -> int:
    """Count the pairs of a token and a token that it sees, itself included."""
    return sum(
        _triangle(document.prefix_length)
        + sum(_triangle(length) + length * document.prefix_length for length in document.branch_lengths)
        for document in documents
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFlops:
    """Operations per unit of work, forward and backward; what is frozen and below all that trains has no backward.

    What is computed a second time to save memory is not counted, nor are norms, activations and the optimizer.

    Source: 2 per weight forward and 4 backward, arXiv 2001.08361, 2.1; the share of a peak as in arXiv 2204.02311, B.
    """

    token: float
    pair: float
    target: float
    image: float
    projection: float

    @classmethod
    def of(cls, model: LlavaForConditionalGeneration) -> "TrainingFlops":
        """Look at the sizes of a model and at which of its parameters train.

        Raises:
            WeightsError: the projector reads several layers of the tower.
        """
        tower, projector, language = (
            model.model.vision_tower,
            model.model.multi_modal_projector,
            model.model.language_model,
        )
        vision = tower.config
        blocks, layers = blocks_of(model, "vision"), blocks_of(model, "language")
        to_blocks = _trains(tower.embeddings)
        to_projector = to_blocks or any(map(_trains, blocks))
        to_layers = to_projector or _trains(projector) or _trains(language.embed_tokens)
        patches = (vision.image_size // vision.patch_size) ** 2
        seen = patches + 1  # the class token
        image = _per_row([tower.embeddings]) * patches
        image += _per_row(blocks, is_reached=to_blocks) * seen
        image += _per_pair(blocks, vision.hidden_size, is_reached=to_blocks) * seen**2
        projection = _per_row(list(projector.children()), is_reached=to_projector) * model.config.image_seq_length
        to_last = to_layers or any(map(_trains, layers[:-1]))
        everywhere = computed_everywhere(layers[-1])
        of_targets = 0.0 if everywhere is None else _per_row(layers[-1:], is_reached=to_last, leaves=everywhere)
        return cls(
            token=_per_row(layers, is_reached=to_layers) - of_targets,
            pair=_per_pair(layers, _attention_width(language.config), is_reached=to_layers),
            target=of_targets + _per_row([model.lm_head], is_reached=to_last or _trains(layers[-1])),
            image=image,
            projection=projection,
        )

    def count(self, work: Work) -> float:
        """Return the operations of some work."""
        of_images = self.image * work.images + self.projection * work.projected
        return of_images + self.token * work.tokens + self.pair * work.pairs + self.target * work.targets


def _per_row(blocks: Sequence[nn.Module], *, is_reached: bool = False, leaves: Collection[nn.Module] = ()) -> float:
    """Return the operations of the weights of blocks in a row, per row that passes.

    Args:
        blocks: in the order of the forward pass.
        is_reached: something below them trains, so that the gradient passes all of them.
        leaves: modules that are left out.
    """
    total = 0.0
    for block in blocks:
        for module in block.modules():
            if isinstance(module, nn.Linear | nn.Conv2d) and module not in leaves:
                passes_on = is_reached or (module is not block and _trains(block))
                back = BACK_TO_INPUT * (passes_on and not isinstance(module, nn.Conv2d))
                total += module.weight.numel() * (FORWARD + back + BACK_TO_WEIGHTS * module.weight.requires_grad)
        is_reached = is_reached or _trains(block)
    return total


def _per_pair(blocks: Sequence[nn.Module], width: int, *, is_reached: bool) -> float:
    """Return the operations of the attention of blocks in a row, per pair of tokens."""
    total = 0.0
    for block in blocks:
        is_reached = is_reached or _trains(block)
        total += width * (ATTENTION_FORWARD + ATTENTION_BACK * is_reached)
    return total


def _attention_width(config: PretrainedConfig) -> int:
    """Return the channels of all query heads together."""
    size: int | None = getattr(config, "head_dim", None)
    return config.num_attention_heads * size if size else config.hidden_size


def _trains(module: nn.Module) -> bool:
    return any(parameter.requires_grad for parameter in module.parameters())


def _triangle(length: int) -> int:
    return length * (length + 1) // 2
