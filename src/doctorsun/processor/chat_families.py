"""The families of chat templates, and which one a tokenizer was tuned with."""

from collections.abc import Container
from dataclasses import dataclass

from tokenizers import Tokenizer

from doctorsun.errors import WeightsError
from doctorsun.processor.blanks import blank_rule
from doctorsun.processor.chat_template import TEMPLATES

_NO_BLANK, _BLANK = "{%- set blank = '' %}", "{%- set blank = ' ' %}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFamily:
    """One way in which models are asked.

    Attributes:
        name: as ``--chat`` takes it, and of its file in ``chat_templates``.
        tokens: control tokens of its own; a tokenizer that lacks one cannot use it.
        ends_turns: the one of them that ends a reply; empty where the tokenizer's end of sequence does.
        model_types: settings ``model_type`` of models that are tuned with it and whose tokens do not tell.
        cuts_at_images: the models read each part between images as a text of its own, with its own blank before it;
            the template has a place for it.
    """

    name: str
    tokens: tuple[str, ...] = ()
    ends_turns: str = ""
    model_types: tuple[str, ...] = ()
    cuts_at_images: bool = False

    @property
    def template(self) -> str:
        """Its Jinja source."""
        return (TEMPLATES / f"{self.name}.jinja").read_text(encoding="utf-8")

    def template_for(self, tokenizer: Tokenizer) -> str:
        """Return its Jinja source for a tokenizer, with the blanks written out that the tokenizer does not put."""
        if self.cuts_at_images and blank_rule(tokenizer) == "first text":
            return self.template.replace(_NO_BLANK, _BLANK)
        return self.template


FAMILIES = (
    # Meta Llama 3's model card; xtuner's PROMPT_TEMPLATE.llama3_chat, with which Doctor Sun was tuned.
    ChatFamily(
        name="llama3",
        tokens=("<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"),
        ends_turns="<|eot_id|>",
    ),
    # InternLM2's and Qwen2's own templates (their tokenizer_config.json); no line break after the last reply.
    ChatFamily(name="chatml", tokens=("<|im_end|>", "<|im_start|>"), ends_turns="<|im_end|>"),
    # conv_vicuna_v1 in llava/conversation.py of haotian-liu/LLaVA (SeparatorStyle.TWO): Qilin-Med-VL.
    # tokenizer_image_token in llava/mm_utils.py cuts prompts at their images.
    ChatFamily(name="vicuna_v1", cuts_at_images=True),
    # conv_mistral_instruct in llava/conversation.py of microsoft/LLaVA-Med (SeparatorStyle.LLAMA_2).
    ChatFamily(name="mistral_instruct", model_types=("mistral", "llava_mistral"), cuts_at_images=True),
    # README.md and scripts/api/accelerate_server.py of LlamaFamily/Llama-Chinese (FlagAlpha). The blank after the last
    # 'Assistant:' is left to the reply: in the texts of training it is part of the reply's first word.
    ChatFamily(name="llama_2_chinese"),
    # conv_llava_plain in llava/conversation.py of haotian-liu/LLaVA: an image and its caption, for alignment.
    ChatFamily(name="plain", cuts_at_images=True),
)


def choose_family(chat: str | None, vocabulary: Container[str], model_type: str = "") -> ChatFamily:
    """Return the family of this name, or else the one that the control tokens or the type of the model tell.

    Raises:
        WeightsError: nobody knows the name, the tokenizer lacks its tokens, or nothing tells the family.
    """
    if chat is not None:
        return _named(chat, vocabulary)
    for family in FAMILIES:
        if family.tokens and all(token in vocabulary for token in family.tokens):
            return family
    for family in FAMILIES:
        if model_type in family.model_types:
            return family
    raise WeightsError(
        "the chat template",
        got=f"a tokenizer{' of ' + model_type if model_type else ''} that does not tell how the model is asked",
        expected="the name of a template",
        do=f"say --chat with one of {', '.join(family.name for family in FAMILIES)}",
    )


def _named(name: str, vocabulary: Container[str]) -> ChatFamily:
    families = {family.name: family for family in FAMILIES}
    if name not in families:
        raise WeightsError(
            "--chat", got=repr(name), expected=f"one of {', '.join(families)}", do="say it as it stands there"
        )
    missing = [token for token in families[name].tokens if token not in vocabulary]
    if missing:
        raise WeightsError(
            f"the chat template {name}",
            got=f"a tokenizer without {missing[0]}",
            expected="a vocabulary that holds it",
            do="say --chat with the template that the model was tuned with",
        )
    return families[name]
