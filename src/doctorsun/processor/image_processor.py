"""Encoded images to model pixels, as transformers' CLIP (crop) and LLaVA (pad) processors do; one frame for boxes."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import UInt8
from PIL import Image as PillowImage

from doctorsun.image.raster import decode
from doctorsun.processor.grey import BICUBIC, Colour, one_channel_if_grey, resized_on_square

Fit = Literal["crop", "pad"]
FITS: tuple[Fit, ...] = ("crop", "pad")
Box = tuple[float, float, float, float]

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)  # openai/clip-vit-large-patch14-336, preprocessor_config.json
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """How an image lies in the model's square: ``model = image * scale + offset``, in model pixels."""

    scale_x: float
    scale_y: float
    offset_x: float
    offset_y: float
    size: int

    def to_model(self, box_px: Box) -> Box:
        """Map a box from image pixels to thousandths of the model's square, clipped to it."""
        x0, y0, x1, y1 = box_px
        xs = [(x * self.scale_x + self.offset_x) * 1000 / self.size for x in (x0, x1)]
        ys = [(y * self.scale_y + self.offset_y) * 1000 / self.size for y in (y0, y1)]
        clip = [min(max(value, 0.0), 1000.0) for value in (xs[0], ys[0], xs[1], ys[1])]
        return clip[0], clip[1], clip[2], clip[3]

    def to_image(self, box: Box) -> Box:
        """Map a box from thousandths of the model's square back to image pixels."""
        x0, y0, x1, y1 = (value * self.size / 1000 for value in box)
        return (
            (x0 - self.offset_x) / self.scale_x,
            (y0 - self.offset_y) / self.scale_y,
            (x1 - self.offset_x) / self.scale_x,
            (y1 - self.offset_y) / self.scale_y,
        )


def whole_picture(width: int, height: int) -> Frame:
    """Return the frame of models that count thousandths of the picture itself, as InternVL does."""
    return Frame(scale_x=1000 / width, scale_y=1000 / height, offset_x=0.0, offset_y=0.0, size=1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageProcessor:
    """Resizes the way the weights were trained: ``crop`` as CLIP does, ``pad`` to a square as LLaVA-1.5 does."""

    size: int
    fit: Fit = "crop"
    mean: tuple[float, float, float] = CLIP_MEAN
    std: tuple[float, float, float] = CLIP_STD

    def frame(self, width: int, height: int) -> Frame:
        """Return where an image of this size lies in the model's square."""
        if self.fit == "pad":
            side = max(width, height)
            scale = self.size / side
            left, top = (side - width) // 2, (side - height) // 2
            return Frame(scale_x=scale, scale_y=scale, offset_x=left * scale, offset_y=top * scale, size=self.size)
        new_width, new_height = self._short_edge_size(width, height)
        return Frame(
            scale_x=new_width / width,
            scale_y=new_height / height,
            offset_x=-float((new_width - self.size) // 2),
            offset_y=-float((new_height - self.size) // 2),
            size=self.size,
        )

    def pixels(self, data: bytes) -> UInt8[np.ndarray, "3 size size"]:
        """Decode, fit and resize one image (bicubic, uint8; normalising is left to the device).

        Raises:
            ImageError: the bytes are not a readable image.
        """
        # Colour comes last: three equal channels resize as one does, at three times the cost.
        image = self._fitted(one_channel_if_grey(decode(data))).convert("RGB")
        return np.ascontiguousarray(np.asarray(image, dtype=np.uint8).transpose(2, 0, 1))

    def _fitted(self, image: PillowImage.Image) -> PillowImage.Image:
        if self.fit == "pad" and image.width != image.height:
            if image.mode == "L":
                return resized_on_square(image, self.size, self._background)
            image = self._padded(image)
        new_width, new_height = self._short_edge_size(image.width, image.height)
        image = image.resize((new_width, new_height), BICUBIC)
        left, top = (new_width - self.size) // 2, (new_height - self.size) // 2
        return image.crop((left, top, left + self.size, top + self.size))

    def _short_edge_size(self, width: int, height: int) -> tuple[int, int]:
        short, long = min(width, height), max(width, height)
        scaled = int(self.size * long / short)
        return (self.size, scaled) if width <= height else (scaled, self.size)

    @property
    def _background(self) -> Colour:
        return int(self.mean[0] * 255), int(self.mean[1] * 255), int(self.mean[2] * 255)

    def _padded(self, image: PillowImage.Image) -> PillowImage.Image:
        side = max(image.width, image.height)
        square = PillowImage.new("RGB", (side, side), self._background)
        square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
        return square
