"""Named sizes of one network: presets differ by numbers only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPreset:
    """Sizes of a LLaVA: CLIP vision tower, two-layer GELU projector, Llama language model.

    Attributes:
        vision_layers: blocks of the tower; features are taken before the last one, as LLaVA-1.5 does.
        initializer_range: standard deviation of the random start of the linear layers.
        rope_scaling: Llama 3.1's stretch factor over 8,192 positions; 1 for none.
    """

    image_size: int
    patch_size: int
    vision_hidden_size: int
    vision_intermediate_size: int
    vision_layers: int
    vision_heads: int
    hidden_size: int
    intermediate_size: int
    num_layers: int
    num_heads: int
    num_key_value_heads: int
    max_positions: int
    rope_theta: float = 500_000.0
    rope_scaling: float = 1.0
    initializer_range: float = 0.02

    @property
    def num_visual_tokens(self) -> int:
        """Tokens that one image becomes; the class token is dropped."""
        return (self.image_size // self.patch_size) ** 2


PRESETS: dict[str, ModelPreset] = {
    "micro": ModelPreset(
        image_size=32,
        patch_size=8,
        vision_hidden_size=64,
        vision_intermediate_size=128,
        vision_layers=3,
        vision_heads=2,
        hidden_size=64,
        intermediate_size=128,
        num_layers=2,
        num_heads=2,
        num_key_value_heads=2,
        max_positions=2048,
        rope_theta=10_000.0,
    ),
    "tiny": ModelPreset(
        image_size=96,
        patch_size=16,
        vision_hidden_size=128,
        vision_intermediate_size=512,
        vision_layers=5,
        vision_heads=4,
        hidden_size=256,
        intermediate_size=768,
        num_layers=2,
        num_heads=8,
        num_key_value_heads=8,
        max_positions=2048,
        rope_theta=10_000.0,
        initializer_range=0.04,
    ),
    # Llama-3.1-8B (config.json of meta-llama/Llama-3.1-8B) under CLIP ViT-L/14 at 336 pixels: arXiv 2508.08270.
    "doctor-sun-8b": ModelPreset(
        image_size=336,
        patch_size=14,
        vision_hidden_size=1024,
        vision_intermediate_size=4096,
        vision_layers=24,
        vision_heads=16,
        hidden_size=4096,
        intermediate_size=14336,
        num_layers=32,
        num_heads=32,
        num_key_value_heads=8,
        max_positions=131_072,
        rope_scaling=8.0,
    ),
}
