"""The objective of most stages: the assistant's replies, in packed sequences without padding."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from doctorsun.errors import DataError, TooLong
from doctorsun.model.flops import TrainingFlops
from doctorsun.model.forward import PackedBatch, PackedForward
from doctorsun.processor.processor import Processor, Rendered
from doctorsun.schema import Sample
from doctorsun.train.loss import supervised_loss
from doctorsun.train.pack import PackItem, best_fit, collate, neighbours, share_prefixes
from doctorsun.train.share import spread
from doctorsun.train.tally import LossTally


class ReplyObjective:
    """Learns every token of the replies, their end-of-turn included.

    Args:
        forward: the network.
        processor: renders the samples.
        max_length: longest sample in tokens.
        pack_tokens: tokens of one packed sequence.
    """

    measures: tuple[str, ...] = ()

    def __init__(self, forward: PackedForward, processor: Processor, *, max_length: int, pack_tokens: int) -> None:
        self.forward = forward
        self.processor = processor
        self.max_length = max_length
        self.pack_tokens = pack_tokens
        self.parameters: dict[str, nn.Parameter] = {}
        self.flops = TrainingFlops.of(forward.model)

    def item(self, sample: Sample, *, origin: int = 0) -> PackItem:
        """Render a sample; one that is too long loses its last turns, each question with its reply.

        Raises:
            TooLong: its first turn does not fit, or an image would be lost.
            DataError: it holds no reply.
        """
        whole = self.processor.render(sample)
        if not whole.supervised.any():
            raise DataError(f"sample {sample.id}", got="no reply", expected="an assistant turn", do="drop the sample")
        rendered = shortened(whole, self.max_length)
        if rendered is None:
            raise TooLong(
                f"sample {sample.id} is too long",
                got=f"{whole.turn_ends[0]:,} tokens up to the first reply that has all images before it",
                expected=f"at most {self.max_length:,}",
                do="raise the stage's max_length, or shorten the sample",
            )
        lost_turns = len(whole.turn_ends) - len(rendered.turn_ends)
        return PackItem(rendered, tuple(image.sha256 for image in sample.images), origin, lost_turns)

    def layout(self, items: Sequence[PackItem], num_ranks: int) -> list[list[list[PackItem]]]:
        """Give each rank groups that cost as much as the others', and pack them."""
        groups = share_prefixes(items, self.pack_tokens)
        costs = [self.flops.count(group.work) for group in groups]
        shares = [[groups[place] for place in places] for places in spread(costs, num_ranks)]
        return [
            [[item for group in pack for item in group.items] for pack in best_fit(share, self.pack_tokens)]
            for share in shares
        ]

    def batch(self, items: Sequence[PackItem], pixels: Mapping[str, UInt8[np.ndarray, "3 size size"]]) -> PackedBatch:
        """Build one packed sequence."""
        return collate(neighbours(items), pixels)

    def loss(self, batch: PackedBatch, *, step_targets: int, tally: LossTally | None = None) -> Float[Tensor, ""]:
        """Return the cross-entropy of a pack's reply tokens over the step's number of them."""
        return supervised_loss(self.forward.losses(batch), step_targets, origins=batch.origins, tally=tally)


def shortened(whole: Rendered, max_length: int) -> Rendered | None:
    """Return a sample with as many of its first turns as fit, all images among them; None where not even one does."""
    ends = [end for end in whole.turn_ends if end <= max_length]
    return whole.up_to(ends[-1]) if ends else None
