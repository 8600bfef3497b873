"""Prompts: instructions behind a question, and templates around it."""

from doctorsun.eval.prompt import prompted
from doctorsun.eval.tasks import task_named
from doctorsun.schema import Answer, Message, image_part, text_part

OWN = task_named("own")
CHOICE = Answer(kind="mcq", options=("CT", "MRI"), gold=("A",))


def asked(sample, **kinds):
    task = OWN.model_copy(update={"instructions": {"en": kinds}})
    return prompted(sample, task).messages[0].content


def test_words_stand_behind_the_question(make_sample):
    assert asked(make_sample(1), closed="Answer yes or no.") == (
        image_part(),
        text_part("Is there a nodule?"),
        text_part("\nAnswer yes or no."),
    )


def test_an_instruction_is_for_its_language_and_kind_alone(make_sample):
    sample = make_sample(1)
    assert asked(sample, open="In a word.") == sample.messages[0].content
    chinese = OWN.model_copy(update={"instructions": {"zh": {"closed": "请回答。"}}})
    assert prompted(sample, chinese) is sample


def test_a_template_moves_the_options(make_sample):
    sample = make_sample(1, question="Which modality?\nA. CT\nB. MRI", answer=CHOICE)
    content = asked(sample, mcq="Question: {question}\nOptions:\n{options}\nAnswer:")
    assert content[0] == image_part()
    text = "".join(part.text for part in content)
    assert text == "Question: Which modality?\nOptions:\nA. CT\nB. MRI\nAnswer:"


def test_images_stay_between_the_words_of_a_template(make_sample):
    content = (text_part("See "), image_part(), text_part(" which?\nA. CT\nB. MRI"))
    messages = (Message(role="user", content=content), Message(role="assistant", content=(text_part("A"),)))
    found = asked(make_sample(1, messages=messages, answer=CHOICE), mcq="{options}\nQ: {question}!")
    texts = [part.text for part in found if part.type == "text"]
    assert texts == ["A. CT\nB. MRI\nQ: ", "See ", " which?", "!"]
    assert [part.type for part in found].index("image") == 2
