import pytest
import torch
from torch import nn

from doctorsun.config import LoraSection, PartName
from doctorsun.errors import RecipeError
from doctorsun.model.adapters import adapted_layers, adapter_layers, add_adapters
from doctorsun.model.trainable import set_trainable
from small_model import MICRO, small_model

LORA = LoraSection(r=4, alpha=6, dropout=0.5)


def test_every_linear_layer_of_the_blocks_that_are_used() -> None:
    names = adapter_layers(small_model(), "vision", None)
    assert len(names) == 6 * (MICRO.vision_layers - 1)  # query, key, value, output, two of the MLP; not the last block
    assert not any(name.startswith(f"encoder.layers.{MICRO.vision_layers - 1}.") for name in names)
    assert len(adapter_layers(small_model(), "language", None)) == 7 * MICRO.num_layers
    assert adapter_layers(small_model(), "projector", None) == ["linear_1", "linear_2"]


def test_a_star_stands_for_one_number_and_nothing_else() -> None:
    model = small_model(num_layers=12)
    assert len(adapter_layers(model, "language", ["layers.*.self_attn.q_proj"])) == 12
    assert adapter_layers(model, "language", ["layers.1.self_attn.q_proj"]) == ["layers.1.self_attn.q_proj"]
    with pytest.raises(RecipeError, match=r"'\*\.q_proj' matches no linear layer of the part 'language'"):
        adapter_layers(model, "language", ["*.q_proj"])


@pytest.mark.parametrize(
    "pattern", ["q_proj", "layers", "layers.*.self_attn", "layers.*.self_attn.q_pro", "layers.2.mlp"]
)
def test_a_path_is_never_part_of_a_name(pattern: str) -> None:
    expected = rf"^the path '{pattern.replace('*', '.')}' matches no .* expected one of layers\.\*\.self_attn\.q_proj, "
    with pytest.raises(RecipeError, match=expected):
        adapter_layers(small_model(), "language", ["layers.*.mlp.up_proj", pattern])


def test_a_path_that_is_nearly_right_is_told() -> None:
    with pytest.raises(RecipeError, match=r"did you mean 'encoder\.layers\.\*\.self_attn\.out_proj'\?"):
        adapter_layers(small_model(), "vision", ["encoder.layers.*.self_attn.o_proj"])


def test_blocks_above_the_features_are_no_place_for_adapters() -> None:
    with pytest.raises(RecipeError, match="matches no linear layer"):
        adapter_layers(small_model(), "vision", [f"encoder.layers.{MICRO.vision_layers - 1}.mlp.fc1"])


def test_adapters_stand_where_they_are_wanted_and_nowhere_else() -> None:
    model = small_model(num_layers=11)
    wanted = LORA.model_copy(update={"modules": ("layers.1.mlp.up_proj", "layers.*.self_attn.q_proj")})
    add_adapters(model, "language", wanted, seed=1)
    names = [layer.name for layer in adapted_layers(model, "language")]
    expected = ["layers.1.mlp.up_proj", *(f"layers.{index}.self_attn.q_proj" for index in range(11))]
    assert sorted(names) == sorted(f"model.language_model.{name}" for name in expected)
    assert not adapted_layers(model, "vision")


def test_adapters_change_nothing_before_they_learn() -> None:
    model = small_model().eval()
    ids = torch.arange(20)[None]
    with torch.no_grad():
        before = model(input_ids=ids).logits
        add_adapters(model, "language", LORA, seed=1)
        assert torch.equal(model.eval()(input_ids=ids).logits, before)
    layer = adapted_layers(model, "language")[0]
    assert (layer.down.shape, layer.up.shape, layer.scale) == ((4, 64), (64, 4), 1.5)
    assert layer.down.any()
    assert not layer.up.any()


def test_the_start_depends_on_the_seed_alone_and_leaves_the_random_state() -> None:
    starts: list[torch.Tensor] = []
    for seed, noise in ((1, 5), (1, 6), (2, 6)):
        model = small_model()
        torch.manual_seed(noise)
        state = torch.random.get_rng_state()
        add_adapters(model, "vision", LORA, seed=seed)
        assert torch.equal(torch.random.get_rng_state(), state)
        starts.append(adapted_layers(model, "vision")[0].down.detach())
    assert torch.equal(starts[0], starts[1])
    assert not torch.equal(starts[0], starts[2])


def test_parts_may_have_adapters_of_different_ranks() -> None:
    model = small_model()
    settings: dict[PartName, LoraSection] = {"vision": LORA, "language": LoraSection(r=2, alpha=2)}
    learning = set_trainable(model, ["vision", "language", "projector"], settings, seed=1)
    assert {len(p) for name, p in learning["vision"].items() if "lora_A" in name} == {4}
    assert {len(p) for name, p in learning["language"].items() if "lora_A" in name} == {2}
    assert isinstance(model.get_submodule("model.multi_modal_projector.linear_1"), nn.Linear)
    assert set(learning["projector"]) == {
        f"model.multi_modal_projector.linear_{n}.{kind}" for n in (1, 2) for kind in ("weight", "bias")
    }
