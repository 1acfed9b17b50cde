import networkx as nx
import pytest
from hypothesis import given, settings

from tests.plans import epic, needs, put, sound_plan, story, task
from tests.strategies import likely_plans
from tickets.graph import (
    critical_path,
    dependency_graph,
    find_cycles,
    implied_phases,
    to_dot,
    to_mermaid,
    waves,
)
from tickets.repair import repair_plan
from tickets.schema import Plan, Ref


def plan_of(*epics: object) -> Plan:
    return Plan.model_validate({"title": "Shop", "epics": epics})


def names(*refs: Ref) -> list[str]:
    return [str(ref) for ref in refs]


def edges(plan: Plan) -> set[tuple[str, str]]:
    return {(str(before), str(after)) for before, after in dependency_graph(plan).edges}


def test_an_edge_leads_from_what_is_done_first() -> None:
    assert edges(sound_plan()) == {
        ("Story 1.1", "Story 2.1"),
        ("Task 1.2.1", "Story 1.2"),
        ("Task 1.2.2", "Story 1.2"),
        ("Task 1.2.1", "Task 1.2.2"),
    }
    graph = dependency_graph(sound_plan())
    assert graph.nodes[Ref.of(1, 2)] == {"name": "Name 1.2", "points": 5}


def test_a_dependency_of_an_epic_is_one_of_all_its_stories() -> None:
    plan = plan_of(
        epic(1, story("1.1"), story("1.2", tasks=(task("1.2.1"),))),
        epic(2, dependencies=needs("Epic 1")),
        epic(3, story("3.1"), dependencies=needs("Epic 2")),
    )
    assert edges(plan) == {
        ("Task 1.2.1", "Story 1.2"),
        ("Story 1.1", "Epic 2"),
        ("Story 1.2", "Epic 2"),
        ("Epic 2", "Story 3.1"),
    }


def test_what_a_story_waits_for_comes_before_its_tasks() -> None:
    waiting = story("1.2", tasks=(task("1.2.1"),), dependencies=needs("1.1"))
    plan = plan_of(epic(1, story("1.1"), waiting))
    assert ("Story 1.1", "Task 1.2.1") in edges(plan)


def test_cycles_list_their_tickets_in_order() -> None:
    plan = plan_of(
        epic(
            1,
            story("1.1", dependencies=needs("1.3")),
            story("1.2", dependencies=needs("1.1")),
            story("1.3", dependencies=needs("1.2")),
            story("1.4", dependencies=needs("1.5")),
            story("1.5", dependencies=needs("1.4", "1.1")),
        )
    )
    assert [names(*cycle) for cycle in find_cycles(plan)] == [
        ["Story 1.1", "Story 1.3", "Story 1.2"],
        ["Story 1.4", "Story 1.5"],
    ]
    assert find_cycles(sound_plan()) == ()


def test_waves_need_only_what_is_in_earlier_ones() -> None:
    plan = plan_of(
        epic(1, story("1.1"), story("1.2", dependencies=needs("1.1"))),
        epic(2, story("2.1"), story("2.2", dependencies=needs("2.1", "Epic 1"))),
    )
    assert [names(*wave) for wave in waves(plan)] == [
        ["Story 1.1", "Story 2.1"],
        ["Story 1.2"],
        ["Story 2.2"],
    ]


def test_waves_leave_out_what_closes_a_cycle() -> None:
    plan = put(sound_plan(), ("epics", 0, "stories", 0, "dependencies"), needs("2.1"))
    assert [names(*wave) for wave in waves(plan)] == [["Story 1.1", "Story 1.2"], ["Story 2.1"]]


def test_the_critical_path_is_the_chain_with_most_points() -> None:
    plan = plan_of(
        epic(1, story("1.1", points=8), story("1.2", points=5, dependencies=needs("1.1"))),
        epic(
            2,
            story("2.1", points=2),
            story("2.2", points=13, dependencies=needs("2.1", "Epic 1")),
            story("2.3", points=21),
        ),
    )
    chain, points = critical_path(plan)
    assert names(*chain) == ["Story 1.1", "Story 1.2", "Story 2.2"]
    assert points == 26


def test_the_critical_path_of_stories_without_dependencies_or_points() -> None:
    unknown = story("1.1", points=None)
    chain, points = critical_path(plan_of(epic(1, unknown, story("1.2", points=None))))
    assert (names(*chain), points) == (["Story 1.1"], 0)
    assert critical_path(Plan()) == ((), 0)


def test_implied_phases_follow_the_waves() -> None:
    phases = implied_phases(sound_plan())
    assert [(phase.number, phase.sprint, phase.name) for phase in phases] == [
        (1, "Sprint 1", "Foundation"),
        (2, "Sprint 2", "Completion"),
    ]
    assert [(str(item.ref), item.text) for item in phases[0].items] == [
        ("Story 1.1", "Name 1.1"),
        ("Story 1.2", "Name 1.2"),
    ]


@pytest.mark.parametrize(
    ("stories", "phases"),
    [
        (0, []),
        (1, ["Delivery"]),
        (2, ["Foundation", "Completion"]),
        (3, ["Foundation", "Core", "Completion"]),
        (4, ["Foundation", "Core 1", "Core 2", "Completion"]),
    ],
)
def test_names_of_phases(stories: int, phases: list[str]) -> None:
    chain = [
        story(f"1.{n}", dependencies=needs(f"1.{n - 1}") if n > 1 else ())
        for n in range(1, stories + 1)
    ]
    plan = plan_of(epic(1, *chain)) if chain else Plan()
    assert [phase.name for phase in implied_phases(plan)] == phases


def test_mermaid_draws_a_box_for_each_epic() -> None:
    plan = put(sound_plan(), ("epics", 1, "dependencies"), needs("Epic 1"))
    plan = put(plan, ("epics", 0, "stories", 0, "name"), '"hi" & <b>`go`</b> #1')
    assert to_mermaid(plan) == (
        "flowchart LR\n"
        '    subgraph epic_1["Epic 1: Epic name 1 (8)"]\n'
        '        story_1_1["Story 1.1: #34;hi#34; #38; #60;b#62;#96;go#96;#60;/b#62; #35;1 (3)"]\n'
        '        story_1_2["Story 1.2: Name 1.2 (5)"]\n'
        '        task_1_2_1["Task 1.2.1: Name 1.2.1 (2)"]\n'
        '        task_1_2_2["Task 1.2.2: Name 1.2.2 (3)"]\n'
        "    end\n"
        '    subgraph epic_2["Epic 2: Epic name 2 (3)"]\n'
        '        story_2_1["Story 2.1: Name 2.1 (3)"]\n'
        "    end\n"
        "    task_1_2_1 --> task_1_2_2\n"
        "    epic_1 --> epic_2\n"
        "    story_1_1 --> story_2_1\n"
    )


def test_dot_draws_arrows_to_the_borders_of_epics() -> None:
    plan = plan_of(
        epic(1, story("1.1", name='A "b" \\ c')),
        epic(2, story("2.1", points=None), dependencies=needs("Epic 1")),
        epic(3, name="Later", dependencies=needs("2.1")),
    )
    assert to_dot(plan) == (
        "digraph plan {\n"
        "    rankdir=LR;\n"
        "    compound=true;\n"
        "    node [shape=box];\n"
        "    subgraph cluster_epic_1 {\n"
        '        label="Epic 1: Epic name 1 (3)";\n'
        '        story_1_1 [label="Story 1.1: A \\"b\\" \\\\ c (3)"];\n'
        "    }\n"
        "    subgraph cluster_epic_2 {\n"
        '        label="Epic 2: Epic name 2 (0)";\n'
        '        story_2_1 [label="Story 2.1: Name 2.1"];\n'
        "    }\n"
        '    epic_3 [label="Epic 3: Later (0)"];\n'
        "    story_1_1 -> story_2_1 [ltail=cluster_epic_1, lhead=cluster_epic_2];\n"
        "    story_2_1 -> epic_3;\n"
        "}\n"
    )


def test_tickets_of_one_number_are_drawn_apart() -> None:
    plan = plan_of(epic(1, story("1.1"), story("1.1", name="Second")))
    assert 'story_1_1["Story 1.1: Name 1.1 (3)"]' in to_mermaid(plan)
    assert 'story_1_1_at_2["Story 1.1: Second (3)"]' in to_mermaid(plan)


@settings(max_examples=40, deadline=None)
@given(likely_plans())
def test_cycles_are_there_before_repair_and_not_after(plan: Plan) -> None:
    for cycle in find_cycles(plan):
        assert len(set(cycle)) >= 2
    if not nx.is_directed_acyclic_graph(dependency_graph(plan)):
        assert find_cycles(plan)
    mended = repair_plan(plan).plan
    assert find_cycles(mended) == ()
    assert nx.is_directed_acyclic_graph(dependency_graph(mended))


@settings(max_examples=40, deadline=None)
@given(likely_plans())
def test_waves_hold_every_story_once_and_the_path_is_a_path(plan: Plan) -> None:
    plan = repair_plan(plan).plan
    graph = dependency_graph(plan)
    wave_of = {ref: place for place, wave in enumerate(waves(plan)) for ref in wave}
    work = [ref for ref in graph if len(ref.number) < 3]
    assert sorted(wave_of) == sorted(work)
    for before, after in graph.edges:
        if before in wave_of and after in wave_of:
            assert wave_of[before] < wave_of[after]
    chain, points = critical_path(plan)
    assert [wave_of[ref] for ref in chain] == sorted({wave_of[ref] for ref in chain})
    assert points == sum(graph.nodes[ref]["points"] for ref in chain)
    assert points >= max((graph.nodes[ref]["points"] for ref in work), default=0)


@settings(max_examples=30, deadline=None)
@given(likely_plans())
def test_implied_phases_are_phases_without_findings(plan: Plan) -> None:
    plan = repair_plan(plan).plan
    if any(epic.stories for epic in plan.epics):
        plan = plan.model_copy(update={"phases": implied_phases(plan)})
        assert repair_plan(plan).plan is plan
