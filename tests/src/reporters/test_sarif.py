"""The report for code scanning, held against the OASIS schema and, where it is installed, Microsoft's validator.

tests/data/sarif-2.1.0.json is the schema as npm's @microsoft/sarif-multitool-linux 5.7.0 carries it.
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import jsonschema
import pytest
from click.testing import CliRunner

from models import healthy, lost_weights
from reports import OP, TENSOR, finding, report
from tflint import Context, Finding, Format, Location, Rule, RuleMeta, Severity, __version__
from tflint.cli import program
from tflint.engine import Settings, check
from tflint.packs import all_rules, load_packs
from tflint.report import Checked, Crash, Report
from tflint.reporters import Style, sarif
from tflint.reporters.sarif import document, render
from tflint.reporters.sarif_places import uri, working_tree
from tflint.testing import GraphBuilder

TESTS = Path(__file__).parent.parent.parent
MULTITOOL = os.environ.get("TFLINT_SARIF_MULTITOOL")


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working tree, which is the current folder."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path.resolve()


@dataclass(frozen=True)
class Undocumented(Rule):
    meta: ClassVar[RuleMeta] = RuleMeta("EVE001", "every-op", Severity.NOTE, preview=True)

    def check(self, ctx: Context) -> Iterator[Finding]:
        for graph in ctx.graphs:
            for op in graph.ops:
                yield self.finding(op, f"{op.kind} is here.", related=[*graph.outputs, graph, ctx.model])


Undocumented.__doc__ = None


@dataclass(frozen=True)
class Dangerous(Rule):
    """Runs code.

    ## What it does

    Looks for
    code."""

    meta: ClassVar[RuleMeta] = RuleMeta("TFL899", "runs-code", Severity.WARNING)

    def check(self, ctx: Context) -> Iterator[Finding]:
        raise ZeroDivisionError("by [design](x)")
        yield


@cache
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads((TESTS / "data" / "sarif-2.1.0.json").read_text("utf-8")))


def run_of(found: Report) -> dict[str, Any]:
    """The one run of the report, after the schema has had its say."""
    log = json.loads(render(found, Style()))
    validator().validate(log)
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    run: dict[str, Any] = log["runs"][0]
    return run


def result_of(found: Finding, *others: Finding) -> dict[str, Any]:
    [result] = run_of(report(found, *others))["results"]
    assert isinstance(result, dict)
    return result


def physical(place: dict[str, Any]) -> dict[str, Any]:
    found = place["physicalLocation"]
    assert isinstance(found, dict)
    return found


# The whole report


def crashed() -> Report:
    healthy().save(Path("m.tflite"))
    return check(["m.tflite"], Settings((Undocumented(), Dangerous())))


def hostile() -> Report:
    g = GraphBuilder("graph\x1b[2J")
    name = "a\x1b[31m](https://evil.example) [b](1) {0} {x} \u202e\x00" + "n" * 9000
    x = g.input(name, [1, 4])
    g.output(g.op("Custom](1)\x07/" + "K" * 9000, [x], g.tensor(name, [1, 4])))
    path = "models/caf\udce9 #?%:1.tflite"
    Path("models").mkdir(exist_ok=True)
    g.save(Path(path))
    evil = Location(path, f"0/0:{name}", name, name, 8, 9, None)
    found = check([path], Settings((Undocumented(),)))
    python = finding(Location(path, "layers/x", source=("\x00\ud800.py", -3)), name, help=name)
    return Report(
        found.models,
        (*found.findings, finding(evil, name, help=name, evidence={"\ud800": float("nan")}), python),
        (Crash(path, "", name),),
        found.coverage,
        rule_types=found.rule_types,
    )


def huge() -> Report:
    big = Location("big.tflite", "0/t1", None, "w", 2**31, 2**20)
    return report(finding(big), models=[Checked("big.tflite", Format.TFLITE, 5 << 30, "ab" * 32, 1, 1)])


def mixed() -> Report:
    python = Location("models/kws.tflite", "0/12:NEG", "norm", "norm/neg", 4096, 20, ("src/model.py", 41))
    whole = finding(Location("folder"), severity=Severity.NOTE)
    models = [
        Checked("models/kws.tflite", Format.TFLITE, 640, "ab" * 32, 1, 1),
        Checked("folder", Format.SAVED_MODEL, 9),
        Checked("m.keras", Format.KERAS, 9),
        Checked("m.h5", Format.KERAS_H5, 9),
        Checked("empty.tflite", Format.UNKNOWN, 0),
    ]
    return report(finding(), finding(TENSOR), finding(python, related=(OP, TENSOR)), whole, models=models, suppressed=2)


REPORTS: dict[str, Callable[[], Report]] = {
    "empty": report,
    "crashed": crashed,
    "hostile": hostile,
    "huge": huge,
    "mixed": mixed,
}
each_report = pytest.mark.parametrize("make", REPORTS.values(), ids=REPORTS)


@each_report
def test_it_is_valid_by_the_oasis_schema(make: Callable[[], Report]) -> None:
    run_of(make())


@each_report
def test_the_same_report_gives_the_same_bytes(make: Callable[[], Report]) -> None:
    found = make()
    assert render(found, Style()) == render(found, Style(color=True))


@each_report
def test_it_is_ascii_without_control_characters(make: Callable[[], Report]) -> None:
    text = render(make(), Style())
    assert text.isascii()
    assert text.replace("\n", "").isprintable()


@each_report
def test_each_index_leads_to_what_it_stands_beside(make: Callable[[], Report]) -> None:
    run = run_of(make())
    driver = run["tool"]["driver"]
    for index, entry in enumerate(run["artifacts"]):
        assert entry["location"]["index"] == index
    for index, entry in enumerate(run["logicalLocations"]):
        assert entry["index"] == index
        assert entry.get("parentIndex", -1) < index
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        places = [*result["locations"], *result.get("relatedLocations", [])]
        for place in places:
            artifact = physical(place)["artifactLocation"]
            assert run["artifacts"][artifact["index"]]["location"] == artifact
            assert artifact["uri"].isascii()
            assert ":" not in artifact["uri"]
            [logical] = place["logicalLocations"]
            assert run["logicalLocations"][logical["index"]] == logical
        numbers = [place["id"] for place in result.get("relatedLocations", [])]
        assert numbers == list(range(1, len(numbers) + 1))
    for notification in run["invocations"][0]["toolExecutionNotifications"]:
        descriptor = notification["descriptor"]
        assert driver["notifications"][descriptor["index"]]["id"] == descriptor["id"]


@each_report
def test_every_result_has_what_code_scanning_asks_for(make: Callable[[], Report]) -> None:
    for result in run_of(make())["results"]:
        assert len(result["locations"]) == 1
        assert physical(result["locations"][0])["region"]["startLine"] >= 1
        assert result["message"]["text"]
        assert result["level"] in {"note", "warning", "error"}


@pytest.mark.skipif(MULTITOOL is None, reason="TFLINT_SARIF_MULTITOOL does not name Microsoft's validator")
@each_report
def test_microsofts_validator_finds_no_error_and_no_warning(make: Callable[[], Report], tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("validate_sarif", TESTS.parent / "tools" / "validate_sarif.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    file = tmp_path / "report.sarif"
    file.write_text(render(make(), Style()), "utf-8")
    assert [line for line in tool.validate(Path(MULTITOOL or ""), file) if not line.startswith("note")] == []


def test_the_command_writes_it() -> None:
    lost_weights().save(Path("bad.tflite"))
    lost_weights("evil\x1b[31m](http://x)").save(Path("ä b.tflite"))
    healthy().save(Path("good.tflite"))
    Path("empty.tflite").touch()
    Path("short.tflite").write_bytes(lost_weights().to_bytes()[:90])
    answer = CliRunner().invoke(program, ["check", ".", "--format", "sarif", "--isolated"])
    assert answer.exit_code == 1
    log = json.loads(answer.output)
    validator().validate(log)
    [run] = log["runs"]
    uris = [entry["location"]["uri"] for entry in run["artifacts"]]
    assert uris == ["bad.tflite", "empty.tflite", "good.tflite", "short.tflite", "%C3%A4%20b.tflite"]
    found = {
        physical(each["locations"][0])["artifactLocation"]["uri"]: each
        for each in run["results"]
        if each["ruleId"] == "TFL116"
    }
    assert set(found) == {"bad.tflite", "%C3%A4%20b.tflite"}
    assert r"evil\x1b[31m] (http://x)" in found["%C3%A4%20b.tflite"]["message"]["text"]


def test_nothing_in_it_says_when_or_where_it_was_made(root: Path) -> None:
    healthy().save(root / "m.tflite")
    text = render(check([str(root / "m.tflite")], Settings((Undocumented(),))), Style())
    assert str(root) not in text
    assert "Utc" not in text
    assert "file:" not in text
    assert "automationDetails" not in text


# The tool


def test_the_driver_says_which_tflint_it_is() -> None:
    driver = run_of(report())["tool"]["driver"]
    assert driver["name"] == "tflint-litert"
    assert driver["fullName"].startswith(f"tflint {__version__} (the linter for TFLite")
    assert (driver["version"], driver["semanticVersion"]) == (__version__, __version__)


def test_a_rule_is_described_by_its_docstring() -> None:
    [descriptor] = run_of(report(rule_types=(Dangerous,)))["tool"]["driver"]["rules"]
    assert (descriptor["id"], descriptor["name"]) == ("TFL899", "RunsCode")
    assert descriptor["shortDescription"] == {"text": "Runs code."}
    assert descriptor["fullDescription"] == {"text": "Looks for code."}
    assert descriptor["help"]["text"].startswith("TFL899 RUNS-CODE")
    assert descriptor["help"]["markdown"].startswith("# TFL899 runs-code")
    assert descriptor["defaultConfiguration"] == {"level": "warning"}


def test_a_rule_is_tagged_with_what_it_reads_and_the_package_it_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dangerous, "__module__", "my_pack.latency.runs_code")
    monkeypatch.setattr(Undocumented, "__module__", "every_op")
    rules = run_of(report(rule_types=(Undocumented, Dangerous)))["tool"]["driver"]["rules"]
    assert [rule["properties"].pop("tags") for rule in rules] == [["tflite"], ["tflite", "latency", "security"]]


def test_only_the_security_family_raises_security_alerts() -> None:
    rules = run_of(report(rule_types=(Undocumented, Dangerous)))["tool"]["driver"]["rules"]
    plain, security = (rule["properties"] for rule in rules)
    assert "security" not in plain.pop("tags")
    assert "security" in security.pop("tags")
    assert plain == {"precision": "medium", "problem.severity": "recommendation"}
    assert security == {"precision": "high", "problem.severity": "warning", "security-severity": "5.0"}


def test_a_rule_without_a_docstring_is_described_by_its_name() -> None:
    [descriptor] = run_of(report(rule_types=(Undocumented,)))["tool"]["driver"]["rules"]
    assert descriptor["shortDescription"] == descriptor["fullDescription"] == {"text": "Every op."}


def test_a_finding_of_no_rule_that_was_on_gets_a_descriptor() -> None:
    [descriptor] = run_of(report(finding(), finding()))["tool"]["driver"]["rules"]
    assert (descriptor["id"], descriptor["name"]) == ("EVE001", "FloatIsland")


def test_every_installed_rule_is_described_within_the_limits_of_code_scanning() -> None:
    rules = all_rules(load_packs())
    described = run_of(report(rule_types=rules))["tool"]["driver"]["rules"]
    assert [each["id"] for each in described] == [rule.meta.code for rule in rules]
    for each in described:
        assert each["name"].isalnum()
        assert each["name"] != each["id"]
        assert 0 < len(each["shortDescription"]["text"]) <= 1024
        assert 0 < len(each["fullDescription"]["text"]) <= 1024
        assert ("security-severity" in each["properties"]) == each["id"].startswith("TFL8")
        assert len(each["properties"]["tags"]) <= 10


# What the run says of itself


def test_a_clean_run_was_successful_and_says_what_it_covered() -> None:
    models = [Checked("a", Format.TFLITE, 1, graphs=2, judged=1)]
    run = run_of(report(models=models, suppressed=1))
    [invocation] = run["invocations"]
    [note] = invocation["toolExecutionNotifications"]
    assert invocation["executionSuccessful"] is True
    assert (note["level"], note["descriptor"]["id"]) == ("note", "TFN003")
    assert note["message"]["text"] == (
        "2 of 3 rules ran; 1 needs --runtime. 1 damaged graph not judged. 1 accepted finding not shown."
    )
    assert run["properties"]["tflint"] == {
        "coverage": {"rules": 3, "ran": 2, "needs": {"runtime": 1, "expect": 0}},
        "suppressed": 1,
    }


def test_a_crash_is_a_notification_and_the_run_failed() -> None:
    [invocation] = run_of(crashed())["invocations"]
    crash = invocation["toolExecutionNotifications"][0]
    assert invocation["executionSuccessful"] is False
    assert (crash["level"], crash["descriptor"]["id"]) == ("error", "TFN001")
    assert crash["message"]["text"] == "TFL899 failed: ZeroDivisionError: by [design] (x)"
    assert crash["associatedRule"] == {"id": "TFL899", "index": 1}
    assert physical(crash["locations"][0])["artifactLocation"]["uri"] == "m.tflite"


def test_a_crash_outside_the_rules_names_tflint() -> None:
    [invocation] = run_of(report(crashes=(Crash("m.tflite", "", "It was killed."),)))["invocations"]
    crash = invocation["toolExecutionNotifications"][0]
    assert crash["message"]["text"] == "tflint failed: It was killed."
    assert "associatedRule" not in crash


def test_of_too_many_findings_the_most_severe_are_kept_and_a_notification_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 3)
    warnings = [finding(Location("m", f"0/{index}:ADD")) for index in range(3)]
    run = run_of(report(*warnings, finding(severity=Severity.ERROR), finding(severity=Severity.NOTE)))
    assert [result["level"] for result in run["results"]] == ["error", "warning", "warning"]
    [capped, _] = run["invocations"][0]["toolExecutionNotifications"]
    assert (capped["level"], capped["descriptor"]["id"]) == ("warning", "TFN002")
    assert capped["message"]["text"] == "The report holds the 3 most severe of 5 findings."


# A result


def test_a_finding_in_a_binary_is_shown_at_its_beginning_and_its_bytes_are_related() -> None:
    result = result_of(finding(help="Convert again.", evidence={"ops": 2}))
    assert result["message"] == {"text": "NEG takes FLOAT32; INT8 was expected. Convert again."}
    shown = physical(result["locations"][0])
    assert shown["artifactLocation"] == {"uri": "models/kws.tflite", "uriBaseId": "SRCROOT", "index": 0}
    assert shown["region"] == {
        "startLine": 1,
        "startColumn": 1,
        "endLine": 1,
        "endColumn": 1,
        "snippet": {"text": "op 12 NEG, 'norm/neg'"},
    }
    assert "address" not in shown
    [related] = result["relatedLocations"]
    assert related["message"] == {"text": "Op 12 NEG, 'norm/neg'."}
    assert physical(related)["region"] == {"byteOffset": 4096, "byteLength": 20}
    assert physical(related)["address"] == {
        "absoluteAddress": 4096,
        "length": 20,
        "kind": "table",
        "name": "12:NEG",
        "fullyQualifiedName": "models/kws.tflite/0/12:NEG",
    }
    assert result["properties"]["tflint"] == {"address": "0/12:NEG", "tensor": "norm/neg", "evidence": {"ops": 2}}


def test_the_place_in_the_model_is_a_chain_of_logical_locations() -> None:
    run = run_of(report(finding(), finding(TENSOR)))
    assert run["logicalLocations"] == [
        {"name": "kws.tflite", "fullyQualifiedName": "models/kws.tflite", "kind": "module", "index": 0},
        {
            "name": "graph 0",
            "fullyQualifiedName": "models/kws.tflite/0",
            "kind": "function",
            "index": 1,
            "parentIndex": 0,
        },
        {
            "name": "12:NEG",
            "fullyQualifiedName": "models/kws.tflite/0/12:NEG",
            "kind": "operator",
            "decoratedName": "norm/neg",
            "index": 2,
            "parentIndex": 1,
        },
        {
            "name": "tensor 7",
            "fullyQualifiedName": "models/kws.tflite/0/t7",
            "kind": "variable",
            "decoratedName": "norm/gamma",
            "index": 3,
            "parentIndex": 1,
        },
    ]


@pytest.mark.parametrize(
    ("at", "kind", "name"),
    [
        (Location("m.tflite"), "module", "m.tflite"),
        (Location("m.tflite", "1", name="body"), "function", "m.tflite/1"),
        (Location("m.keras", "layers/dense_1"), "member", "m.keras/layers/dense_1"),
    ],
)
def test_other_places_in_a_model(at: Location, kind: str, name: str) -> None:
    [logical] = result_of(finding(at))["locations"][0]["logicalLocations"]
    assert (logical["kind"], logical["fullyQualifiedName"]) == (kind, name)


def test_the_bytes_of_a_constant_are_data() -> None:
    [related] = result_of(finding(TENSOR))["relatedLocations"]
    assert physical(related)["address"]["kind"] == "data"


@pytest.mark.parametrize(("offset", "length"), [(None, None), (4, None), (0, 9), (4, 0), (2**31 - 9, 9)])
def test_bytes_that_are_not_known_or_too_far_into_the_file_are_left_out(offset: int | None, length: int | None) -> None:
    assert "relatedLocations" not in result_of(finding(Location("m.tflite", "0/t1", None, "w", offset, length)))


def test_sizes_that_consumers_cannot_hold_are_left_out() -> None:
    [artifact] = run_of(huge())["artifacts"]
    assert "length" not in artifact
    assert artifact["hashes"] == {"sha-256": "ab" * 32}


def test_a_known_python_line_comes_first_and_the_model_is_linked() -> None:
    at = Location("models/kws.tflite", "0/12:NEG", "norm", "norm/neg", 4096, 20, ("src/model.py", 41))
    result = result_of(finding(at))
    assert result["message"]["text"] == "NEG takes FLOAT32; INT8 was expected. See [the model](1)."
    shown = physical(result["locations"][0])
    assert (shown["artifactLocation"]["uri"], shown["region"]) == ("src/model.py", {"startLine": 41})
    [related] = result["relatedLocations"]
    assert related["message"]["text"] == "Layer 'norm', op 12 NEG, 'norm/neg'."
    assert physical(related)["artifactLocation"]["uri"] == "models/kws.tflite"
    assert physical(related)["region"] == {"byteOffset": 4096, "byteLength": 20}


def test_findings_of_one_rule_at_one_python_line_are_one_result() -> None:
    source = ("src/model.py", 41)
    int8 = finding(Location("int8.tflite", "0/1:NEG", source=source), fingerprint="aa")
    fp32 = finding(Location("fp32.tflite", "0/2:NEG", source=source), fingerprint="bb", severity=Severity.ERROR)
    result = result_of(int8, fp32, finding(Location("fp32.tflite", source=source), fingerprint="cc"))
    assert result["level"] == "error"
    assert result["message"]["text"].endswith(
        "See [the model](1). The same line is the cause of 2 more findings in 2 models."
    )
    assert [physical(each)["artifactLocation"]["uri"] for each in result["relatedLocations"]] == [
        "int8.tflite",
        "fp32.tflite",
        "fp32.tflite",
    ]
    assert result["relatedLocations"][2]["message"] == {"text": "The model."}


def test_findings_at_different_lines_or_of_different_rules_stay_apart() -> None:
    first, second = (finding(Location("m.tflite", source=("m.py", line))) for line in (1, 2))
    third = finding(Location("m.tflite", source=("m.py", 1)), code="EVE002")
    assert len(run_of(report(first, second, third))["results"]) == 3


def test_other_places_are_related_up_to_a_limit() -> None:
    others = tuple(Location("m.tflite", f"0/{index}:ADD") for index in range(99))
    result = result_of(finding(related=others))
    assert len(result["relatedLocations"]) == 20
    assert result["relatedLocations"][1]["message"] == {"text": "Op 0 ADD."}
    assert physical(result["relatedLocations"][1])["region"]["startLine"] == 1
    assert result["properties"]["tflint"]["related"] == 100


def test_binaries_have_the_hash_that_github_reads_and_text_leaves_it_to_the_uploader() -> None:
    binary = result_of(finding())
    assert binary["partialFingerprints"] == {"primaryLocationLineHash": "0123456789abcdef:1"}
    assert binary["fingerprints"] == {"tflint/v1": "0123456789abcdef"}
    text = result_of(finding(Location("m.tflite", source=("m.py", 1))))
    assert "partialFingerprints" not in text
    assert text["fingerprints"] == {"tflint/v1": "0123456789abcdef"}
    assert "fingerprints" not in result_of(finding(fingerprint=""))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("'[click](https://evil.example)' is here.", "'[click] (https://evil.example)' is here."),
        ("'{0}' and {name} are here.", "'{{0}}' and {name} are here."),
        ("INT8[1, 2] is here.", "INT8[1, 2] is here."),
        ("'\x1b[31m\u202e' is here.", r"'\x1b[31m\u202e' is here."),
    ],
)
def test_text_from_files_makes_no_links_placeholders_or_control_characters(text: str, shown: str) -> None:
    assert result_of(finding(message=text))["message"] == {"text": shown}


# Files


def test_artifacts_say_what_a_file_is(root: Path) -> None:
    run = run_of(mixed())
    model, folder, keras, h5, empty, python = run["artifacts"]
    assert model == {
        "location": {"uri": "models/kws.tflite", "uriBaseId": "SRCROOT", "index": 0},
        "roles": ["analysisTarget"],
        "mimeType": "application/vnd.tflite",
        "length": 640,
        "hashes": {"sha-256": "ab" * 32},
    }
    assert (folder["location"]["uri"], folder["mimeType"]) == ("folder/saved_model.pb", "application/x-protobuf")
    assert "length" not in folder
    assert (keras["mimeType"], h5["mimeType"]) == ("application/zip", "application/x-hdf5")
    assert set(empty) == {"location", "roles"}
    assert (python["location"]["uri"], python["sourceLanguage"]) == ("src/model.py", "python")


def test_a_saved_model_in_text_form_is_shown_as_such(root: Path) -> None:
    (root / "folder").mkdir()
    (root / "folder" / "saved_model.pbtxt").touch()
    assert run_of(mixed())["artifacts"][1]["location"]["uri"] == "folder/saved_model.pbtxt"
    (root / "folder" / "saved_model.pb").touch()
    assert run_of(mixed())["artifacts"][1]["location"]["uri"] == "folder/saved_model.pb"


def test_a_model_that_is_named_in_two_ways_is_one_artifact(root: Path) -> None:
    models = [Checked(path, Format.TFLITE, 9) for path in ("m.tflite", "./m.tflite", str(root / "m.tflite"))]
    assert len(run_of(report(models=models))["artifacts"]) == 1


def test_paths_are_relative_to_the_working_tree_from_any_folder_of_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = root / "a" / "b"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert working_tree(Path.cwd()) == root
    assert uri("m.tflite", root) == "a/b/m.tflite"
    assert uri("../../m.tflite", root) == "m.tflite"


def test_without_a_repository_the_current_folder_is_the_root(root: Path) -> None:
    (root / ".git").rmdir()
    assert working_tree(root) == root


def test_a_worktree_of_git_is_a_working_tree(root: Path) -> None:
    (root / "tree").mkdir()
    (root / "tree" / ".git").write_text("gitdir: elsewhere")
    assert working_tree(root / "tree") == root / "tree"


def test_a_path_outside_of_the_tree_leads_out_of_it(root: Path) -> None:
    assert uri(str(root.parent / "m.tflite"), root) == "../m.tflite"


def test_links_are_followed_within_the_tree_only(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (root / "real.tflite").touch()
    (root / "link.tflite").symlink_to("real.tflite")
    (root / "cache.tflite").symlink_to(tmp_path_factory.mktemp("elsewhere") / "blob")
    assert uri("link.tflite", root) == "real.tflite"
    assert uri("cache.tflite", root) == "cache.tflite"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a b/ü#?%.tflite", "a%20b/%C3%BC%23%3F%25.tflite"),
        ("c:m.tflite", "c%3Am.tflite"),
        ("caf\udce9.tflite", "caf%E9.tflite"),
        ("~(a)+b,c=d@e;f'!*$&.tflite", "~(a)+b,c=d@e;f'!*$&.tflite"),
        ("nul\x00.tflite", "nul%5Cx00.tflite"),
        ("half\ud800.tflite", "half%5Cud800.tflite"),
    ],
)
def test_paths_are_percent_encoded(root: Path, path: str, expected: str) -> None:
    assert uri(path, root) == expected


def test_a_file_on_another_drive_has_an_absolute_uri(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def relpath(path: str, start: Path) -> str:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(os.path, "relpath", relpath)
    [artifact] = document(report(finding(Location("m.tflite"))), root)["runs"][0]["artifacts"]
    assert artifact["location"] == {"uri": (root / "m.tflite").as_uri(), "index": 0}


def test_the_limit_is_what_github_keeps() -> None:
    assert sarif.MOST_RESULTS == 5000
