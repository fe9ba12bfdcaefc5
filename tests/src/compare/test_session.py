"""The comparisons of one run share its time, and a run that was saved is judged again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fatal_models
from comparisons import compared, output
from models import healthy
from running_here import stay_here
from sources import Source
from tflint import Context
from tflint.compare import session as module
from tflint.compare.comparing import Settings
from tflint.compare.record import read_run, write_run
from tflint.compare.runs import Clock
from tflint.compare.session import Session
from tflint.comparison import Comparison, Ended
from tflint.errors import RunError
from tflint.formats import read
from tflint.testing import GraphBuilder


def context(folder: Path, name: str, built: GraphBuilder | None = None, **more: Any) -> Context:
    return Context(read((built or healthy()).save(folder / f"{name}.tflite")), **more)


class Watch:
    """A time that stands still, and comparisons that take some of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *taken: float, found: Comparison | None = None) -> None:
        self.now, self.taken, self.given = 0.0, list(taken), list[float]()
        self.settings: list[Settings] = []
        self.found = compared(output(30.0)) if found is None else found

        class Still(Clock):
            def __init__(clock, seconds: float) -> None:  # noqa: N805
                clock.end = self.now + seconds

            @property
            def left(clock) -> float:  # noqa: N805
                left: float = clock.end - self.now
                return left

            def share(clock, seconds: float) -> Clock:  # noqa: N805
                return Still(min(seconds, max(clock.left, 0.0)))

        monkeypatch.setattr(module, "Clock", Still)
        monkeypatch.setattr(module, "compare", self.compare)

    def compare(self, ctx: Context, settings: Settings, clock: Clock, content: Any) -> Comparison | None:
        self.given.append(round(clock.left, 3))
        self.settings.append(settings)
        self.now += min(self.taken.pop(0), clock.left)
        return self.found


@pytest.mark.parametrize(
    ("budget", "taken", "given"),
    [
        (120, [1, 1, 1], [40.0, 59.5, 118.0]),
        (120, [1000, 1000, 1000], [40.0, 40.0, 40.0]),
        (30, [1000, 1000, 1000], [15.0, 15.0, 0.0]),
        (10, [2, 1000, 1000], [10.0, 8.0, 0.0]),
        (60, [1, 1, 1, 1], [20.0, 29.5, 58.0, 57.0]),
    ],
)
def test_the_time_is_shared_and_what_is_left_over_is_for_the_next(
    budget: float, taken: list[float], given: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(monkeypatch, *taken)
    session = Session(Settings(), budget, 3)
    for number in range(len(taken)):
        session.compare(context(tmp_path, f"m{number}"))
    assert watch.given == given


def test_what_is_no_tflite_takes_no_time_and_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(monkeypatch)
    session = Session(Settings(), 60, 1)
    assert session.compare(Context(Source().model())) is None
    assert watch.given == []
    assert session.done == {}


def test_inputs_and_shapes_of_the_command_line_go_before_those_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(monkeypatch, 0, 0, 0)
    ctx = context(tmp_path, "m")
    session = Session(Settings(inputs="named", sizes={"a": [1]}), 60, 1)
    session.compare(ctx, inputs="of the pair", sizes={"a": [2], "b": [3]})
    session = Session(Settings(), 60, 1)
    session.compare(ctx, inputs="of the pair", sizes={"b": [3]})
    session.compare(ctx)
    assert [(each.inputs, dict(each.sizes)) for each in watch.settings] == [
        ("named", {"a": [1], "b": [3]}),
        ("of the pair", {"b": [3]}),
        (None, {}),
    ]


def test_what_was_found_is_kept_with_the_digests_of_both_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(monkeypatch, 0, 0, 0)
    session = Session(Settings(), 60, 1)
    alone = context(tmp_path, "alone")
    beside = replace(context(tmp_path, "beside"), source=alone.model)
    for ctx in (alone, beside):
        assert session.compare(ctx) is watch.found
    assert session.done == {
        alone.model.path: (alone.model.sha256, watch.found),
        beside.model.path: (f"{beside.model.sha256} {alone.model.sha256}", watch.found),
    }
    monkeypatch.setattr(module, "compare", lambda *_: None)
    assert session.compare(context(tmp_path, "other")) is None
    assert len(session.done) == 2


def test_a_run_that_was_saved_is_judged_again_and_nothing_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Watch(monkeypatch, 0, 0)
    session = Session(Settings(), 60, 1)
    ctx = context(tmp_path, "m")
    content = memoryview(b"converted")
    made = replace(ctx, model=replace(ctx.model, path="m.keras (converted)"))
    found = session.compare(ctx)
    session.compare(made, content=content)
    write_run(tmp_path / "run.npz", session)
    monkeypatch.setattr(module, "compare", lambda *_: pytest.fail("it ran"))
    replay = Session(Settings(), 60, 1, read_run(tmp_path / "run.npz"), is_replay=True)
    assert replay.compare(ctx) == found
    assert replay.compare(made, content=content) == found
    assert replay.compare(Context(Source().model())) is None


def test_a_model_that_it_knows_nothing_of_or_that_has_changed_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Watch(monkeypatch, 0)
    session = Session(Settings(), 60, 1)
    ctx = context(tmp_path, "m")
    session.compare(ctx)
    replay = Session(Settings(), 60, 1, session.done, is_replay=True)
    with pytest.raises(RunError, match=r"^The saved run has nothing of '.*other\.tflite'; it has '.*m\.tflite'\.$"):
        replay.compare(context(tmp_path, "other"))
    with pytest.raises(RunError, match=r"m\.tflite' has changed since the run was saved; --diff runs it anew\.$"):
        replay.compare(replace(ctx, source=context(tmp_path, "source").model))
    with pytest.raises(RunError, match="has changed"):
        replay.compare(context(tmp_path, "m", fatal_models.steady()))


# Real ones.


def test_a_model_that_hangs_leaves_the_others_their_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ai_edge_litert")
    monkeypatch.setattr(module, "_LEAST_SECONDS", 4.0)
    session = Session(Settings(), 75, 15)
    hanging = session.compare(context(tmp_path, "hanging", fatal_models.looping()))
    assert hanging is not None
    assert hanging.runs[0].ended is Ended.OUT_OF_TIME
    steady = session.compare(context(tmp_path, "steady", fatal_models.steady()))
    assert steady is not None
    assert {each.ended for each in steady.runs} == {Ended.DONE}


def test_real_figures_are_the_same_when_they_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ai_edge_litert")
    stay_here(monkeypatch)
    session = Session(Settings(), 60, 1)
    ctx = context(tmp_path, "m")
    found = session.compare(replace(ctx, source=context(tmp_path, "source").model))
    write_run(tmp_path / "run.npz", session)
    [(digest, again)] = read_run(tmp_path / "run.npz").values()
    assert again == found
    assert digest.split()[0] == ctx.model.sha256
    assert np.isfinite(again.runs[0].seconds)
