"""compare(): a model and its source are run, and whatever they do, there is an answer."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import fatal_models
from chains import SIZE, float_chain, half_chain, int8_chain, spoiled, weights
from models import healthy
from quant_mutations import heavy
from running_here import stay_here
from sources import Source
from tflint import Context, Finding, Format, Rule, RuleMeta, Severity
from tflint.compare import comparing as module
from tflint.compare import runs
from tflint.compare.comparing import Settings, compare, precision_of
from tflint.compare.runs import Clock, Ran
from tflint.comparison import Comparison, Ended, EngineRun
from tflint.errors import RunError
from tflint.expectations import Expectations
from tflint.formats import read
from tflint.model import Model
from tflint.testing import GraphBuilder, context, model

FAKE = str(Path(__file__).parents[2] / "support" / "fake_runner.py")
W = weights()


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Temporary folders stand in one that is empty again at the end."""
    pytest.importorskip("ai_edge_litert")
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker is this process."""
    stay_here(monkeypatch)


def done(folder: Path, built: GraphBuilder, of: GraphBuilder | Model | None = None, seconds: float = 60.0,
         content: memoryview | None = None, **more: Any) -> Comparison:  # fmt: skip
    """What comes of running a model beside its source."""
    source = read(of.save(folder / "source.tflite")) if isinstance(of, GraphBuilder) else of
    ctx = Context(read(built.save(folder / "model.tflite")), source=source)
    found = compare(ctx, Settings(**more), Clock(seconds), content)
    assert found is not None
    return found


def ends(found: Comparison) -> dict[str, str]:
    return {each.engine: each.ended.value for each in found.runs}


# What is not run.


@dataclass(frozen=True)
class Guard(Rule):
    """Reports an error on the file that it is to guard."""

    meta: ClassVar[RuleMeta] = RuleMeta("TFL199", "damaged", Severity.ERROR)
    name: str = "model.tflite"

    def check(self, ctx: Context) -> Iterator[Finding]:
        if Path(ctx.model.path).name == self.name:
            yield self.finding(ctx.model, "It is damaged.")


@dataclass(frozen=True)
class Dangerous(Guard):
    """The same of security."""

    meta: ClassVar[RuleMeta] = RuleMeta("TFL899", "dangerous", Severity.ERROR)


def test_only_a_model_with_a_graph_is_run() -> None:
    assert compare(Context(Model("m", Format.TFLITE, 0)), Settings(), Clock(1)) is None
    assert compare(Context(Source().model()), Settings(), Clock(1)) is None
    broken = fatal_models.steady()
    broken.graph["operators"][0]["inputs"] = [99]
    assert compare(context(broken), Settings(), Clock(1)) is None


def test_a_damaged_model_is_refused_whatever_is_allowed(tmp_path: Path) -> None:
    for allowed in (False, True):
        found = done(tmp_path, fatal_models.steady(), guards=(Guard(),), allow_code=allowed)
        [run] = found.runs
        assert (run.ended, run.words) == (Ended.REFUSED, "TFL199 damaged reports an error in it")
        assert found.feeds == ()


def test_code_is_refused_unless_it_is_allowed(tmp_path: Path, here: None) -> None:
    [run] = done(tmp_path, fatal_models.steady(), guards=(Dangerous(),)).runs
    assert run.words == (
        "TFL899 dangerous reports an error in it, and loading it may run code; --allow-code runs it nevertheless"
    )
    found = done(tmp_path, fatal_models.steady(), guards=(Dangerous(),), allow_code=True)
    assert ends(found) == {"xnnpack": "done", "builtin": "done"}


def test_ops_without_kernels_are_not_run(tmp_path: Path) -> None:
    g = GraphBuilder()
    last = g.input("x", [1, 4])
    for kind in ("Mine", "FlexErf", "Another", "More"):
        last = g.op(kind, [last], g.tensor(kind, [1, 4]))
    g.output(last)
    [run] = done(tmp_path, g, allow_code=True).runs
    assert run.ended is Ended.REFUSED
    assert run.words == "it has ops that LiteRT's Python package has no kernels for (Another, FlexErf, Mine)"


# What is fatal. These have processes of their own.


def test_a_model_that_kills_its_process_is_told_for_each_engine(tmp_path: Path) -> None:
    found = done(tmp_path, fatal_models.aborting())
    assert ends(found) == {"xnnpack": "crashed", "builtin": "crashed"}
    assert {each.stage for each in found.runs} == {"allocate"}
    assert len(found.feeds) > 1
    assert found.outputs == ()


def test_a_model_without_end_is_stopped_when_its_time_is_up(tmp_path: Path) -> None:
    found = done(tmp_path, fatal_models.looping(), seconds=4)
    assert ends(found)["xnnpack"] == "out-of-time"
    assert ends(found)["builtin"] in {"out-of-time", "left-out"}


def test_a_model_larger_than_its_memory_does_not_run(tmp_path: Path) -> None:
    found = done(tmp_path, fatal_models.hungry(), memory=2 << 30)
    assert set(ends(found).values()) <= {"failed", "out-of-memory"}


def test_a_source_that_kills_its_process_leaves_the_model_its_results(tmp_path: Path) -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4], "INT8", scale=0.1)
    g.output(g.op("NEG", [x], g.tensor("y", [1, 4], "INT8", scale=0.1)))
    found = done(tmp_path, g, fatal_models.aborting())
    assert ends(found)["builtin"] == "done"
    assert ends(found)["source"] == "crashed"
    assert found.reference.endswith("source.tflite")
    assert found.outputs == ()


def test_real_processes_give_what_this_one_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = done(tmp_path, float_chain(spoiled(W, 2)), float_chain(W))
    stay_here(monkeypatch)
    here = done(tmp_path, float_chain(spoiled(W, 2)), float_chain(W))
    timeless = [
        replace(each, runs=tuple(replace(run, seconds=0.0, detail="") for run in each.runs)) for each in (alone, here)
    ]
    assert timeless[0] == timeless[1]
    assert here.blame is not None


# What is compared.


def test_a_model_beside_itself_is_equal(tmp_path: Path, here: None) -> None:
    stages: list[str] = []
    found = done(tmp_path, float_chain(W), float_chain(W), on_stage=stages.append)
    [output] = found.outputs
    assert output.figures.max_abs < 1e-5
    assert ends(found) == {"xnnpack": "done", "builtin": "done", "source": "done"}
    assert found.counted == tuple(range(len(found.feeds)))
    assert (found.inputs_by, output.matched_by, found.blame, found.left_out) == ("name", "name", None, ())
    assert stages == ["running the model", "running its source", "looking for the op that differs"]
    assert "random inputs" in found.inputs_from


def test_a_model_alone_is_run_as_well(tmp_path: Path, here: None) -> None:
    found = done(tmp_path, healthy())
    assert (found.reference, found.outputs) == ("", ())
    assert found.facts == {"repeat": "", "signature": ""}


def test_a_model_that_was_made_just_now_is_run_from_its_bytes(tmp_path: Path, here: None) -> None:
    content = memoryview(healthy().to_bytes())
    ctx = Context(model(content.tobytes(), "model.keras (converted)"))
    found = compare(ctx, Settings(), Clock(60), content)
    assert found is not None
    assert ends(found) == {"xnnpack": "done", "builtin": "done"}


def test_inputs_in_another_order_are_put_into_it(tmp_path: Path, here: None) -> None:
    def less(first: str, second: str, *, swap: bool) -> GraphBuilder:
        g = GraphBuilder()
        x, y = g.input(first, [1, 4]), g.input(second, [1, 4])
        g.output(g.op("SUB", [y, x] if swap else [x, y], g.tensor("y", [1, 4]), {}))
        return g

    found = done(tmp_path, less("a", "b", swap=False), less("b", "a", swap=True))
    assert found.outputs[0].figures.max_abs == 0


def test_given_inputs_are_used_and_all_count(tmp_path: Path, here: None) -> None:
    np.save(tmp_path / "x.npy", 100 * np.ones((3, SIZE), np.float32))
    found = done(tmp_path, int8_chain(W), float_chain(W), inputs=str(tmp_path / "x.npy"))
    assert [each.kind for each in found.feeds] == ["given"] * 3
    assert found.counted == (0, 1, 2)
    assert found.inputs_from.startswith("3 samples in 'x.npy'")


def test_inputs_that_cannot_be_read_are_an_error_and_made_up_ones_a_reason(tmp_path: Path, here: None) -> None:
    with pytest.raises(RunError, match=r"none\.npy"):
        done(tmp_path, healthy(), inputs=str(tmp_path / "none.npy"))
    g = GraphBuilder()
    x = g.input("x", [1, 1 << 28])
    g.output(g.op("NEG", [x], g.tensor("y", [1, 1 << 28])))
    [run] = done(tmp_path, g).runs
    assert run.ended is Ended.LEFT_OUT
    assert run.words.startswith("The inputs take ")
    assert not run.words.endswith(".")


def test_sizes_that_are_asked_for_are_those_of_the_inputs(tmp_path: Path, here: None) -> None:
    g = GraphBuilder()
    x = g.input("x", [1, None])
    g.output(g.op("NEG", [x], g.tensor("y", [1, None])))
    found = done(tmp_path, g, g, sizes={"x": [1, 5]})
    assert found.outputs[0].figures.snr_db == float("inf")
    [run] = done(tmp_path, g, sizes={"x": [1, 5, 5]}).runs
    assert "for the input 'x' has 3 dimensions" in run.words


def test_inputs_beyond_the_calibrated_ranges_do_not_count(tmp_path: Path, here: None) -> None:
    narrow = int8_chain(W, scales=dict.fromkeys(range(5), 0.02))
    found = done(tmp_path, narrow, float_chain(W))
    assert len(found.counted) < len(found.feeds)
    assert max(each.outside for each in found.feeds) > 0.5
    assert found.blame is None or found.counted


def test_what_is_dequantized_at_the_end_has_the_range_of_its_integers(tmp_path: Path, here: None) -> None:
    def ended(scale: float) -> GraphBuilder:
        g = int8_chain(W[:1], scales={0: scale})
        [last] = g.graph["outputs"]
        g.graph["outputs"] = []
        g.output(g.op("DEQUANTIZE", [last], g.tensor("real", [1, SIZE])))
        return g

    assert max(each.outside for each in done(tmp_path, ended(0.1), float_chain(W[:1])).feeds) > 0.5
    assert max(each.outside for each in done(tmp_path, ended(1.0), float_chain(W[:1])).feeds) < 0.2


def test_more_outputs_than_the_source_has_are_told(tmp_path: Path, here: None) -> None:
    more = float_chain(W)
    more.output(0)
    found = done(tmp_path, more, float_chain(W))
    assert len(found.outputs) == 1
    assert found.left_out == ("Output 'x' has none of its shape in the source.",)


# Sources that cannot be run.


def test_a_source_without_a_graph_is_told(tmp_path: Path, here: None) -> None:
    found = done(tmp_path, healthy(), Model("source.tflite", Format.TFLITE, 1))
    assert found.left_out == ("Its source has no graph that could be run.",)
    assert (found.reference, ends(found)) == ("source.tflite", {"xnnpack": "done", "builtin": "done"})


def test_a_source_that_is_damaged_is_refused(tmp_path: Path, here: None) -> None:
    found = done(tmp_path, float_chain(W), float_chain(W), guards=(Guard(name="source.tflite"),))
    assert ends(found)["source"] == "refused"
    assert found.outputs == ()


@pytest.mark.parametrize("inputs", [[[1, 5]], [[1, SIZE], [1, SIZE]], []])
def test_a_source_of_other_inputs_is_not_run(tmp_path: Path, here: None, inputs: Sequence[Sequence[int]]) -> None:
    g = GraphBuilder()
    for number, shape in enumerate(inputs):
        g.input(f"x{number}", shape)
    g.output(g.op("ADD", [g.constant("a", np.ones(4, np.float32))] * 2, g.tensor("y", [4]), {}))
    found = done(tmp_path, float_chain(W), g)
    theirs = ", ".join(str(list(each)) for each in inputs) or "none"
    assert found.left_out == (
        f"The model takes inputs of the shapes [1, 16] and its source {theirs}: they are not the same.",
    )
    assert "source" not in ends(found)


def test_a_source_that_fails_is_told(tmp_path: Path, here: None) -> None:
    found = done(tmp_path, fatal_models.steady(), fatal_models.refused())
    assert ends(found)["source"] == "failed"
    assert found.outputs == ()


def test_values_of_a_keras_source_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Keras source whose process is a stand-in: the makers of its outputs give them their names."""
    source = Source(str(tmp_path / "m.keras"))
    source.input("x", (None, SIZE))
    source.layer("Dense", "scores", {"kernel": W[0]})
    inner = runs.run
    asked: list[Any] = []

    def run(runtime: str, wanted: Sequence[Any], feeds: Any, folder: Path, *more: Any) -> list[Ran]:
        if runtime == "litert":
            return inner(runtime, wanted, feeds, folder, *more)
        folder.mkdir()
        [one] = wanted
        asked.append((runtime, one))
        for number in one.feeds:
            value = np.maximum(feeds[number][0] @ W[0].T, 0)
            inside = {"node_0": value, "names": np.array(json.dumps(["scores"]))} if number in one.inside else {}
            np.savez(folder / f"0-{number}.npz", out_0=value, **inside)
        return [Ran(EngineRun("source", Ended.DONE, "Keras 3.15.0"), one, folder, 0, {})]

    stay_here(monkeypatch)
    monkeypatch.setattr(module, "run", run)
    found = done(tmp_path, float_chain(spoiled(W[:1], 0)), source.model())
    assert asked[0][0] == "keras"
    assert found.blame is not None
    assert found.blame.reference == "scores"
    assert len(found.outputs) == 1


# Runs that fail.


def test_the_builtin_kernels_run_plainly_where_looking_inside_kills_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = runs.run

    def run(runtime: str, wanted: Sequence[Any], *more: Any) -> list[Ran]:
        found = inner(runtime, wanted, *more)
        return [
            replace(each, told=replace(each.told, ended=Ended.CRASHED)) if each.wanted.more.get("watch") else each
            for each in found
        ]

    stay_here(monkeypatch)
    monkeypatch.setattr(module, "run", run)
    found = done(tmp_path, fatal_models.steady())
    assert ends(found) == {"xnnpack": "done", "builtin": "done"}
    assert found.inside == ()


class Failing:
    """Engines that fail on some inputs: on all where `on` is None."""

    def __init__(self, engine: str, on: Sequence[int] | None = None) -> None:
        self.engine, self.on, self.inner = engine, on, runs.run

    def __call__(self, runtime: str, wanted: Sequence[Any], feeds: Any, folder: Path, *more: Any) -> list[Ran]:
        found = self.inner(runtime, wanted, feeds, folder, *more)
        for place, each in enumerate(found):
            if each.wanted.engine != self.engine:
                continue
            if self.on is None:
                told = replace(each.told, ended=Ended.FAILED, stage="invoke", words="no")
                found[place] = replace(each, told=told)
            for number in each.wanted.feeds if self.on is None else self.on:
                (folder / f"{each.number}-{number}.npz").unlink(missing_ok=True)
        return found


def test_one_engine_that_runs_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stay_here(monkeypatch)
    for engine in ("xnnpack", "builtin"):
        with monkeypatch.context() as patch:
            patch.setattr(module, "run", Failing(engine))
            found = done(tmp_path, float_chain(W), float_chain(W))
        assert ends(found)[engine] == "failed"
        assert len(found.outputs) == 1


def test_inputs_that_fail_are_left_out_and_the_others_counted_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stay_here(monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(module, "run", Failing("builtin", on=[1, 2]))
        found = done(tmp_path, float_chain(spoiled(W, 1)), float_chain(W))
    assert found.feeds[1].label.startswith("random 4")
    assert found.counted == tuple(range(len(found.feeds)))
    assert len(found.outputs[0].by_feed) == len(found.feeds)
    assert found.blame is not None
    monkeypatch.setattr(module, "run", Failing("source", on=[0]))
    found = done(tmp_path, float_chain(spoiled(W, 1)), float_chain(W))
    assert found.feeds[0].label.startswith("random 2")
    assert found.blame is None


def picking(*, dtype: str = "INT32", rank: int = 1) -> GraphBuilder:
    """A model that takes an element by a number that nobody is told the limit of."""
    g = GraphBuilder()
    x = g.input("n", [1] if rank == 1 else [1, None], dtype)
    table = g.constant("table", np.ones((2, 3), np.float32))
    far = g.op("ADD", [x, g.constant("far", np.array([900], np.int32))], g.tensor("far", [1], "INT32"), {})
    g.output(g.op("GATHER", [table, far], g.tensor("y", [1, 3]), {"axis": 0}))
    return g


def test_numbers_that_mean_something_excuse_a_failure(tmp_path: Path, here: None) -> None:
    found = done(tmp_path, picking())
    assert set(ends(found).values()) == {"left-out"}
    assert found.runs[0].words.startswith("it does not run on made-up inputs (")
    assert found.runs[0].words.endswith("); give real ones with --inputs")
    np.save(tmp_path / "n.npy", np.array([5], np.int32))
    assert set(ends(done(tmp_path, picking(), inputs=str(tmp_path / "n.npy"))).values()) == {"failed"}


@pytest.mark.parametrize(
    ("name", "stage", "ended"),
    [("load", "load", "failed"), ("open", "allocate", "left-out"), ("fixed", "allocate", "failed")],
)
def test_what_made_up_inputs_have_no_part_in_is_not_excused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, stage: str, ended: str
) -> None:
    def run(_: str, wanted: Sequence[Any], __: Any, folder: Path, *___: Any) -> list[Ran]:
        told = EngineRun("", Ended.FAILED, stage=stage, words="no")
        return [Ran(replace(told, engine=each.engine), each, folder, 0, {}) for each in wanted]

    monkeypatch.setattr(module, "run", run)
    found = done(tmp_path, picking(rank=2 if name == "open" else 1))
    assert set(ends(found).values()) == {ended}
    assert found.outputs == ()


def test_failures_on_plain_numbers_are_not_excused(tmp_path: Path, here: None) -> None:
    assert set(ends(done(tmp_path, fatal_models.refused())).values()) == {"failed"}


def test_a_signature_of_other_inputs_is_not_tried(tmp_path: Path, here: None) -> None:
    g = float_chain(W)
    g.signature("serving_default", {}, {"y": g.graph["outputs"][0]})
    assert done(tmp_path, g).facts == {"repeat": ""}


def test_the_program_of_the_workers_can_be_another(tmp_path: Path) -> None:
    ctx = Context(read(healthy().save(tmp_path / "crash.tflite")))
    found = compare(ctx, Settings(program=FAKE), Clock(60))
    assert found is not None
    assert ends(found) == {"xnnpack": "crashed", "builtin": "crashed"}


def kept(found: Sequence[Any]) -> list[int]:
    """For how many inputs the values inside were kept, of each run."""
    return [len(each.inside) for each in found]


def test_values_inside_are_kept_of_as_many_inputs_as_there_is_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = runs.run
    asked: list[Any] = []

    def run(runtime: str, wanted: Sequence[Any], *more: Any) -> list[Ran]:
        asked.extend(each for each in wanted if each.engine == "builtin")
        return inner(runtime, wanted, *more)

    stay_here(monkeypatch)
    monkeypatch.setattr(module, "run", run)
    done(tmp_path, float_chain(W))
    found = done(tmp_path, int8_chain(W))
    monkeypatch.setattr(module, "_KEPT", 100)
    done(tmp_path, int8_chain(W))
    done(tmp_path, int8_chain(W), looks_inside=False)
    assert kept(asked) == [1, len(found.feeds), 3, 0]


def test_without_a_look_inside_outputs_are_compared_and_nothing_is_blamed(tmp_path: Path, here: None) -> None:
    found = done(tmp_path, float_chain(spoiled(W, 2)), float_chain(W), looks_inside=False)
    assert found.blame is None
    assert found.outputs[0].figures.max_abs > 0.1


@pytest.mark.parametrize(("arena", "there", "told"), [(5000, True, 5000), ("much", True, None), (5000, False, None)])
def test_a_model_for_a_microcontroller_is_loaded_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arena: Any, there: bool, told: int | None
) -> None:
    inner = runs.run

    def run(runtime: str, wanted: Sequence[Any], feeds: Any, folder: Path, *more: Any) -> list[Ran]:
        if runtime != "tflm":
            return inner(runtime, wanted, feeds, folder, *more)
        return [Ran(EngineRun("tflm", Ended.DONE), wanted[0], folder, 0, {"arena": arena})]

    stay_here(monkeypatch)
    monkeypatch.setattr(module, "run", run)
    monkeypatch.setattr(module, "find_spec", lambda _: object() if there else None)
    ctx = Context(read(healthy().save(tmp_path / "m.tflite")), expectations=Expectations(arena_kib=8))
    found = compare(ctx, Settings(), Clock(60))
    assert found is not None
    micro = found.run("tflm")
    assert (micro is not None) is there
    assert micro is None or micro.arena == told


# Precision.


def quantize_only() -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    y = g.op("QUANTIZE", [x], g.tensor("q", [1, 4], "INT8", scale=0.1))
    g.output(g.op("DEQUANTIZE", [y], g.tensor("y", [1, 4])))
    return g


def hybrid() -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 64])
    w = g.constant("w", np.ones((32, 64), np.int8), scale=0.1)
    g.output(g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("y", [1, 32]), {}))
    return g


BUILDS: Mapping[str, Any] = {
    "float32": lambda: float_chain(W),
    "float16": lambda: half_chain(W),
    "dynamic": hybrid,
    "int8": lambda: int8_chain(W),
    "int16x8": lambda: heavy("FULLY_CONNECTED", "INT16"),
}


@pytest.mark.parametrize("name", BUILDS)
def test_precision_is_what_the_ops_work_with(name: str) -> None:
    assert precision_of(model(BUILDS[name]())) == name


def test_what_is_quantized_in_between_counts_as_integers() -> None:
    assert precision_of(model(quantize_only())) == "int8"


def test_a_source_that_gives_something_else_is_told(tmp_path: Path, here: None) -> None:
    source = read(float_chain(W).save(tmp_path / "source.tflite"))
    graph = source.graphs[0]
    two = replace(source, graphs=(replace(graph, outputs=graph.outputs * 2),))
    found = done(tmp_path, float_chain(W), two)
    assert found.left_out == ("The source gives other outputs than the 2 that are known of it.",)
    assert found.outputs == ()


class Apart(Failing):
    """Engines that fail on inputs that the other one runs on."""

    def __call__(self, runtime: str, wanted: Sequence[Any], feeds: Any, folder: Path, *more: Any) -> list[Ran]:
        found = self.inner(runtime, wanted, feeds, folder, *more)
        for each, gone in zip(found, (range(1, 99), range(1)), strict=False):
            for number in gone:
                (folder / f"{each.number}-{number}.npz").unlink(missing_ok=True)
        return found


def test_engines_that_run_on_different_inputs_leave_none_to_judge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stay_here(monkeypatch)
    monkeypatch.setattr(module, "run", Apart("xnnpack"))
    found = done(tmp_path, float_chain(W), float_chain(W))
    assert found.outputs == ()


def test_a_first_input_that_fails_is_not_given_in_a_batch_of_two(tmp_path: Path, here: None) -> None:
    g = GraphBuilder()
    n = g.input("n", [None], "INT32")
    table = g.constant("table", np.ones((2, 3), np.float32))
    g.output(g.op("GATHER", [table, n], g.tensor("y", [None, 3]), {"axis": 0}))
    np.save(tmp_path / "n.npy", np.array([[900], [1]], np.int32))
    found = done(tmp_path, g, inputs=str(tmp_path / "n.npy"))
    assert found.facts == {"repeat": "", "batch": ""}


def test_outputs_without_elements_are_compared(tmp_path: Path, here: None) -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 8])
    begin, size = (g.constant(name, np.array(each, np.int32)) for name, each in (("b", [0, 0]), ("s", [0, 8])))
    g.output(g.op("SLICE", [x, begin, size], g.tensor("y", [0, 8])))
    assert done(tmp_path, g, g).outputs[0].figures.max_abs == 0
