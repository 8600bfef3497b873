"""Prompts of every family of chat templates, as their publishers print them."""

from collections.abc import Sequence

import pytest

from doctorsun.errors import WeightsError
from doctorsun.processor.chat_families import FAMILIES
from doctorsun.processor.chat_template import ChatTemplate
from doctorsun.schema import Message, image_part, text_part
from small_model import assistant, user

TEMPLATES = {family.name: family.template for family in FAMILIES}
NAMES = {
    "llama3": ("<|begin_of_text|>", "<|eot_id|>"),
    "chatml": ("<s>", "</s>"),
    "vicuna_v1": ("<s>", "</s>"),
    "mistral_instruct": ("<s>", "</s>"),
    "llama_2_chinese": ("<s>", "</s>"),
    "plain": ("<s>", "</s>"),
}
SYSTEM = Message(role="system", content=(text_part("Be brief."),))
TURNS = [user(image_part(), "图中是什么?"), assistant("A lung."), user("Which side?"), assistant("左侧。")]

VICUNA = (
    "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, "
    "and polite answers to the user's questions."
)
HEADER = "<|start_header_id|>{}<|end_header_id|>\n\n"

# What Conversation.get_prompt() of haotian-liu/LLaVA (llava/conversation.py, conv_templates["v1"] and ["plain"]) and
# microsoft/LLaVA-Med (["mistral_instruct"]) return, after the <s> that their tokenizer puts first; what README.md and
# scripts/api/accelerate_server.py of LlamaFamily/Llama-Chinese print; what the chat_template of
# internlm/internlm2_5-7b-chat and xtuner's PROMPT_TEMPLATE.llama3_chat make, without the line break that the former
# puts after the last reply.
CONVERSATIONS = {
    "vicuna_v1": (
        f"<s>{VICUNA} USER: <image>\n图中是什么? ASSISTANT: A lung.</s>USER: Which side? ASSISTANT: 左侧。</s>"
    ),
    "mistral_instruct": "<s>[INST] <image>\n图中是什么? [/INST] A lung. </s>[INST] Which side? [/INST] 左侧。 </s>",
    "llama_2_chinese": (
        "<s>Human: <image>\n图中是什么?\n</s><s>Assistant: A lung.\n</s>"
        "<s>Human: Which side?\n</s><s>Assistant: 左侧。\n</s>"
    ),
    "chatml": (
        "<s><|im_start|>user\n<image>\n图中是什么?<|im_end|>\n<|im_start|>assistant\nA lung.<|im_end|>\n"
        "<|im_start|>user\nWhich side?<|im_end|>\n<|im_start|>assistant\n左侧。<|im_end|>"
    ),
    "llama3": (
        f"<|begin_of_text|>{HEADER.format('user')}<image>\n图中是什么?<|eot_id|>{HEADER.format('assistant')}"
        f"A lung.<|eot_id|>{HEADER.format('user')}Which side?<|eot_id|>{HEADER.format('assistant')}左侧。<|eot_id|>"
    ),
    "plain": "<s><image>A lung.\n左侧。\n",
}
PROMPTS = {
    "vicuna_v1": f"<s>{VICUNA} USER: <image>\n图中是什么? ASSISTANT:",
    "mistral_instruct": "<s>[INST] <image>\n图中是什么? [/INST]",
    # The README ends it with a blank; in a conversation that blank is part of the reply's first word.
    "llama_2_chinese": "<s>Human: <image>\n图中是什么?\n</s><s>Assistant:",
    "chatml": "<s><|im_start|>user\n<image>\n图中是什么?<|im_end|>\n<|im_start|>assistant\n",
    "llama3": f"<|begin_of_text|>{HEADER.format('user')}<image>\n图中是什么?<|eot_id|>{HEADER.format('assistant')}",
    "plain": "<s><image>",
}
SYSTEMS = {
    "vicuna_v1": "<s>Be brief. USER: Why? ASSISTANT:",
    "mistral_instruct": "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nWhy? [/INST]",
    "llama_2_chinese": "<s>System: Be brief.\n</s><s>Human: Why?\n</s><s>Assistant:",
    "chatml": "<s><|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n",
    "llama3": f"<|begin_of_text|>{HEADER.format('system')}Be brief.<|eot_id|>{HEADER.format('user')}Why?<|eot_id|>"
    f"{HEADER.format('assistant')}",
    "plain": "<s>",
}


def rendered(name: str, turns: Sequence[Message], *, asks: bool = False) -> str:
    bos, eos = NAMES[name]
    return ChatTemplate(TEMPLATES[name], bos_token=bos, eos_token=eos).render(turns, add_generation_prompt=asks)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_conversation_is_rendered_as_published(name: str) -> None:
    assert rendered(name, TURNS) == CONVERSATIONS[name]


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_prompt_is_rendered_as_published(name: str) -> None:
    assert rendered(name, TURNS[:1], asks=True) == PROMPTS[name]


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_system_turn_is_rendered_as_published(name: str) -> None:
    assert rendered(name, [SYSTEM, user("Why?")], asks=True) == SYSTEMS[name]


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("begin", [[], [SYSTEM]])
def test_asking_for_a_reply_only_appends(name: str, begin: list[Message]) -> None:
    turns = [*begin, *TURNS]
    for end in (index for index, turn in enumerate(turns) if turn.role == "assistant"):
        opening = rendered(name, turns[:end], asks=True)
        assert rendered(name, turns[: end + 1]).startswith(opening)
        assert opening.startswith(rendered(name, turns[:end]))


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_conversation_may_begin_with_a_reply(name: str) -> None:
    assert rendered(name, [assistant("Hello.")]).startswith(rendered(name, [], asks=True))


@pytest.mark.parametrize("name", ["vicuna_v1", "mistral_instruct", "llama_2_chinese", "chatml"])
def test_images_stand_before_the_words(name: str) -> None:
    assert rendered(name, [user("Is ", image_part(), "it?")]) == rendered(name, [user(image_part(), "Is it?")])


@pytest.mark.parametrize("name", ["vicuna_v1", "mistral_instruct"])
def test_a_late_system_turn_is_refused(name: str) -> None:
    with pytest.raises(WeightsError, match="got a system turn that is not the first for the roles user, system"):
        rendered(name, [user("?"), SYSTEM])
