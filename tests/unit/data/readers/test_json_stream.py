"""JSON files of every shape, encoding and damage, read record by record."""

import gzip
import json
import tracemalloc
from pathlib import Path

import pytest

from doctorsun.data.readers.json_stream import read_forgiving_json, stream_named_records, stream_records
from doctorsun.errors import DataError

RECORDS = [{"id": 1, "text": "右肺下叶见磨玻璃影"}, {"id": 2.5, "text": "normal"}]
CUT_OFF = "; get the file anew: it is cut off or damaged"


@pytest.fixture
def file(tmp_path):
    def write(data: bytes | str, name: str = "a.json") -> Path:
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return write


def read(path: Path) -> list[dict]:
    return [record for _, record in stream_records(path)]


def array(encoding: str = "utf-8", *, indent: int | None = None) -> bytes:
    return json.dumps(RECORDS, ensure_ascii=False, indent=indent).encode(encoding)


def lines(encoding: str = "utf-8") -> bytes:
    return "\n\n".join(json.dumps(record, ensure_ascii=False) for record in RECORDS).encode(encoding)


@pytest.mark.parametrize("content", [array, lines])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_arrays_and_lines_are_read_in_every_encoding(file, content, encoding):
    assert read(file(content(encoding))) == RECORDS


def test_the_content_tells_the_layout_not_the_name(file):
    assert read(file(array(indent=2), "a.jsonl")) == RECORDS
    assert read(file(lines(), "b.json")) == RECORDS
    assert read(file(gzip.compress(array()), "c.json.gz")) == RECORDS


def test_records_know_their_places(file):
    assert [place for place, _ in stream_records(file(array()))] == ["record 1", "record 2"]
    assert [place for place, _ in stream_records(file(lines()))] == ["line 1", "line 3"]


def test_an_empty_array_has_no_records(file):
    assert read(file(" [] ")) == []


def test_an_object_of_named_records(file):
    path = file('{"a": {"x": 1}, "b": {"x": 2}}')

    assert list(stream_named_records(path)) == [("a", {"x": 1}), ("b", {"x": 2})]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", ": got an empty file, expected a JSON array of records, or one record per line"),
        ("id,text", ": got a file that begins with 'i', expected a JSON array of records, or one record per line"),
        ('[{"a": 1}, {"b": ', ", record 2: got the end of the file, expected a whole JSON record" + CUT_OFF),
        ('[{"a": 1}', ", record 2: got the end of the file, expected a whole JSON record" + CUT_OFF),
        (
            '[{"a": NaN}]',
            ', record 1: got lexical error: invalid char in json text. [{"a": NaN}], expected a whole JSON record'
            + CUT_OFF,
        ),
        (
            '{"a": 1}\n{"a": ',
            (
                ", line 2: got Expecting value: line 1 column 7 (char 6), expected one JSON record per line; "
                "get the file anew if it is cut off"
            ),
        ),
    ],
)
def test_a_fault_names_the_file_and_the_record(file, content, message):
    path = file(content)

    with pytest.raises(DataError) as error:
        read(path)

    assert str(error.value) == f"{path}{message}"


def test_records_before_the_damage_are_read(file):
    stream = stream_records(file('[{"a": 1}, {"a": 2}, oops'))

    assert [next(stream)[1], next(stream)[1]] == [{"a": 1}, {"a": 2}]


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(DataError, match="no such file, expected a JSON file"):
        read(tmp_path / "no.json")


@pytest.mark.parametrize("indent", [None, 2])
def test_named_records_are_records_whose_name_is_their_id(file, indent):
    path = file(json.dumps({"a": {"x": 1}, "b": {"id": 7, "x": 2}}, indent=indent))

    assert list(stream_records(path)) == [("'a'", {"id": "a", "x": 1}), ("'b'", {"id": 7, "x": 2})]


def test_lines_whose_fields_are_objects_are_no_named_records(file):
    assert read(file('{"a": {"x": 1}}\n{"a": {"x": 2}}')) == [{"a": {"x": 1}}, {"a": {"x": 2}}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", ": got no JSON object, expected an object of named records"),
        ('{"a": {}, "b": {', ", record 2: got the end of the file, expected a whole JSON record" + CUT_OFF),
    ],
)
def test_a_fault_among_named_records_is_told(file, content, message):
    path = file(content)

    with pytest.raises(DataError) as error:
        list(stream_named_records(path))

    assert str(error.value) == f"{path}{message}"


def test_a_comma_behind_the_last_element_is_forgiven_but_not_inside_text(file):
    assert read_forgiving_json(file('{"a": {"b": [1, 2,], "c": ",}",},\n}')) == {"a": {"b": [1, 2], "c": ",}"}}


def test_other_faults_of_hand_written_json_are_told(file):
    path = file("{a: 1}")

    with pytest.raises(DataError, match=r"Expecting property name.*expected JSON"):
        read_forgiving_json(path)


@pytest.mark.parametrize(("start", "between", "end"), [("[", ",\n", "]"), ("", "\n", "")])
def test_a_large_file_is_never_held_in_memory(tmp_path, start, between, end):
    record = json.dumps(
        {"id": "x", "conversations": [{"from": "human", "value": "见右肺下叶磨玻璃影。" * 80}]}, indent=None
    )
    path = tmp_path / "large.json"
    with path.open("w") as file:
        file.write(start + between.join([record] * 5_000) + end)
    assert path.stat().st_size > 20_000_000

    tracemalloc.start()
    number = sum(1 for _ in stream_records(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert number == 5_000
    assert peak < 8_000_000
