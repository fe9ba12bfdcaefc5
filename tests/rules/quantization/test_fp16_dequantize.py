"""TFL305: float16 weights that become float32."""

import numpy as np

from tflint import Expectations
from tflint.packs import target_at
from tflint.testing import GraphBuilder, findings
from tflint_rules import PACK
from tflint_rules.quantization.fp16_dequantize import Fp16Dequantize

RULE = Fp16Dequantize()


def dense(kind: type[np.floating], units: int = 256, layers: int = 2) -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, units])
    for number in range(layers):
        w = g.constant(f"dense_{number}/kernel", np.ones((units, units), kind))
        if kind is np.float16:
            w = g.op("DEQUANTIZE", [w], g.tensor(f"dense_{number}/kernel/real", [units, units]))
        x = g.op("FULLY_CONNECTED", [x, w, -1], g.tensor(f"dense_{number}", [1, units]), {})
    g.output(x)
    return g


def bad() -> GraphBuilder:
    return dense(np.float16)


def good() -> GraphBuilder:
    return dense(np.float32)


def test_the_copies_are_counted_in_one_finding() -> None:
    [found] = findings(RULE, bad())
    assert found.message.startswith(
        "2 float16 constants of 256.0 KiB become float32 when the model runs on a CPU, and the copies stay: 512.0 KiB"
    )
    assert [found.location.address, *(each.address for each in found.related)] == ["0/0:DEQUANTIZE", "0/2:DEQUANTIZE"]
    assert found.evidence == {"constants": 2, "bytes_stored": 256 * 1024, "bytes_copied": 512 * 1024}
    [found] = findings(RULE, dense(np.float16, layers=1))
    assert found.message.startswith("1 float16 constant of 128.0 KiB becomes float32")


def test_small_models_pass() -> None:
    assert findings(RULE, dense(np.float16, units=64)) == []
    assert findings(Fp16Dequantize(min_bytes=0), dense(np.float16, units=64))
    assert findings(Fp16Dequantize(min_bytes=0), good()) == []


def test_what_is_wanted_is_not_told() -> None:
    assert findings(RULE, bad(), expectations=Expectations(precision="float16")) == []
    assert findings(RULE, bad(), expectations=Expectations(precision="float32"))


def test_gpus_compute_in_float16() -> None:
    gpu, cpu = (target_at(name, PACK.targets[name]) for name in ("gpu", "cpu"))
    assert findings(RULE, bad(), targets=(gpu,)) == []
    assert findings(RULE, bad(), targets=(gpu, cpu))


def test_integers_that_are_widened_and_values_of_the_run_are_something_else() -> None:
    g = GraphBuilder()
    w = g.constant("kernel", np.ones((256, 256), np.int8), scale=0.1)
    g.op("DEQUANTIZE", [w], g.tensor("kernel/real", [256, 256]))
    x = g.input("x", [256, 256], "FLOAT16")
    g.op("DEQUANTIZE", [x], g.tensor("x/real", [256, 256]))
    g.op("DEQUANTIZE", [-1], g.tensor("nothing", [256, 256]))
    g.output(g.op("DEQUANTIZE", [x], []))
    assert findings(RULE, g) == []
