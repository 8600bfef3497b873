import pytest

from doctorsun.errors import WeightsError
from doctorsun.processor.chat_template import ChatTemplate, as_openai
from doctorsun.processor.tokenizer import BOS
from doctorsun.schema import Message, image_part, text_part
from small_model import assistant, user

START, END, EOT = "<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>"


def test_a_conversation_is_rendered_as_llama_3_does() -> None:
    system = Message(role="system", content=(text_part("Be brief."),))
    text = ChatTemplate(bos_token=BOS).render([system, user(image_part(), "What?"), assistant("A lung.")])
    assert text == (
        f"{BOS}{START}system{END}Be brief.{EOT}{START}user{END}<image>\nWhat?{EOT}{START}assistant{END}A lung.{EOT}"
    )


def test_asking_for_a_reply_only_appends_to_the_conversation() -> None:
    template = ChatTemplate(bos_token=BOS)
    turns = [user("一"), assistant("二"), user("三"), assistant("四")]
    for end in (1, 3):
        opening = template.render(turns[:end], add_generation_prompt=True)
        assert opening == template.render(turns[:end]) + f"{START}assistant{END}"
        assert template.render(turns[: end + 1]).startswith(opening)


def test_words_that_look_like_a_template_are_only_words() -> None:
    assert "{{ 7 * 7 }}" in ChatTemplate().render([user("{{ 7 * 7 }}")])


def test_messages_take_the_shape_of_the_openai_api() -> None:
    turns = [user(image_part(), "What?")]
    assert as_openai(turns) == [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What?"}]}]


def test_a_refusal_of_the_template_is_told_with_the_roles() -> None:
    template = ChatTemplate("{% if messages[0]['role'] != 'user' %}{{ raise_exception('no system') }}{% endif %}")
    expected = r"the chat template refuses the conversation: got no system for the roles assistant, expected turns"
    with pytest.raises(WeightsError, match=expected):
        template.render([assistant("Hello.")])


def test_a_template_reaches_nothing_outside_itself() -> None:
    with pytest.raises(WeightsError, match="the chat template refuses the conversation: got access to attribute"):
        ChatTemplate("{{ messages.__class__.__mro__ }}").render([user("?")])
