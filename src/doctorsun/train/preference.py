"""The objective of preferences: the preferred reply becomes likelier, against the start, than the rejected ones."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from doctorsun.errors import DataError, TooLong
from doctorsun.model.flops import TrainingFlops
from doctorsun.model.forward import PackedForward
from doctorsun.processor.processor import Processor
from doctorsun.schema import Sample
from doctorsun.train.pack import best_fit
from doctorsun.train.pairs import PairBatch, PairItem, collate_pairs, render_pairs
from doctorsun.train.share import spread
from doctorsun.train.tally import LossTally

Reference = dict[str, tuple[float, ...]]
"""By the key of a sample: the log-probabilities of its replies under the weights that a stage starts with."""


class PreferenceObjective:
    """Direct preference optimisation: the mean over pairs of ``-log sigmoid(reward margin)``.

    The reward of a reply is ``beta * (log p(reply) - log p_start(reply))``, each over all its tokens, end-of-turn
    included; the margin is the preferred reply's minus the rejected one's.

    Source: Rafailov et al. 2023, arXiv 2305.18290, equation 7.

    Args:
        forward: the network.
        processor: renders the samples.
        beta: how much a preference counts against staying near the start.
        max_length: longest question with a reply, in tokens.
        pack_tokens: tokens of one packed sequence.
    """

    measures: tuple[str, ...] = ("reward_accuracy", "reward_margin", "reward_chosen", "reward_rejected")

    def __init__(
        self, forward: PackedForward, processor: Processor, *, beta: float, max_length: int, pack_tokens: int
    ) -> None:
        self.forward = forward
        self.processor = processor
        self.beta = beta
        self.max_length = max_length
        self.pack_tokens = pack_tokens
        self.parameters: dict[str, nn.Parameter] = {}
        self.flops = TrainingFlops.of(forward.model)
        self.reference: Reference = {}

    def item(self, sample: Sample, *, origin: int = 0) -> PairItem:
        """Render a sample; it is never cut, since that would take the end of a reply, on which much depends.

        Raises:
            TooLong: the question with a reply, or with all of them, does not fit.
            DataError: there is no pair in it.
        """
        item = render_pairs(self.processor, sample, origin=origin)
        for name, length, limit in (
            ("max_length", item.longest, self.max_length),
            ("pack_tokens", item.group.length, self.pack_tokens),
        ):
            if length > limit:
                raise TooLong(
                    f"sample {sample.id} is too long",
                    got=f"{length:,} tokens of the question with {_REPLIES[name]}",
                    expected=f"at most {limit:,}",
                    do=f"raise the stage's {name}, or shorten the sample",
                )
        return item

    def layout(self, items: Sequence[PairItem], num_ranks: int) -> list[list[list[PairItem]]]:
        """Give each rank samples that cost as much as the others', and pack them."""
        groups = [item.group for item in items]
        item_of = {id(group): item for group, item in zip(groups, items, strict=True)}
        costs = [self.flops.count(group.work) for group in groups]
        shares = [[groups[place] for place in places] for places in spread(costs, num_ranks)]
        return [
            [[item_of[id(group)] for group in pack] for pack in best_fit(share, self.pack_tokens)] for share in shares
        ]

    def batch(self, items: Sequence[PairItem], pixels: Mapping[str, UInt8[np.ndarray, "3 size size"]]) -> PairBatch:
        """Build one packed sequence.

        Raises:
            DataError: of a sample nobody measured how likely its replies were at the start.
        """
        if any(item.key not in self.reference for item in items):
            raise DataError(
                "a sample with preferences",
                got="no log-probabilities of its replies under the weights that the stage started with",
                expected="those that are measured before the first step",
                do="look at the reasons in metrics.jsonl: one of the same words and images could not be read",
            )
        return collate_pairs(items, pixels, [self.reference[item.key] for item in items])

    def log_probabilities(self, batch: PairBatch) -> Float[Tensor, " replies"]:
        """Return of each reply the sum of the log-probabilities of its tokens."""
        losses = self.forward.losses(batch.pack)
        return torch.stack([-part.sum() for part in losses.split(list(batch.reply_tokens))])

    def loss(self, batch: PairBatch, *, step_targets: int, tally: LossTally | None = None) -> Float[Tensor, ""]:
        """Return the loss of a pack's pairs over the step's number of them."""
        rewards = self.beta * (self.log_probabilities(batch) - batch.reference)
        chosen, rejected = rewards[batch.pairs].unbind(1)
        losses = -logsigmoid(chosen - rejected)
        if tally is not None:
            tally.add(batch.origins, losses)
            is_right = (chosen > rejected).float()
            tally.add_measures(torch.stack([is_right, chosen - rejected, chosen, rejected], dim=1))
        return losses.sum() / step_targets


_REPLIES = {"max_length": "its longest reply", "pack_tokens": "all its replies"}
