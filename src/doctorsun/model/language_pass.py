"""The language model's part of the training forward pass as one module, so that it can be sharded as one."""

from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import LlavaForConditionalGeneration

from doctorsun.model.attention import PACKED_ATTENTION, PackLayout
from doctorsun.model.decoder_layer import lighten
from doctorsun.model.head import Head


class LanguagePass(nn.Module):
    """Embedding, decoder layers, last norm and head of a LLaVA, which keeps them as its own.

    Args:
        model: the network; its language model uses packed attention from now on.
    """

    def __init__(self, model: LlavaForConditionalGeneration) -> None:
        super().__init__()
        self.decoder = model.model.language_model
        self.decoder.set_attn_implementation(PACKED_ATTENTION)
        self.is_light = lighten(self.decoder)
        self.head = Head(model.lm_head)
        self.image_token_id: int = model.config.image_token_id

    @property
    def embedding(self) -> nn.Embedding:
        """The table of token embeddings."""
        return self.decoder.embed_tokens

    @property
    def layers(self) -> list[nn.Module]:
        """The decoder layers, in order."""
        return list(self.decoder.layers)

    @property
    def norm(self) -> nn.Module:
        """The norm before the head."""
        return self.decoder.norm

    @property
    def is_tied(self) -> bool:
        """Whether the head is the embedding."""
        return self.head.linear.weight is self.embedding.weight

    def forward(
        self,
        ids: Int[Tensor, " seq"],
        positions: Int[Tensor, " seq"],
        layout: PackLayout,
        supervised: Int[Tensor, " targets"],
        visual: Float[Tensor, "visual dim"] | None = None,
        *,
        targets: Int[Tensor, " targets"] | None = None,
    ) -> Float[Tensor, "targets vocab"] | Float[Tensor, " targets"]:
        """Return the logits of the supervised positions only, or their losses.

        Args:
            ids: of one packed sequence.
            positions: of each token in its branch.
            layout: the documents of the sequence.
            supervised: index of the positions whose next token counts.
            visual: what stands at the image tokens, in order.
            targets: the next tokens, whose losses are wanted.
        """
        embeddings = self.embedding(ids)
        if visual is not None:
            places = (ids == self.image_token_id).nonzero().squeeze(1)
            embeddings = embeddings.index_copy(0, places, visual.to(embeddings.dtype))
        settings = {"use_cache": False, "layout": layout, "supervised": supervised}
        hidden = self.decoder(inputs_embeds=embeddings[None], position_ids=positions[None], **settings)
        rows = hidden.last_hidden_state[0]
        return self.head(rows if self.is_light else rows[supervised], targets)
