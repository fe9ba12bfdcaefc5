"""What the owner of a model claims it to be, so that rules can compare."""

from dataclasses import dataclass

__all__ = ["Expectations"]


@dataclass(frozen=True)
class Expectations:
    """The claims of `[tool.tflint.expect]`; None where nothing is claimed."""

    precision: str | None = None
    """`float32`, `float16`, `dynamic`, `int8` or `int16x8`."""
    io: str | None = None
    """The element type of inputs and outputs: `float32`, `int8`, `uint8` or `int16`."""
    static: bool | None = None
    """True where no tensor may have a dynamic dimension."""
    max_kb: float | None = None
    """The largest file, in units of 1024 bytes."""
    arena_kib: float | None = None
    """The memory that the device has for values while the model runs, in KiB."""
    flash_kib: float | None = None
    """The memory that the device has for the file, in KiB."""
    ops: str | None = None
    """`builtin`, `select` (builtin and Select TensorFlow ops) or `any` (custom ops too)."""
    uses: str | None = None
    """What calls the model: `task-library` (TFLite Task Library, MediaPipe Tasks)."""
