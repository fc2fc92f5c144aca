"""What other people's programs say: cfn-lint with CloudFormation's own schemas, checkov, parliament."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import parliament
import pytest
from cfnlint.api import ManualArgs, lint_file

SKIPS = json.loads((Path(__file__).parent / "checkov-skips.json").read_text())


def test_cfn_lint_has_nothing_to_say(shapes):
    config = ManualArgs(regions=["eu-west-1"])
    found = []
    for it in shapes:
        found += [f"{it.path.name}: {match}" for match in lint_file(it.path, config=config)]
    assert not found, "\n".join(found)


def test_cfn_lint_has_nothing_to_say_about_the_roles_of_pipelines():
    config = ManualArgs(regions=["eu-west-1"])
    roles = sorted((Path(__file__).parents[2] / "examples").glob("*/roles.yaml"))
    assert len(roles) == 2
    found = [f"{path}: {match}" for path in roles for match in lint_file(path, config=config)]
    assert not found, "\n".join(found)


def test_checkov_finds_only_what_is_argued_for(shapes, tmp_path):
    for it in shapes:
        shutil.copy(it.path, tmp_path)
    command = [sys.executable, "-m", "checkov.main", "--skip-download", "--framework", "cloudformation"]
    command += ["--directory", str(tmp_path), "--compact", "--quiet", "--output", "json"]
    report = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 100
    used, failed = set(), []
    for check in report["results"]["failed_checks"]:
        resource = check["resource"].rsplit(".", 1)[1]
        skip = next((key for key in SKIPS if fits(key, check["check_id"], resource)), None)
        used.add(skip) if skip else failed.append(f"{check['check_id']} {check['check_name']}: {check['file_path']} {resource}")
    assert not failed, "\n".join(failed)
    assert used == set(SKIPS), f"nothing needs these any more: {set(SKIPS) - used}"


def fits(key, check, resource):
    wanted_check, wanted_resource = key.split(" ")
    return check == wanted_check and resource.startswith(wanted_resource)


def policies(document):
    """Every policy document of a template, with where it stands."""
    for name, resource in document["Resources"].items():
        properties = resource.get("Properties", {})
        for key in ("PolicyDocument", "KeyPolicy", "AssumeRolePolicyDocument"):
            if key in properties:
                yield f"{name}.{key}", properties[key]


def literal(value):
    """What CloudFormation would put in place of its functions, roughly: enough to read a policy."""
    known = {"AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012"}
    arns = {"Key": "arn:aws:kms:eu-west-1:123456789012:key/k", "Logs": "arn:aws:s3:::logs"}
    if isinstance(value, list):
        return [literal(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if "Fn::Sub" in value:
        text = value["Fn::Sub"]
        for name in ("Content", "Artifacts", "Logs"):
            text = text.replace(f"${{{name}.Arn}}", f"arn:aws:s3:::{name.lower()}")
        for name, replacement in known.items():
            text = text.replace(f"${{{name}}}", replacement)
        return text.replace("${!", "${")
    if "Ref" in value:
        return known.get(value["Ref"], f"arn:aws:sns:eu-west-1:123456789012:{value['Ref']}")
    if "Fn::GetAtt" in value:
        name = value["Fn::GetAtt"][0]
        if name.endswith("Role"):
            return f"arn:aws:iam::123456789012:role/{name}"
        if name in ("ServerLogs", "FlowLogs"):
            return f"arn:aws:logs:eu-west-1:123456789012:log-group:{name}:*"
        return arns.get(name, f"arn:aws:s3:::{name.lower()}")
    return {key: literal(inner) for key, inner in value.items()}


def test_parliament_understands_every_policy(shapes):
    found = set()
    seen = 0
    for it in shapes:
        for where, policy in policies(it.document):
            if any("Principal" in statement for statement in policy["Statement"]):
                continue
            seen += 1
            analyzed = parliament.analyze_policy_string(json.dumps(literal(policy)))
            found |= {f"{where}: {finding}" for finding in analyzed.findings if not is_newer_than_parliament(finding)}
    assert seen > 20
    assert not found, "\n".join(sorted(found))


def is_newer_than_parliament(finding):
    """kms:ResourceAliases is a key of every operation on a KMS key (KMS developer guide, "AWS KMS condition keys");
    parliament 1.6.4 lists it for none."""
    return finding.issue == "UNKNOWN_CONDITION_FOR_ACTION" and "kms:ResourceAliases" in finding.detail


@pytest.mark.parametrize("action", ["s3:GetObjekt", "kms:Decript"])
def test_parliament_would_notice(action):
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
    assert parliament.analyze_policy_string(json.dumps(policy)).findings


def test_actions_of_resource_policies_exist(shapes):
    """parliament reads no policies with principals, so their actions are put into one without."""
    actions = set()
    for it in shapes:
        for where, policy in policies(it.document):
            for statement in policy["Statement"]:
                listed = statement["Action"]
                actions |= set([listed] if isinstance(listed, str) else listed)
    actions -= {"s3:*"}
    for action in sorted(actions):
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
        findings = parliament.analyze_policy_string(json.dumps(policy)).findings
        assert not [it for it in findings if it.issue in ("UNKNOWN_ACTION", "UNKNOWN_PREFIX")], action
