"""TFL117: a schema version, op codes and types that no runtime knows."""

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.structure.schema_version import SchemaVersion

RULE = SchemaVersion()


def bad() -> GraphBuilder:
    g = good()
    g.tables["operator_codes"][0] = {"deprecated_builtin_code": 127, "builtin_code": 250, "version": 1}
    return g


def good() -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [4])
    y = g.op("ABS", [x], g.tensor("y", [4]))
    g.output(g.op("ABS", [y], g.tensor("z", [4])))
    return g


def test_an_unknown_op_code_is_one_error_however_many_ops_use_it() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.location.address == "0/0:BUILTIN_250"
    assert [place.address for place in found.related] == ["0/1:BUILTIN_250"]
    assert "builtin 250" in found.message
    assert "2 ops use it" in found.message


def test_a_known_file_is_fine() -> None:
    assert findings(RULE, good()) == []


def test_an_unknown_op_code_that_no_op_uses_is_an_error_of_the_file() -> None:
    g = good()
    g.tables["operator_codes"].append({"deprecated_builtin_code": 127, "builtin_code": 250})
    [found] = findings(RULE, g)
    assert found.location.address == ""
    assert "no op uses it, and LiteRT refuses" in found.message


def test_several_unknown_op_codes_are_one_finding() -> None:
    g = bad()
    g.tables["operator_codes"] += [{"builtin_code": 251}, {"builtin_code": 252}]
    g.graph["operators"][1]["opcode_index"] = 1
    [found] = findings(RULE, g)
    assert "and 2 more codes are unknown; 2 ops use them" in found.message
    assert found.evidence["kinds"] == ["BUILTIN_250", "BUILTIN_251"]


def test_another_schema_version_is_an_error() -> None:
    g = good()
    g.tables["version"] = 7
    [found] = findings(RULE, g)
    assert "schema version 7" in found.message
    assert found.evidence == {"schema_version": 7}


def test_unknown_types_are_one_finding_at_the_first_tensor() -> None:
    g = good()
    for tensor in g.graph["tensors"][1:]:
        tensor["type"] = 77
    [found] = findings(RULE, g)
    assert found.location.address == "0/t1"
    assert "type 77" in found.message
    assert "and 1 more tensor is alike" in found.message
    assert [place.address for place in found.related] == ["0/t2"]


def test_a_custom_op_that_is_named_like_an_unknown_one_is_none() -> None:
    g = good()
    g.op("BUILTIN_999", [0], g.tensor("w", [4]))
    g.tables["operator_codes"].append({"builtin_code": 250})
    [found] = findings(RULE, g)
    assert found.evidence["ops"] == 0


def test_one_unknown_type_is_said_as_it_is() -> None:
    g = good()
    g.graph["tensors"][2]["type"] = 77
    [found] = findings(RULE, g)
    assert "alike" not in found.message
