"""A small processor, network, samples and stores for tests: built in a moment, nothing read from outside."""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Picture
from transformers import LlavaForConditionalGeneration

from doctorsun.model.build import build_model
from doctorsun.model.presets import PRESETS
from doctorsun.processor.chat_template import ChatTemplate
from doctorsun.processor.image_processor import Fit, ImageProcessor
from doctorsun.processor.processor import Processor
from doctorsun.processor.tokenizer import BOS, EOS_TURN, train_tokenizer
from doctorsun.schema import Image, Message, Part, Sample, Source, image_part, text_part
from doctorsun.storage.store import Store, StoreWriter
from doctorsun.weights.hugging_face import save_processor, save_weights

TEXTS = ("Is there a nodule in the left lung? No nodule is seen.", "左肺有结节吗?未见结节。", "Which organ is it?")
MICRO = PRESETS["micro"]


@cache
def small_processor(fit: Fit = "crop") -> Processor:
    """Return a processor for 32 x 32 pixels and 16 visual tokens, with a vocabulary of 300 and the special tokens."""
    tokenizer = train_tokenizer(TEXTS, 300)
    template = ChatTemplate(bos_token=BOS, eos_token=EOS_TURN)
    return Processor(tokenizer, template, ImageProcessor(size=MICRO.image_size, fit=fit), MICRO.num_visual_tokens)


def small_model(seed: int = 3, **sizes: Any) -> LlavaForConditionalGeneration:
    """Return a new network of 0.2 million parameters; ``sizes`` change the preset."""
    return build_model(replace(MICRO, **sizes), small_processor(), seed=seed)


def save_small(
    folder: Path, *, fit: Fit = "crop", seed: int = 3, model: LlavaForConditionalGeneration | None = None
) -> Path:
    """Write a network, a new one where none is given, and its processor as a stock folder."""
    processor_folder = folder.with_name(f"{folder.name}-processor")
    save_processor(small_processor(fit), processor_folder, patch_size=MICRO.patch_size, max_length=MICRO.max_positions)
    save_weights(model or small_model(seed), processor_folder, folder)
    return folder


def png(seed: int, width: int = 32, height: int = 32, mode: str = "RGB") -> bytes:
    """Return a PNG of noise."""
    channels = {"L": (), "RGB": (3,), "RGBA": (4,)}[mode]
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, *channels), dtype=np.uint8)
    buffer = io.BytesIO()
    Picture.fromarray(pixels, mode).save(buffer, format="PNG")
    return buffer.getvalue()


def image(encoded: bytes, width: int = 32, height: int = 32) -> Image:
    """Return the record of an encoded image."""
    return Image(bytes=encoded, sha256=hashlib.sha256(encoded).hexdigest(), width=width, height=height)


def user(*parts: str | Part) -> Message:
    """Return a user's turn; words may stand for their part."""
    return Message(role="user", content=tuple(text_part(part) if isinstance(part, str) else part for part in parts))


def assistant(*parts: str | Part) -> Message:
    """Return a reply; words may stand for their part."""
    return replace(user(*parts), role="assistant")


def sample(name: str, *messages: Message, images: Sequence[Image] = (), **fields: Any) -> Sample:
    """Return a sample of these turns."""
    return Sample(id=name, messages=messages, images=tuple(images), source=Source(dataset="made"), **fields)


def question(name: str, words: str, reply: str, *images: Image, **fields: Any) -> Sample:
    """Return one question about images, with its reply."""
    return sample(name, user(*[image_part()] * len(images), words), assistant(reply), images=images, **fields)


def write_store(folder: Path, samples: Sequence[Sample], name: str = "made") -> Store:
    """Write samples as a store, each a source item of its own."""
    with StoreWriter(folder, name=name, step={"step": "test"}) as writer:
        for each in samples:
            writer.add([each])
    return Store(folder)


def facts(
    *, side: str = "", present: bool = True, name: str = "nodule", boxes: Sequence[int] = (), **others: Any
) -> str:
    """Return the facts of an image with one finding, as JSON."""
    finding = {
        "name": name, "present": present, "side": side, "zone": "", "size_class": "", "count": 0, "boxes": boxes
    }  # fmt: skip
    return json.dumps({"modality": "chest_xray", "findings": [finding], **others})
