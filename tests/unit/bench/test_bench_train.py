import pytest

from doctorsun.bench.train import measure_training
from doctorsun.config import load_recipe
from doctorsun.recipes import SHIPPED


@pytest.mark.slow  # it measures the machine's matrix products too
def test_a_recipe_that_ends_with_labels_is_timed_without_supervised_tokens() -> None:
    recipe = load_recipe("micro", search=SHIPPED)
    stages = {"vision-pretrain": recipe.stages["vision-pretrain"]}
    facts = measure_training(recipe.model_copy(update={"stages": stages}))
    assert facts["samples_per_s"] > 0
    assert facts["supervised_tokens_per_s"] == 0
