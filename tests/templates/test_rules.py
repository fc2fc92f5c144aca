"""Our own rules, one for each number and promise that public rules miss, and proof that each can fail."""

import copy
import json
import re
from pathlib import Path

import pytest
from cfn_guard_rs.cfn_guard_rs import run_checks_rs

from mutations import MUTATIONS

RULES = {path.stem: path.read_text() for path in sorted((Path(__file__).parent / "rules").glob("*.guard"))}


def broken_rules(document, rules):
    """Names of the rules that a document breaks. Where there are any, those with nothing to do may be among them."""
    output = run_checks_rs(json.dumps(document), rules, False)
    try:
        report = json.loads(output)
    except json.JSONDecodeError:
        # cfn-guard prints an excerpt of the document first, and the binding gives it back instead of the start of the
        # report. The list of rules that were kept is the last one.
        report = {"not_applicable": []} | json.loads("{" + output[output.rindex('"compliant"') :])
    return set(names_of(rules)) - set(report["compliant"]) - set(report["not_applicable"])


def names_of(rules):
    return re.findall(r"^rule (\w+)", rules, re.MULTILINE)


def rules_for(it):
    """One text, because reading a document takes longer than judging it. Rules about the other stack have nothing to
    say, and those about defaults concern what leaves them alone."""
    files = ["data", "access"] if it.stack == "data" else [file for file in RULES if file not in ("data", "defaults")]
    lines = "\n".join(RULES[file] for file in files + ["defaults"] * it.is_shipped).splitlines()
    seen = set()
    return "\n".join(line for line in lines if not (line.startswith("let ") and (line in seen or seen.add(line))))


def test_every_template_keeps_every_rule(rendered):
    broken = [f"{it.path.name}: {names}" for it in rendered if (names := broken_rules(it.document, rules_for(it)))]
    assert not broken, "\n".join(broken)


def test_every_rule_has_a_template_that_breaks_it():
    names = [name for rules in RULES.values() for name in names_of(rules)]
    assert len(names) == len(set(names))
    assert sorted({rule for rule, *_ in MUTATIONS}) == sorted(names)


@pytest.mark.parametrize(("rule", "stack", "needs", "change"), MUTATIONS, ids=[row[0] for row in MUTATIONS])
def test_a_broken_template_is_noticed(rule, stack, needs, change, rendered):
    fitting = [it for it in rendered if it.stack == stack and (needs is None or needs in it.resources)]
    it = next((it for it in fitting if it.is_shipped), fitting[0])
    document = copy.deepcopy(it.document)
    resources = document["Resources"]
    # A launch template is called by its content; the damage calls it by what it is.
    for name in [name for name in resources if name.startswith("LaunchTemplate")]:
        resources["LaunchTemplate"] = resources.pop(name)
    rules = next(rules for rules in RULES.values() if rule in names_of(rules))
    assert rule not in broken_rules(document, rules)
    change(resources)
    assert rule in broken_rules(document, rules)
