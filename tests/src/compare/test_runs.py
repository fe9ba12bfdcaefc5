"""Models in worker processes: however one ends, the next ones run."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fatal_models
from tflint import workers
from tflint.compare import runs as module
from tflint.compare.runs import Clock, Limits, Ran, Wanted, run
from tflint.comparison import Ended, EngineRun
from tflint.errors import RunError
from tflint.testing import GraphBuilder

FAKE = str(Path(__file__).parents[2] / "support" / "fake_runner.py")
FEEDS: Sequence[Sequence[Any]] = [[np.ones((1, 4), np.float32)]]


def asked(folder: Path, *names: str, seconds: float = 60.0, memory: int = 1 << 30, **more: Any) -> list[Ran]:
    """What came of runs of the stand-in, which does what the names say."""
    wanted = [Wanted("builtin", f"{name}.tflite", [0], **more) for name in names]
    return run("litert", wanted, FEEDS, folder / "run", Clock(seconds), Limits(memory, program=FAKE))


def told(found: Sequence[Ran]) -> list[str]:
    return [each.told.ended.value for each in found]


def living(folder: Path) -> list[str]:
    """The processes that still work in a folder, where the system tells."""
    found: list[str] = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = each.read_bytes().split(b"\0")
            found += [each.parent.name] if str(folder / "run").encode() in words else []
    return found


def one(folder: Path, name: str, **more: Any) -> EngineRun:
    [found] = asked(folder, name, **more)
    return found.told


def test_runs_share_a_process_as_long_as_it_lives(tmp_path: Path) -> None:
    found = asked(tmp_path, "a", "b", "crash", "c")
    assert told(found) == ["done", "done", "crashed", "done"]
    assert [each.outputs(0)[0].tolist() for each in found if each.is_done] == [[0, 0], [0, 0], [0, 3]]
    assert {each.told.engine for each in found} == {"builtin"}
    assert {each.told.runtime for each in found} == {"Fake 1.0"}
    assert all(each.told.seconds > 0 for each in found)
    assert [each.has(0) for each in found] == [True, True, False, True]


def test_an_error_of_the_runtime_is_told_in_a_line(tmp_path: Path) -> None:
    found = asked(tmp_path, "failing", "a")
    assert told(found) == ["failed", "done"]
    first = found[0].told
    assert (first.stage, first.feed, first.words, first.detail) == ("invoke", 0, "It does not fit", "It does not fit.")


def test_errors_that_make_no_sense_are_told_nevertheless(tmp_path: Path) -> None:
    found = one(tmp_path, "vague")
    assert (found.ended, found.stage, found.feed) == (Ended.FAILED, "", None)


def test_a_crash_is_told_with_its_signal(tmp_path: Path) -> None:
    found = one(tmp_path, "crash")
    assert (found.ended, found.stage, found.feed) == (Ended.CRASHED, "invoke", 0)
    assert found.words.startswith("its process ended with SIGSEGV, in die of fake_runner.py")
    assert "Segmentation fault" in found.detail


def test_one_that_hangs_is_stopped_and_the_rest_left_out(tmp_path: Path) -> None:
    found = asked(tmp_path, "a", "hang", "b", seconds=4)
    assert not living(tmp_path)
    assert told(found) == ["done", "out-of-time", "left-out"]
    assert found[1].told.words == "it had given no answer after 4 s, and was stopped"
    assert found[2].told.words == "there was no time left for it"


def test_no_time_at_all_starts_nothing(tmp_path: Path) -> None:
    assert told(asked(tmp_path, "a", "b", seconds=0)) == ["left-out", "left-out"]
    assert not (tmp_path / "run" / "request.json").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux")
@pytest.mark.parametrize("name", ["eat", "abort", "starved"])
def test_one_that_wants_too_much_memory_is_told_so_and_the_next_runs(tmp_path: Path, name: str) -> None:
    found = asked(tmp_path, name, "a", memory=1 << 29)
    assert told(found) == ["out-of-memory", "done"]
    assert found[0].told.words == "it took more than the 0.5 GiB of memory that it had"


@pytest.mark.parametrize("name", ["garbage", "list", "nothing", "large", "deep", "odd"])
def test_answers_that_make_no_sense_are_crashes(tmp_path: Path, name: str) -> None:
    found = asked(tmp_path, name, "a")
    assert told(found) == ["crashed", "done"]
    assert found[0].told.words == "its process ended with status 3"
    assert found[0].told.runtime in {"Fake 1.0", "LiteRT"}


def test_a_process_that_ends_without_a_word_is_one(tmp_path: Path) -> None:
    found = one(tmp_path, "quiet")
    assert (found.ended, found.words) == (Ended.CRASHED, "its process ended without an answer")


@pytest.mark.parametrize(
    ("runtime", "name", "cure"),
    [("litert", "LiteRT", "tflint[run]"), ("keras", "Keras", "[tensorflow]"), ("tensorflow", "TensorFlow", "[tens")],
)
def test_a_runtime_that_is_missing_leaves_all_out(tmp_path: Path, runtime: str, name: str, cure: str) -> None:
    wanted = [Wanted("source", "missing.tflite", [0]), Wanted("source", "a.tflite", [0])]
    found = run(runtime, wanted, FEEDS, tmp_path, Clock(60), Limits(program=FAKE))
    assert told(found) == ["left-out", "left-out"]
    assert all(cure in each.told.words for each in found)
    assert found[1].told.runtime in {"Fake 1.0", name}


def test_a_process_that_cannot_be_started_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(module, "run_process", refuse)
    with pytest.raises(RunError, match=r"^The process that runs a model cannot be started: Cannot allocate memory\.$"):
        asked(tmp_path, "a")


def test_it_works_in_its_folder_unless_code_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    inner = workers.run

    def noted(*arguments: Any, **more: Any) -> Any:
        seen.append((more["folder"], more["environment"].get("TF_USE_LEGACY_KERAS")))
        return inner(*arguments, **more)

    monkeypatch.setattr(module, "run_process", noted)
    wanted = [Wanted("source", "a.keras", [0], more={"is_legacy": True})]
    run("keras", wanted, FEEDS, tmp_path, Clock(60), Limits(allow_code=True, program=FAKE))
    asked(tmp_path, "a")
    assert seen == [(None, "1"), (tmp_path / "run", None)]
    assert json.loads((tmp_path / "request.json").read_text())["runs"][0]["is_legacy"]


def test_a_clock_runs_down_and_is_shared() -> None:
    clock = Clock(100)
    assert 99 < clock.left <= 100
    assert 9 < clock.share(10).left <= 10
    assert clock.share(1000).left <= 100
    assert Clock(-5).left < 0
    assert Clock(-5).share(10).left <= 0


def held(folder: Path, **values: Any) -> Ran:
    np.savez(folder / "0-0.npz", **values)
    return Ran(EngineRun("builtin", Ended.DONE), Wanted("builtin", "a", [0]), folder, 0, {})


def test_values_come_back_as_they_were_written(tmp_path: Path) -> None:
    ran = held(
        tmp_path,
        **{f"out_{place}": np.array(place) for place in range(11)},
        t_7=np.arange(3),
        watched=np.array([7, 9]),
        seen=np.array([[0, 0.5, 0, 1], [0, 0, 0, 0.0]]),
        node_0=np.ones(2),
        node_2=np.zeros(2),
        names=np.array(json.dumps(["dense", "lost", "softmax"])),
    )
    assert [int(each) for each in ran.outputs(0)] == list(range(11))
    assert {number: value.tolist() for number, value in ran.tensors(0).items()} == {7: [0, 1, 2]}
    assert ran.seen(0) == {7: (0.0, 0.5, 0.0, 1.0), 9: (0.0, 0.0, 0.0, 0.0)}
    assert [(name, value.tolist()) for name, value in ran.nodes(0)] == [("dense", [1, 1]), ("softmax", [0, 0])]
    bare = held(tmp_path, out_0=np.array(1))
    assert (bare.tensors(0), bare.seen(0), list(bare.nodes(0))) == ({}, {}, [])
    assert not bare.has("repeat")


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00"])
def test_values_that_cannot_be_read_are_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "0-0.npz").write_bytes(content)
    ran = Ran(EngineRun("builtin", Ended.DONE), Wanted("builtin", "a", [0]), tmp_path, 0, {})
    with pytest.raises(RunError, match="What a worker process wrote cannot be read"):
        ran.outputs(0)
    with pytest.raises(RunError, match="What a worker process wrote cannot be read"):
        ran.outputs("repeat")


def test_pickles_are_not_read(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be read"):
        held(tmp_path, out_0=np.array([{}], object)).outputs(0)


# Real ones.


def real(folder: Path, *models: GraphBuilder, seconds: float = 60.0, memory: int = 2 << 30) -> list[Ran]:
    pytest.importorskip("ai_edge_litert")
    paths = [built.save(folder / f"model{number}.tflite") for number, built in enumerate(models)]
    wanted = [Wanted(engine, str(path), [0]) for path in paths for engine in ("xnnpack", "builtin")]
    return run("litert", wanted, FEEDS, folder / "run", Clock(seconds), Limits(memory))


def test_after_models_that_kill_their_process_others_run(tmp_path: Path) -> None:
    found = real(tmp_path, fatal_models.steady(), fatal_models.refused(), fatal_models.steady())
    assert told(found) == ["done", "done", "failed", "failed", "done", "done"]
    assert found[3].told.stage == "allocate"
    assert "not broadcastable" in found[3].told.words
    fatal = Wanted("builtin", str(fatal_models.aborting().save(tmp_path / "fatal.tflite")), [0])
    small = Wanted("builtin", str(tmp_path / "model0.tflite"), [0])
    feeds = [[np.ones((1, 4), np.int8)], *FEEDS]
    found = run("litert", [fatal, replace(small, feeds=[1])], feeds, tmp_path / "more", Clock(60), Limits())
    assert told(found) == ["crashed", "done"]
    assert (found[0].told.stage, found[0].told.words) == (
        "allocate",
        "its process ended with SIGABRT, in allocate_tensors of interpreter.py",
    )
    assert found[1].outputs(1)[0].tolist() == [[-1, -1, -1, -1]]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux")
def test_a_model_that_needs_more_than_there_is_does_not_run_and_the_next_does(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    path = str(fatal_models.hungry().save(tmp_path / "hungry.tflite"))
    steady = str(fatal_models.steady().save(tmp_path / "steady.tflite"))
    wanted = [Wanted("xnnpack", path, [0]), Wanted("builtin", path, [0]), Wanted("builtin", steady, [1])]
    feeds = [[np.ones(1, np.float32)], *FEEDS]
    found = run("litert", wanted, feeds, tmp_path / "run", Clock(60), Limits(2 << 30))
    assert {each.told.ended for each in found[:2]} <= {Ended.FAILED, Ended.OUT_OF_MEMORY}
    assert found[2].is_done


def test_a_model_without_end_is_stopped(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    path = str(fatal_models.looping().save(tmp_path / "looping.tflite"))
    [found] = run("litert", [Wanted("builtin", path, [0])], FEEDS, tmp_path / "run", Clock(4), Limits())
    assert not living(tmp_path)
    assert (found.told.ended, found.told.stage, found.told.feed) == (Ended.OUT_OF_TIME, "invoke", 0)
    assert found.told.seconds < 30


def test_a_file_that_was_cut_off_cannot_be_read(tmp_path: Path) -> None:
    ran = held(tmp_path, out_0=np.ones(100))
    path = tmp_path / "0-0.npz"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(RunError, match="What a worker process wrote cannot be read"):
        ran.outputs(0)


def test_an_answer_whose_runs_are_none_is_a_crash(tmp_path: Path) -> None:
    from tflint.workers import Ended as Died

    answer = {"runs": {"0": 5}, "stage": "load"}
    [found] = module._results("litert", [Wanted("builtin", "a", [0])], 0, tmp_path, Died(1, 1.0), answer, Limits())
    assert found.told.ended is Ended.CRASHED


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux")
def test_a_real_model_that_wants_too_much_memory_is_told_so(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    path = str(fatal_models.hungry().save(tmp_path / "hungry.tflite"))
    feeds = [[np.ones(1, np.float32)]]
    [found] = run("litert", [Wanted("builtin", path, [0])], feeds, tmp_path / "run", Clock(60), Limits(2 << 30))
    assert found.told.ended is Ended.OUT_OF_MEMORY
    assert found.told.words
