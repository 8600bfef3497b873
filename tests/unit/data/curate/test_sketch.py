"""Sketches: what identifies a sample, its images and its groups."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from doctorsun.data.curate.candidate import Candidate
from doctorsun.data.curate.sketch import SKETCH_SCHEMA, sketch_of, told
from doctorsun.data.curate.sketches import Sketches
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
    sketches = Sketches([pa.Table.from_pylist(rows, schema=SKETCH_SCHEMA).select]).without([3, 8])
    assert sketches.places.tolist() == [2, 5]
    assert len(sketches) == 2


def read_in_parts() -> tuple[Sketches, list[dict[str, object]]]:
    """Return the sketches of three samples in two parts, the first of which begins within a table; and their rows."""
    labels = [("cyst",), ("stone", "cyst"), (), ("",)]
    rows = [row(sample(id=str(place), labels=found), place) for place, found in enumerate(labels)]
    parts = [pa.Table.from_pylist(part, schema=SKETCH_SCHEMA) for part in (rows[:3], rows[3:])]
    return Sketches([parts[0].slice(1).select, parts[1].select]), rows[1:]


def test_digests_are_given_as_bytes_also_of_some_rows_of_what_is_left() -> None:
    sketches, rows = read_in_parts()
    keys = [found["key"] for found in rows]
    assert [key.tobytes() for key in sketches.digests("key")] == keys
    some = sketches.at(np.array([1, 2])).at(np.array([1]))
    assert (len(some), some.places.tolist(), [key.tobytes() for key in some.digests("key")]) == (1, [3], keys[2:])


def test_values_are_numbered_as_they_come_first_over_all_parts_and_columns() -> None:
    sketches, _ = read_in_parts()
    assert sketches.codes("labels").tolist() == [0, 1, -1]
    assert sketches.lengths("labels").tolist() == [2, 0, 1]
    assert sketches.codes("dataset", "text_sha256").tolist() == [0, 0, 0, 1, 1, 1]
    assert sketches.codes("id").tolist() == [0, 1, 2]


def test_values_of_few_rows_are_read_again() -> None:
    sketches, _ = read_in_parts()
    assert sketches.values("id", [2, 0, 2]) == {0: "1", 2: "3"}
    assert sketches.values("labels", np.array([0])) == {0: ["stone", "cyst"]}
    assert sketches.values("id", []) == {}
