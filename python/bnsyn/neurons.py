"""Which neurons: populations, and parts of them."""
from __future__ import annotations

from .errors import InvalidError


class Variable:
    """A variable of some neurons, as cells[:5].v: what `record` and `sim[...]` take."""

    def __init__(self, neurons: "Neurons", name: str):
        self.neurons = neurons
        self.name = name

    def __str__(self) -> str:
        return f"{self.neurons}.{self.name}"

    def __repr__(self) -> str:
        return f"<variable {self}>"


class Neurons:
    """Some neurons of a population: cells[:3200], cells[7], cells[[3, 5]], cells["i % 2 == 0"].

    They have the numbers 0, 1, ... among those that are selected. An attribute is a variable of
    theirs: cells[:5].v.
    """

    def __init__(self, text: str, size: int | None):
        self._text = text
        self._size = size

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        many = "" if self._size is None else f", {self._size} neurons"
        return f"<{self._text}{many}>"

    def __len__(self) -> int:
        if self._size is None:
            raise InvalidError(f"how many neurons {self._text} are is known when it is compiled")
        return self._size

    def __bool__(self) -> bool:
        return True

    def variable(self, name: str) -> Variable:
        """A variable of these neurons, also where the name is one of Python."""
        return Variable(self, name)

    def __getattr__(self, name: str) -> Variable:
        if name.startswith("_"):
            raise AttributeError(name)
        return Variable(self, name)

    def __getitem__(self, index) -> "Neurons":
        if isinstance(index, slice):
            return self._slice(index)
        if isinstance(index, str):
            return Neurons(f"{self._text}[{index}]", None)
        if hasattr(index, "__len__"):
            numbers = self._numbers(index)
            return Neurons(f"{self._text}[[{', '.join(map(str, numbers))}]]", len(set(numbers)))
        return Neurons(f"{self._text}[{self._number(int(index))}]", 1)

    def _number(self, index: int) -> int:
        if self._size is None or -self._size <= index < self._size:
            return index % self._size if self._size else index
        raise IndexError(f"{self._text} has {self._size} neurons, so none of number {index}")

    def _numbers(self, index) -> list[int]:
        values = list(index)
        if values and all(type(v).__name__ in ("bool", "bool_") for v in values):
            values = [i for i, chosen in enumerate(values) if chosen]
        return [self._number(int(v)) for v in values]

    def _slice(self, index: slice) -> "Neurons":
        if self._size is not None:
            begin, end, step = index.indices(self._size)
            size = len(range(begin, end, step))
        else:
            begin, end, step, size = index.start, index.stop, index.step or 1, None
        if step < 1:
            raise InvalidError("a range of neurons has a step of at least 1: they keep their order")
        if size == 0:
            raise InvalidError(f"{self._text}[{begin}:{end}] has no neurons")
        text = ":".join("" if part is None else str(part) for part in (begin, end))
        return Neurons(f"{self._text}[{text}{f':{step}' if step != 1 else ''}]", size)

    def __iter__(self):
        raise TypeError(f"{self._text} are neurons that run in a simulation, not a list")


class Population(Neurons):
    """All neurons of a population, or the neurons of a group with a name."""
