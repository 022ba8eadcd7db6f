"""A CloudFormation emulator: moto's server, taught what our stack needs besides.

usage: python -m emulator PORT

A SAM template is translated first, by the translator that AWS runs. Resource
types that moto leaves out of a stack are in resources.py.
"""

import json
import sys
import traceback

from flask import got_request_exception
from moto import server
from moto.cloudformation import models, responses
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket
from samtranslator.translator.transform import transform

from emulator import resources  # noqa: F401: moto finds its classes


class NoManagedPolicies:
    def load(self):
        return {}


def translated(template, parameters):
    """What CloudFormation makes of a template that names the SAM transform."""
    parsed = models.Stack.parse_template(template)
    if parsed.get("Transform") != "AWS::Serverless-2016-10-31":
        return template
    return json.dumps(transform(parsed, parameters or {}, NoManagedPolicies()))


def translate_first(method):
    def wrapped(self, *args, **named):
        named["template"] = translated(named["template"], named.get("parameters"))
        return method(self, *args, **named)

    return wrapped


for name in ("create_stack", "create_change_set", "update_stack"):
    setattr(models.CloudFormationBackend, name, translate_first(getattr(models.CloudFormationBackend, name)))


def apply(change_set):
    """Carries out a change set, after which moto forgets the outputs and which
    parameters have their defaults."""
    change_set.stack.resource_map.update(change_set.template_dict, change_set.parameters)
    change_set.stack.template_dict = change_set.template_dict
    change_set.stack.parameters = dict(change_set.stack.stack_parameters)
    change_set.stack.output_map = change_set.stack._create_output_map()


models.ChangeSet.apply = apply

# Of its own addresses moto knows this one alone for a template's.
template_at = responses.get_stack_from_s3_url
responses.get_stack_from_s3_url = lambda url, **account: template_at(url.replace("//127.0.0.1:", "//localhost:"), **account)

# moto heeds no conditions of a bucket's policy: one that denies what does not
# come by TLS would deny everything.
FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL

got_request_exception.connect(lambda _, exception, **__: traceback.print_exception(exception), weak=False)
server.main(["--port", sys.argv[1]])
