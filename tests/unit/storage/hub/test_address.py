import pytest

from doctorsun.errors import RecipeError
from doctorsun.storage.hub.address import Address, parse_address

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("hf:owner/name", Address(hub="hf", repository="owner/name")),
        ("ms:Yanlan/Doctor-Sun", Address(hub="ms", repository="Yanlan/Doctor-Sun")),
        ("hf:o.w-n_er/n.a-m_e@v1.0", Address(hub="hf", repository="o.w-n_er/n.a-m_e", revision="v1.0")),
        ("hf:o/n@refs/pr/1/sub", Address(hub="hf", repository="o/n", revision="refs/pr/1", path="sub")),
        ("hf:o/n@feature%2Fx/sub", Address(hub="hf", repository="o/n", revision="feature/x", path="sub")),
        ("ms:o/n@a%2Fb%2Fc", Address(hub="ms", repository="o/n", revision="a/b/c")),
        ("hf:o/n@refs/sub", Address(hub="hf", repository="o/n", revision="refs", path="sub")),
        (f"ms:o/n@{COMMIT}/sub/x", Address(hub="ms", repository="o/n", revision=COMMIT, path="sub/x")),
        ("hf:o/n/mm_projector.bin", Address(hub="hf", repository="o/n", path="mm_projector.bin")),
        ("hf:o/n/学习", Address(hub="hf", repository="o/n", path="学习")),
        ("s3://bucket/sets/chest-x.ray", Address(hub="s3", repository="bucket/sets/chest-x.ray")),
        ("s3://my.bucket", Address(hub="s3", repository="my.bucket")),
        ("oss://bucket/胸片/a@b", Address(hub="oss", repository="bucket/胸片/a@b")),
    ],
)
def test_an_address_is_read_and_written_alike(text: str, address: Address):
    assert parse_address(text) == address
    assert str(address) == text


def test_a_folder_may_end_in_a_slash():
    assert parse_address("hf:o/n/sub/") == Address(hub="hf", repository="o/n", path="sub")
    assert parse_address("s3://bucket/sets/") == Address(hub="s3", repository="bucket/sets")


@pytest.mark.parametrize("text", ["weights", "./hf", "C:/weights", "hfx:o/n", "data/hf:o", "s3/a", ""])
def test_everything_else_is_a_path(text: str):
    assert parse_address(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "hf:",
        "hf:name",
        "hf:/name",
        "hf:owner/",
        "hf://owner/name",
        "HF:name",
        "huggingface:owner/name@",
        "ms:owner/name@%2F",
        "ms:owner/name@a%20b",
        "ms:owner/name@",
        "ms:owner/name@a@b",
        "hf:owner/na me",
        "hf:-owner/name",
        "hf:拥有者/name",
        "hf:owner/name\\sub",
    ],
)
def test_what_starts_like_an_address_must_be_one(text: str):
    with pytest.raises(RecipeError, match=r"got no address of a hub, expected hf:owner/name@revision or ms:"):
        parse_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "s3:bucket/x",
        "s3:/bucket/x",
        "s3://",
        "s3://b/x",
        "s3://Bucket/x",
        "s3://-bucket/x",
        "s3://bucket//x",
        "s3://bucket/../x",
        "s3://bucket/x/./y",
        "s3://bucket/x?versionId=1",
        "S3://Bucket/x",
        "s3a://bucket/x",
        "oss:bucket",
    ],
)
def test_what_starts_like_an_address_of_object_storage_must_be_one(text: str):
    with pytest.raises(RecipeError, match=r"got no address of object storage, expected s3://bucket/path; write the"):
        parse_address(text)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("HF:Owner/Name@V1", "hf:Owner/Name@V1"),
        ("HuggingFace:o/n", "hf:o/n"),
        ("modelscope:o/n/sub", "ms:o/n/sub"),
        ("S3://bucket/X", "s3://bucket/X"),
    ],
)
def test_the_right_letters_are_told(text: str, right: str):
    with pytest.raises(RecipeError, match=rf"; write {right}$"):
        parse_address(text)


def test_keys_have_no_place_in_an_address_and_are_not_repeated():
    with pytest.raises(
        RecipeError, match="an address s3://: got keys in it, expected s3://bucket/path; give them i"
    ) as e:
        parse_address("s3://AKID:SECRET@bucket/x")
    assert ":SECRET" not in str(e.value)
    assert "AKID" not in str(e.value)


@pytest.mark.parametrize(
    "text",
    [
        "s3://AKID:HID/DEN@bucket/x",
        "s3:AKID:HIDDEN@bucket/x",
        "S3://AKID:HIDDEN@bucket/x",
        "https://user:HIDDEN@huggingface.co/owner/name",
        "https://HIDDEN@huggingface.co/owner/name",
        "hf:user:HIDDEN@owner/name",
    ],
)
def test_no_form_of_keys_is_repeated(text: str):
    with pytest.raises(RecipeError, match="got keys in it") as e:
        parse_address(text)
    assert not any(part in str(e.value) for part in ("AKID:", "HID/", "DEN@", "HIDDEN"))


@pytest.mark.parametrize(
    "text", ["s3://Bucket/x?X-Amz-Signature=SIGNED", "https://huggingface.co/owner/name?token=SIGNED"]
)
def test_a_signature_behind_an_address_is_not_repeated(text: str):
    with pytest.raises(RecipeError) as e:
        parse_address(text)
    assert "SIGNED" not in str(e.value)


@pytest.mark.parametrize("text", ["s3://bucket/a:b@c", "hf:owner/name@v1/a:b"])
def test_a_colon_below_the_name_makes_no_keys(text: str):
    assert str(parse_address(text)) == text


@pytest.mark.parametrize("path", ["..", "../x", "a/../../b"])
def test_a_path_stays_in_the_repository(path: str):
    with pytest.raises(RecipeError, match=r"got '\.\.' in its path"):
        parse_address(f"hf:o/n/{path}")


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ("https://huggingface.co/o/n", "hf:o/n"),
        ("https://hf-mirror.com/o/n/tree/main", "hf:o/n"),
        ("https://huggingface.co/datasets/o/n?x=1", "hf:o/n"),
        ("https://www.modelscope.cn/models/o/n/summary", "ms:o/n"),
    ],
)
def test_the_page_of_a_repository_tells_its_address(page: str, address: str):
    with pytest.raises(RecipeError, match=f"got the address of a page, .*; write {address}$"):
        parse_address(page)


def test_only_a_whole_commit_hash_pins():
    assert Address(hub="hf", repository="o/n", revision=COMMIT).is_pinned
    for revision in (None, "main", COMMIT[:39], COMMIT.upper()):
        assert not Address(hub="hf", repository="o/n", revision=revision).is_pinned


def test_the_whole_of_an_address_has_no_path():
    assert str(Address(hub="hf", repository="o/n", revision="v1", path="a").whole) == "hf:o/n@v1"
