"""Pairs of replies to one question, the preferred one and a rejected one: rendered once, and in packed sequences."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from doctorsun.errors import DataError
from doctorsun.model.flops import Work
from doctorsun.model.forward import PackedBatch
from doctorsun.processor.processor import Processor, Rendered
from doctorsun.schema import Message, Sample, text_part
from doctorsun.train.pack import Group, PackItem, collate, neighbours


@dataclass(frozen=True, slots=True)
class PairItem:
    """A sample with its replies, each after the same question: the preferred one, then those that were rejected.

    Attributes:
        replies: their common prefix is all that stands before the reply but for its last token.
        key: of what the network reads: texts, images and their order.
    """

    replies: tuple[PackItem, ...]
    key: str
    origin: int = 0
    lost_turns: int = 0

    @property
    def images(self) -> tuple[str, ...]:
        """Hashes of its images, in order."""
        return self.replies[0].images

    @property
    def group(self) -> Group:
        """The question once, and all replies to it."""
        return Group(self.replies)

    @property
    def longest(self) -> int:
        """Tokens of the question with the longest reply."""
        return max(len(reply.rendered.ids) for reply in self.replies)


@dataclass(frozen=True, slots=True)
class PairBatch:
    """One packed sequence of questions, each with all its replies.

    Attributes:
        pack: the sequence; its targets are the tokens of the replies.
        items: whose replies these are, in order.
        reply_tokens: targets of each reply.
        pairs: index of the preferred and of the rejected reply.
        origins: whose loss each pair adds to.
        reference: log-probability of each reply under the weights that the stage started with.
    """

    pack: PackedBatch
    items: tuple[PairItem, ...]
    reply_tokens: tuple[int, ...]
    pairs: Int[Tensor, "pairs 2"]
    origins: Int[Tensor, " pairs"]
    reference: Float[Tensor, " replies"]

    @property
    def num_targets(self) -> int:
        """Pairs."""
        return len(self.pairs)

    @property
    def num_tokens(self) -> int:
        """Tokens of the sequence."""
        return self.pack.num_tokens

    @property
    def work(self) -> Work:
        """What the network computes."""
        return self.pack.work

    def to(self, device: torch.device) -> "PairBatch":
        """Move everything to a device."""
        return replace(
            self,
            pack=self.pack.to(device),
            pairs=self.pairs.to(device),
            origins=self.origins.to(device),
            reference=self.reference.to(device),
        )


def render_pairs(processor: Processor, sample: Sample, *, origin: int = 0) -> PairItem:
    """Render a sample's last reply and the rejected ones after what was said before.

    Raises:
        DataError: it has no rejected reply, or does not end with a reply to a question.
    """
    *before, last = sample.messages or (None,)
    if not sample.rejected or last is None or last.role != "assistant" or not before:
        raise DataError(
            f"sample {sample.id}",
            got="no rejected reply" if not sample.rejected else "no reply to a question at its end",
            expected="a question, its reply, and replies that were rejected",
            do="take samples with preferences, as 'doctorsun data import preference' makes them",
        )
    rejected = [Message(role="assistant", content=(text_part(text),)) for text in sample.rejected]
    whole = [processor.render(replace(sample, messages=(*before, reply))) for reply in (last, *rejected)]
    images = tuple(image.sha256 for image in sample.images)
    replies = tuple(PackItem(_last_reply(sample, each), images, origin) for each in whole)
    return PairItem(replies, _key(replies), origin)


def collate_pairs(
    items: Sequence[PairItem],
    pixels: Mapping[str, UInt8[np.ndarray, "3 size size"]],
    reference: Sequence[Sequence[float]],
) -> PairBatch:
    """Build the tensors of one packed sequence.

    Args:
        items: the samples, in order.
        pixels: their images by hash.
        reference: of each sample the log-probabilities of its replies.
    """
    replies = [reply for item in items for reply in item.replies]
    pairs: list[tuple[int, int]] = []
    origins: list[int] = []
    first = 0
    for item in items:
        after = first + len(item.replies)
        pairs += [(first, rejected) for rejected in range(first + 1, after)]
        origins += [item.origin] * (len(item.replies) - 1)
        first = after
    return PairBatch(
        pack=collate(neighbours(replies), pixels),
        items=tuple(items),
        reply_tokens=tuple(int(reply.rendered.supervised.sum()) for reply in replies),
        pairs=torch.tensor(pairs),
        origins=torch.tensor(origins),
        reference=torch.tensor([value for values in reference for value in values], dtype=torch.float32),
    )


def _last_reply(sample: Sample, whole: Rendered) -> Rendered:
    """Let only the last reply count; what stands before it, but for the token that predicts its first, is shared."""
    start = len(whole.ids) - int(np.argmin(whole.supervised[::-1]))
    if start == len(whole.ids):
        raise DataError(
            f"sample {sample.id}",
            got="a reply without a token, or without one before it",
            expected="a question, and replies with words",
            do="drop the sample, or mend the chat_template.jinja beside the weights",
        )
    return Rendered(whole.ids, np.arange(len(whole.ids)) >= start, start - 1)


def _key(replies: Sequence[PackItem]) -> str:
    digest = hashlib.sha256()
    for reply in replies:
        digest.update(b"%d " % len(reply.rendered.ids))
        digest.update(reply.rendered.ids.tobytes())
    digest.update(" ".join(replies[0].images).encode())
    return digest.hexdigest()[:32]
