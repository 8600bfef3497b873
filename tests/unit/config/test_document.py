"""Reading of YAML with marks: places, scalars, limits and every complaint."""

from pathlib import Path

import pytest

from doctorsun.config.document import MAX_DEPTH, MAX_NODES, describe, parse_document, read_document
from doctorsun.errors import RecipeError

TEXT = """\
name: tiny  # a comment
model:
  preset: tiny
stages:
  align: {lr: 1e-3, parts: [vision, language]}
"""


def write(folder: Path, data: str | bytes) -> Path:
    path = folder / "r.yaml"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def complaint(path: Path) -> str:
    with pytest.raises(RecipeError) as caught:
        read_document(path, name="r.yaml")
    return caught.value.text()


def test_every_key_and_value_knows_its_place(tmp_path: Path):
    root = read_document(write(tmp_path, TEXT), name="r.yaml")
    assert root.plain() == {
        "name": "tiny",
        "model": {"preset": "tiny"},
        "stages": {"align": {"lr": 0.001, "parts": ["vision", "language"]}},
    }
    lr = root.nearest("stages", "align", "lr")
    assert (lr.key_mark, lr.mark) == ("r.yaml:5:11", "r.yaml:5:15")
    assert root.nearest("stages", "align", "parts", 1).mark == "r.yaml:5:37"


def test_nearest_stops_where_the_path_ends(tmp_path: Path):
    root = read_document(write(tmp_path, TEXT), name="r.yaml")
    assert root.nearest("model", "init").mark == "r.yaml:3:3"
    assert root.nearest("stages", "align", "parts", 2).plain() == ["vision", "language"]


def test_a_mark_names_the_path_when_no_name_is_given(tmp_path: Path):
    path = write(tmp_path, "a: 1")
    assert read_document(path).child("a").mark == f"{path}:1:4"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("3E2", 300.0),
        (".5", 0.5),
        ("-2", -2),
        ("1_000", 1000),
        ("010", 10),
        ("1:30", "1:30"),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("'5'", "5"),
        ("2024-01-01", "2024-01-01"),
        (".nan", ".nan"),
        (".inf", ".inf"),
        ("1e999", "1e999"),
        ("9" * 5000, "9" * 5000),
        ("|\n  a\n  b\n", "a\nb\n"),
        ("中文", "中文"),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object):
    found = parse_document(f"k: {text}", "r.yaml").plain()["k"]
    assert found == value
    assert type(found) is type(value)


def test_aliases_stand_for_what_they_name():
    assert parse_document("a: &x {b: 1}\nc: *x", "r.yaml").plain() == {"a": {"b": 1}, "c": {"b": 1}}


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path):
    root = read_document(write(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: 2\r\n"), name="r.yaml")
    assert root.plain() == {"a": 1, "b": 2}
    assert root.child("b").key_mark == "r.yaml:2:1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "r.yaml:1:1: the file is empty: expected a mapping such as 'name: my-run'; write one"),
        ("# only a comment\n", "r.yaml:1:1: the file is empty: expected a mapping such as 'name: my-run'; write one"),
        (
            "- a\n- b\n",
            (
                "r.yaml:1:1: the file is not a mapping: got a list of 2, expected 'key: value' lines;"
                " compare it with a shipped file"
            ),
        ),
        ("a: 1\nb: 2\na: 3\n", "r.yaml:3:1: a: the key stands twice: got it first at r.yaml:1:1"),
        ("a: 1\n[1, 2]: 3\n", "r.yaml:2:1: a key is not plain text: expected 'key: value'; write the key as text"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "r.yaml:3:3: '<<' does not merge here: expected 'extends' or plain keys"),
        ("a: !!python/name:os.system x\n", "r.yaml:1:4: a tagged value: got tag:yaml.org,2002:python/name:os.system"),
        ("a: !secret x\n", "r.yaml:1:4: a tagged value: got !secret, expected text, a number, true, false or null"),
        ("a: !!binary aGk=\n", "r.yaml:1:4: a tagged value: got tag:yaml.org,2002:binary"),
        ("a:\n\tb: 1\n", "r.yaml:2:1: this is not YAML: got a tab, expected spaces before a key; indent with spaces"),
        ("a: {b: 1\nc: 2\n", "r.yaml:2:2: this is not YAML: got while parsing a flow mapping"),
        ("a: 1\n---\nb: 2\n", "r.yaml:2:1: this is not YAML: got expected a single document in the stream"),
        ("a: 1\nb: \x07\n", "r.yaml:2:4: a control character stands in the text: got U+0007, expected printable text"),
        ("a: &x [*x]\n", f"r.yaml:1:4: too large: got values nested over {MAX_DEPTH} deep"),
        ("a: " + "[" * 1000, f"r.yaml:1:1: too large: got brackets nested over {MAX_DEPTH} deep"),
    ],
)
def test_each_wrong_document_is_named_with_its_place(tmp_path: Path, text: str, expected: str):
    assert complaint(write(tmp_path, text)).startswith(expected)


def test_an_alias_bomb_is_refused(tmp_path: Path):
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    assert f"too large: got over {MAX_NODES:,} values" in complaint(write(tmp_path, "\n".join(levels)))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("名: 值".encode("utf-16"), "r.yaml:1:1: the file is not UTF-8 text: got what reads as UTF-16, expected UTF-8"),
        ("a: 1\nname: 测试".encode("gb18030"), "r.yaml:2:7: the file is not UTF-8 text: got what reads as GB18030"),
        (b"a: 1\nb: \xff\xff\xff", "r.yaml:2:4: the file is not UTF-8 text: got bytes, expected UTF-8"),
        (b"#" * 1_100_000, "r.yaml:1:1: too large: got 1,100,000 bytes"),
    ],
)
def test_each_wrong_encoding_is_named(tmp_path: Path, data: bytes, expected: str):
    assert complaint(write(tmp_path, data)).startswith(expected)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path):
    expected = "r.yaml: the file cannot be read: got No such file or directory; check the path and its rights"
    assert complaint(tmp_path / "absent.yaml") == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "nothing"), ({}, "a mapping"), ([1, 2], "a list of 2"), (True, "true"), ("a", "'a'"), (1.5, "1.5")],
)
def test_values_are_described_shortly(value: object, text: str):
    assert describe(value) == text


def test_a_long_value_is_cut():
    assert describe("x" * 500).endswith("...")
    assert len(describe("x" * 500)) < 100
