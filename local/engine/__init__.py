"""A local AWS: ministack in an environment of its own, and the very template.yaml deployed to it.

process    start and stop the engine
template   read template.yaml, turn it into plain CloudFormation
build      the layer and the functions, as archives
routes     what the engine leaves out of an HTTP API
deploy     all of it onto a running engine
commands   `python -m local up | deploy | status | down | translate`
"""
