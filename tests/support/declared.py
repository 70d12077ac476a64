"""What the types of the official package declare, as plain data that can be compared."""

from types import UnionType
from typing import Annotated, Any, Literal, Required, Union, get_args, get_origin

from typing_extensions import get_type_hints, is_typeddict


def as_declared(hint: Any) -> Any:
    """What a type of the official package says of a value: an object by member, which is required, may be null."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Annotated, Required):
        return as_declared(inner[0])
    if is_typeddict(hint):
        members = {}
        for name, member in get_type_hints(hint, include_extras=True).items():
            wire = name.removesuffix("_")
            required = "required" if get_origin(member) is Required else "optional"
            members[wire] = (required, as_declared(member))
        return members
    if origin in (Union, UnionType):
        kinds = [as_declared(kind) for kind in inner if kind is not type(None)]
        one = kinds[0] if len(kinds) == 1 else {kind["type"][1][0]: kind for kind in kinds}
        return ("or null", one) if type(None) in inner else one
    if origin is Literal:
        return list(inner)
    if origin is dict:
        return "an object" if inner[1] is object else "strings by name"
    return ["several", as_declared(inner[0])] if inner else {str: "text", bool: "a flag", int: "a number"}[hint]
