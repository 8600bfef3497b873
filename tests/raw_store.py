"""A store as sources give it, for tests of curation: most of it is sound, and some of it has to go."""

from pathlib import Path

import numpy as np

from doctorsun.image.raster import encode_png, image_record
from doctorsun.schema import Groups, Image, Message, Sample, Source, image_part, text_part
from doctorsun.storage.store import Store, StoreWriter

NUM_SAMPLES = 44
ROWS_PER_SHARD = 8
NUM_NON_COMMERCIAL = 9  # those of the whole second shard, and one more
TRADITIONAL = 3
_FINDINGS = ("left lung", "right kidney", "aortic arch", "third ventricle", "optic disc", "portal vein", "hip joint")


def write_raw_store(folder: Path, *, name: str = "raw", first: int = 0) -> Store:
    """Write the store.

    Args:
        folder: where it goes.
        name: of the store and of its data set.
        first: number of the first sample; those of other numbers differ.
    """
    with StoreWriter(
        folder, name=name, step={"step": "write", "first": first}, rows_per_shard=ROWS_PER_SHARD
    ) as writer:
        for place in range(NUM_SAMPLES):
            writer.add([_sample(name, place, first + place)])
    return Store(folder)


def _sample(name: str, place: int, number: int) -> Sample:
    is_own = 8 <= place < 16 or place == 30
    asked, told = _words(place, number)
    images = () if place % 5 == TRADITIONAL else (_image(number),)
    turns = (
        Message(role="user", content=(*[image_part() for _ in images], text_part(asked))),
        Message(role="assistant", content=(text_part(told),)),
    )
    licence = "CC-BY-NC-4.0" if is_own else "CC-BY-4.0"
    return Sample(
        id=f"{name}-{number}",
        messages=turns,
        images=images,
        language="zh" if place == TRADITIONAL else "en",
        source=Source(dataset=name, licence=licence, original_id=str(number)),
        groups=Groups(patient=f"p{number // 2}"),
    )


def _words(place: int, number: int) -> tuple[str, str]:
    if place == TRADITIONAL:
        told = "圖像顯示肺部沒有異常。" if number == TRADITIONAL else "肝臟輪廓清晰，膽囊內未見結石。"
        return "這張圖像顯示什麼？", told
    part = _FINDINGS[number % len(_FINDINGS)]
    return f"What does case {number} tell about the {part}?", f"In case {number} the {part} measures {number + 7} mm."


def _image(number: int) -> Image:
    """Return noise in large blocks, which no other number gives."""
    blocks = np.random.default_rng(number).integers(0, 256, (9, 11), dtype=np.uint8)
    return image_record(encode_png(np.kron(blocks, np.ones((8, 8), np.uint8))), path=f"{number}.png")
