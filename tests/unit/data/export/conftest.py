"""Stores to export, and the way back."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from doctorsun.config.collection import ImportSource
from doctorsun.data.export.export import Exported, export_format, export_store
from doctorsun.data.formats import open_import
from doctorsun.schema import Image, Message, Part, Sample, Source, image_part, text_part
from doctorsun.storage.store import Store, StoreWriter

IMPORTS = {"hf": "hub-parquet", "llava": "llava", "messages": "llava", "webdataset": "webdataset"}


@pytest.fixture(scope="session")
def image():
    """Return a maker of 8 x 4 pictures, PNG or JPEG, different for every grey level."""

    def make(level: int, kind: str = "PNG", **fields: object) -> Image:
        buffer = io.BytesIO()
        PillowImage.fromarray(np.full((4, 8), level, dtype=np.uint8)).save(buffer, kind)
        data = buffer.getvalue()
        known: dict = {"path": f"/scans/{level}.{kind.lower()}"} | fields
        return Image(bytes=data, sha256=hashlib.sha256(data).hexdigest(), width=8, height=4, **known)

    return make


@pytest.fixture(scope="session")
def sample():
    """Return a maker of samples: a question of parts, an answer."""

    def make(name: str, *question: str | Part, reply: str = "Yes.", **fields: object) -> Sample:
        parts = tuple(text_part(part) if isinstance(part, str) else part for part in question)
        asked = (Message(role="user", content=parts),) if parts else ()
        spoken = (*asked, Message(role="assistant", content=(text_part(reply),)))
        known: dict = {"messages": spoken, "source": Source(dataset="made", licence="MIT", original_id=name)} | fields
        if "images" in fields and parts and not any(part.type == "image" for part in parts):
            shown = tuple(image_part() for _ in known["images"])
            known["messages"] = (Message(role="user", content=(*shown, *parts)), *spoken[1:])
        return Sample(id=name, **known)

    return make


@pytest.fixture
def stored(tmp_path):
    """Return a function that puts samples into a store."""

    def put(*samples: Sample, name: str = "store") -> Store:
        with StoreWriter(tmp_path / name, name=name, step={"step": "made"}) as writer:
            for each in samples:
                writer.add([each])
        return Store(tmp_path / name)

    return put


@pytest.fixture
def export():
    """Return a function that exports a store."""

    def write(store: Store, name: str, out: Path, split: str | None = None) -> Exported:
        return export_store(store, export_format(name), out, split=split, on_progress=lambda *_: None)

    return write


@pytest.fixture
def read_back():
    """Return a function that imports an export and gives its items."""

    def read(name: str, folder: Path) -> list:
        reader = open_import(ImportSource(format=IMPORTS[name], path=str(folder)))
        return [reader.make(pending) for pending in reader.pending()]

    return read
