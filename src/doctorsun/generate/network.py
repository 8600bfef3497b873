"""One forward pass over sequences of different lengths, each at its own place of its own row."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from transformers import LlavaForConditionalGeneration

from doctorsun.errors import RequestError, WeightsError
from doctorsun.generate.cache import SlotCache
from doctorsun.generate.reading import Block, Reader
from doctorsun.generate.request import Request

# Tokens of one prefill pass, padding included: enough to fill the cores, small enough for their caches.
_MAX_PASS_TOKENS = 4096
_MAX_PASS_IMAGES = 32
_MOST_PADDING = 1.5  # times the shortest span of a group
_MAX_KEPT_IMAGES = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Pixels with the digest that tells equal images."""

    digest: bytes
    pixels: UInt8[np.ndarray, "3 size size"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Consecutive tokens of one sequence that the network has yet to see.

    Attributes:
        row: the sequence's row in the cache.
        start: the first token's position in the sequence.
        pictures: the images whose visual tokens lie in this span.
        branches: where in ``ids`` a branch begins, the first at 0: each goes on from ``start`` and sees no other. Empty
            where the tokens are one piece.
    """

    row: int
    start: int
    ids: tuple[int, ...]
    pictures: tuple[Picture, ...] = ()
    branches: tuple[int, ...] = ()


def picture(pixels: UInt8[np.ndarray, "3 size size"]) -> Picture:
    """Digest an image once, so that it is encoded once."""
    return Picture(digest=blake2b(pixels.tobytes(), digest_size=16).digest(), pixels=pixels)


class RaggedNetwork:
    """A stock LLaVA that reads spans; it keeps the visual tokens of the images that it saw last.

    Args:
        model: as loaded by transformers, with ``sdpa`` or ``eager`` attention; it is put into evaluation mode.
        image_mean: per channel, for pixel values in [0, 1].
        image_std: per channel, for pixel values in [0, 1].

    Raises:
        WeightsError: the model's attention is of a kind that cannot take a mask per row.
    """

    def __init__(
        self, model: LlavaForConditionalGeneration, *, image_mean: Sequence[float], image_std: Sequence[float]
    ) -> None:
        _check_attention(model)
        self.model = model.eval()
        self._reader = Reader(model)
        self.device: torch.device = model.device
        text, vision = cast("Any", model.config.text_config), cast("Any", model.config.vision_config)
        # Sequences within the window of a model that has one (Mistral 0.1) are read exactly.
        self.max_length: int = min(text.max_position_embeddings, getattr(text, "sliding_window", None) or sys.maxsize)
        self._hidden_size: int = text.hidden_size
        self._pixels_shape = (3, vision.image_size, vision.image_size)
        self._image_token_id = model.config.image_token_id
        self._mean = torch.tensor(image_mean, device=self.device)[:, None, None]
        self._std = torch.tensor(image_std, device=self.device)[:, None, None]
        self._visual_tokens: dict[bytes, Tensor] = {}

    @property
    def num_kept_images(self) -> int:
        """Images whose visual tokens are at hand."""
        return len(self._visual_tokens)

    def check(self, request: Request) -> None:
        """Refuse a request that does not fit the model.

        Raises:
            RequestError: too long, or its images and image tokens do not match the model.
        """
        request.check_length(self.max_length)
        for pixels in request.pixels:
            if pixels.shape != self._pixels_shape or pixels.dtype != np.uint8:
                got = f"{pixels.dtype} {pixels.shape}"
                raise RequestError("pixels of an image", got=got, expected=f"uint8 {self._pixels_shape}")
        num_visual = request.prompt_ids.count(self._image_token_id)
        expected = len(request.pixels) * self.model.config.image_seq_length
        if num_visual != expected:
            what = f"image tokens of a prompt with {len(request.pixels)} image(s)"
            raise RequestError(what, got=str(num_visual), expected=str(expected))

    def prefix_length(self, prompt_ids: Sequence[int]) -> int:
        """Count the tokens through the last visual one; 0 where there is none or nothing follows it."""
        ends = (end for end in range(len(prompt_ids), 0, -1) if prompt_ids[end - 1] == self._image_token_id)
        length = next(ends, 0)
        return length if length < len(prompt_ids) else 0

    def read(self, cache: SlotCache, spans: Sequence[Span]) -> Iterator[tuple[list[int], Float[Tensor, "n len dim"]]]:
        """Run spans of any lengths, those of similar length together; each pass writes its rows of ``cache``.

        Yields:
            Indices into ``spans``, and their last hidden states ``[batch, longest, hidden]``, padded on the right.
        """
        for groups in self._passes(spans):
            yield from zip(groups, self._forward(cache, spans, groups, at_ends=False), strict=True)

    def next_logits(self, cache: SlotCache, spans: Sequence[Span]) -> Float[Tensor, "spans vocab"]:
        """Run spans and return float32 logits of the token after each."""
        last = torch.empty(len(spans), self._hidden_size, dtype=self.model.dtype, device=self.device)
        for groups in self._passes(spans):
            hidden = torch.cat(self._forward(cache, spans, groups, at_ends=True))
            indices = torch.tensor([i for group in groups for i in group], device=self.device)
            last[indices] = hidden[:, 0].to(last.dtype)
        return self.logits(last)

    def logits(self, hidden: Float[Tensor, "... dim"]) -> Float[Tensor, "... vocab"]:
        """Return float32 scores of every token."""
        return self.model.lm_head(hidden).float()

    def _passes(self, spans: Sequence[Span]) -> Iterator[list[list[int]]]:
        """Encode the images of all spans, then tell which spans are run together, in groups of similar length."""
        self._encode([picture for span in spans for picture in span.pictures])
        return _passes([len(span.ids) for span in spans])

    def _forward(
        self, cache: SlotCache, spans: Sequence[Span], groups: Sequence[Sequence[int]], *, at_ends: bool
    ) -> list[Float[Tensor, "batch wanted dim"]]:
        """Run groups of spans in one pass; return the last hidden states of each, at the ends of its spans or all."""
        return self._reader.hidden([self._block(cache, [spans[i] for i in group], at_ends) for group in groups], cache)

    def _block(self, cache: SlotCache, spans: Sequence[Span], at_ends: bool) -> Block:  # noqa: FBT001 (named above)
        length = max(len(span.ids) for span in spans)
        starts = torch.tensor([span.start for span in spans], device=self.device)[:, None]
        columns = starts + torch.arange(length, device=self.device)
        num_columns = max(span.start for span in spans) + length
        embeddings = self._embed(spans, length)
        every_column = torch.arange(num_columns, device=self.device)
        hidden_columns, positions = every_column > columns[:, None, :, None], columns
        if any(span.branches for span in spans):
            offsets = torch.tensor([_branch_offsets(span, length) for span in spans], device=self.device)
            first_columns = (starts + offsets)[:, None, :, None]
            hidden_columns |= (every_column >= starts[:, None, :, None]) & (every_column < first_columns)
            positions = columns - offsets
        mask = torch.zeros(hidden_columns.shape, dtype=embeddings.dtype, device=self.device)
        return Block(
            embeddings=embeddings,
            positions=positions,
            mask=mask.masked_fill_(hidden_columns, torch.finfo(embeddings.dtype).min),
            aim=cache.aim([span.row for span in spans], columns, num_columns),
            places=torch.tensor([[len(span.ids) - 1] for span in spans], device=self.device) if at_ends else None,
        )

    def _embed(self, spans: Sequence[Span], length: int) -> Float[Tensor, "batch length dim"]:
        ids = torch.tensor([span.ids + (0,) * (length - len(span.ids)) for span in spans], device=self.device)
        # A model can also write the image token itself: that is a word like any other.
        has_pictures = torch.tensor([bool(span.pictures) for span in spans], device=self.device)
        is_visual = (ids == self._image_token_id) & has_pictures[:, None]
        embeddings = self.model.get_input_embeddings()(ids.masked_fill(is_visual, 0))
        features = [self._visual_tokens[picture.digest] for span in spans for picture in span.pictures]
        if features:
            embeddings[is_visual] = torch.cat(features).to(embeddings.dtype)  # another one under autocast
        return embeddings

    def _encode(self, pictures: Sequence[Picture]) -> None:
        """Make sure that the visual tokens of every picture are at hand; only pictures not kept are encoded."""
        needed = {picture.digest: picture for picture in pictures}
        missing = [picture for digest, picture in needed.items() if digest not in self._visual_tokens]
        for start in range(0, len(missing), _MAX_PASS_IMAGES):
            chunk = missing[start : start + _MAX_PASS_IMAGES]
            features = self._visual_features(np.stack([picture.pixels for picture in chunk]))
            self._visual_tokens.update(zip([picture.digest for picture in chunk], features, strict=True))
        stale = [digest for digest in self._visual_tokens if digest not in needed]
        for digest in stale[: max(0, len(self._visual_tokens) - _MAX_KEPT_IMAGES)]:
            del self._visual_tokens[digest]

    def _visual_features(self, images: UInt8[np.ndarray, "images 3 size size"]) -> Float[Tensor, "images tokens dim"]:
        scaled = torch.from_numpy(images).to(self.device).float() / 255
        pixel_values = ((scaled - self._mean) / self._std).to(self.model.dtype)
        return self._reader.visual_tokens(pixel_values)


def _branch_offsets(span: Span, length: int) -> list[int]:
    """Return where in the span the branch of each token begins; what pads it counts as its last branch."""
    ends = (*span.branches[1:], length)
    return [start for start, end in zip(span.branches, ends, strict=True) for _ in range(end - start)] or [0] * length


def _passes(lengths: Sequence[int]) -> Iterator[list[list[int]]]:
    """Group spans of similar length, and groups to passes so that none exceeds its tokens, padding counted."""
    groups: list[list[int]] = []
    num_tokens = 0  # of the groups before the last one
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        length = lengths[index]
        if groups and num_tokens + (len(groups[-1]) + 1) * length > _MAX_PASS_TOKENS:
            yield groups
            groups, num_tokens = [], 0
        if not groups:
            groups = [[index]]
        elif length <= _MOST_PADDING * lengths[groups[-1][0]]:
            groups[-1].append(index)
        else:
            num_tokens += len(groups[-1]) * lengths[groups[-1][-1]]
            groups.append([index])
    yield groups


def _check_attention(model: LlavaForConditionalGeneration) -> None:
    config = model.config.text_config
    # transformers has no public name for it.
    attention = getattr(config, "_attn_implementation", None)
    if attention not in {"sdpa", "eager"}:
        raise WeightsError(
            "attention of the language model",
            got=repr(attention),
            expected="'sdpa' or 'eager'",
            do="load the weights with attn_implementation='sdpa'",
        )
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if kinds != {"full_attention"}:
        raise WeightsError("layers of the language model", got=str(sorted(kinds)), expected="full attention only")
