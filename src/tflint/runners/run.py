"""One run of a model in a worker process: what it is asked for, and where its values go."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["LONGEST", "MOST_CALLS", "Feeds", "Run", "Values", "is_too_much", "names", "plain"]

LONGEST = 20_000
"""No text that is told has more characters."""
MOST_KEPT = 256 << 20
"""Values inside a model are kept up to so many bytes for each input."""
MOST_CALLS = 20_000
"""No more calls of layers, or ops, are listened to."""

Values = dict[str, Any]
"""Arrays by their names: `out_0` an output, `t_7` a tensor, `node_3` a value of the source."""
Feeds = Sequence[Sequence[Any]]
"""For each input the values of all inputs of a model, in its order."""
Tell = Callable[..., None]


class Run:
    """One run of the request: a model, how it is run, and where its values go."""

    def __init__(self, folder: Path, number: int, request: Mapping[str, Any], tell: Tell) -> None:
        self.folder, self.number, self.tell = folder, number, tell
        self.path: str = request["path"]
        self.engine: str = request.get("engine", "")
        self.feeds: Sequence[int] = request["feeds"]
        self.inside: frozenset[int] = frozenset(request.get("inside", ()))
        """The inputs for which the values inside the model are kept."""
        self.request = request

    def save(self, feed: str, values: Values) -> None:
        """Write the values for an input; `feed` is its number, or the name of a further run of the first."""
        import numpy

        numpy.savez(self.folder / f"{self.number}-{feed}.npz", **values)

    def each(self, work: Callable[[int], None]) -> list[int]:
        """Do something for each input, and return those that it went well for.

        An input that fails is passed over where another one does not.

        Raises:
            Exception: all of them failed; the first error.
        """
        done: list[int] = []
        first: Exception | None = None
        for number in self.feeds:
            self.stage("invoke", number)
            try:
                work(number)
            except Exception as reason:  # libraries fail in every way there is
                first = first or reason
            else:
                done.append(number)
        if first is not None and not done:
            self.stage("invoke", self.feeds[0])
            raise first
        return done

    def stage(self, stage: str, feed: int | None = None) -> None:
        """Tell what is being done, and on which input."""
        self.tell(stage=stage, feed=feed)


def is_too_much(total: int) -> bool:
    """Whether no more bytes are kept for an input."""
    return total > MOST_KEPT


def names(of: Sequence[str]) -> Any:
    """Names as an array that needs no pickling."""
    import numpy

    return numpy.array(json.dumps(list(of)))


def plain(value: Any) -> Any:
    """A tensor as numpy has it; a ragged or sparse one as a dense one, a type that numpy lacks as float32."""
    import numpy

    if hasattr(value, "to_tensor"):
        value = value.to_tensor()
    if type(value).__name__ == "SparseTensor":
        import tensorflow as tf

        value = tf.sparse.to_dense(value)
    array = numpy.asarray(value.numpy() if hasattr(value, "numpy") else value)
    if array.dtype.kind == "V":  # bfloat16
        return array.astype(numpy.float32)
    if array.dtype.kind == "O":
        return numpy.char.encode(numpy.vectorize(_text, otypes=[str])(array), "utf-8")
    return array


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
