"""Images that must decode."""

from dataclasses import replace

import numpy as np
import pytest
from small_samples import encoded, said, shown

from doctorsun.config.curation import Decodes
from doctorsun.data.curate.candidate import Candidate, Rejected
from doctorsun.data.curate.decodes import decodes

NOISE = np.random.default_rng(1).integers(0, 256, (64, 48, 3), dtype=np.uint8)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_whole_images_pass(form):
    candidate = shown(encoded(NOISE, form), encoded(NOISE[:30]))
    assert decodes(candidate, Decodes()) is candidate.sample


def test_words_alone_pass():
    candidate = said("a", "b")
    assert decodes(candidate, Decodes()) is candidate.sample


def cut(form, share, end=b""):
    whole = shown(encoded(NOISE, form)).sample
    data = encoded(NOISE, form)
    return Candidate(replace(whole, images=(replace(whole.images[0], bytes=data[: int(len(data) * share)] + end),)))


@pytest.mark.parametrize(("form", "end"), [("PNG", b""), ("JPEG", b""), ("JPEG", b"\xff\xd9"), ("WEBP", b"")])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_images_that_were_cut_off_are_refused(form, end, share):
    found = decodes(cut(form, share, end), Decodes())
    assert isinstance(found, Rejected)
    assert found.reason == "undecodable"
    assert "the picture is damaged" in found.detail


def test_real_images_that_were_cut_off_are_refused(test_data):
    cells, polyps = (sorted((test_data / name).rglob("*.jpg")) for name in ("bccd", "kvasir_seg_sample"))
    for path in (*cells[:3], *polyps):
        whole = shown(path.read_bytes())
        assert decodes(whole, Decodes()) is whole.sample
        half = replace(whole.sample.images[0], bytes=path.read_bytes()[: path.stat().st_size // 2] + b"\xff\xd9")
        assert isinstance(decodes(Candidate(replace(whole.sample, images=(half,))), Decodes()), Rejected)


def test_an_image_that_is_not_here_is_refused_by_its_name():
    whole = shown(encoded(NOISE)).sample
    away = Candidate(replace(whole, images=(replace(whole.images[0], bytes=None, path="a/1.png"),)))
    assert decodes(away, Decodes()) == Rejected("image_missing", "a/1.png")


def test_a_size_that_is_not_that_of_the_record_is_refused():
    whole = shown(encoded(NOISE)).sample
    other = Candidate(replace(whole, images=(replace(whole.images[0], width=480, height=640),)))
    assert decodes(other, Decodes()) == Rejected("other_size", "48 x 64 px, 480 x 640 in its record")
