"""The reader of WebDataset archives, on archives of other people and on damaged ones."""

import gzip
import io
import json
import pickle
import tarfile

import pytest

from doctorsun.config.collection import ImportSource
from doctorsun.data.formats import open_import
from doctorsun.errors import DataError


@pytest.fixture
def archive(lay):
    """Return a maker of tar archives of named bytes."""

    def make(name, *members):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for member, data in members:
                info = tarfile.TarInfo(member)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        return lay(name, buffer.getvalue())

    return make


def turns(question, **fields):
    spoken = [{"from": "human", "value": question}, {"from": "gpt", "value": "Yes."}]
    return json.dumps({"conversations": spoken} | fields).encode()


def test_records_and_captions_have_the_images_beside_them(archive, import_all, picture):
    members = [
        ("a/x.1.jpg", picture(1)),
        ("a/x.10.jpg", picture(10)),
        ("a/x.2.jpg", picture(2)),
        ("a/x.json", turns("<image><image><image>Equal?")),
        ("a/y.jpg", picture(3)),
        ("a/y.txt", "左肺结节。".encode()),
        ("b/y.JPG", picture(4)),
        ("b/y.json", turns("Normal?", id="own", image="old/place/y.JPG")),
        ("b/z.jpg", picture(5)),
    ]
    x, y, other = (item[0] for item in import_all("webdataset", archive("wds/test-000000.tar", *members).parent))

    assert [image.bytes for image in x.images] == [picture(1), picture(2), picture(10)]
    assert (y.language, y.messages[1].text, y.images[0].bytes) == ("zh", "左肺结节。", picture(3))
    assert (other.source.original_id, other.images[0].bytes) == ("own", picture(4))
    assert {(each.source.dataset, each.source.split) for each in (x, y, other)} == {("wds", "test")}
    assert (x.source.original_id, y.source.original_id) == ("a/x", "a/y")


def test_reader_and_what_it_lists_can_be_sent_and_hold_no_images(archive, picture):
    path = archive("a.tar", ("x.jpg", picture(1)), ("x.json", turns("Q?")))
    reader = open_import(ImportSource(format="webdataset", path=str(path)))
    (pending,) = pickle.loads(pickle.dumps(list(reader.pending())))  # noqa: S301 (our own bytes)
    assert picture(1) not in pickle.dumps(pending)
    sent = pickle.loads(pickle.dumps(reader))  # noqa: S301 (our own bytes)
    assert sent.make(pending)[0].images[0].bytes == picture(1)


def test_a_damaged_image_is_a_dropped_item(archive, import_all, picture):
    (item,) = import_all("webdataset", archive("a.tar", ("x.jpg", picture(1)[:50]), ("x.json", turns("Q?"))))
    assert item.reason == "image"


def test_archives_that_are_cut_off_compressed_or_without_records_are_named(archive, lay, import_all, picture):
    whole = archive("whole.tar", ("x.jpg", picture(1)), ("x.json", turns("Q?"))).read_bytes()
    used = len(whole.rstrip(b"\0"))
    wrong = {
        "between.tar": (whole[: -(-used // 512) * 512], "end of the file before the end of the archive"),
        "within.tar": (whole[:700], "end of the file before the end of the archive"),
        "gz.tar": (gzip.compress(whole), "not compressed"),
        "empty.tar": (b"", "empty file"),
        "zeros.tar": (bytes(10240), "no record"),
    }
    for name, (data, message) in wrong.items():
        with pytest.raises(DataError, match=f"(?s){name}.*{message}"):
            import_all("webdataset", lay(name, data))
    for data, message in ((b"{", "a record in JSON"), (b"[]", "a JSON object")):
        with pytest.raises(DataError, match=f"(?s)x.json.*{message}"):
            import_all("webdataset", archive("bad.tar", ("x.json", data)))
