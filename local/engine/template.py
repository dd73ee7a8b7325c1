"""Read template.yaml and turn it into plain CloudFormation, the way AWS would."""

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from local.engine.process import ROOT, session

TEMPLATE = ROOT / "template.yaml"

CODE = (("AWS::Serverless::Function", "CodeUri"), ("AWS::Serverless::LayerVersion", "ContentUri"))

Json = dict[str, Any]


def read_template(path: Path = TEMPLATE) -> Json:
    """Return the template with its short tags (`!Ref`) written out."""
    from samcli.yamlhelper import yaml_parse

    return dict(yaml_parse(path.read_text()))


def translate(template: Json, parameters: Mapping[str, str]) -> Json:
    """Return what SAM makes of the template, code that is not packaged yet included; the given one stays as it is."""
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    translator = Translator({}, Parser(), boto_session=session())
    packaged = with_code_somewhere(copy.deepcopy(template))
    translated = translator.translate(packaged, parameter_values=dict(parameters))
    translator.metrics.publish()  # to nowhere; it complains at exit otherwise
    return dict(translated)


def with_code_somewhere(template: Json) -> Json:
    """Pretend that code still named by its folder has been uploaded: SAM takes nothing else."""
    for kind, place in CODE:
        for _, properties in of_type(template, kind):
            if isinstance(properties[place], str):
                properties[place] = {"Bucket": "artifacts", "Key": properties[place]}
    return template


def of_type(template: Json, kind: str) -> Iterator[tuple[str, Json]]:
    """Yield (logical id, properties) of every resource of this type."""
    for name, resource in template["Resources"].items():
        if resource["Type"] == kind:
            yield name, resource.setdefault("Properties", {})
