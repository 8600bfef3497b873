"""What the text of an xtuner configuration says: alpha, rank, feature layer, fit, template, bases that it names."""

from pathlib import Path

import pytest

from checkpoints.xtuner import PRINTED, TOWER_ALPHA, TOWER_RANK, WRITTEN, XtunerTraining
from doctorsun.errors import WeightsError
from doctorsun.weights.layouts.xtuner_settings import XtunerSettings, settings_beside, settings_of

TRAINING = XtunerTraining(tower="lora", pads=False, layer=-3)


def read(text: str) -> XtunerSettings:
    return settings_of(text, where="config.py")


@pytest.mark.parametrize("form", [PRINTED, WRITTEN])
def test_both_forms_of_a_configuration_are_read(form: str):
    settings = read(TRAINING.config(form))
    lora = settings.lora("vision", None)
    assert lora is not None
    assert (lora.alpha, lora.rank) == (TOWER_ALPHA, TOWER_RANK)
    assert settings.lora("language", None) is None
    assert (settings.feature_layer, settings.fit, settings.chat) == (-3, "crop", "llama3")
    assert [note.split()[0] for note in settings.strange] == ["llm", "visual_encoder"]
    assert settings.strange[1].endswith("is not followed: --vision gives it where it is needed")


def test_the_alpha_that_the_user_says_fills_what_the_text_leaves_out():
    alone = read("").lora("language", 3)
    assert alone is not None
    assert (alone.alpha, alone.rank) == (3, None)
    settings = read("model = dict(type=LLaVAModel, visual_encoder_lora=dict(type=LoraConfig, r=4, use_rslora=True))")
    lora = settings.lora("vision", 3)
    assert lora is not None
    assert (lora.alpha, lora.rank, lora.is_rank_stabilised) == (3, 4, True)


def test_the_alpha_that_the_user_says_may_not_stand_against_the_text():
    settings = read(TRAINING.config())
    assert settings.lora("vision", TOWER_ALPHA) == settings.lora("vision", None)
    with pytest.raises(WeightsError, match=r"--lora-alpha: got 3, expected 6, as config\.py: visual_encoder_lora says"):
        settings.lora("vision", 3)


def test_a_value_that_only_running_would_tell_is_asked_for():
    text = "model = dict(type=LLaVAModel, llm_lora=dict(type=LoraConfig, r=64, lora_alpha=int('16')))"
    asked = r"config.py: llm_lora: lora_alpha: got a value .*or give --lora-alpha language=N"
    with pytest.raises(WeightsError, match=asked):
        read(text).lora("language", None)
    lora = read(text).lora("language", 16)
    assert lora is not None
    assert (lora.alpha, lora.rank) == (16, 64)
    unread_rank = read(text.replace("r=64", "r=int('64')")).lora("language", 16)
    assert unread_rank is not None
    assert unread_rank.rank is None


def test_data_sets_that_differ_say_no_fit():
    text = "train_dataset = dict(datasets=[dict(pad_image_to_square=True), dict(pad_image_to_square=False)])"
    settings = read(text)
    assert settings.fit is None
    assert "pad_image_to_square differs" in settings.strange[0]


def test_a_list_that_holds_itself_many_times_is_walked_once():
    text = "a = [dict(pad_image_to_square=True)]\n" + "a = [a, a, a, a]\n" * 200 + "train_dataset = a\n"
    assert read(text).fit == "pad"


def test_a_template_without_counterpart_is_said():
    settings = read("prompt_template = PROMPT_TEMPLATE.wizardlm")
    assert settings.chat is None
    assert settings.strange == ("the prompt template 'wizardlm' has no counterpart here: say --chat",)


@pytest.mark.parametrize("text", ["x = (", "model = 3", "model = dict(visual_select_layer='last', llm=2)"])
def test_a_text_that_says_nothing_is_no_obstacle(text: str):
    settings = read(text)
    assert (settings.feature_layer, settings.fit, settings.chat) == (None, None, None)


def test_the_configuration_beside_a_checkpoint_is_found(tmp_path: Path):
    unknown = "feature layer and fit unknown"
    assert settings_beside(tmp_path).strange == (f"no configuration of the training stands beside it: {unknown}",)
    (tmp_path / "other.py").write_text("raise SystemExit")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "stage2.py").write_text(TRAINING.config(WRITTEN))
    assert settings_beside(tmp_path).feature_layer == -3
    (tmp_path / "stage1.py").write_text(TRAINING.config(WRITTEN))
    settings = settings_beside(tmp_path)
    assert settings.model == {}
    several = "several configurations of the training stand beside it (stage1.py, stage2.py)"
    assert settings.strange == (f"{several}: {unknown}",)


def test_a_configuration_without_a_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "xtuner_config.py").write_text("visual_select_layer = -2")
    told = "xtuner_config.py sets no model (LLaVAModel): feature layer and fit unknown"
    assert settings_beside(tmp_path).strange == (told,)
