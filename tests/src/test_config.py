"""The configuration: what it holds, what it refuses, and which rules it turns on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import ClassVar

import pytest

from tflint import ConfigError, Context, Finding, Location, Rule, RuleMeta, Severity, option
from tflint.config import Config, Pair, Suppression, active_rules, find_config, load_config


@dataclass(frozen=True)
class First(Rule):
    meta: ClassVar[RuleMeta] = RuleMeta("ABC101", "first-fault", Severity.ERROR)
    max_bytes: int = option(1024, "Largest size, in bytes.")
    ratio: float = option(0.5, "A share.")

    def check(self, ctx: Context) -> Iterator[Finding]:
        yield self.finding(ctx.model, "It is.")


@dataclass(frozen=True)
class Second(Rule):
    meta: ClassVar[RuleMeta] = RuleMeta("ABC201", "second-fault", Severity.NOTE)

    def check(self, ctx: Context) -> Iterator[Finding]:
        yield self.finding(ctx.model, "It is, too.")


RULES: tuple[type[Rule], ...] = (First, Second)


def written(folder: Path, text: str, name: str = "tflint.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def refused(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        active_rules(load_config(written(folder, text)), RULES)
    return str(caught.value)


def test_every_key_is_read(tmp_path: Path) -> None:
    config = load_config(
        written(
            tmp_path,
            """
            select = ["ABC"]
            ignore = ["ABC2"]
            runtime = "2.14"
            fail-on = "warning"
            exclude = ["third_party/**"]
            packs = ["mine:PACK"]
            baseline = "accepted.json"
            severity = { ABC101 = "note" }
            per-file-ignores = { "legacy/*.tflite" = ["first-fault"] }
            [rules.first-fault]
            max_bytes = 12
            [expect]
            precision = "int8"
            io = "int8"
            static = true
            max_kb = 512
            ops = "builtin"
            [[suppress]]
            rule = "first-fault"
            model = "*/kws.tflite"
            where = "*norm*"
            reason = "known"
            until = 2027-01-01
            [[models]]
            source = "kws/float.tflite"
            converted = ["kws/*.tflite"]
            targets = ["tflm"]
            """,
        )
    )
    assert config.select == ("ABC",)
    assert config.ignore == ("ABC2",)
    assert config.runtime == "2.14"
    assert config.fail_on is Severity.WARNING
    assert config.packs == ("mine:PACK",)
    assert config.baseline == "accepted.json"
    assert config.severity == {"ABC101": Severity.NOTE}
    assert config.excludes(str(tmp_path / "third_party" / "deep" / "m.tflite"))
    assert not config.excludes(str(tmp_path / "m.tflite"))
    assert config.ignored_in(str(tmp_path / "legacy" / "m.tflite")) == ("first-fault",)
    assert config.expect.precision == "int8"
    assert config.expect.max_kb == 512
    assert config.suppress == (Suppression("first-fault", "known", "*/kws.tflite", "*norm*", date(2027, 1, 1)),)
    assert config.models == (Pair("kws/float.tflite", ("kws/*.tflite",), ("tflm",)),)


def test_pyproject_holds_it_under_tool_tflint(tmp_path: Path) -> None:
    path = written(tmp_path, '[tool.tflint]\nselect = ["ABC1"]\n', "pyproject.toml")
    assert load_config(path).select == ("ABC1",)


def test_the_nearest_file_up_the_tree_counts_and_a_pyproject_without_the_table_does_not(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    written(tmp_path, "[tool.tflint]\n", "pyproject.toml")
    written(tmp_path / "a", "[tool.other]\n", "pyproject.toml")
    assert find_config(deep) == tmp_path / "pyproject.toml"
    written(tmp_path / "a", "")
    assert find_config(deep) == tmp_path / "a" / "tflint.toml"


def test_a_folder_without_one_has_none(tmp_path: Path) -> None:
    assert find_config(tmp_path) is None or not find_config(tmp_path).is_relative_to(tmp_path)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('selekt = ["ABC"]', ["Unknown key 'selekt'", "tflint.toml", "Did you mean 'select'?"]),
        ('[expect]\nprecisoin = "int8"', ["Unknown key 'expect.precisoin'", "Did you mean 'precision'?"]),
        ("[[suppress]]\nrul = 'ABC101'", ["Unknown key 'suppress.rul'", "Did you mean 'rule'?"]),
        ('select = "ABC"', ["'select'", "'ABC'", "a list of texts"]),
        ("select = [1]", ["a list of texts"]),
        ("runtime = 2.14", ["'runtime'", "2.14", "a version as text"]),
        ('runtime = "new"', ["a version as text"]),
        ('fail-on = "fatal"', ["'fail-on'", "note, warning, error"]),
        ("exclude = true", ["'exclude'"]),
        ('baseline = ""', ["'baseline'", "a text"]),
        ('baseline = "../x.json"', ["lies outside the configuration's folder"]),
        ('severity = "note"', ["'severity'", "a table"]),
        ('severity = { ABC101 = "bad" }', ["'severity.ABC101'"]),
        ('per-file-ignores = { "*" = "ABC" }', ["'per-file-ignores.*'"]),
        ("rules = { first-fault = 3 }", ["'rules.first-fault'", "a table"]),
        ('[expect]\nprecision = "int9"', ["one of float32", "Did you mean 'int8'?"]),
        ("[expect]\nprecision = 8", ["one of float32"]),
        ('[expect]\nuses = "task"', ["one of task-library", "Did you mean 'task-library'?"]),
        ("[expect]\nstatic = 1", ["true or false"]),
        ("[expect]\nmax_kb = 0", ["a number above 0"]),
        ("[expect]\nmax_kb = true", ["a number above 0"]),
        ("suppress = {}", ["[[suppress]]"]),
        ("[[suppress]]\nrule = 'ABC101'", ["has no 'reason'"]),
        ("[[suppress]]\nrule = 'ABC101'\nreason = 'r'\nuntil = 'soon'", ["'suppress.until'", "a date"]),
        ("[[suppress]]\nrule = 'ABC101'\nreason = 'r'\nuntil = 2027-01-01T00:00:00", ["a date"]),
        ("models = {}", ["[[models]]"]),
        ("[[models]]\nsource = 'a.tflite'", ["has no 'converted'", "a source and its conversions"]),
        ("[[models]]\nconverted = ['a.tflite']", ["has no 'source'"]),
        ("[[models]]\nsource = '../a.tflite'\nconverted = []", ["'models.source'", "lies outside"]),
        ("[[models]]\nsource = 'a'\nconverted = []\ninputs = '../x.npz'", ["'models.inputs'", "lies outside"]),
        ("[[models]]\nsource = 'a'\nconverted = []\ninputs = '/x.npz'", ["'models.inputs'"]),
        ("[[models]]\nsource = 'a'\nconverted = []\ninputs = 5", ["'models.inputs'"]),
        ("[[models]]\nsource = 'a'\nconverted = []\nshapes = [1, 2]", ["'models.shapes'"]),
        ("[[models]]\nsource = 'a'\nconverted = []\nshapes = {x = 5}", ["models.shapes.x", "a list of sizes above 0"]),
        ("[[models]]\nsource = 'a'\nconverted = []\nshapes = {x = [0]}", ["a list of sizes above 0"]),
        ("[[models]]\nsource = 'a'\nconverted = []\nshapes = {x = [true]}", ["a list of sizes above 0"]),
        ("[[models]]\nsource = 'a'\nconverted = []\nshapes = {x = [1.0]}", ["a list of sizes above 0"]),
        ("[[models]]\nsorce = 'a.tflite'", ["Unknown key 'models.sorce'", "Did you mean 'source'?"]),
        ('select = ["ABD"]', ["No rule is called 'ABD'", "'select'"]),
        ('severity = { ABC = "note" }', ["No rule is called 'ABC'", "'severity'"]),
        ("[rules.first-falt]\nmax_bytes = 3", ["No rule is called 'first-falt'", "Did you mean 'first-fault'?"]),
        ("[rules.first-fault]\nmax_byte = 3", ["no option 'max_byte'", "Did you mean 'max_bytes'?"]),
        ("[rules.first-fault]\nmax_bytes = 'a'", ["'max_bytes'", "'a'", "type int"]),
        ("[rules.first-fault]\nmax_bytes = true", ["type int"]),
        ("select = [", ["cannot be read"]),
        ("tool = 3", ["Unknown key 'tool'"]),
    ],
)
def test_what_is_wrong_is_refused_with_the_key_and_the_nearest_name(
    tmp_path: Path, text: str, parts: list[str]
) -> None:
    sentence = refused(tmp_path, text)
    assert [part for part in parts if part not in sentence] == []


def test_a_table_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no table"):
        load_config(written(tmp_path, "[tool]\ntflint = 3\n", "pyproject.toml"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no configuration file '.*nowhere.toml'"):
        load_config(tmp_path / "nowhere.toml")


def test_without_a_selection_all_rules_are_on_with_their_defaults() -> None:
    assert active_rules(Config(), RULES) == (First(), Second())


def test_the_longest_selector_decides_and_ignore_wins_a_tie() -> None:
    assert active_rules(Config(ignore=("ABC1",)), RULES) == (Second(),)
    assert active_rules(Config(select=("ABC101",), ignore=("ABC",)), RULES) == (First(),)
    assert active_rules(Config(select=("ABC",), ignore=("ABC",)), RULES) == ()
    assert active_rules(Config(select=("second-fault",), ignore=("ABC201",)), RULES) == (Second(),)


def test_options_are_set_by_code_or_name_and_a_whole_number_is_a_number() -> None:
    config = Config(rules={"ABC101": {"max_bytes": 5}, "first-fault": {"ratio": 1}})
    assert active_rules(config, RULES)[0] == First(max_bytes=5, ratio=1)


def test_a_suppression_covers_until_its_day(tmp_path: Path) -> None:
    each = Suppression("first-fault", "known", where="*norm*", until=date(2027, 1, 1))
    finding = Finding(
        "ABC101", "first-fault", Severity.ERROR, Location("m", "0/1:NEG", name="layer_norm/neg"), "It is."
    )
    assert each.covers(finding, "m", date(2026, 12, 31))
    assert not each.covers(finding, "m", date(2027, 1, 1))
    assert Suppression("ABC101", "known", where="0/1:*").covers(finding, "m", date.max)
    assert not Suppression("ABC101", "known", model="other").covers(finding, "m", date.max)
    assert not Suppression("ABC201", "known").covers(finding, "m", date.max)


def test_a_pair_tells_what_it_is_run_on(tmp_path: Path) -> None:
    text = """
    [[models]]
    source = "a.keras"
    converted = ["a.tflite"]
    inputs = "samples/a.npz"
    shapes = { image = [1, 32, 32, 3], "dense/x:0" = [4], none = [] }
    [[models]]
    source = "b.keras"
    converted = ["b.tflite"]
    """
    first, second = load_config(written(tmp_path, text)).models
    assert first.inputs == "samples/a.npz"
    assert first.shapes == {"image": (1, 32, 32, 3), "dense/x:0": (4,), "none": ()}
    assert (second.inputs, second.shapes) == (None, {})


@pytest.mark.parametrize("key", ["diff", "inputs", "budget", "diff-memory", "save-run", "from-run", "allow-code"])
def test_a_configuration_runs_no_models(key: str, tmp_path: Path) -> None:
    assert f"Unknown key '{key}'" in refused(tmp_path, f"{key} = true")


def test_a_model_is_paired_with_the_first_entry_that_means_it_and_never_with_itself(tmp_path: Path) -> None:
    first = Pair("kws/float.tflite", ("kws/*.tflite",), ("tflm", "tflm"))
    config = Config(root=tmp_path, targets=("xnnpack",), models=(first, Pair("b.tflite", ("*.tflite",))))
    assert config.pair(str(tmp_path / "kws" / "int8.tflite")) is first
    assert config.pair(str(tmp_path / "other.tflite")) is config.models[1]
    assert config.pair(str(tmp_path / "b.tflite")) is None
    assert config.targets_of(str(tmp_path / "kws" / "int8.tflite")) == ("tflm",)
    assert config.targets_of(str(tmp_path / "other.tflite")) == ("xnnpack",)
    assert config.targets_of(str(tmp_path / "b.tflite")) == ("xnnpack",)
