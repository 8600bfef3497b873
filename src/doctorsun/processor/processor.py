"""Processor: the one road from a Sample to token ids and pixels, for training, evaluation and serving."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int32, UInt8
from tokenizers import Tokenizer

from doctorsun.errors import DataError, WeightsError
from doctorsun.processor.boxes import boxes_in_pixels, write_boxes
from doctorsun.processor.chat_families import choose_family
from doctorsun.processor.chat_template import ChatTemplate
from doctorsun.processor.config_files import read_geometry
from doctorsun.processor.control_tokens import ControlTokens
from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.processor.tokenizer import IMAGE, document_end, id_of, load_tokenizer, read_token_name
from doctorsun.processor.tokenizer_settings import TokenizerSettings
from doctorsun.schema import Message, Part, Sample


@dataclass(frozen=True, slots=True)
class Rendered:
    """A sample as the model reads it.

    Attributes:
        ids: token ids, each image expanded to its visual tokens.
        supervised: true where the token is part of a reply (its end-of-turn included): the loss counts these.
        prefix_length: tokens up to and including the last visual token; samples with equal prefixes and images may
            share them in one sequence. 0 where nothing can be shared: text, and an image after the first reply.
        turn_ends: tokens up to the end of each reply that has all images before it: where the sample may end.
    """

    ids: Int32[np.ndarray, " seq"]
    supervised: Bool[np.ndarray, " seq"]
    prefix_length: int
    turn_ends: tuple[int, ...] = ()

    def up_to(self, end: int) -> "Rendered":
        """Return the sample without the turns after one of its ``turn_ends``."""
        ends = tuple(each for each in self.turn_ends if each <= end)
        return Rendered(self.ids[:end], self.supervised[:end], self.prefix_length, ends)


class Processor:
    """Tokenizer, chat template and image geometry of one set of weights."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        template: ChatTemplate,
        images: ImageProcessor,
        num_visual_tokens: int,
        eos_ids: Sequence[int] = (),
    ) -> None:
        self.tokenizer = tokenizer
        self.template = template
        self.images = images
        self.num_visual_tokens = num_visual_tokens
        self._eos_ids = tuple(eos_ids)

    @classmethod
    def from_folder(cls, folder: Path) -> "Processor":
        """Load the processor that stands beside weights.

        Raises:
            WeightsError: a file is missing, damaged or describes a layout that is not LLaVA's.
        """
        geometry = read_geometry(folder)
        template_path = folder / "chat_template.jinja"
        if not template_path.is_file():
            raise WeightsError(
                f"{template_path}", got="no such file", expected="a chat template", do="copy it beside the weights"
            )
        template = ChatTemplate(
            template_path.read_text(encoding="utf-8-sig"),
            bos_token=read_token_name(folder, "bos_token"),
            eos_token=read_token_name(folder, "eos_token"),
        )
        eos_ids = TokenizerSettings.read(folder).eos_ids()
        return cls(load_tokenizer(folder), template, geometry.images, geometry.num_visual_tokens, eos_ids)

    @cached_property
    def control_tokens(self) -> ControlTokens:
        """The tokens that only the template may set."""
        return ControlTokens(self.tokenizer)

    @cached_property
    def image_token_id(self) -> int:
        """Id of the token that visual features replace."""
        return self.token_id(IMAGE)

    @cached_property
    def stop_ids(self) -> tuple[int, ...]:
        """Ids that end an answer: those that the folder names, the end of a text, and the end of a document."""
        ends = [self.token_id(end) for end in (self.template.eos_token, self._document_end) if end]
        return tuple(dict.fromkeys([*self._eos_ids, *ends]))

    @cached_property
    def _document_end(self) -> str:
        return document_end(self.tokenizer, self.template.eos_token)

    def asked_as(self, chat: str | None) -> "Processor":
        """Return a processor that asks by another family of chat templates; None keeps this one's.

        Raises:
            WeightsError: there is no such family, or the tokenizer lacks its tokens.
        """
        if chat is None:
            return self
        family = choose_family(chat, self.tokenizer.get_vocab(with_added_tokens=True))
        source = family.template_for(self.tokenizer)
        end = family.ends_turns or self.template.eos_token
        template = ChatTemplate(source, bos_token=self.template.bos_token, eos_token=end)
        return Processor(self.tokenizer, template, self.images, self.num_visual_tokens, self._eos_ids)

    def token_id(self, token: str) -> int:
        """Return the id of a special token.

        Raises:
            WeightsError: the tokenizer does not have it.
        """
        return id_of(self.tokenizer, token)

    def render(self, sample: Sample) -> Rendered:
        """Turn a sample into token ids, with the positions that the loss counts.

        Control tokens in its text are only words.

        Raises:
            DataError: images and image places differ in number, a reply shows an image, or a box points nowhere.
        """
        self._check_images(sample)
        if len(sample.messages) == 1 and sample.messages[0].role == "assistant":
            rendered = self._render_document(sample.messages[0].text)
        else:
            rendered = self._render_conversation(self.control_tokens.as_words(self._with_boxes(sample)))
        self._check_visual_tokens(sample, rendered)
        return rendered

    def _render_conversation(self, messages: Sequence[Message]) -> Rendered:
        ids: list[int] = []
        supervised: list[bool] = []
        ends: list[int] = []
        start = 0
        for index, message in enumerate(messages):
            if message.role != "assistant":
                continue
            opening = self.template.render(messages[:index], add_generation_prompt=True)
            closing = self.template.render(messages[: index + 1])
            if not closing.startswith(opening):
                raise WeightsError(
                    "the chat template",
                    got="a reply that changes the text before it",
                    expected="a template that only appends",
                    do="mend the chat_template.jinja beside the weights",
                )
            # Each reply goes on where its prompt ends, as it does when the model writes it.
            for text, is_reply in ((opening[start:], False), (closing[len(opening) :], True)):
                part = self._encode(text, after=ids[-1] if ids else None)
                ids += part
                supervised += [is_reply] * len(part)
            start = len(closing)
            ends.append(len(ids))
        return self._rendered(ids, supervised, ends)

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """Return the token ids that ask for the next reply; control tokens in the messages' text are only words."""
        words = self.control_tokens.as_words(messages)
        return self._encode(self.template.render(words, add_generation_prompt=True))

    def continuation(self, text: str, after: int) -> list[int]:
        """Return the token ids of words that a reply may begin with, where the prompt ends with the token ``after``."""
        return self.control_tokens.encode(self.control_tokens.marked(text), after)

    def question(self, sample: Sample) -> tuple[Message, ...]:
        """Return a sample's turns up to, and without, its last reply; boxes in them are written out."""
        messages = self._with_boxes(sample)
        last = max((i for i, message in enumerate(messages) if message.role == "assistant"), default=len(messages))
        return messages[:last]

    def pixels(self, data: bytes) -> UInt8[np.ndarray, "3 size size"]:
        """Decode and fit one image."""
        return self.images.pixels(data)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the words of an answer, without special tokens."""
        return self.tokenizer.decode(list(ids), skip_special_tokens=True)

    def boxes_in_pixels(self, answer: str, width: int, height: int) -> str:
        """Return an answer with its boxes written as ``[x0, y0, x1, y1]`` in pixels of an image of this size."""
        return boxes_in_pixels(answer, self.images.frame(width, height))

    def _encode(self, text: str, after: int | None = None) -> list[int]:
        ids = self.control_tokens.encode(text, after)
        if self.image_token_id not in ids:
            return ids
        repeats = ((token, self.num_visual_tokens if token == self.image_token_id else 1) for token in ids)
        return [token for token, count in repeats for _ in range(count)]

    def _render_document(self, text: str) -> Rendered:
        ids = self._encode(self.template.bos_token)
        ids += self._encode(self.control_tokens.marked(text) + self._document_end)
        return self._rendered(ids, [False] + [True] * (len(ids) - 1), [len(ids)])

    def _rendered(self, ids: list[int], supervised: list[bool], turn_ends: Sequence[int]) -> Rendered:
        array, counted = np.asarray(ids, dtype=np.int32), np.asarray(supervised, dtype=np.bool_)
        visual = np.flatnonzero(array == self.image_token_id)
        prefix_length = int(visual[-1]) + 1 if visual.size else 0
        # What a prefix holds is not counted by the loss, so a reply cannot lie in one.
        is_shared = not counted[:prefix_length].any()
        ends = tuple(end for end in turn_ends if end >= prefix_length)
        return Rendered(array, counted, prefix_length if is_shared else 0, ends)

    def _with_boxes(self, sample: Sample) -> tuple[Message, ...]:
        if not sample.objects:
            return sample.messages
        frames = [self.images.frame(image.width, image.height) for image in sample.images]
        return tuple(
            Message(
                role=message.role,
                content=tuple(
                    Part(type=part.type, text=write_boxes(part.text, sample.objects, frames))
                    for part in message.content
                ),
            )
            for message in sample.messages
        )

    def _check_images(self, sample: Sample) -> None:
        places = sum(message.num_images for message in sample.messages)
        if places != len(sample.images):
            raise DataError(
                f"sample {sample.id}",
                got=f"{places} image places and {len(sample.images)} images",
                expected="one place for each image",
                do="mend or drop the sample",
            )
        if any(message.num_images for message in sample.messages if message.role == "assistant"):
            raise DataError(
                f"sample {sample.id}",
                got="an image in a reply",
                expected="images in the questions only",
                do="mend or drop the sample",
            )

    def _check_visual_tokens(self, sample: Sample, rendered: Rendered) -> None:
        found, wanted = int((rendered.ids == self.image_token_id).sum()), len(sample.images) * self.num_visual_tokens
        if found != wanted:
            raise DataError(
                f"sample {sample.id}",
                got=f"{found} visual tokens for {len(sample.images)} images",
                expected=f"{wanted}",
                do="mend the chat_template.jinja beside the weights: it has to show every image",
            )
