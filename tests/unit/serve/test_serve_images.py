import base64
import io

import pytest
from PIL import Image

from doctorsun.errors import ImageError, RequestError
from doctorsun.serve.images import image_from_url


def test_the_image_comes_out_as_it_went_in(png: bytes) -> None:
    assert image_from_url(f"data:image/png;base64,{base64.b64encode(png).decode()}", 600) == png


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://example.org/a.png",
        "file:///etc/passwd",
        "/etc/passwd",
        "data:image/svg+xml;base64,PHN2Zz4=",
        "data:image/png,raw",
        "",
    ],
)
def test_nothing_is_fetched(url: str) -> None:
    with pytest.raises(RequestError, match=r"image URL: got .*, expected data:image/png;base64.*fetches nothing"):
        image_from_url(url, 600)


def test_broken_base64_is_refused() -> None:
    with pytest.raises(RequestError, match=r"image URL: got .*, expected base64"):
        image_from_url("data:image/png;base64,@@@@", 600)


def test_a_large_image_is_refused_by_its_header() -> None:
    buffer = io.BytesIO()
    Image.new("1", (6000, 5000)).save(buffer, "PNG")
    only_header = buffer.getvalue()[:64]
    url = f"data:image/png;base64,{base64.b64encode(only_header).decode()}"
    with pytest.raises(ImageError, match="got 6000 x 5000 pixels, expected at most 600 pixels"):
        image_from_url(url, 600)


def test_other_files_are_refused() -> None:
    with pytest.raises(ImageError, match="not a picture"):
        image_from_url("data:image/png;base64," + base64.b64encode(b"MZ program").decode(), 600)
