"""Read template.yaml and turn it into plain CloudFormation, the way AWS would."""

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from local.engine.process import REGION, ROOT

TEMPLATE = ROOT / "template.yaml"

Json = dict[str, Any]


def read_template(path: Path = TEMPLATE) -> Json:
    """Return the template with its short tags (`!Ref`) written out."""
    from samcli.yamlhelper import yaml_parse

    return dict(yaml_parse(path.read_text()))


def translate(template: Json, parameters: Mapping[str, str]) -> Json:
    """Return what SAM makes of the template; the given one stays as it is."""
    import boto3
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    session = boto3.Session(region_name=REGION)
    translator = Translator({}, Parser(), boto_session=session)
    translated = translator.translate(copy.deepcopy(template), parameter_values=dict(parameters))
    translator.metrics.publish()  # to nowhere; it complains at exit otherwise
    return dict(translated)


def of_type(template: Json, kind: str) -> Iterator[tuple[str, Json]]:
    """Yield (logical id, properties) of every resource of this type."""
    for name, resource in template["Resources"].items():
        if resource["Type"] == kind:
            yield name, resource.setdefault("Properties", {})
