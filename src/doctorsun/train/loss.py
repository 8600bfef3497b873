"""Cross-entropy over supervised positions, normalised by the supervised tokens of the whole step."""

from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy


def supervised_loss(
    logits: Float[Tensor, "targets vocab"], targets: Int[Tensor, " targets"], step_targets: int
) -> Float[Tensor, ""]:
    """Return this pack's share of the step's mean loss, so that gradients of the packs add up to the mean's."""
    return cross_entropy(logits.float(), targets, reduction="sum") / step_targets
