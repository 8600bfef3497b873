"""Small stores whose card is known beforehand."""

import io
from dataclasses import replace
from pathlib import Path

from PIL import Image as Picture

from doctorsun.schema import Answer, Groups, Image, MadeBy, Message, Object, Sample, Source, image_part, text_part
from doctorsun.storage.store import StoreWriter

HOSTILE = "<script>alert(1)</script>\n\n# |x| `y` [z](javascript:1) \u202eRTL " + "long" * 400


def picture(width: int, height: int, shade: int = 90) -> Image:
    """A grey PNG; its name stands in for its hash."""
    buffer = io.BytesIO()
    Picture.new("L", (width, height), shade).save(buffer, "PNG")
    return Image(bytes=buffer.getvalue(), sha256=f"{width}x{height}x{shade}", width=width, height=height, path="a.png")


def missing(path: str) -> Image:
    """An image that is only named."""
    return Image(bytes=None, sha256="", width=0, height=0, path=path)


def question(name: str, text: str, answer: str, *images: Image) -> Sample:
    """A question of a person with its answer."""
    asked = Message(role="user", content=(*(image_part() for _ in images), text_part(text)))
    told = Message(role="assistant", content=(text_part(answer),))
    source = Source(dataset="fundi", url="https://example.org/fundi", licence="CC-BY-4.0", split="train")
    return Sample(id=name, messages=(asked, told), source=source, images=images, modality="fundus", task="modality")


def boxed(name: str, image: Image, *, language: str = "en") -> Sample:
    """A question about the second of two boxes."""
    sample = question(name, "What is in <box>#1</box>?", "<ref>polyp</ref>.", image)
    objects = (Object(label="nodule", box_px=(1, 2, 5, 6)), Object(label="polyp", box_px=(3, 3, 9, 9)))
    return replace(
        sample,
        language="zh" if language == "zh" else "en",
        objects=objects,
        labels=("nodule", "polyp"),
        answer=Answer(kind="open", gold=("polyp",)),
        task="region:polyp",
        made_by=MadeBy(method="template", template="t1"),
        groups=Groups(patient="p1", study="s1"),
    )


def document(name: str, text: str, *, dataset: str = "book", licence: str = "MIT") -> Sample:
    """A text without a question."""
    message = Message(role="assistant", content=(text_part(text),))
    return Sample(id=name, messages=(message,), source=Source(dataset=dataset, licence=licence), task="text")


def write_store(folder: Path, *samples: Sample, per_shard: int = 2) -> Path:
    """Write a store, one item per sample, and one item dropped."""
    with StoreWriter(folder, name="demo", step={"step": "collect", "root": "数据"}, rows_per_shard=per_shard) as writer:
        for sample in samples:
            writer.add([sample])
        writer.drop("lost", "no_file", "x.png")
    return folder
