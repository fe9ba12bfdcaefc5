"""What came of running a model: beside its source where there is one, and on each engine of the runtime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = [
    "Blame",
    "Comparison",
    "Disagreement",
    "Ended",
    "EngineRun",
    "Feed",
    "Figures",
    "Inside",
    "OutputDifference",
]


class Ended(StrEnum):
    """How a run ended."""

    DONE = "done"
    REFUSED = "refused"
    """It was not run: the model is damaged, or running it may run code."""
    FAILED = "failed"
    """The runtime said no."""
    CRASHED = "crashed"
    """The process died."""
    OUT_OF_TIME = "out-of-time"
    OUT_OF_MEMORY = "out-of-memory"
    LEFT_OUT = "left-out"
    """There was no time left for it, or no runtime."""


@dataclass(frozen=True)
class EngineRun:
    """A model that was to be run on all inputs.

    `engine` is `xnnpack` (what LiteRT uses unless told otherwise), `builtin` (its own kernels), `tflm` (TFLite Micro,
    which only plans its memory), or `source` for what the model was converted from.
    """

    engine: str
    ended: Ended
    runtime: str = ""
    """The runtime with its version: `LiteRT 2.3.0`, `Keras 3.15.0`, `TensorFlow 2.21.0`."""
    stage: str = ""
    """What was being done when it ended: `load`, `allocate`, `invoke`; empty where it is done."""
    feed: int | None = None
    """The input that it was run on then."""
    words: str = ""
    """What the runtime says, or why it did not run: a line, without a full stop."""
    detail: str = ""
    seconds: float = 0.0
    delegated: int | None = None
    """So many ops of the first graph a delegate took; None where it cannot be told."""
    arena: int | None = None
    """The bytes that TFLite Micro takes of its arena; None of other engines."""

    @property
    def is_done(self) -> bool:
        return self.ended is Ended.DONE

    @property
    def lacks_runtime(self) -> bool:
        """Whether it was not run since its runtime is not installed: what was asked for could not be done."""
        return self.ended is Ended.LEFT_OUT and " is not installed; " in self.words


@dataclass(frozen=True)
class Feed:
    """An input that the models were run on.

    `kind` is `random`, `zeros`, `low`, `high`, `middle` (of the range of each input), or `given`.
    """

    label: str
    kind: str
    outside: float = 0.0
    """The largest share that leaves the recorded range of a quantized value inside the model, by energy: what a
    calibration never saw. 0 where nothing is quantized, or nothing known."""


@dataclass(frozen=True)
class Figures:
    """How far values are from those that they should be.

    Errors are real values, also of quantized outputs; `steps` is the largest error in steps of the output's scale, None
    where it has none. `snr_db` is None where the reference is all zeros, infinite where there is no error.
    """

    max_abs: float
    mean_abs: float
    rmse: float
    snr_db: float | None
    cosine: float | None
    steps: float | None = None
    top1: float | None = None
    """The share of rows with the same largest entry; None where the output does not look like scores of classes."""
    top1_clear: float | None = None
    """The same, of the rows only whose largest entry leads by more than the output can be wrong by rounding."""
    finite: bool = True
    """False where one of the two has a value that is not finite, and the other has not the same."""


@dataclass(frozen=True)
class OutputDifference:
    """An output of a model beside that of its source. The places are numbers in the order of the outputs."""

    place: int
    name: str
    reference_place: int
    reference_name: str
    matched_by: str
    """How they were found to be the same: `signature`, `name`, `shape`, `order`."""
    dtype: str
    figures: Figures
    """Over all inputs that count."""
    by_feed: tuple[Figures, ...] = ()
    """For each input, those that do not count among them."""
    worst: int | None = None
    """The input with the lowest signal-to-noise ratio."""
    span: tuple[float, float] = (0.0, 0.0)
    """The smallest and the largest value of the source's."""
    fits_better: int | None = None
    """The place of another output of the source that it agrees with, where it does not with its own."""


@dataclass(frozen=True)
class Inside:
    """What is noticed of one value inside a model, or of an output, by the address of its tensor."""

    address: str
    kind: str
    """`not-finite`; `constant`: all elements are one number, for each input; `saturated`: at the end of its range;
    `unchanging`: an output that is the same for each input."""
    share: float = 0.0
    feed: int | None = None


@dataclass(frozen=True)
class Blame:
    """The op that broke it: given what the source has at its inputs, it gives something else than the source."""

    op: str
    """Its address."""
    tensor: str
    """The address of what it gives."""
    reference: str
    """What the source calls the same value: a layer, a node, a tensor."""
    figures: Figures
    """Its own error: of what it gives when it is fed with the source's values."""
    inherited: Figures | None = None
    """The error of what it gives in the model, with all that it inherits."""
    allowed: float = 0.0
    """The own error that rounding explains, relative to the value (root mean squares)."""
    ops: tuple[str, ...] = ()
    """All ops between the values that are known on both sides, where there are several."""
    others: int = 0
    """So many further ops have errors of their own as large."""


@dataclass(frozen=True)
class Disagreement:
    """The first op that two engines compute differently, fed with the same values."""

    engines: tuple[str, str]
    op: str
    """Its address; empty where no single op differs, and one engine gives what is not finite."""
    tensor: str
    figures: Figures
    kernel: str = ""
    """The engine that is alone with its result, where a third one tells."""


@dataclass(frozen=True)
class Comparison:
    """What came of running a model on inputs."""

    feeds: tuple[Feed, ...] = ()
    runs: tuple[EngineRun, ...] = ()
    """The engines in the order `xnnpack`, `builtin`, `tflm`, and the source."""
    reference: str = ""
    """The path of what it was compared with; empty where it ran alone."""
    precision: str = "float32"
    """`float32`, `float16`, `dynamic`, `int8`, `int16x8`: decides what counts as rounding."""
    inputs_by: str = ""
    """How the inputs were matched: `signature`, `name`, `shape`, `order`."""
    inputs_from: str = ""
    """Where the inputs come from: the words of a sentence."""
    outputs: tuple[OutputDifference, ...] = ()
    counted: tuple[int, ...] = ()
    """The inputs that count: made-up ones that leave the calibrated ranges do not."""
    inside: tuple[Inside, ...] = ()
    blame: Blame | None = None
    disagreement: Disagreement | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    """What else was tried: `repeat` (the first input again), `signature` (the call by names), `batch` (two at once).
    Empty where all is well; else the numbers of the outputs that differ, or words: of a call that failed behind
    `failed: `."""
    left_out: tuple[str, ...] = ()
    """What was not done, in sentences."""

    def run(self, engine: str) -> EngineRun | None:
        """The run of an engine, None where it was not asked for."""
        return next((each for each in self.runs if each.engine == engine), None)
