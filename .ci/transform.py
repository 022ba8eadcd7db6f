"""Writes what CloudFormation will see of a SAM template.

usage: transform.py TEMPLATE FOLDER TRANSFORMED_OUT [DEFINITION_OUT]

Paths in the template are relative to FOLDER. Code stays where it is: functions
point to a bucket that does not exist. The state machine's definition is
inlined, its substitutions made, so that a linter can read it, and written by
itself as well.
"""

import json
import pathlib
import re
import sys

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

UPLOADED = {"Bucket": "uploaded-by-sam-deploy", "Key": "code"}


class NoManagedPolicies:
    def load(self):
        return {}


def main(source, folder, transformed_out, definition_out=None):
    template = yaml_parse(pathlib.Path(source).read_text())
    definitions = {}
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = UPLOADED
        if resource["Type"] == "AWS::StepFunctions::StateMachine":
            definition = pathlib.Path(folder, properties["DefinitionS3Location"]).read_text()
            definitions[name] = substitute(definition, properties["DefinitionSubstitutions"], template)
            properties["DefinitionS3Location"] = UPLOADED

    transformed = transform(template, {}, NoManagedPolicies())
    for name, definition in definitions.items():
        if definition_out:
            pathlib.Path(definition_out).write_text(json.dumps(definition, indent=2))
        properties = transformed["Resources"][name]["Properties"]
        del properties["DefinitionS3Location"]
        properties["Definition"] = evaluate_timeouts(definition)
    pathlib.Path(transformed_out).write_text(json.dumps(transformed, indent=2))


def substitute(definition, substitutions, template):
    """Fills ${Name} with the parameter's default, or with an ARN that could be."""

    def value(match):
        name = substitutions[match.group(1)]  # a KeyError: the template does not give it
        parameter = template["Parameters"].get(name.get("Ref"))
        if parameter:
            return str(parameter["Default"])
        return "arn:aws:lambda:us-east-1:123456789012:function:" + match.group(1)

    filled = re.sub(r"\$\{(\w+)\}", value, definition)
    return json.loads(filled)


def evaluate_timeouts(value):
    """Turns "TimeoutSeconds": "{% 86400 %}" into 86400.

    Step Functions takes an expression there (https://states-language.net, Task
    State); cfn-lint's E3601 does not yet, as once for Wait's Seconds
    (https://github.com/aws-cloudformation/cfn-lint/issues/4342). This rather
    than ignoring E3601, which finds every other fault of the definition.
    """
    if isinstance(value, list):
        return [evaluate_timeouts(v) for v in value]
    if not isinstance(value, dict):
        return value
    value = {name: evaluate_timeouts(v) for name, v in value.items()}
    timeout = re.fullmatch(r"\{% (\d+) %\}", str(value.get("TimeoutSeconds")))
    if timeout:
        value["TimeoutSeconds"] = int(timeout.group(1))
    return value


if __name__ == "__main__":
    main(*sys.argv[1:])
