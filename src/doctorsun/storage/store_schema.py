"""The Arrow form of a sample: the schema of a store's shards, the way there from rows, and the way back."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

import pyarrow as pa

from doctorsun.errors import DataError
from doctorsun.schema import (
    Answer,
    Deidentification,
    Groups,
    Image,
    ImageFacts,
    MadeBy,
    Message,
    Object,
    Part,
    Sample,
    Source,
    Variant,
)
from doctorsun.storage.sample_row import SampleRow

IMAGE_BYTES = "images.list.element.bytes"

_TEXTS = pa.list_(pa.string())
_NUMBERS = pa.list_(pa.float64())


def _texts(*names: str) -> pa.StructType:
    return pa.struct([(name, pa.string()) for name in names])


_IMAGE = pa.struct(
    [
        ("bytes", pa.binary()),
        ("sha256", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("path", pa.string()),
        (
            "facts",
            pa.struct(
                [("spacing_mm", _NUMBERS), ("window", _NUMBERS), ("slice", pa.int32()), ("orientation", pa.string())]
            ),
        ),
    ]
)

SAMPLE_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("images", pa.list_(_IMAGE)),
        ("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.list_(_texts("type", "text")))]))),
        ("answer", pa.struct([("kind", pa.string()), ("options", _TEXTS), ("gold", _TEXTS)])),
        ("rejected", _TEXTS),
        ("variant", _texts("of", "kind")),
        *[(name, pa.string()) for name in ("language", "domain", "task", "modality", "anatomy", "department")],
        ("labels", _TEXTS),
        ("objects", pa.list_(pa.struct([("label", pa.string()), ("box_px", _NUMBERS), ("image", pa.int32())]))),
        ("facts", pa.string()),
        ("source", _texts("dataset", "version", "url", "licence", "split", "original_id")),
        ("groups", _texts("patient", "study", "article")),
        ("made_by", _texts("method", "template", "model", "prompt_sha256")),
        ("deidentification", _texts("profile", "version")),
    ]
)

DROPPED_SCHEMA = pa.schema([("original_id", pa.string()), ("reason", pa.string()), ("detail", pa.string())])


def leaf_paths(fields: pa.Schema | pa.StructType = SAMPLE_SCHEMA, prefix: str = "") -> Iterator[str]:
    """Yield the Parquet path of every leaf column, such as ``images.list.element.bytes``."""
    for field in fields:
        path, kind = prefix + field.name, field.type
        while pa.types.is_list(kind):
            path, kind = f"{path}.list.element", kind.value_type
        if pa.types.is_struct(kind):
            yield from leaf_paths(kind, f"{path}.")
        else:
            yield path


def column_path(name: str) -> str:
    """Return the Parquet path of a column named with dots, such as ``source.split`` or ``images.sha256``.

    Raises:
        DataError: a sample has no such field.
    """
    path, kind = "", pa.struct(list(SAMPLE_SCHEMA))
    for field_name in name.split("."):
        while pa.types.is_list(kind):
            path, kind = f"{path}.list.element", kind.value_type
        if not pa.types.is_struct(kind) or kind.get_field_index(field_name) < 0:
            raise DataError(f"a sample has no field '{name}'", expected=f"one of {', '.join(SAMPLE_SCHEMA.names)}")
        path, kind = f"{path}.{field_name}", kind.field(field_name).type
    return path.lstrip(".")


def rows_to_table(rows: Sequence[SampleRow]) -> pa.Table:
    """Return rows of `sample_row` under `SAMPLE_SCHEMA`."""
    return pa.Table.from_pylist(list(rows), schema=SAMPLE_SCHEMA)


class RowGroup:
    """The samples of a table, each built when it is first asked for.

    Args:
        table: rows under `SAMPLE_SCHEMA` without ``images.bytes``.
        image_bytes: the bytes of all images of all rows, one after the other; None leaves them out.
    """

    def __init__(self, table: pa.Table, image_bytes: pa.ChunkedArray | None = None) -> None:
        self._rows: list[dict[str, Any]] = table.to_pylist()
        self._samples: list[Sample | None] = [None] * len(self._rows)
        self._first_image = list(accumulate((len(row["images"]) for row in self._rows), initial=0))
        self._column = image_bytes
        self._encoded: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: int) -> Sample:
        """Return the sample of a row; the bytes of equal images are one object."""
        sample = self._samples[row]
        if sample is None:
            first = self._first_image[row]
            images = [
                _image(image, self._image_bytes(first + place, image["sha256"]))
                for place, image in enumerate(self._rows[row]["images"])
            ]
            sample = self._samples[row] = _sample(self._rows[row], images)
            self._rows[row].clear()
        return sample

    def _image_bytes(self, position: int, sha256: str) -> bytes | None:
        if self._column is None or not (value := self._column[position]).is_valid:
            return None
        if sha256 not in self._encoded:
            self._encoded[sha256] = value.as_py()
        return self._encoded[sha256]


def _sample(row: dict[str, Any], images: Sequence[Image]) -> Sample:
    fields: dict[str, Any] = row | {
        "images": tuple(images),
        "messages": tuple([_message(message) for message in row["messages"]]),
        "answer": row["answer"] and _answer(row["answer"]),
        "rejected": tuple(row["rejected"]),
        "variant": row["variant"] and Variant(**row["variant"]),
        "labels": tuple(row["labels"]),
        "objects": tuple([_object(thing) for thing in row["objects"]]),
        "source": Source(**row["source"]),
        "groups": Groups(**row["groups"]),
        "made_by": MadeBy(**row["made_by"]),
        "deidentification": Deidentification(**row["deidentification"]),
    }
    return Sample(**fields)


def _image(row: dict[str, Any], encoded: bytes | None) -> Image:
    facts: dict[str, Any] = row["facts"]
    for name in ("spacing_mm", "window"):
        facts[name] = facts[name] and tuple(facts[name])
    row["facts"] = ImageFacts(**facts)
    return Image(bytes=encoded, **row)


def _answer(row: dict[str, Any]) -> Answer:
    return Answer(kind=row["kind"], options=tuple(row["options"]), gold=tuple(row["gold"]))


def _object(row: dict[str, Any]) -> Object:
    x0, y0, x1, y1 = row["box_px"]
    return Object(label=row["label"], box_px=(x0, y0, x1, y1), image=row["image"])


def _message(row: dict[str, Any]) -> Message:
    return Message(role=row["role"], content=tuple([Part(**part) for part in row["content"]]))
