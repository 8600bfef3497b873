"""Shingles in a scratch file: each text's own, also between those that are added."""

from tempfile import TemporaryFile

from doctorsun.data.curate.shingles_file import ShinglesFile
from doctorsun.text.shingles import shingles


def test_each_text_has_its_own_shingles_again() -> None:
    texts = ["The heart is of normal size.", "", "肺部有结节。"]
    with TemporaryFile() as file:
        hashes = ShinglesFile(file)
        for number, text in enumerate(texts):
            hashes.add(shingles(text))
            assert hashes[number].tolist() == shingles(text).tolist()
        assert [hashes[number].tolist() for number in range(3)] == [shingles(text).tolist() for text in texts]
