"""Which files an import reads: one, those of a folder, or those of a pattern."""

import pytest

from doctorsun.data.readers.source_files import source_files
from doctorsun.errors import DataError


@pytest.fixture
def folder(tmp_path):
    for name in ("b.csv", "a/x.CSV", "a/y.csv.gz", "a/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("", ["a/x.CSV", "a/y.csv.gz", "b.csv"]),
        ("a", ["x.CSV", "y.csv.gz"]),
        ("b.csv", ["b.csv"]),
        ("a/notes.txt", ["notes.txt"]),
        ("*/x*", ["a/x.CSV"]),
        ("a/*.gz", ["y.csv.gz"]),
    ],
)
def test_files_in_the_order_of_their_names(folder, asked, names):
    found = source_files(str(folder / asked), (".csv",))

    assert [file.name for file in found] == names
    assert all(file.path.is_file() for file in found)


@pytest.mark.parametrize(
    ("asked", "got"), [("gone", "no file"), ("gone/deep", "no such file or folder"), ("*/*.tsv", "no file")]
)
def test_no_file_is_told(folder, asked, got):
    with pytest.raises(DataError, match=rf"got {got}, expected .csv files"):
        source_files(str(folder / asked), (".csv",))
