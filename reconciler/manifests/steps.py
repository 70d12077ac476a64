"""Long work in steps, so that something else can be done between them."""

from __future__ import annotations

from collections.abc import Generator
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")
Steps: TypeAlias = Generator[None, None, T]
"""What yields after each step, and returns what all of them come to."""


class Work(Generic[T]):
    """Steps to do, and what they come to."""

    def __init__(self, steps: Steps[T]) -> None:
        self._steps = steps
        self._result: list[T] = []
        self._error: BaseException | None = None

    def go_on(self) -> bool:
        """Does one more step; whether there was one. Raises what the step raises, and from then on nothing else."""
        if self._error is not None:
            raise self._error
        if self._result:
            return False
        try:
            next(self._steps)
        except StopIteration as end:
            self._result.append(end.value)
            return False
        except BaseException as error:
            self._error = error
            raise
        return True

    @property
    def result(self) -> T:
        """What they come to, once all are done."""
        while self.go_on():
            pass
        return self._result[0]
