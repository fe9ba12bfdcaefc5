"""What holds of every rule of every installed pack."""

from __future__ import annotations

import textwrap

import pytest

from rule_cases import RULES, case
from tflint.docs import HEADINGS, doc
from tflint.rule import Rule
from tflint.testing import context, example, findings

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.meta.code)


@each_rule
def test_its_bad_model_is_reported_under_its_own_code(rule: type[Rule]) -> None:
    models = case(rule)
    found = findings(rule(), models.bad(), **models.context)
    assert found
    assert {(finding.code, finding.name) for finding in found} == {(rule.meta.code, rule.meta.name)}


@each_rule
def test_its_good_model_is_silent(rule: type[Rule]) -> None:
    models = case(rule)
    assert findings(rule(), models.good(), **models.good_context) == []


@each_rule
def test_its_example_is_what_the_text_report_prints(rule: type[Rule]) -> None:
    models = case(rule)
    printed = textwrap.dedent(example(rule(), models.bad(), **models.context))
    assert doc(rule).example == printed, "run: python tools/write_examples.py"


@each_rule
def test_no_other_rule_crashes_on_its_models(rule: type[Rule]) -> None:
    models = case(rule)
    for built in (models.bad(), models.good()):
        ctx = context(
            built, runtime="2.14", **{key: value for key, value in models.context.items() if key != "runtime"}
        )
        for other in RULES:
            list(other().check(ctx))


@each_rule
def test_its_headings_stand_in_order_and_none_is_empty(rule: type[Rule]) -> None:
    found = doc(rule)
    assert tuple(found.sections) == HEADINGS
    assert all(body.strip() for body in found.sections.values())
    assert found.summary.endswith((".", ":"))
    assert len(found.summary) <= 110


@each_rule
def test_its_options_have_help_and_a_default_of_a_type_that_toml_has(rule: type[Rule]) -> None:
    for option in rule.options():
        assert option.help.endswith(".")
        assert isinstance(option.default, bool | int | float | str)


@each_rule
def test_its_file_is_named_after_it(rule: type[Rule]) -> None:
    assert rule.__module__.rpartition(".")[2] == rule.meta.name.replace("-", "_")


@each_rule
def test_its_messages_are_sentences_with_a_cure(rule: type[Rule]) -> None:
    models = case(rule)
    made = context(models.bad(), **models.context)
    for finding in findings(rule(), made.model, **models.context):
        assert finding.message.endswith(".")
        assert "!" not in finding.message
        assert "please" not in finding.message.lower()
        assert finding.help, "what is to be done about it"
        assert finding.location.path == made.model.path


def test_the_pack_lists_its_rules_by_code() -> None:
    from tflint_rules import PACK

    codes = [rule.meta.code for rule in PACK.rules]
    assert codes == sorted(codes)
