"""Inputs or outputs of a model that only a name or a place can tell apart."""

from collections.abc import Iterable, Iterator

from tflint import Shape, Tensor

__all__ = ["alike"]


def alike(named: Iterable[tuple[str, Tensor]]) -> Iterator[list[tuple[str, Tensor]]]:
    """Yield those that have one element type and shape, where that are several, each with its name."""
    groups: dict[tuple[str, Shape, bool], dict[Tensor, str]] = {}
    for name, tensor in named:
        groups.setdefault((tensor.dtype.value, tensor.shape, tensor.has_rank), {}).setdefault(tensor, name)
    for group in groups.values():
        if len(group) > 1:
            yield [(name, tensor) for tensor, name in group.items()]
