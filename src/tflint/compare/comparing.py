"""compare(): run a model and its source, and measure how far they are apart."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tflint.analysis.precision import Precision, profile
from tflint.compare import engines
from tflint.compare.alignment import Aligned, Names, Node, align, naming, outcome
from tflint.compare.blame import blame, clipped, segments, suspects
from tflint.compare.feeds import Fed, decoded, encoded, given, made_up, on_grid
from tflint.compare.matching import Matched, ends, match, names_of, signature_of
from tflint.compare.origin import nodes, reordered, source_graph, unmatched, wanted
from tflint.compare.outputs import Values, differences
from tflint.compare.runs import Clock, Limits, Ran, Wanted, run
from tflint.comparison import Blame, Comparison, Ended, EngineRun, Feed
from tflint.errors import RunError
from tflint.gate import refusal
from tflint.model import Format, Graph, Model, Tensor
from tflint.rule import Context, Rule

__all__ = ["Settings", "compare", "precision_of"]

_TRACED = 3
"""The values inside a model that rounds are kept for so many of the first inputs, of others for one."""
_LIGHT = 8 << 20
"""Values inside that take more bytes than this are wanted for one input only."""
_KEPT = 64 << 20
"""The values inside are kept for all inputs where they take no more bytes than this."""
_ROUNDED = frozenset({"int8", "int16x8"})
_FIXED = frozenset({"LOGISTIC", "SOFTMAX", "TANH"})
"""The range of what these give is the same in each model: no calibration has a part in it."""
_OUTSIDE = 0.02
"""A made-up input counts where no more than this share of any value is beyond the range that the model has for it."""


@dataclass(frozen=True)
class Settings:
    """How models are run and compared.

    `guards` are the rules whose errors forbid it; `memory`, in bytes, limits each process; `inputs` is the file or
    folder of inputs that was named, None where they are made up. `program` is what runs in the workers, empty for the
    real one.
    """

    guards: tuple[Rule, ...] = ()
    memory: int = 8 << 30
    allow_code: bool = False
    inputs: str | None = None
    sizes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """The shapes of inputs whose dimensions the model leaves open, by their names."""
    program: str = ""
    looks_inside: bool = True
    """Whether the op that differs is looked for."""
    on_stage: Callable[[str], None] | None = field(default=None, compare=False)
    """Called with what is being done."""


def compare(ctx: Context, settings: Settings, clock: Clock, content: memoryview | None = None) -> Comparison | None:
    """What came of running the model of a context, and its source where it has one.

    None for what is no `.tflite` that can be run. `content` is the file where there is none at the model's path.

    Raises:
        RunError: the inputs cannot be read, or no process can be started.
    """
    model = ctx.model
    if model.format is not Format.TFLITE or not model.graphs or not model.graphs[0].intact:
        return None
    reason = _refused(ctx, settings)
    if reason:
        return Comparison(runs=(EngineRun("xnnpack", Ended.REFUSED, words=reason),))
    with tempfile.TemporaryDirectory(prefix="tflint-", ignore_cleanup_errors=True) as name:
        comparing = _Comparing(ctx, settings, clock, Path(name), content)
        try:
            return comparing.result()
        except RunError as reason:
            if settings.inputs is not None:
                raise
            return Comparison(runs=(EngineRun("xnnpack", Ended.LEFT_OUT, words=str(reason).rstrip(".")),))


def _refused(ctx: Context, settings: Settings) -> str:
    """Why a model is not run, empty where nothing stands in the way."""
    reason = refusal(ctx, settings.guards, allow_code=settings.allow_code, verb="runs")
    if reason:
        return reason
    custom = sorted({op.kind for graph in ctx.model.graphs for op in graph.ops if op.is_custom})
    if custom:
        return f"it has ops that LiteRT's Python package has no kernels for ({', '.join(custom[:3])})"
    return ""


class _Comparing:
    """One comparison under way."""

    def __init__(
        self, ctx: Context, settings: Settings, clock: Clock, folder: Path, content: memoryview | None
    ) -> None:
        self.ctx, self.settings, self.clock, self.folder = ctx, settings, clock, folder
        self.model, self.graph = ctx.model, ctx.model.graphs[0]
        self.limits = Limits(settings.memory, settings.allow_code, settings.program)
        self.left_out: list[str] = []
        self.runs: list[EngineRun] = []
        self.precision = precision_of(self.model)
        self.values: list[Values] = []
        """For each input the real values of the model's inputs."""
        if content is None:
            self.path = str(Path(self.model.path).resolve())
        else:
            self.path = str(folder / "model.tflite")
            Path(self.path).write_bytes(content)

    def result(self) -> Comparison:
        fed, words = self._feeds()
        self.values = [on_grid(each.values, self.graph.inputs) for each in fed]
        self._stage("running the model")
        mine = self._model()
        done = next((each for each in (mine["xnnpack"], mine["builtin"]) if each.is_done), None)
        base = Comparison(
            feeds=tuple(each.feed for each in fed), precision=self.precision, inputs_from=words,
            counted=tuple(range(len(fed))),
        )  # fmt: skip
        if done is None:
            return replace(base, runs=tuple(map(self._excused, self.runs)))
        ran = [each for name, each in mine.items() if name != "batch" and each.is_done]
        usable = [place for place in range(len(fed)) if all(each.has(place) for each in ran)]
        if not usable:
            self.left_out.append("There is no input that both engines run on.")
            return replace(base, runs=tuple(self.runs), left_out=tuple(self.left_out))
        told = engines.inside(self.graph, mine["builtin"], usable)
        told += engines.unchanging(self.graph, done, [place for place in usable if not _is_edge(fed[place].feed)])
        outside = engines.outside(self.graph, mine["builtin"], usable)
        base = replace(
            base,
            feeds=tuple(replace(each.feed, outside=outside.get(place, 0.0)) for place, each in enumerate(fed)),
            inside=told,
            facts=engines.facts(self.graph, mine),
            disagreement=engines.disagreement(self.graph, mine, usable, self._pieces),
        )
        if self.ctx.source is not None:
            base = self._against(base, self.ctx.source, usable, mine, done)
        return replace(_only(base, usable), runs=tuple(self.runs), left_out=tuple(self.left_out))

    def _excused(self, ran: EngineRun) -> EngineRun:
        """A run without blame where it is the made-up inputs that it failed on: numbers that mean something."""
        plain = [each for each in self.graph.inputs if each.quant is None and not each.dtype.is_float]
        sizes = [each for each in self.graph.inputs if None in each.shape[1:]]
        if self.settings.inputs is not None or ran.ended is not Ended.FAILED or not (sizes or plain):
            return ran
        if ran.stage == "load" or (ran.stage == "allocate" and not sizes):
            return ran
        words = f"it does not run on made-up inputs ({ran.words}); give real ones with --inputs"
        return replace(ran, ended=Ended.LEFT_OUT, words=words)

    def _stage(self, words: str) -> None:
        if self.settings.on_stage is not None:
            self.settings.on_stage(words)

    def _feeds(self) -> tuple[tuple[Fed, ...], str]:
        if self.settings.inputs is None:
            return made_up(self.model, self.ctx.source, self.settings.sizes)
        names = [names_of(end, place) for place, end in enumerate(ends(self.model, self.graph, of_inputs=True))]
        return given(Path(self.settings.inputs), self.model, names)

    def _model(self) -> Mapping[str, Ran]:
        """Run the model on LiteRT's engines."""
        tensors = self.graph.inputs
        held = [encoded(each, tensors) for each in self.values]
        every = range(len(held))
        kept = every[: self._most_kept()]
        wants = [
            Wanted("xnnpack", self.path, every, more={"repeat": True, "signature": self._signature()}),
            Wanted("builtin", self.path, every, kept, {"watch": engines.readable(self.graph)}),
        ]
        if tensors and any(each.has_rank and each.shape and each.shape[0] is None for each in tensors):
            wants.append(Wanted("xnnpack", self.path, every[:_TRACED], more={"batch": 2}))
        found = run("litert", wants, held, self.folder / "model", self.clock, self.limits)
        if found[1].told.ended is Ended.CRASHED and found[0].is_done:  # it may be the looking inside that it died of
            plain = [Wanted("builtin", self.path, every)]
            found[1:2] = run("litert", plain, held, self.folder / "plain", self.clock, self.limits)
        self.runs += [replace(each.told, delegated=engines.delegated(self.graph, each)) for each in found[:2]]
        self._micro()
        return dict(zip(("xnnpack", "builtin", "batch"), found, strict=False))

    def _most_kept(self) -> int:
        """For so many inputs the values inside are kept: of what rounds for more, to choose among them."""
        if not self.settings.looks_inside:
            return 0
        if self.precision not in _ROUNDED:
            return 1
        known = [tensor.nbytes or 0 for op in self.graph.ops for tensor in op.outputs]
        return len(self.values) if sum(known) * len(self.values) <= _KEPT else _TRACED

    def _traced(self, base: Comparison, usable: Sequence[int], ran: Ran) -> list[int]:
        """The inputs for which the values inside the source are wanted: those that stay inside the ranges best."""
        kept = [place for place in ran.wanted.inside if place in usable and ran.is_done]
        best = sorted(kept, key=lambda place: (_is_edge(base.feeds[place]), base.feeds[place].outside))
        floats = 4 * sum(tensor.elements for op in self.graph.ops for tensor in op.outputs)
        return sorted(best[: _TRACED if floats <= _LIGHT else 1])

    def _micro(self) -> None:
        """Load the model into TFLite Micro, where it is meant for it and that is installed."""
        is_meant = self.ctx.expectations.arena_kib is not None or any(each.name == "tflm" for each in self.ctx.targets)
        if not is_meant or find_spec("tflite_micro") is None:
            return
        [ran] = run("tflm", [Wanted("tflm", self.path, ())], [], self.folder / "tflm", self.clock, self.limits)
        arena = ran.answer.get("arena")
        self.runs.append(replace(ran.told, arena=arena if isinstance(arena, int) else None))

    def _signature(self) -> Mapping[str, Any] | None:
        """The signature that the model is called by, as the worker wants it; None where there is none to try."""
        signature = signature_of(self.model, self.graph)
        if signature is None or set(signature.inputs.values()) != set(self.graph.inputs):
            return None
        inputs = {name: self.graph.inputs.index(tensor) for name, tensor in signature.inputs.items()}
        by_tensor = {tensor: name for name, tensor in signature.outputs.items()}
        outputs = [by_tensor.get(tensor, "") for tensor in self.graph.outputs]
        return {"key": signature.key, "inputs": inputs, "outputs": outputs}

    def _pieces(self, pieces: Sequence[tuple[bytes, Values]], engine: str = "builtin") -> list[Values | None]:
        """Run pieces of the model on their inputs."""
        return engines.run_pieces(pieces, engine, Path(tempfile.mkdtemp(dir=self.folder)), self.clock, self.limits)

    def _against(
        self, base: Comparison, source: Model, usable: list[int], mine: Mapping[str, Ran], done: Ran
    ) -> Comparison:
        """The comparison with the source. `usable` are the inputs that the model ran on; those that it fails on go."""
        base = replace(base, reference=source.path)
        chosen = source_graph(source, self.model)
        if chosen is None:
            self.left_out.append("Its source has no graph that could be run.")
            return base
        reason = refusal(Context(source), self.settings.guards, allow_code=self.settings.allow_code, verb="runs")
        if reason:
            self.runs.append(EngineRun("source", Ended.REFUSED, words=reason))
            return base
        own, theirs = ends(self.model, self.graph, of_inputs=True), ends(source, chosen, of_inputs=True)
        inputs = match(own, theirs)
        if None in inputs.places or len(theirs) != len(own):
            self.left_out.append(unmatched(self.graph, chosen))
            return base
        self._stage("running its source")
        traced = self._traced(base, usable, mine["builtin"])
        runtime, asked = wanted(source, chosen, self.model, usable, traced, allow_code=self.settings.allow_code)
        held = [encoded(reordered(each, inputs), chosen.inputs) for each in self.values]
        [ran] = run(runtime, [asked], held, self.folder / "source", self.clock, self.limits)
        self.runs.append(ran.told)
        if not ran.is_done:
            return base
        usable[:] = [place for place in usable if ran.has(place)]
        self._stage("looking for the op that differs")
        base = replace(base, inputs_by=inputs.weakest)
        return self._beside(base, source, chosen, usable, mine["builtin"], done, ran)

    def _beside(
        self, base: Comparison, source: Model, chosen: Graph, usable: Sequence[int], looked: Ran, done: Ran, ran: Ran
    ) -> Comparison:
        """The comparison of what both gave. `looked` is the run of the model whose values inside are known."""
        held = {place: ran.outputs(place) for place in usable}
        matched = self._matched(source, chosen, held)
        if matched is None:
            return base
        reference = {place: decoded(values, chosen.outputs) for place, values in held.items()}
        named = naming(self.model, source)
        known = {
            place: self._aligned(named, nodes(source, chosen, ran, place), looked, place, reference[place], matched)
            for place in ran.wanted.inside
            if place in reference
        }
        base = self._counted(base, known, reference, matched)
        mine = [decoded(done.outputs(place), self.graph.outputs) for place in usable]
        own, theirs = ends(self.model, self.graph, of_inputs=False), ends(source, chosen, of_inputs=False)
        counted = [usable.index(place) for place in base.counted]
        outputs, more = differences(own, theirs, matched, mine, list(reference.values()), counted)
        self.left_out += more
        return replace(base, outputs=outputs, blame=self._blame(base, known))

    def _aligned(
        self, named: Names, there: Sequence[Node], mine: Ran, feed: int, reference: Values, matched: Matched
    ) -> Mapping[Tensor, Aligned]:
        """The values inside that are known on both sides, for one input; the outputs among them."""
        by_number = {each.index: each for each in self.graph.tensors}
        inner = {number: value for number, value in mine.tensors(feed).items() if number in by_number}
        values = {number: decoded([value], [by_number[number]])[0] for number, value in inner.items()}
        found = dict(align(self.model, named, values, there, self.precision))
        for output, number in zip(self.graph.outputs, matched.places, strict=True):
            maker, value = self.graph.producer(output), values.get(output.index)
            if number is None or maker is None or value is None or output in found:
                continue
            aligned = outcome(maker, output, value, reference[number])
            if aligned is not None:
                found[output] = aligned
        return found

    def _matched(self, source: Model, chosen: Graph, reference: Mapping[int, Values]) -> Matched | None:
        """Which output is which of the source's; None where it gives others than are known of it."""
        own, theirs = ends(self.model, self.graph, of_inputs=False), ends(source, chosen, of_inputs=False)
        if any(len(values) != len(theirs) for values in reference.values()) or not reference:
            self.left_out.append(f"The source gives other outputs than the {len(theirs)} that are known of it.")
            return None
        makers = {tensor: maker.layer for tensor in chosen.outputs
                  if (maker := chosen.producer(tensor)) is not None and maker.layer}  # fmt: skip
        return match(own, theirs, makers)

    def _counted(
        self,
        base: Comparison,
        known: Mapping[int, Mapping[Tensor, Aligned]],
        reference: Mapping[int, Values],
        matched: Matched,
    ) -> Comparison:
        """The comparison with the inputs that count: those whose values stay inside the ranges that the model has.

        Where values of the source are known, they tell; else the model's own, how many lie at the ends.
        """
        feeds = list(base.feeds)
        for place, values in reference.items():
            there = [(each.tensor, each.theirs) for each in known.get(place, {}).values()]
            shares = [clipped(tensor, value) for tensor, value in there] or [feeds[place].outside]
            for output, number in zip(self.graph.outputs, matched.places, strict=True):
                maker = self.graph.producer(output)
                is_calibrated = maker is None or maker.kind not in _FIXED
                if number is not None and values[number].dtype.kind == "f" and is_calibrated:
                    shares.append(clipped(self._stored(output), values[number]))
            feeds[place] = replace(feeds[place], outside=max(shares))
        counted = [place for place in reference if feeds[place].kind == "given" or feeds[place].outside <= _OUTSIDE]
        if self.precision in _ROUNDED and all(_is_edge(feeds[place]) for place in counted):
            counted = []  # what is left is as far from any data as can be
        return replace(base, feeds=tuple(feeds), counted=tuple(counted))

    def _stored(self, output: Tensor) -> Tensor:
        """The tensor that holds the values of an output: what is dequantized for it, where that is so."""
        maker = self.graph.producer(output)
        held = None if maker is None or maker.kind not in {"DEQUANTIZE", "QUANTIZE"} else maker.input(0)
        return output if held is None or held.quant is None else held

    def _blame(self, base: Comparison, known: Mapping[int, Mapping[Tensor, Aligned]]) -> Blame | None:
        """The op whose own error is more than rounding explains, on the input that shows it best."""
        traced = min((place for place in known if place in base.counted),
                     key=lambda place: base.feeds[place].outside, default=None)  # fmt: skip
        if traced is None:
            return None
        there = known[traced]
        theirs = {tensor: each.theirs for tensor, each in there.items()}
        theirs |= dict(zip(self.graph.inputs, self.values[traced], strict=True))
        tried = segments(self.graph, there, frozenset(self.graph.inputs))
        errors = {tensor: each.error for tensor, each in there.items()}
        if not suspects(tried, theirs, self.precision, errors):
            return None
        return blame(tried, theirs, self.precision, self._pieces)


def _only(base: Comparison, usable: Sequence[int]) -> Comparison:
    """The comparison with the inputs that were usable, their numbers counted anew."""
    places = {place: number for number, place in enumerate(usable)}
    return replace(
        base,
        feeds=tuple(base.feeds[place] for place in usable),
        counted=tuple(places[place] for place in base.counted if place in places),
        inside=tuple(replace(each, feed=None if each.feed is None else places.get(each.feed)) for each in base.inside),
    )


def _is_edge(feed: Feed) -> bool:
    return feed.kind not in {"random", "given"}


def precision_of(model: Model) -> str:
    """What decides how much rounding there is in a model."""
    found = profile(model)
    kinds = {op.kind for op in found.all_ops}
    if found.ops[Precision.INT16]:
        return "int16x8"
    if found.ops[Precision.INT8] or kinds & {"FAKE_QUANT", "QUANTIZE"}:
        return "int8"
    if found.ops[Precision.HYBRID] or found.integer_weights:
        return "dynamic"
    return "float16" if found.float16 else "float32"
