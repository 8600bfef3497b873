"""Prompts: a question as a task puts it, its instruction behind it or around it."""

from dataclasses import replace
from string import ascii_uppercase

from doctorsun.config.task import Task
from doctorsun.eval.tasks.load import OPTIONS_MARK, QUESTION_MARK
from doctorsun.schema import Message, Part, Sample, text_part


def last_reply(messages: tuple[Message, ...]) -> int:
    """Return the position of the last reply, or the number of messages where there is none."""
    return max((i for i, message in enumerate(messages) if message.role == "assistant"), default=len(messages))


def prompted(sample: Sample, task: Task) -> Sample:
    """Put the task's instruction for the sample's language and kind of answer to its last question.

    Words without marks stand behind the question, on a line of their own. A template holds ``{question}``, and may
    hold ``{options}``: then the lettered options that the question ends with stand there instead. Images stay where
    they are.
    """
    kinds = {} if sample.answer is None or sample.language == "mixed" else task.instructions.get(sample.language, {})
    words = kinds.get(sample.answer.kind) if sample.answer else None
    if not words:
        return sample
    last = last_reply(sample.messages)
    question = sample.messages[last - 1]
    if QUESTION_MARK in words:
        content = _templated(question.content, words, sample.answer.options if sample.answer else ())
    else:
        content = (*question.content, text_part("\n" + words))
    asked = replace(question, content=content)
    return replace(sample, messages=(*sample.messages[: last - 1], asked, *sample.messages[last:]))


def lettered(options: tuple[str, ...]) -> str:
    """Return options as lines that open with their letters, as readers put them behind a question."""
    return "\n".join(f"{letter}. {text}" for letter, text in zip(ascii_uppercase, options, strict=False))


def _templated(content: tuple[Part, ...], template: str, options: tuple[str, ...]) -> tuple[Part, ...]:
    """Return the parts of a question with a template around its words."""
    choices = lettered(options)
    before, _, after = template.partition(QUESTION_MARK)
    texts = [place for place, part in enumerate(content) if part.type == "text"]
    parts = list(content)
    if options and OPTIONS_MARK in template and texts:
        stem = parts[texts[-1]].text.removesuffix(choices).rstrip("\n")
        parts[texts[-1]] = text_part(stem)
    first, final = (texts[0], texts[-1]) if texts else (len(parts), len(parts))
    around = [*parts[:first], text_part(before.replace(OPTIONS_MARK, choices)), *parts[first : final + 1]]
    return tuple(
        part
        for part in (*around, text_part(after.replace(OPTIONS_MARK, choices)), *parts[final + 1 :])
        if part.type == "image" or part.text
    )
