"""How weights load: changes alone, several parts, parts that do not fit."""

from codecs import BOM_UTF8
from dataclasses import replace
from pathlib import Path

import pytest

from checkpoints.three_parts import write_three_parts
from doctorsun.errors import WeightsError
from doctorsun.weights.loading import Loading, how_it_loads, refused
from doctorsun.weights.parts import Adapter, Published
from doctorsun.weights.vocabulary import Vocabulary

WORDS = Vocabulary(file="tokenizer.json", ids={"<|eot_id|>": 1}, special={}, stop_ids=())
CHANGE = Adapter(part="vision", pairs={})


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Published]:
    return write_three_parts(tmp_path_factory.mktemp("parts"))


def test_changes_alone_are_to_be_merged(tmp_path: Path):
    published = Published(layout="peft_adapter", tensors={}, adapters=(CHANGE, replace(CHANGE, part="language")))
    assert how_it_loads(tmp_path, published, None) == Loading(
        how="merge", why="changes of vision tower and language model, without the weights that they change"
    )


def test_a_projector_with_changes_wants_what_they_change(three: dict[str, Published], tmp_path: Path):
    published = Published(layout="x", tensors={}, projector=three["projector"].projector, adapters=(CHANGE,))
    loading = how_it_loads(tmp_path, published, None)
    assert loading == Loading(
        how="import", why="no vision tower and language model", options=("--vision FOLDER", "--language FOLDER")
    )


def whole(three: dict[str, Published]) -> Published:
    return replace(three["language"], vision=three["vision"].vision, projector=three["projector"].projector)


def test_a_language_model_that_does_not_say_how_it_is_asked_wants_a_name(three: dict[str, Published], tmp_path: Path):
    loading = how_it_loads(tmp_path, whole(three), replace(WORDS, ids={"a": 0}))
    assert (loading.how, loading.options) == ("import", ("--chat NAME",))


def test_a_language_model_without_words_wants_a_tokenizer(three: dict[str, Published], tmp_path: Path):
    assert how_it_loads(tmp_path, whole(three), None).options == ("--tokenizer FOLDER",)


def test_parts_that_do_not_fit_do_not_load(three: dict[str, Published], tmp_path: Path):
    published = whole(three)
    assert published.vision is not None
    wider = replace(published.vision, config={**published.vision.config, "hidden_size": 999})
    loading = how_it_loads(tmp_path, replace(published, vision=wider), WORDS)
    assert loading.how == "import"  # with another tower
    assert "expected width 999" in loading.why


def test_a_layer_that_the_tower_does_not_have_does_not_load(three: dict[str, Published], tmp_path: Path):
    published = whole(three)
    assert published.vision is not None
    assert published.projector is not None
    heads = WeightsError("the tower", do="give --vision-config FILE")
    for fault in (None, heads):
        deep = replace(published.projector, feature_layer=-99)
        wrong = replace(published, projector=deep, vision=replace(published.vision, fault=fault))
        loading = how_it_loads(tmp_path, wrong, WORDS)
        assert loading.how == "no"
        assert loading.why.startswith(
            "the projector: the feature layer: got -99, expected -4 to 3, as a vision tower of 3"
        )


def test_a_damaged_tokenizer_does_not_load(three: dict[str, Published], tmp_path: Path):
    fault = WeightsError("tokenizer.json", got="a cut file", do="copy it again")
    assert how_it_loads(tmp_path, whole(three), fault) == Loading(how="no", why=fault.text())


def test_joined_layouts_alone_are_stock(three: dict[str, Published], tmp_path: Path):
    (tmp_path / "model.safetensors").touch()
    published = replace(whole(three), layout="llava_hf")
    for name in ("tokenizer.json", "chat_template.jinja", "processor_config.json"):
        assert how_it_loads(tmp_path, published, WORDS).how == "import"
        (tmp_path / name).touch()
    assert how_it_loads(tmp_path, published, WORDS).why == "no token <image>"
    with_image = replace(WORDS, ids={"<image>": 0})
    assert how_it_loads(tmp_path, published, with_image) == Loading(how="as it is")
    (tmp_path / "tokenizer.json").write_bytes(BOM_UTF8 + b"{}")
    why = "a byte order mark before tokenizer.json, at which stock readers stop"
    loading = how_it_loads(tmp_path, published, with_image)
    assert (loading.how, loading.why) == ("import", why)
    (tmp_path / "model.safetensors").unlink()
    assert how_it_loads(tmp_path, published, with_image).why == "pickles in place of safetensors"


@pytest.mark.parametrize(
    ("do", "how", "options"),
    [("give --vision-config FILE (or not)", "import", ("--vision-config FILE",)), ("copy the file again", "no", ())],
)
def test_a_refusal_that_asks_for_an_option_is_no_end(do: str, how: str, options: tuple[str, ...]):
    assert refused(WeightsError("a", do=do)) == Loading(how=how, why=f"a; {do}", options=options)
