"""What a model says of its inputs and outputs for those who call it: TFLite Metadata."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["AssociatedFile", "Description", "TensorDescription"]


@dataclass(frozen=True)
class AssociatedFile:
    """A file that is packed into the model; `lines` are those of a list, None where it is not there or not read."""

    name: str
    kind: str
    """By the names of the schema: `TENSOR_AXIS_LABELS`, `VOCABULARY`, …"""
    is_packed: bool
    lines: int | None = None
    checksum: int | None = None
    """The CRC-32 of its content, as the archive has it; None where it is not there."""


@dataclass(frozen=True)
class TensorDescription:
    """What is said of an input or an output. `means` and `deviations` are those that it is to be normalized with."""

    name: str
    means: tuple[float, ...] = ()
    deviations: tuple[float, ...] = ()
    files: tuple[AssociatedFile, ...] = ()


@dataclass(frozen=True)
class Description:
    """What is said of a model; `fault` is why it cannot be read, empty where it can."""

    inputs: tuple[TensorDescription, ...] = ()
    outputs: tuple[TensorDescription, ...] = ()
    fault: str = ""
