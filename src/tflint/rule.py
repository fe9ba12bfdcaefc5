"""What a rule is, what it may see, and what a pack of rules is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from tflint.expectations import Expectations
from tflint.finding import Finding, Severity
from tflint.model import Format, Graph, Location, Model

if TYPE_CHECKING:  # imported only where something is run: start-up is a feature
    from tflint.analysis.placement import Placement
    from tflint.comparison import Comparison
    from tflint.conversion import ConversionResult
    from tflint.target import Target

__all__ = ["Context", "Need", "Option", "Pack", "Rule", "RuleMeta", "option"]

_T = TypeVar("_T")
_KEY = "tflint"


class _Located(Protocol):
    @property
    def location(self) -> Location: ...


class Need(Enum):
    """What a rule cannot do without, beside the model."""

    SOURCE = "source"
    TARGET = "target"
    RUN = "run"
    """What came of running the model."""
    PREVIOUS = "previous"
    RUNTIME = "runtime"
    """The oldest runtime version that has to load the model."""
    EXPECT = "expect"
    """What the model claims to be: any entry of `[tool.tflint.expect]`."""
    CONVERSION = "conversion"
    """What came of converting the source with TensorFlow."""


@dataclass(frozen=True)
class RuleMeta:
    """Who a rule is. `formats` are those it reads; `needs` what else it wants; a `preview` rule may still change.

    `of_ranges` says that it judges the ranges of values: it does not run where `--convert` quantized on made-up ones.
    `of_deployed` says that it judges what runs on a device: of a source it is given what the converter will make of it.
    """

    code: str
    name: str
    severity: Severity
    formats: frozenset[Format] = frozenset({Format.TFLITE})
    needs: frozenset[Need] = frozenset()
    preview: bool = False
    of_ranges: bool = False
    of_deployed: bool = False


def option(default: _T, help: str) -> _T:
    """A field of a rule that a configuration may set; `help` says what it means, with its unit."""
    value: _T = field(default=default, metadata={_KEY: help})
    return value


@dataclass(frozen=True)
class Option:
    """An option of a rule, as documentation and configuration see it."""

    name: str
    default: Any
    help: str


@dataclass(frozen=True, eq=False)
class Context:
    """All that a rule may see of one model.

    `runtime` is the oldest TFLite or LiteRT version that has to load the model, None where nobody said.
    """

    model: Model
    expectations: Expectations = field(default_factory=Expectations)
    runtime: str | None = None
    targets: tuple[Target, ...] = ()
    source: Model | None = None
    previous: Model | None = None
    converted: ConversionResult | None = None
    """What came of converting the model; None where that was not asked for."""
    comparison: Comparison | None = None
    """What came of running the model, beside its source where it has one; None where that was not asked for."""
    has_ranges: bool = True
    """False where the model was quantized on made-up values: its ranges say nothing."""
    _made: dict[tuple[Any, ...], Any] = field(default_factory=dict, repr=False)

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """The graphs whose references are whole: the only ones that can be judged."""
        return tuple(graph for graph in self.model.graphs if graph.intact)

    def placement(self, target: Target, graph: Graph) -> Placement:
        """Where the ops of a graph end up on a target, worked out once for all rules that ask."""
        from tflint.analysis.placement import placed

        return self.once(placed, target, graph, self.refusal(target))

    def refusal(self, target: Target) -> str:
        """Why a target takes nothing of the model, worked out once; empty where it looks at the ops one by one."""
        return self.once(target.refusal, self.model)

    def once(self, function: Callable[..., _T], *arguments: Any) -> _T:
        """Return `function(*arguments)`, worked out once for all rules that ask."""
        key = (function, *arguments)
        if key not in self._made:
            self._made[key] = function(*arguments)
        made: _T = self._made[key]
        return made


@dataclass(frozen=True)
class Rule(ABC):
    """One fault to look for. Its fields are its options, its docstring its documentation."""

    meta: ClassVar[RuleMeta]

    @abstractmethod
    def check(self, ctx: Context) -> Iterator[Finding]:
        """Yield what is wrong. Called once a model; holds no state."""

    def finding(
        self,
        at: _Located | Location,
        message: str,
        *,
        help: str = "",
        related: Iterable[_Located | Location] = (),
        severity: Severity | None = None,
        evidence: Mapping[str, Any] | None = None,
    ) -> Finding:
        """A finding of this rule at a model, graph, op, tensor or location."""
        return Finding(
            code=self.meta.code,
            name=self.meta.name,
            severity=self.meta.severity if severity is None else severity,
            location=_location(at),
            message=message,
            help=help,
            related=tuple(_location(place) for place in related),
            evidence=dict(evidence or {}),
        )

    @classmethod
    def options(cls) -> tuple[Option, ...]:
        """The options of this rule, in the order of the source."""
        return tuple(Option(each.name, each.default, each.metadata[_KEY]) for each in fields(cls))


def _location(at: _Located | Location) -> Location:
    return at if isinstance(at, Location) else at.location


@dataclass(frozen=True)
class Pack:
    """Rules, and targets, that come together. `prefix` begins the code of each of the rules."""

    prefix: str
    rules: tuple[type[Rule], ...]
    targets: Mapping[str, str] = field(default_factory=dict)
    """Name -> the `module:attribute` of a `Target`, imported when somebody asks for it."""
