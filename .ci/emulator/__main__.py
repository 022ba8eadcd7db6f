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
from moto.cloudformation import models
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

got_request_exception.connect(lambda _, exception, **__: traceback.print_exception(exception), weak=False)
server.main(["--port", sys.argv[1]])
