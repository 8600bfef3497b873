import base64
import re
from collections.abc import Iterator
from io import BytesIO

import numpy as np
import PIL.Image
import pytest
from PIL.PngImagePlugin import PngInfo

from doctorsun.errors import ImageError, RequestError
from doctorsun.image.raster import decode, encode_png
from doctorsun.serve.images import ClientImages, client_images
from doctorsun.serve.studies import NoSuchStudy

GREY = np.arange(600, dtype=np.uint8).reshape(20, 30)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClientImages]:
    images = client_images(tmp_path_factory.mktemp("images") / "studies", 600)
    images.studies.start()
    yield images
    images.sandbox.close()
    images.studies.close()


@pytest.fixture(scope="module")
def study(images: ClientImages) -> str:
    upload = images.studies.receive("ward")
    upload.add(encode_png(GREY))
    study = upload.finish()
    upload.close()
    return study.id


def data_url(data: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def test_a_data_url_becomes_a_new_png_of_the_same_pixels(images: ClientImages) -> None:
    words, file = PngInfo(), BytesIO()
    words.add_text("Name", "Zhang San")
    PIL.Image.fromarray(GREY).save(file, "PNG", pnginfo=words)
    assert b"Zhang" in file.getvalue()
    read = images.read("ward", data_url(file.getvalue()))
    assert np.array_equal(np.asarray(decode(read)), GREY)
    assert b"Zhang" not in read


def test_a_slice_of_a_study_is_named_by_its_parts(images: ClientImages, study: str) -> None:
    for url in (f"study:{study}", f"study:{study}?series=0&slice=0", f"study:{study}?slice=0"):
        assert np.array_equal(np.asarray(decode(images.read("ward", url))), GREY)


def test_a_study_of_another_key_is_not_there(images: ClientImages, study: str) -> None:
    with pytest.raises(NoSuchStudy, match=r"study: got 'study-[0-9a-f]{32}', expected one that this key has uploaded"):
        images.read("other", f"study:{study}")


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("series=1", "series of the study: got 1, expected 0 to 0"),
        ("slice=1", "slice: got 1, expected 0 to 0"),
        ("window=lung", "window: got 'lung', expected none, for this picture has no grey values"),
        ("slice=-1", "slice in the study URL: got '-1', expected a number from 0"),
        ("series=9999999", "series in the study URL: got '9999999', expected a number from 0"),
        ("slice=0&slice=1", "parts of the study URL: got 'slice', 'slice', expected series, slice, window, each once"),
        ("path=/etc", "parts of the study URL: got 'path', expected series, slice, window"),
    ],
)
def test_a_wrong_part_of_a_study_url_is_named(images: ClientImages, study: str, query: str, complaint: str) -> None:
    with pytest.raises((ImageError, RequestError), match=re.escape(complaint)):
        images.read("ward", f"study:{study}?{query}")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/scan.png",
        "https://example.org/scan.png",
        "HTTP://127.0.0.1/scan.png",
        "//127.0.0.1/scan.png",
        "ftp://127.0.0.1/scan.png",
        "file:///etc/passwd",
        "/etc/passwd",
        "../etc/passwd",
        "data:text/html;base64,AAAA",
        "data:image/svg+xml;base64,AAAA",
        "data:image/png,AAAA",
        "data:image/png;base64 ,AAAA",
        "study:",
        "study:../../etc/passwd",
        "study:study-%2e%2e%2f",
        "study:study-0123456789ABCDEF0123456789ABCDEF",
        "study:study-0123456789abcdef0123456789abcdef/../x",
        "study:study-0123456789abcdef0123456789abcdef#x",
        "study:study-0123456789abcdef0123456789abcdef\n",
        "",
    ],
)
def test_nothing_but_data_and_studies_is_read(images: ClientImages, url: str) -> None:
    with pytest.raises(RequestError, match=r"image URL: got .* expected data:image/png;base64,.* study:ID"):
        images.read("ward", url)


@pytest.mark.parametrize("data", ["@@@@", "AAA", "AAAA=AAA", "左肺"])
def test_base64_must_be_sound(images: ClientImages, data: str) -> None:
    with pytest.raises(RequestError, match=r"image URL: got .*, expected base64"):
        images.read("ward", f"data:image/png;base64,{data}")


def test_size_is_judged_by_the_header(images: ClientImages) -> None:
    with pytest.raises(ImageError, match="the picture is too large: got 30 x 21 pixels, expected at most 600 pixels"):
        images.read("ward", data_url(encode_png(np.zeros((21, 30), np.uint8))))


def test_other_content_is_refused_whatever_it_is_called(images: ClientImages) -> None:
    gif = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"
    for data in (b"MZ program", b"<svg/>", gif, b""):
        with pytest.raises(ImageError, match="picture: got content of another kind, expected PNG or JPEG"):
            images.read("ward", data_url(data, "jpeg"))


def test_a_temporary_folder_is_gone_at_the_end() -> None:
    images = client_images(None, 600)
    images.studies.start()
    upload = images.studies.receive("ward")
    upload.add(b"x")
    folder = images.studies.folder
    assert list(folder.iterdir())
    images.studies.close()
    upload.close()
    assert not folder.exists()
