"""TFL302: float ops in the middle of a quantized model."""

from tflint import Expectations, Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.float_island import FloatIsland

RULE = FloatIsland()
SHAPE = [1, 8, 8, 4]


def real(g: GraphBuilder, kind: str, *inputs: int, name: str = "") -> int:
    """A float op."""
    return g.op(kind, list(inputs), g.tensor(name or kind.lower(), SHAPE))


def integer(g: GraphBuilder, kind: str, x: int, dtype: str = "INT8") -> int:
    """An integer op of one input."""
    return g.op(kind, [x], g.tensor(kind.lower(), SHAPE, dtype, scale=0.1))


def start(dtype: str = "INT8") -> tuple[GraphBuilder, int]:
    g = GraphBuilder()
    return g, integer(g, "RELU", g.input("x", SHAPE, dtype, scale=0.1), dtype)


def enter(g: GraphBuilder, x: int) -> int:
    return real(g, "DEQUANTIZE", x)


def leave(g: GraphBuilder, x: int, dtype: str = "INT8") -> int:
    return integer(g, "QUANTIZE", x, dtype)


def with_island(*kinds: str, dtype: str = "INT8") -> GraphBuilder:
    """A quantized model with these float ops one after the other in its middle."""
    g, x = start(dtype)
    y = enter(g, x)
    for kind in kinds:
        y = real(g, kind, y, name=f"block/{kind.lower()}")
    x = leave(g, y, dtype)
    for _ in range(len(kinds)):
        x = integer(g, "RELU", x, dtype)
    g.output(x)
    return g


def bad() -> GraphBuilder:
    g, x = start()
    for number in range(2):
        layer = f"layer_normalization_{number}" if number else "layer_normalization"
        x = leave(g, real(g, "NEG", enter(g, x), name=f"model/{layer}/Neg"))
    g.output(integer(g, "RELU", x))
    return g


def good() -> GraphBuilder:
    g, x = start()
    g.output(integer(g, "RELU", x))
    return g


def test_an_island_names_what_forced_it_and_what_crosses() -> None:
    [found] = findings(RULE, with_island("ELU"))
    assert found.severity is Severity.WARNING
    assert found.location.address == "0/2:ELU"
    assert found.message == (
        "ELU between integer ops computes in float because the converter has no int8 form of ELU; each run "
        "dequantizes 1.0 KiB for it and quantizes 1.0 KiB again."
    )
    assert "celu" in found.help
    assert found.evidence["bytes_dequantized"] == 1024


def test_islands_that_the_same_op_forced_are_one_finding() -> None:
    [found] = findings(RULE, bad())
    assert found.message.startswith(
        "2 NEG between integer ops, of the layers 'layer_normalization' and 'layer_normalization_1', compute in float"
    )
    assert [each.address for each in found.related] == ["0/5:NEG"]
    assert found.evidence["islands"] == 2


def test_islands_of_different_causes_are_apart() -> None:
    g, x = start()
    x = leave(g, real(g, "FLOOR", enter(g, x)))
    x = leave(g, real(g, "NEG", enter(g, x)))
    g.output(integer(g, "RELU", x))
    floor, neg = findings(RULE, g)
    assert floor.help.startswith("Do without FLOOR in the quantized part")
    assert neg.location.address.endswith("NEG")


def test_an_op_that_was_caught_with_the_one_that_forced_it_is_named_too() -> None:
    [found] = findings(RULE, with_island("RELU", "SQUARE"))
    assert found.location.address == "0/3:SQUARE"
    assert "RELU and SQUARE between integer ops compute" in found.message
    assert "no int8 form of SQUARE;" in found.message
    assert [each.address for each in found.related] == ["0/2:RELU"]


def test_an_island_that_nothing_forced_says_so() -> None:
    [found] = findings(RULE, with_island("RELU"))
    assert "computes in float though it need not" in found.message
    assert "ranges" in found.help


def test_sixteen_bits_have_fewer_integer_forms() -> None:
    assert "though it need not" in findings(RULE, with_island("HARD_SWISH"))[0].message
    [found] = findings(RULE, with_island("HARD_SWISH", dtype="INT16"))
    assert "the converter has no int16x8 form of HARD_SWISH" in found.message


def test_the_share_of_the_multiply_accumulates_is_told_where_there_are_any() -> None:
    g = with_island("NEG")
    x = g.input("v", [1, 4], "INT8", scale=0.1)
    w = g.tensor("w", [4, 4], "INT8", scale=0.1)
    g.output(g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("y", [1, 4], "INT8", scale=0.1)))
    [found] = findings(RULE, g)
    assert found.message.endswith("again, and 0 % of the multiply-accumulates are in float.")


def test_the_float_tail_of_a_model_is_no_island() -> None:
    g, x = start()
    g.output(real(g, "NEG", enter(g, x)))
    assert findings(RULE, g) == []


def test_a_model_that_is_float_for_the_most_part_is_mixed_on_purpose() -> None:
    g, x = start()
    y = enter(g, x)
    for _ in range(9):
        y = real(g, "ADD", y, y)
    g.output(leave(g, y))
    assert findings(RULE, g) == []
    assert findings(RULE, g, expectations=Expectations(precision="int8"))
    assert findings(RULE, g, expectations=Expectations(precision="float32")) == []
    g.converted("PTQ_FULL_INTEGER")
    assert findings(RULE, g)
