"""What Python prints of dictionaries and of the official package's objects → plain data; nothing is run.

Some teams only have the output that a program printed into a log.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from reconciler.canonical import Json


def read_printed(text: str) -> tuple[tuple[int, Json], ...] | None:
    """Each printed value with the line on which it begins; None where the text is not that."""
    try:
        return tuple(_printed_values(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _printed_values(module: ast.Module) -> Iterator[tuple[int, Json]]:
    for statement in module.body:
        if not isinstance(statement, ast.Expr):
            raise ValueError
        yield statement.lineno, _data_of(statement.value)


def _data_of(node: ast.expr) -> Json:
    """The data of an expression: `Assistant(id='asst_1')` is a mapping of its arguments."""
    match node:
        case ast.Constant(value=None | bool() | int() | float() | str() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_data_of(item) for item in items]
        case ast.Dict(keys=keys, values=values):
            return {_key_of_pair(key): _data_of(value) for key, value in zip(keys, values, strict=True)}
        case ast.Call(args=[], keywords=keywords):
            return {_name_of_argument(each): _data_of(each.value) for each in keywords}
    raise ValueError


def _key_of_pair(node: ast.expr | None) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise ValueError


def _name_of_argument(keyword: ast.keyword) -> str:
    if keyword.arg is None:
        raise ValueError
    return keyword.arg
