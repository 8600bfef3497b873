"""Sketches: what identifies a sample, its images and its groups."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from doctorsun.data.curate.candidate import Candidate
from doctorsun.data.curate.sketch import SKETCH_SCHEMA, Sketches, sketch_of, told
from doctorsun.image.fingerprint import fingerprint
from doctorsun.image.raster import encode_png, image_record
from doctorsun.schema import Answer, Groups, Image, Message, Sample, Source, Variant, image_part, text_part

GREY = np.arange(35 * 40, dtype=np.uint32).reshape(35, 40).astype(np.uint8)


def sample(*images: Image, **fields: object) -> Sample:
    turns = (Message(role="user", content=(*[image_part() for _ in images], text_part("What is shown?"))),)
    source = Source(dataset="cells", original_id="1")
    return replace(Sample(id="a", messages=turns, images=images, source=source), **fields)


def row(shown: Sample, place: int = 0) -> dict[str, object]:
    return sketch_of(place, Candidate(shown))


def test_a_sketch_fits_its_schema_and_holds_what_steps_ask_for() -> None:
    image = image_record(encode_png(GREY), path="a/1.png")
    groups = Groups(patient="p1", study="1.2.840.113619.2.55", article="PMC12")
    found = row(sample(image, groups=groups, variant=Variant(of="b", kind="translation"), labels=("cyst",)), 7)
    (read,) = pa.Table.from_pylist([found], schema=SKETCH_SCHEMA).to_pylist()
    assert read == found | {"bands": read["bands"]}
    assert (read["place"], read["variant_of"], read["labels"], read["num_pixels"]) == (7, "b", ["cyst"], 1400)
    assert (read["patient"], read["study"], read["article"]) == ("cells/p1", "1.2.840.113619.2.55", "PMC12")
    assert read["image_path"] == ["a/1.png"]
    assert read["image_sha256"] == [bytes.fromhex(image.sha256)]
    assert read["fingerprints"] == [fingerprint(encode_png(GREY))]


def test_an_image_that_is_not_here_has_no_look() -> None:
    found = row(sample(Image(bytes=None, sha256="", width=0, height=0, path="a/1.png")))
    assert found["pixel_sha256"] == found["fingerprints"] == found["image_sha256"] == [None]


def test_options_and_gold_answers_are_part_of_what_a_sample_says() -> None:
    answer = Answer(kind="mcq", options=("cyst", "stone"), gold=("A",))
    assert told(sample(answer=answer)) == "What is shown?\ncyst\nstone\nA"


@pytest.mark.parametrize("field", ["id", "words", "image"])
def test_the_key_tells_samples_apart(field: str) -> None:
    other = {
        "id": sample(id="b"),
        "words": sample(messages=(Message(role="user", content=(text_part("Which organ?"),)),)),
        "image": sample(image_record(encode_png(GREY))),
    }
    assert row(sample())["key"] != row(other[field])["key"]


def test_the_key_does_not_depend_on_place_and_split() -> None:
    assert row(sample())["key"] == row(sample(source=Source(dataset="cells", split="test")), 5)["key"]


def test_rows_are_left_out_by_their_places() -> None:
    rows = [row(sample(id=str(place)), place) for place in (2, 3, 5, 8)]
    sketches = Sketches(pa.Table.from_pylist(rows, schema=SKETCH_SCHEMA)).without([3, 8])
    assert sketches.places.tolist() == [2, 5]
    assert len(sketches) == 2


def test_digests_are_given_as_bytes_and_rows_with_the_columns_that_are_asked_for() -> None:
    rows = [row(sample(id=str(place)), place) for place in range(4)]
    parts = [pa.Table.from_pylist(part, schema=SKETCH_SCHEMA) for part in (rows[:3], rows[3:])]
    sketches = Sketches(pa.concat_tables([parts[0].slice(1), parts[1]]))
    keys = [found["key"] for found in rows]
    assert [key.tobytes() for key in sketches.digests("key")] == keys[1:]
    some = sketches.at(np.array([2, 0]), ("place", "key"))
    assert some.table.column_names == ["place", "key"]
    assert [key.tobytes() for key in some.digests("key")] == [keys[3], keys[1]]
