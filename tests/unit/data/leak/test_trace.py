"""Traces of samples."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from doctorsun.data.leak.question import text_digest
from doctorsun.data.leak.trace import Look, look_of, read_traces, trace_of, traces_of, words_of, write_traces
from doctorsun.image.raster import encode_png, image_record
from doctorsun.schema import ImageFacts
from leak_rows import picture
from small_model import question

LONG = "Which of the following is the most likely diagnosis of this patient with fever and cough?"


def test_replies_are_no_questions_but_words_count_wherever_they_stand() -> None:
    asked, replied = (trace_of(question("a", *words), []) for words in (("Why?", LONG), (LONG, "Yes.")))

    assert text_digest(LONG) in replied.texts
    assert text_digest(LONG) not in asked.texts
    assert set(np.frombuffer(asked.grams, "<u4")) & set(np.frombuffer(replied.grams, "<u4"))
    assert words_of(question("a", "Why?", LONG)) == f"Why?\n{LONG}"


def test_the_pixels_of_a_picture_are_the_same_in_another_lossless_file() -> None:
    png = picture(1)
    bmp = picture(1, "BMP")

    assert png.sha256 != bmp.sha256
    assert look_of(png) == look_of(bmp)
    assert look_of(png).pixels != look_of(picture(1, "JPEG")).pixels


def test_what_cannot_be_seen_or_shows_one_value_has_no_look() -> None:
    blank = image_record(encode_png(np.full((5, 7), 9, np.uint8)))
    image = picture(1)

    assert [look_of(each) for each in (replace(image, bytes=None), replace(image, bytes=b"broken"), blank)] == [
        Look()
    ] * 3


def test_an_image_is_looked_at_once_however_many_samples_show_it() -> None:
    image = picture(1)
    shown = [question("a", "Why?", "So.", image), question("b", "Why?", "So.", replace(image, bytes=b"not read"))]

    one, other = traces_of(shown)

    assert one.pixels == other.pixels
    assert one.fingerprints == other.fingerprints


def test_slices_of_one_file_have_origins_of_their_own() -> None:
    slices = [replace(picture(n), path="case/ct.nii.gz", facts=ImageFacts(slice=n)) for n in (4, 5)]

    trace = trace_of(question("a", "Why?", "So.", *slices), [Look(), Look()])

    assert trace.origins == (("made", "case", "ct.nii.gz", "4"), ("made", "case", "ct.nii.gz", "5"))


def test_traces_come_back_as_they_were_written(tmp_path: Path) -> None:
    traces = traces_of(
        [question("a", LONG, "Yes.", replace(picture(1), path="x/1.png"), picture(2)), question("b", "Why?", "So.")]
    )

    write_traces(tmp_path / "part.parquet", traces)

    assert read_traces(tmp_path / "part.parquet") == traces
