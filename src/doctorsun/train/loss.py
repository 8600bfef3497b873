"""Cross-entropy over supervised positions, normalised by the supervised tokens of the whole step."""

from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy

from doctorsun.train.tally import LossTally


def supervised_loss(
    logits: Float[Tensor, "targets vocab"],
    targets: Int[Tensor, " targets"],
    step_targets: int,
    *,
    origins: Int[Tensor, " targets"] | None = None,
    tally: LossTally | None = None,
) -> Float[Tensor, ""]:
    """Return this pack's share of the step's mean loss, so that gradients of the packs add up to the mean's.

    Where ``origins`` and a ``tally`` are given, the tally takes the loss of each target for its origin.
    """
    if origins is None or tally is None:
        return cross_entropy(logits.float(), targets, reduction="sum") / step_targets
    losses = cross_entropy(logits.float(), targets, reduction="none")
    tally.add(origins, losses)
    return losses.sum() / step_targets
