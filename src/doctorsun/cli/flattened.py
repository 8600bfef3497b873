"""Commands with many options: those that belong together stand in one dataclass."""

import inspect
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any, get_type_hints

KEYWORD = inspect.Parameter.KEYWORD_ONLY


def flattened(function: Callable[..., None], *names: str) -> Callable[..., None]:
    """Return a command that has one option for each field of the dataclasses that the function takes.

    Args:
        function: carries the command out.
        names: of its keyword arguments whose types are dataclasses; the fields are annotated as options are.
    """
    signature = inspect.signature(function)
    hints = get_type_hints(function, include_extras=True)
    kinds: dict[str, Any] = {name: hints[name] for name in names}

    @wraps(function)
    def command(**given: Any) -> None:
        for name, kind in kinds.items():
            given[name] = kind(**{each.name: given.pop(each.name) for each in fields(kind)})
        function(**given)

    parameters: list[inspect.Parameter] = []
    for parameter in signature.parameters.values():
        if parameter.name in kinds:
            parameters += _options(kinds[parameter.name])
        else:
            parameters.append(parameter.replace(annotation=hints[parameter.name]))
    command.__signature__ = signature.replace(parameters=parameters)  # pyright: ignore[reportAttributeAccessIssue]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _options(kind: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(each.name, KEYWORD, default=each.default, annotation=hints[each.name])
        for each in fields(kind)
    ]
