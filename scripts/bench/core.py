"""Plans per second of the core, on one processor core.

    .venv/bin/python -m scripts.bench.core

Plans of 5, 25 and 100 tickets go through parse, check, render and repair. Machines differ, so each
figure also stands as a multiple of what markdown-it-py alone takes to read the same text, in the
same run.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial

from markdown_it import MarkdownIt

from tickets.parse import parse_plan
from tickets.render import render_plan
from tickets.repair import repair_plan
from tickets.rules import check_plan
from tickets.schema import Plan

SIZES = (5, 25, 100)
ROUNDS = 5
SECONDS = 0.4
"""How long a round lasts; the median of the rounds is printed."""
TEAM = 9
"""Tickets of an epic: itself, two stories, and three tasks under each."""


def main() -> None:
    """Measure and print the table."""
    read = MarkdownIt().parse
    print(f"{'tickets':>7} {'step':<8} {'plans/s':>9} {'ms':>8} {'x markdown-it':>14}")
    for tickets in SIZES:
        plan = make_plan(tickets)
        text = render_plan(plan)
        broken = parse_plan(text.replace("**Story Points**: 8", "**Story Points**: 9")).plan
        base = seconds_each(partial(read, text))
        steps: dict[str, Callable[[], object]] = {
            "parse": partial(parse_plan, text),
            "check": partial(check_plan, plan),
            "render": partial(render_plan, plan),
            "repair": partial(repair_plan, broken),
        }
        for step, run in steps.items():
            took = seconds_each(run)
            print(
                f"{tickets:>7} {step:<8} {1 / took:>9.0f} {took * 1e3:>8.2f} {took / base:>14.2f}"
            )


def seconds_each(run: Callable[[], object]) -> float:
    """Processor seconds of one call: the median of some rounds, after one that warms up.

    What else runs on the machine takes wall time from it, but hardly any of its processor time.
    """
    run()
    rounds = []
    for _ in range(ROUNDS):
        count, started = 0, time.process_time()
        while (spent := time.process_time() - started) < SECONDS:
            run()
            count += 1
        rounds.append(spent / count)
    return statistics.median(rounds)


def make_plan(tickets: int) -> Plan:
    """A valid plan of about as many tickets, epic after epic, each on the one before."""
    stories = 1 if tickets < TEAM else 2
    epics = [_epic(e + 1, stories) for e in range(max(1, round(tickets / TEAM)))]
    plan = Plan.model_validate({"title": "Shared Calendars", "epics": epics})
    return repair_plan(plan).plan  # sums, phases and allocation


def _epic(number: int, stories: int) -> dict[str, object]:
    before = [{"ref": f"Epic {number - 1}", "completion": True}] if number > 1 else []
    return {
        "ref": f"Epic {number}",
        "name": f"Calendar Part {number}",
        "title": f"Deliver part {number} of the shared calendar",
        "key": f"CAL-SHARE-{number:03}",
        "description": f"Everything that team {number} builds for calendars shared by a household.",
        "components": [f"Calendar {number}"],
        "owner": f"Calendar Team {number}",
        "points": 16,
        "priority": "High",
        "dependencies": before,
        "stories": [_story(number, s + 1) for s in range(stories)],
    }


def _story(epic: int, number: int) -> dict[str, object]:
    return {
        "ref": f"Story {epic}.{number}",
        "name": f"Invitation Step {epic}.{number}",
        "title": f"Let an owner invite person {epic}.{number} to a calendar",
        "type": "Story",
        "parent": f"Epic {epic}",
        "description": f"The owner of calendar {epic}.{number} names who may read or change it.",
        "acceptance_criteria": [
            f"Given calendar {epic}.{number}, when its owner invites a person, then a mail is sent",
            f"An invitation to calendar {epic}.{number} ends after 14 days",
            f"A refused invitation to calendar {epic}.{number} is shown to its owner",
        ],
        "components": [f"Calendar {epic}"],
        "points": 8,
        "priority": "Medium",
        "dependencies": [{"ref": f"Story {epic}.{number - 1}"}] if number > 1 else [],
        "tasks": [_task(epic, number, t + 1, points) for t, points in enumerate((3, 3, 2))],
    }


def _task(epic: int, story: int, number: int, points: int) -> dict[str, object]:
    return {
        "ref": f"Task {epic}.{story}.{number}",
        "name": f"Invitation Part {epic}.{story}.{number}",
        "title": f"Build part {number} of invitation {epic}.{story}",
        "type": "Task",
        "parent": f"Story {epic}.{story}",
        "description": f"Part {number} of what invitation {epic}.{story} needs.",
        "points": points,
        "dependencies": [{"ref": f"Task {epic}.{story}.{number - 1}"}] if number > 1 else [],
    }


if __name__ == "__main__":
    main()
