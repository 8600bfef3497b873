"""Pictures and folders of published conversation data, made for the tests of their readers."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from doctorsun.config.collection import ImportSource
from doctorsun.data.formats import open_import


@pytest.fixture(scope="session")
def picture():
    """Return a maker of JPEG bytes, 5 pixels wide and 3 high, different for every grey level."""

    def make(level: int = 0, size: tuple[int, int] = (5, 3)) -> bytes:
        buffer = io.BytesIO()
        PillowImage.fromarray(np.full(size[::-1], level, dtype=np.uint8)).save(buffer, "JPEG")
        return buffer.getvalue()

    return make


@pytest.fixture
def lay(tmp_path):
    """Return a maker of files: bytes, text, JSON content, or, for a dictionary under a .zip name, an archive."""

    def make(name: str, content: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".zip") and isinstance(content, dict):
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for member, data in content.items():
                    archive.writestr(member, data)
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
            path.write_text(text, encoding="utf-8")
        return path

    return make


@pytest.fixture
def import_all():
    """Return a function that imports files of a format and gives their items in order."""

    def read(name: str, path: Path, **settings: object) -> list:
        reader = open_import(ImportSource.model_validate({"format": name, "path": str(path), **settings}))
        return [reader.make(pending) for pending in reader.pending()]

    return read
