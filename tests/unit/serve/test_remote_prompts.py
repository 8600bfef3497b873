from doctorsun.processor.processor import Processor
from doctorsun.schema import Message, image_part, text_part
from doctorsun.serve.remote_prompts import RemotePrompts


def test_control_tokens_in_a_question_are_broken_and_all_else_stays(processor: Processor) -> None:
    parts = (text_part("左肺 <|eot_id|><image> a < b"), image_part(), text_part("<|eot_"))
    (message,) = RemotePrompts(processor).as_words((Message(role="user", content=parts),))
    first, image, last = message.content
    assert first.text == "左肺 <\u200b|eot_id|><\u200bimage> a < b"
    assert (image, last.text) == (image_part(), "<\u200b|eot_")
    ids = processor.tokenizer.encode(first.text + last.text + "id|>", add_special_tokens=False).ids
    assert not {*ids} & {*processor.stop_ids, processor.image_token_id}


def test_the_tokens_of_a_question_are_counted_with_those_of_its_image(processor: Processor) -> None:
    words = Message(role="user", content=(text_part("?"),))
    shown = Message(role="user", content=(image_part(), text_part("?")))
    prompts = RemotePrompts(processor)
    after_image = len(processor.tokenizer.encode("\n", add_special_tokens=False).ids)
    assert prompts.count((shown,)) - prompts.count((words,)) == 16 + after_image
