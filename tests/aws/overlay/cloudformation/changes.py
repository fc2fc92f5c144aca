"""What a change set would do, told from the resource schemas.

Members and meanings: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
How references spread: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets-samples.html
"""

import copy
import json

from ministack.services.cloudformation import engine, stacks

from .. import schemas
from .operation import View
from .resources import needs_new

# What a change set says where a value is known only later.
LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"
ATTRIBUTES = ("Metadata", "CreationPolicy", "UpdatePolicy", "DeletionPolicy", "UpdateReplacePolicy")


def compute(stack, template, parameters, retagged, imported):
    """The `Changes` of a change set."""
    return Comparison(stack, template, parameters, retagged, imported).changes()


class Unknown(dict):
    """Attributes of a resource that does not exist yet."""

    def __contains__(self, name):
        return True

    def __getitem__(self, name):
        return LATER


class Comparison:
    def __init__(self, stack, template, parameters, retagged, imported):
        self.stack, self.retagged, self.imported = stack, retagged, imported
        self.new, self.old = View(template, parameters), View(stack.get("_template"), stack.get("_resolved_params"))
        self.records = stack.get("_resources", {})
        old_values = stack.get("_resolved_params") or {}
        self.changed_parameters = {
            name for name, it in parameters.items() if old_values.get(name, {}).get("Value") != it.get("Value")
        }
        # What later resources see of earlier ones.
        self.seen = {name: entry for name, entry in self.records.items() if name in self.new.definitions}
        self.replacements = {}

    def changes(self):
        found = {}
        for name in engine._topological_sort(self.new.template.get("Resources", {}), self.new.conditions):
            if name in self.records:
                change = self.modification(name)
            else:
                change = self.addition(name)
            if change:
                found[name] = change
        for name in self.records:
            if name not in self.new.definitions:
                found[name] = self.removal(name)
        return [{"ResourceChange": found[name]} for name in sorted(found)]

    def resolved(self, name):
        definition = self.new.definitions[name]
        value = engine._resolve_refs(
            copy.deepcopy(definition.get("Properties", {})), self.seen, self.new.parameters, self.new.conditions,
            self.new.mappings, self.stack["StackName"], self.stack["StackId"],
        )  # fmt: skip
        return {key: it for key, it in value.items() if it is not engine._NO_VALUE}

    def addition(self, name):
        definition, kind = self.new.definitions[name], self.new.definitions[name].get("Type", "")
        properties = self.resolved(name)
        if name in self.imported:
            entry = self.imported[name]
            physical_id = list(entry.values())[-1]
            self.seen[name] = {"PhysicalResourceId": physical_id, "ResourceType": kind, "Attributes": Unknown()}
            return {"Action": "Import", "LogicalResourceId": name, "ResourceType": kind, "Scope": [], "Details": [],
                    "PhysicalResourceId": physical_id, "AfterContext": context(properties, definition)}  # fmt: skip
        self.unknown(name, kind)
        return {"Action": "Add", "LogicalResourceId": name, "ResourceType": kind, "Scope": [], "Details": [],
                "AfterContext": context(properties, definition)}  # fmt: skip

    def unknown(self, name, kind):
        self.seen[name] = {"PhysicalResourceId": LATER, "ResourceType": kind, "Attributes": Unknown()}

    def removal(self, name):
        entry, definition = self.records[name], self.old.definitions.get(name, {})
        return {"Action": "Remove", "LogicalResourceId": name, "ResourceType": entry["ResourceType"], "Scope": [],
                "Details": [], "PhysicalResourceId": entry["PhysicalResourceId"],
                "BeforeContext": context(entry["Properties"], definition),
                **stacks._policy_action(definition, "DeletionPolicy")}  # fmt: skip

    def modification(self, name):
        definition, was, entry = self.new.definitions[name], self.old.definitions.get(name, {}), self.records[name]
        kind = definition.get("Type", "")
        before, after = entry["Properties"], self.resolved(name)
        details = self.property_details(name, kind, definition, was, before, after)
        for attribute in ATTRIBUTES:
            if definition.get(attribute) != was.get(attribute):
                details.append(self.attribute_detail(attribute, was.get(attribute), definition.get(attribute)))
        if self.retagged and schemas.can_have_tags(kind):
            # Tags of the stack have no source, and come first.
            details.insert(0, {"Target": {"Attribute": "Tags", "RequiresRecreation": "Never"}, "Evaluation": "Static"})
        if not details and kind == entry["ResourceType"]:
            return None
        replacement = self.replacement(kind, entry, before, after, details)
        self.replacements[name] = (replacement, any(it["Target"]["Attribute"] == "Properties" for it in details))
        if replacement != "False":
            self.unknown(name, kind)
        change = {
            "Action": "Modify", "LogicalResourceId": name, "ResourceType": kind, "Replacement": replacement,
            "PhysicalResourceId": entry["PhysicalResourceId"],
            "Scope": sorted({it["Target"]["Attribute"] for it in details}, key=lambda it: (it == "Tags", it)),
            "Details": details,
            "BeforeContext": context(before, was), "AfterContext": context(after, definition),
        }  # fmt: skip
        if replacement == "True":
            change.update(stacks._policy_action(definition, "UpdateReplacePolicy", "ReplaceAnd"))
        return change

    def replacement(self, kind, entry, before, after, details):
        if kind != entry["ResourceType"]:
            return "True"
        certain = any(it["Target"]["RequiresRecreation"] == "Always" and it["Evaluation"] == "Static" for it in details)
        if certain or (needs_new(kind, before, after) and LATER not in json.dumps(after)):
            return "True"
        return "Conditional" if any(it["Target"]["RequiresRecreation"] != "Never" for it in details) else "False"

    def property_details(self, name, kind, definition, was, before, after):
        details = []
        for key in sorted(before.keys() | after.keys()):
            raw, raw_was = definition.get("Properties", {}).get(key), was.get("Properties", {}).get(key)
            differs = before.get(key) != after.get(key)
            causes = list(self.causes(raw, differs))
            if not differs and not causes:
                continue
            target = {"Attribute": "Properties", "Name": key, "RequiresRecreation": schemas.recreation(kind, key)}
            if key == "Tags" and schemas.can_have_tags(kind):
                target = {"Attribute": "Tags", "RequiresRecreation": "Never"}
            for path, one, other in differences(f"/Properties/{key}", before.get(key), after.get(key)) or [(None,) * 3]:
                values = {} if path is None else compared(path, one, other)
                direct = raw != raw_was or (differs and not causes)
                for source, entity, evaluation in causes:
                    details.append({"Target": {**target, **values}, "Evaluation": evaluation, "ChangeSource": source,
                                    "CausingEntity": entity})  # fmt: skip
                if direct or (causes and differs and any(it[0] == "ParameterReference" for it in causes)):
                    details.append({"Target": {**target, **values}, "Evaluation": "Dynamic" if causes else "Static",
                                    "ChangeSource": "DirectModification"})  # fmt: skip
        return details

    def causes(self, raw, differs):
        """What a property changes with: parameters, and resources that are replaced or may answer otherwise."""
        told = set()
        for reference, attribute in engine._intrinsic_references(raw):
            if (reference, attribute) in told:
                continue
            told.add((reference, attribute))
            if attribute is None and reference in self.changed_parameters:
                yield "ParameterReference", reference, "Static"
            elif reference in self.replacements:
                replacement, has_properties = self.replacements[reference]
                evaluation = "Static" if replacement == "True" else "Dynamic"
                if attribute is None and replacement != "False":
                    yield "ResourceReference", reference, evaluation
                elif attribute is not None and has_properties:
                    yield "ResourceAttribute", f"{reference}.{attribute}", evaluation

    def attribute_detail(self, attribute, before, after):
        return {"Target": {"Attribute": attribute, "RequiresRecreation": "Never",
                           **compared(f"/{attribute}", before, after)},
                "Evaluation": "Static", "ChangeSource": "DirectModification"}  # fmt: skip


def context(properties, definition):
    """`BeforeContext` and `AfterContext`."""
    attributes = {name: definition[name] for name in ATTRIBUTES if name in definition}
    return json.dumps({"Properties": properties, **attributes}, separators=(",", ":"), default=str)


def compared(path, before, after):
    kind = "Add" if before is None else "Remove" if after is None else "Modify"
    values = {"Path": path, "AttributeChangeType": kind}
    if before is not None:
        values["BeforeValue"] = text(before)
    if after is not None:
        values["AfterValue"] = text(after)
    return values


def text(value):
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), default=str)


def differences(path, before, after):
    """The innermost paths at which two values differ."""
    if before == after:
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        pairs = [(f"{path}/{key}", before.get(key), after.get(key)) for key in sorted(before.keys() | after.keys())]
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = [(f"{path}/{index}", one, other) for index, (one, other) in enumerate(zip(before, after, strict=True))]
    else:
        return [(path, before, after)]
    return [found for pair in pairs for found in differences(*pair)]
