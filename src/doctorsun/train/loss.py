"""The loss of a pack: a share of the mean over the supervised tokens of the whole step."""

from jaxtyping import Float, Int
from torch import Tensor

from doctorsun.train.tally import LossTally


def supervised_loss(
    losses: Float[Tensor, " targets"],
    step_targets: int,
    *,
    origins: Int[Tensor, " targets"] | None = None,
    tally: LossTally | None = None,
) -> Float[Tensor, ""]:
    """Return this pack's share of the step's mean loss, so that gradients of the packs add up to the mean's.

    Where ``origins`` and a ``tally`` are given, the tally takes the loss of each target for its origin.
    """
    if origins is not None and tally is not None:
        tally.add(origins, losses)
    return losses.sum() / step_targets
