"""The order that a plan's dependencies ask for, in plain lists: what the rules and repair walk.

A dependency is lifted to the level at which it can be planned. An epic that waits holds back all
its stories, waiting for an epic is waiting for all its stories, and what a task waits for, or what
waits for a task, counts for the task's story; only tasks of one story are ordered among each other.
Unknown tickets, a ticket itself, and tickets that hold one another are left out: other rules name
those.
"""

import itertools
from collections import deque
from collections.abc import Container, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from tickets.schema import Epic, Loc, Plan, Story, Task

Number = tuple[int, ...]

NumberTree = dict[Number, dict[int, None]]
"""The parts (in order of the plan) that follow the beginning of a number; before it stands how many
parts the number has."""


class Need(NamedTuple):
    """A dependency as it is written: ticket `waiter` names ticket `needed` in place `slot`.

    The tickets are indices into `Order.tickets`; `source` and `target` are graph nodes.
    """

    waiter: int
    slot: int
    needed: int
    source: int
    target: int

    @property
    def against_order(self) -> bool:
        """Whether the ticket that is needed is listed below the one that waits for it."""
        return self.needed > self.waiter


class Order:
    """The tickets of a plan, numbered as it lists them, and the graph of what comes before what.

    Attributes:
        tickets: every ticket with its loc, in the order of the plan.
        first: the index of the first ticket with a number.
        holder: for each ticket the index of the one it stands under, -1 for an epic.
        story: for each ticket the index of itself or, for a task, of its story.
        needs: the dependencies that make edges.

    Node i is ticket i, for an epic its end; node i + len(tickets) is the beginning of epic i.
    """

    def __init__(self, plan: Plan) -> None:
        self.tickets: list[tuple[Loc, Epic | Story | Task]] = []
        self.first: dict[Number, int] = {}
        self.holder: list[int] = []
        self.story: list[int] = []
        for e, epic in enumerate(plan.epics):
            epic_at = self._add(("epics", e), epic, -1)
            for s, story in enumerate(epic.stories):
                story_at = self._add(("epics", e, "stories", s), story, epic_at)
                for t, task in enumerate(story.tasks):
                    place = ("epics", e, "stories", s, "tasks", t)
                    self.story[self._add(place, task, story_at)] = story_at
        self.size = len(self.tickets)
        self.needs = list(self._needs())
        self._after = self.edges(self.needs)

    def _add(self, loc: Loc, ticket: Epic | Story | Task, holder: int) -> int:
        index = len(self.tickets)
        self.tickets.append((loc, ticket))
        self.first.setdefault(ticket.ref.number, index)
        self.holder.append(holder)
        self.story.append(index)
        return index

    @cached_property
    def number_tree(self) -> NumberTree:
        """The numbers of all tickets, as what can follow their beginnings."""
        tree: NumberTree = {}
        for number in self.first:
            for length in range(len(number)):
                above = (len(number), *number[:length])
                tree.setdefault(above, {})[number[length]] = None
        return tree

    def name(self, index: int) -> str:
        """The ticket's reference as it is written."""
        return str(self.tickets[index][1].ref)

    def holds(self, outer: int, inner: int) -> bool:
        """Whether ticket `inner` stands under ticket `outer`, at any depth."""
        at = self.holder[inner]
        while at > outer:
            at = self.holder[at]
        return at == outer

    def stories_of(self, index: int) -> list[int]:
        """The stories that a ticket is made of or belongs to; an epic without stories is itself."""
        if self.holder[index] >= 0:
            return [self.story[index]]
        after = index + 1
        stories = []
        while after < self.size and self.holder[after] >= 0:
            if self.story[after] == after:
                stories.append(after)
            after += 1
        return stories or [index]

    def _needs(self) -> Iterator[Need]:
        for waiter, (_, ticket) in enumerate(self.tickets):
            for slot, dependency in enumerate(ticket.dependencies):
                needed = self.first.get(dependency.ref.number)
                need = None if needed is None else self.need(waiter, slot, needed)
                if need is not None:
                    yield need

    def need(self, waiter: int, slot: int, needed: int) -> Need | None:
        """What orders two tickets; None for a ticket and itself, or one that it stands under."""
        if needed == waiter or self.holds(needed, waiter) or self.holds(waiter, needed):
            return None
        source, target = self.story[needed], self.story[waiter]
        if source == target:
            source, target = needed, waiter
        if self.holder[target] < 0:
            target += self.size
        return Need(waiter, slot, needed, source, target)

    def crossing(self) -> list[Need]:
        """The needs between tickets of different epics."""
        epic = [loc[1] for loc, _ in self.tickets]
        return [need for need in self.needs if epic[need.waiter] != epic[need.needed]]

    def edges(self, needs: Iterable[Need]) -> list[list[int]]:
        """For each node the nodes that come after it: of `needs`, and of epics and stories."""
        after: list[list[int]] = [[] for _ in range(2 * self.size)]
        for index, holder in enumerate(self.holder):
            if holder < 0:
                after[index + self.size].append(index)
            elif self.story[index] == index:
                after[holder + self.size].append(index)
                after[index].append(holder)
        for need in needs:
            after[need.source].append(need.target)
        return after

    def sorted_nodes(self, after: list[list[int]]) -> list[int]:
        """The nodes in an order that keeps all edges, without those on or behind a cycle."""
        waiting = [0] * len(after)
        for targets in after:
            for target in targets:
                waiting[target] += 1
        ready = deque(node for node, count in enumerate(waiting) if not count)
        done = []
        while ready:
            node = ready.popleft()
            done.append(node)
            for target in after[node]:
                waiting[target] -= 1
                if not waiting[target]:
                    ready.append(target)
        return done

    def cycles(self) -> list[list[Need]]:
        """For each knot of tickets that wait for each other, the dependencies of a shortest cycle.

        Each waits for a ticket that is, holds, or stands under the next one's waiter.
        """
        after = self._after
        if len(self.sorted_nodes(after)) == len(after):
            return []
        found = []
        for knot in _knots(after):
            inside = [n for n in self.needs if n.source in knot and n.target in knot]
            start = next(need for need in inside if need.against_order)
            path = _path(after, start.target, start.source, knot)
            by_edge = {(need.source, need.target): need for need in reversed(inside)}
            steps = itertools.pairwise(path)
            cycle = [start, *reversed([by_edge[step] for step in steps if step in by_edge])]
            found.append(cycle)
        return found

    def against(self) -> list[Need]:
        """The dependencies to drop so that no cycle is left, none when there is none.

        Every cycle has one that goes against the order of the plan, since those that go with it
        order the tickets as they are listed. They are tried from the top; one that still closes a
        cycle goes.
        """
        after = self.edges(self.needs)
        if len(self.sorted_nodes(after)) == len(after):
            return []
        dropped = []
        for knot in _knots(after):
            for need in self.needs:
                if need.against_order and need.source in knot and need.target in knot:
                    if not _path(after, need.target, need.source, knot):
                        continue
                    after[need.source].remove(need.target)
                    dropped.append(need)
        return dropped

    def closing(self, needs: list[Need]) -> list[Need]:
        """Those of `needs` that close a cycle with the ones before them in the list."""
        after = self.edges(needs)
        if len(self.sorted_nodes(after)) == len(after):
            return []
        after = self.edges(())
        found = []
        for need in needs:
            if _path(after, need.target, need.source, range(len(after))):
                found.append(need)
            else:
                after[need.source].append(need.target)
        return found

    def leads(self, before: int, after: int) -> bool:
        """Whether a story of ticket `after` has to wait for a story of ticket `before`."""
        if self.story[before] == self.story[after]:
            starts, ends = {before}, {after}
        else:
            starts, ends = set(self.stories_of(before)), set(self.stories_of(after))
        ready = deque(starts)
        seen = set(starts)
        while ready:
            for target in self._after[ready.popleft()]:
                if target in ends:
                    return True
                if target not in seen:
                    seen.add(target)
                    ready.append(target)
        return False

    def waves(self) -> list[list[int]]:
        """The stories, and epics without any, in steps: each needs only those of earlier steps.

        Dependencies that close a cycle are left out.
        """
        after = self.edges(self.kept())
        depth = [0] * len(after)
        waves: list[list[int]] = []
        for node in self.sorted_nodes(after):
            if self.is_work(node):
                if depth[node] == len(waves):
                    waves.append([])
                waves[depth[node]].append(node)
                depth[node] += 1
            for target in after[node]:
                depth[target] = max(depth[target], depth[node])
        return [sorted(wave) for wave in waves]

    def is_work(self, node: int) -> bool:
        """Whether a node is planned as a whole: a story, or the end of an epic without stories."""
        if node >= self.size:
            return False
        return self.stories_of(node) == [node]

    def kept(self) -> list[Need]:
        """The dependencies without those that close a cycle."""
        dropped = set(self.against())
        return [need for need in self.needs if need not in dropped] if dropped else self.needs


def _path(after: list[list[int]], start: int, end: int, inside: Container[int]) -> list[int]:
    """A shortest way from node `start` to node `end` over nodes `inside`; empty if there is none.

    A node is a way to itself.
    """
    came_from = {start: start}
    ready = deque([start])
    while ready:
        node = ready.popleft()
        if node == end:
            path = [node]
            while path[-1] != start:
                path.append(came_from[path[-1]])
            return path[::-1]
        for target in after[node]:
            if target in inside and target not in came_from:
                came_from[target] = node
                ready.append(target)
    return []


def _knots(after: list[list[int]]) -> list[set[int]]:
    """The strongly connected components of two or more nodes, by their smallest node.

    Tarjan's algorithm (SIAM Journal on Computing 1, 1972), with a stack of its own instead of
    recursion, so that a long chain of tickets cannot exhaust Python's.
    """
    seen: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    stacked: set[int] = set()
    knots = []
    for root in range(len(after)):
        if root in seen:
            continue
        work = [(root, iter(after[root]))]
        seen[root] = low[root] = len(seen)
        stack.append(root)
        stacked.add(root)
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in seen:
                    seen[target] = low[target] = len(seen)
                    stack.append(target)
                    stacked.add(target)
                    work.append((target, iter(after[target])))
                    break
                if target in stacked:
                    low[node] = min(low[node], seen[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == seen[node]:
                    knot = set()
                    while node not in knot:
                        knot.add(stack.pop())
                    stacked -= knot
                    if len(knot) > 1:
                        knots.append(knot)
    return sorted(knots, key=min)
