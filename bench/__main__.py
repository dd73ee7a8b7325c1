"""`python -m bench [sync webhook rules ...] [--size 70000]`: measure, show, write build/bench.json."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Final

from bench.comparing import Finding
from bench.measures import MEASURES, Plan
from bench.processes import ROOT, Lab

PYTHON: Final = ROOT / "build" / "bench-venv" / "bin" / "python"
RESULTS: Final = ROOT / "build" / "bench.json"


def main(arguments: Sequence[str]) -> None:
    asked = parser().parse_args(arguments)
    numbers = {field.name: getattr(asked, field.name) for field in fields(Plan) if hasattr(asked, field.name)}
    plan = replace(Plan(), **numbers)
    findings: list[Finding] = []
    print(f"{'ratio':>7} {'budget':>7} {'':8} {'ours':>10} {'theirs':>10}  what, against what")
    for name in asked.measures or MEASURES:
        for finding in MEASURES[name](Lab(asked.python), plan):
            findings.append(finding)
            print(line(finding), flush=True)
    asked.results.parent.mkdir(parents=True, exist_ok=True)
    asked.results.write_text(json.dumps(document(findings, plan), indent=2))
    print(f"Details: {asked.results}")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    made.add_argument("measures", nargs="*", type=named, help=f"of {', '.join(MEASURES)}; all when none is named")
    made.add_argument("--size", type=int, default=Plan().size, help="records of a CPU run")
    made.add_argument("--paced-size", type=int, default=Plan().paced_size, help="records of a run under the limit")
    made.add_argument("--pairs", type=int, default=Plan().pairs)
    made.add_argument("--paced-pairs", type=int, default=Plan().paced_pairs)
    made.add_argument("--python", type=Path, default=PYTHON, help="the environment that holds the peers")
    made.add_argument("--results", type=Path, default=RESULTS)
    return made


def named(measure: str) -> str:
    if measure not in MEASURES:
        raise argparse.ArgumentTypeError(f"{measure!r} is none of {', '.join(MEASURES)}")
    return measure


def line(finding: Finding) -> str:
    budget = "" if finding.budget is None else f"{finding.budget:.3f}"
    sizes = f"{finding.ours:>10.1f} {finding.theirs:>10.1f}"
    notes = f" ({', '.join(finding.notes)})" if finding.notes else ""
    what = f"{finding.what}, against {finding.against}, {finding.unit}, {finding.pairs} pairs{notes}"
    return f"{finding.ratio:>7.3f} {budget:>7} {finding.verdict:8} {sizes}  {what}"


def document(findings: Sequence[Finding], plan: Plan) -> dict[str, object]:
    machine = {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count()}
    lines = [{**asdict(finding), "verdict": finding.verdict} for finding in findings]
    return {"machine": machine, "plan": asdict(plan), "findings": lines}


if __name__ == "__main__":
    main(sys.argv[1:])
