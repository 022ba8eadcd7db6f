"""Writes what CloudFormation will see of a SAM template.

usage: transform.py BUILT_TEMPLATE DEFINITION_OUT TRANSFORMED_OUT

Code stays where it is: functions point to a bucket that does not exist. The
state machine's definition is inlined, its substitutions made, so that a
linter can read it.
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


def main(built, definition_out, transformed_out):
    template = yaml_parse(pathlib.Path(built).read_text())
    definitions = {}
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = UPLOADED
        if resource["Type"] == "AWS::Serverless::StateMachine":
            source = pathlib.Path(built).parent / properties["DefinitionUri"]
            definitions[name] = substitute(source.read_text(), properties["DefinitionSubstitutions"], template)
            properties["DefinitionUri"] = UPLOADED

    transformed = transform(template, {}, NoManagedPolicies())
    for name, definition in definitions.items():
        properties = transformed["Resources"][name]["Properties"]
        del properties["DefinitionS3Location"], properties["DefinitionSubstitutions"]
        properties["Definition"] = definition
        pathlib.Path(definition_out).write_text(json.dumps(definition, indent=2))
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


if __name__ == "__main__":
    main(*sys.argv[1:])
