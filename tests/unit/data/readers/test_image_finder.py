"""Where the images of records are found: folders and archives, foreign beginnings, equal names, damaged archives."""

import pickle
import struct
import zipfile

import pytest

from doctorsun.config.collection import ImportSource
from doctorsun.data.formats import open_import
from doctorsun.data.pipeline import read_into
from doctorsun.data.readers.foreign_paths import ForeignPaths
from doctorsun.data.readers.image_finder import ImageFinder
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.zip_images import ZipImages
from doctorsun.errors import DataError, ImageError


def finder(*places, **remap):
    return ImageFinder(tuple(map(str, places)), remap)


def found(given: ImageFinder, name: str) -> list[bytes]:
    return [given.read(location) for location in given.find(name)]


def test_a_relative_path_goes_before_an_equal_name_elsewhere(lay, tmp_path):
    lay("images/a.jpg", b"1")
    lay("images/b/a.jpg", b"2")

    assert found(finder(tmp_path / "images"), "b/a.jpg") == [b"2"]
    assert found(finder(tmp_path / "images"), "./a.jpg") == [b"1"]
    assert found(finder(tmp_path), "images\\b\\a.jpg") == [b"2"]


@pytest.mark.parametrize("beginning", ["/data/team/", "D:\\team\\", "https://example.org/", "file:///data/"])
def test_a_path_of_another_machine_ends_as_that_of_its_file(lay, tmp_path, beginning):
    lay("images/deep/a.jpg", b"1")
    lay("images/b.jpg", b"2")
    given = finder(tmp_path / "images")

    assert found(given, f"{beginning}deep/a.jpg") == [b"1"]
    assert found(given, f"{beginning}deep/b.jpg") == [b"2"]
    for name in ("a.jpg", "other/a.jpg", "deep/none.jpg", "deep/a.jpg.jpg"):
        assert found(given, f"{beginning}{name}") == []


def test_the_longest_end_of_a_path_tells_its_file(lay, tmp_path):
    lay("images/a.jpg", b"1")
    lay("images/x/a.jpg", b"2")
    lay("images/y/x/a.jpg", b"3")
    given = finder(tmp_path / "images")

    assert found(given, "/data/x/a.jpg") == [b"2"]
    assert found(given, "/data/y/x/a.jpg") == [b"3"]
    assert len(given.find("/data/z/a.jpg")) == 3


def test_an_end_that_another_path_has_too_tells_nothing(lay, tmp_path):
    lay("images/x/a.jpg", b"1")
    given = finder(tmp_path / "images")

    assert len(given.find("/data/x/a.jpg", num_shared=1)) == 1
    assert given.find("/data/x/a.jpg", num_shared=2) == ()


def test_paths_know_what_they_share():
    paths = ForeignPaths(["/a/p1/x/1.jpg", "/a/p2/x/1.jpg", "/a/p2/x/11.jpg", "/b/1.jpg", "/a/p1/x/1.jpg"])

    assert paths.num_shared("/a/p1/x/1.jpg") == 2
    assert paths.num_shared("/b/1.jpg") == 1
    assert paths.num_shared("/a/p2/x/11.jpg") == 0


def test_a_relative_path_is_found_where_more_or_fewer_folders_are(lay, tmp_path):
    lay("images/p0/a/scan.jpg", b"1")

    assert found(finder(tmp_path), "p0/a/scan.jpg") == [b"1"]
    assert found(finder(tmp_path / "images" / "p0"), "images/p0/a/scan.jpg") == [b"1"]
    assert found(finder(tmp_path / "images" / "p0" / "a"), "p0/a/scan.jpg") == [b"1"]


@pytest.mark.parametrize("name", ["p1/scan.jpg", "b/scan.jpg", "p1/a/scan.jpg", "0/scan.jpg", "an.jpg"])
def test_a_file_of_another_folder_is_never_taken_for_an_image_that_is_missing(lay, tmp_path, name):
    lay("images/p0/a/scan.jpg", b"1")

    assert found(finder(tmp_path / "images"), name) == []


def test_an_ambiguous_name_gives_all_its_places(lay, tmp_path):
    lay("images/x/a.jpg", b"1")
    lay("images/y/a.jpg", b"2")

    assert found(finder(tmp_path / "images"), "a.jpg") == [b"1", b"2"]


def test_the_longest_foreign_beginning_that_fits_is_replaced(lay, tmp_path):
    lay("images/x/a.jpg", b"1")
    lay("images/y/a.jpg", b"2")
    remap = {"/data/": "", "/data/team/": "x/", "/data/other/": "y/"}
    given = ImageFinder((str(tmp_path / "images"),), remap)

    assert found(given, "/data/team/a.jpg") == [b"1"]
    assert found(given, "/data/other/a.jpg") == [b"2"]
    assert found(given, "/data/y/a.jpg") == [b"2"]


def test_archives_are_searched_too_also_those_in_a_folder(lay, tmp_path):
    lay("zips/one.zip", {"images/a.jpg": b"1"})
    lay("zips/two.zip", {"images/b.jpg": b"2", "images/": b""})

    assert found(finder(tmp_path / "zips"), "images/b.jpg") == [b"2"]
    assert found(finder(tmp_path / "zips" / "one.zip"), "/elsewhere/images/a.jpg") == [b"1"]
    assert found(finder(tmp_path / "zips" / "one.zip"), "b.jpg") == []


def test_the_folder_of_an_archive_in_itself_is_none_of_the_data_set(lay, tmp_path):
    lay("zips/one.zip", {"one/a.jpg": b"1", "one/x/b.jpg": b"2"})

    assert found(finder(tmp_path / "zips"), "/elsewhere/images/a.jpg") == [b"1"]
    assert found(finder(tmp_path / "zips"), "/elsewhere/x/b.jpg") == [b"2"]
    assert found(finder(tmp_path / "zips"), "/elsewhere/y/b.jpg") == []


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/hostname", "a" * 5000, "a\0b"])
def test_no_path_leads_out_of_the_places(lay, tmp_path, name):
    lay("secret.jpg", b"1")
    lay("images/a.jpg", b"2")

    assert finder(tmp_path / "images").find(name) == ()


def test_an_absolute_path_below_a_place_is_found(lay, tmp_path):
    lay("images/x/a.jpg", b"1")
    lay("images/y/a.jpg", b"2")

    assert found(finder(tmp_path / "images"), f"{tmp_path}/images/y/a.jpg") == [b"2"]


def test_a_finder_travels_to_other_processes(lay, tmp_path):
    lay("a.zip", {"a.jpg": b"1"})
    given = finder(tmp_path)
    given.prepare()

    again = pickle.loads(pickle.dumps(given))  # noqa: S301 (what was just written)

    assert found(again, "a.jpg") == [b"1"]
    assert len(pickle.dumps(given)) < 1000


def test_a_place_that_is_not_there_is_told(lay, tmp_path):
    with pytest.raises(DataError, match=r"images in .*gone: got no such file or folder, expected a folder or a zip"):
        finder(tmp_path / "gone").prepare()
    with pytest.raises(DataError, match=r"images in .*a.tar: got a file of another kind, expected a folder or a zip"):
        finder(lay("a.tar", b"x")).prepare()


def test_an_archive_that_is_none_is_told(lay, tmp_path):
    lay("a.zip", b"not an archive")

    with pytest.raises(
        DataError, match=r"a.zip: got File is not a zip file, expected a whole zip archive; download it"
    ):
        finder(tmp_path).prepare()


def test_stored_and_deflated_members(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("stored", b"1" * 99, zipfile.ZIP_STORED)
        archive.writestr("deflated", b"2" * 99, zipfile.ZIP_DEFLATED)
        archive.writestr("empty", b"")

    images = ZipImages(path)

    assert [images.read(name) for name in images] == [b"1" * 99, b"2" * 99, b""]


def test_another_packing_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"1" * 99, zipfile.ZIP_BZIP2)

    with pytest.raises(ImageError, match=r"a in .*a.zip: got packed by method 12, expected stored or deflated; unpack"):
        ZipImages(path).read("a")


def central(path, place, value):
    """Overwrite four bytes of the first entry of the central directory (APPNOTE 4.3.12)."""
    data = bytearray(path.read_bytes())
    start = data.index(b"PK\x01\x02") + place
    data[start : start + len(value)] = value
    path.write_bytes(data)


def test_an_encrypted_member_is_refused(lay):
    path = lay("a.zip", {"a": b"1" * 99})
    central(path, 8, struct.pack("<H", 1))

    with pytest.raises(ImageError, match=r"got encrypted, expected stored or deflated"):
        ZipImages(path).read("a")


def test_a_member_that_says_it_is_huge_is_not_unpacked(lay):
    path = lay("a.zip", {"a": b"1" * 99})
    central(path, 24, struct.pack("<I", 2**31))

    with pytest.raises(ImageError, match=r"got 2147483648 bytes, expected at most 268435456; resize it"):
        ZipImages(path).read("a")


@pytest.mark.parametrize("said", [50, 200])
def test_a_member_of_another_size_than_it_says_is_damaged(lay, said):
    path = lay("a.zip", {"a": b"1" * 99})
    central(path, 24, struct.pack("<I", said))

    with pytest.raises(ImageError, match=r"a in .*: got damaged content, expected the content that its checksum tells"):
        ZipImages(path).read("a")


@pytest.mark.parametrize("place", [0, 31, 33])
def test_damage_in_header_or_content_is_found(lay, place):
    path = lay("a.zip", {"a": bytes(range(99))})
    data = bytearray(path.read_bytes())
    data[place : place + 2] = b"\xff\xff"
    path.write_bytes(data)

    with pytest.raises(ImageError, match="damaged content"):
        ZipImages(path).read("a")


def test_a_changed_byte_of_a_stored_member_is_found(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"12345", zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"12345", b"12045"))

    with pytest.raises(ImageError, match="damaged content"):
        ZipImages(path).read("a")


def record(name):
    return {"image": name, "conversations": [{"from": "human", "value": "<image>"}, {"from": "gpt", "value": "This."}]}


def test_an_ambiguous_image_is_told_with_its_places(lay, picture, import_all, tmp_path):
    lay("images/x/a.jpg", picture(1))
    lay("images/y/a.jpg", picture(2))

    (item,) = import_all("llava", lay("a.json", [record("a.jpg")]))

    root = tmp_path
    detail = f"a.jpg: {root}/images/x/a.jpg, {root}/images/y/a.jpg"
    assert item == Dropped("a.json#1", "ambiguous_image", detail)


@pytest.mark.parametrize("first", ["/their/disk/data/1.jpg", "C:\\data\\1.jpg", "https://example.org/data/1.jpg"])
def test_no_two_records_of_other_machines_get_one_file_of_a_common_name(lay, picture, import_all, first):
    lay("images/1.jpg", picture(1))
    lay("images/2.jpg", picture(2))
    records = [record(first), record("/their/disk/data/2.jpg"), record("/their/disk/scans/1.jpg"), record(first)]

    items = import_all("llava", lay("a.json", records), images=[str(lay("images/3.jpg", picture(3)).parent)])
    images = [item[0].images[0] for item in items]

    assert [image.bytes for image in images] == [None, picture(2), None, None]
    assert [image.path for image in images] == [each["image"] for each in records]


def test_an_image_that_is_mapped_elsewhere_is_not_that_of_another_record(lay, picture, import_all, tmp_path):
    lay("images/1.jpg", picture(1))
    names = ["/their/disk/data/1.jpg", "/their/disk/scans/1.jpg"]
    path = lay("a.json", [record(name) for name in names])

    items = import_all("llava", path, images=[str(tmp_path / "images")], remap={"/their/disk/data/": ""})

    assert [item[0].images[0].bytes for item in items] == [picture(1), None]


def test_folders_that_are_here_tell_common_names_apart(lay, picture, import_all):
    lay("data/1.jpg", picture(1))
    lay("scans/1.jpg", picture(2))
    names = ["/their/disk/data/1.jpg", "/their/disk/scans/1.jpg", "/their/disk/other/1.jpg"]

    items = import_all("llava", lay("a.json", [record(name) for name in names]))

    assert [item[0].images[0].bytes for item in items] == [picture(1), picture(2), None]


def test_an_import_in_workers_finds_the_same(lay, picture, tmp_path):
    lay("images/1.jpg", picture(1))
    lay("images/2.jpg", picture(2))
    names = ["/their/disk/data/1.jpg", "/their/disk/data/2.jpg", "/their/disk/scans/1.jpg"]
    path = lay("a.json", [record(name) for name in names])
    reader = open_import(ImportSource(format="llava", path=str(path), images=(str(tmp_path / "images"),)))

    stores = [
        read_into(tmp_path / f"s{n}", reader, name="s", step={}, workers=n, on_progress=lambda *_: None) for n in (1, 2)
    ]

    assert stores[0].sha256 == stores[1].sha256
    assert [sample.images[0].bytes for sample in stores[0]] == [None, picture(2), None]


def test_copies_of_one_image_are_not_ambiguous(lay, picture, import_all):
    lay("images/x/a.jpg", picture(1))
    lay("images.zip", {"figures/a.jpg": picture(1)})

    ((sample,),) = import_all("llava", lay("a.json", [record("a.jpg")]))

    assert sample.images[0].bytes == picture(1)


def test_many_files_of_a_name_are_not_compared(lay, picture, import_all):
    for number in range(6):
        lay(f"images/{number}/a.jpg", picture(1))

    (item,) = import_all("llava", lay("a.json", [record("a.jpg")]))

    assert item.reason == "ambiguous_image"


def test_a_damaged_member_drops_its_record(lay, picture, import_all):
    path = lay("images.zip", {"a.jpg": picture(1)})
    central(path, 24, struct.pack("<I", 50))

    (item,) = import_all("llava", lay("a.json", [record("a.jpg")]))

    assert (item.reason, item.detail.split(":")[0]) == ("image", "a.jpg")
