"""A deal's stage by id or label, also where pipelines share stages."""

import pytest
from crmbridge.domain.connections import Account
from crmbridge.domain.directories import Directories, Stage
from crmbridge.domain.errors import Invalid
from crmbridge.services.find_stage import find_stage

SHARED = (
    Stage("Won", "Won", "", "", 3, is_closed=True, is_won=True, shared_by=("Standard", "Partners")),
    Stage("First talk", "First talk", "", "", 1, shared_by=("Standard", "Partners")),
    Stage("Offer", "Offer", "Standard", "Standard", 2),
    Stage("Introduced", "Introduced", "Partners", "Partners", 0),
    Stage("Faxed", "Faxed", "", "", 0),
)
"""Two pipelines that share stages, and a stage that no pipeline has any more."""
ONE = (Stage("s2", "Offer", "p1", "Sales", 2), Stage("s1", "New", "p1", "Sales", 1), Stage("s0", "Faxed", "", "", 0))


def directories(*stages: Stage) -> Directories:
    return Directories(Account("48"), stages={stage.id: stage for stage in stages})


def refused(known: Directories, wanted: str | None, pipeline: str) -> tuple[str, str]:
    with pytest.raises(Invalid) as caught:
        find_stage(known, wanted, pipeline, begins=True)
    (problem,) = caught.value.problems
    return problem.field, problem.fix


@pytest.mark.parametrize(("pipeline", "stage"), [("Standard", "First talk"), ("partners", "Introduced")])
def test_a_pipeline_begins_with_its_first_stage_whoever_shares_it(pipeline: str, stage: str) -> None:
    assert find_stage(directories(*SHARED), None, pipeline, begins=True) == stage


def test_a_shared_stage_is_found_by_its_label_in_each_of_its_pipelines() -> None:
    found = [find_stage(directories(*SHARED), "won ", pipeline, begins=False) for pipeline in ("Standard", "Partners")]

    assert found == ["Won", "Won"]


def test_a_stage_that_no_pipeline_has_any_more_is_where_nothing_begins() -> None:
    assert find_stage(directories(*ONE), None, "", begins=True) == "s1"


def test_of_several_pipelines_that_share_stages_one_must_be_named() -> None:
    field, fix = refused(directories(*SHARED), None, "")

    assert (field, fix) == ("fields.stage", "a stage, or a pipeline: Standard, Partners")


def test_a_pipeline_that_is_none_is_told_which_there_are() -> None:
    assert refused(directories(*SHARED), None, "Moon") == ("fields.pipeline", "one of Standard, Partners")


def test_a_stage_of_another_pipeline_is_told_which_there_are() -> None:
    known = directories(*ONE, Stage("t1", "Won", "p2", "Partners"))

    assert refused(known, "won", "Sales") == ("fields.stage", "one of s2 (Offer), s1 (New)")


def test_where_there_are_no_pipelines_the_adapter_says_so() -> None:
    known = directories(Stage("b", "B", "", "", 2), Stage("a", "A", "", "", 1))

    assert find_stage(known, None, "Sales", begins=True) == "a"


def test_an_update_that_names_no_stage_finds_none() -> None:
    assert find_stage(directories(*ONE), None, "p1", begins=False) is None
