"""The dependencies of a plan as a graph: for networkx, and as Mermaid and DOT text.

What comes before what is worked out in `tickets.order`, which says how dependencies of epics and
tasks count. Nodes are stories and tasks, and epics that have no stories; an edge leads from what is
done first to what waits for it. A cycle names tickets each of which needs the next.
"""

from typing import TYPE_CHECKING, Final

from tickets.order import Order
from tickets.repair_phases import phases_from
from tickets.schema import Epic, Phase, Plan, Ref, Story, Task

if TYPE_CHECKING:
    import networkx

_MERMAID_TEXT: Final = str.maketrans({char: f"#{ord(char)};" for char in '"#&<>`\\'} | {"\n": " "})
_DOT_TEXT: Final = str.maketrans({'"': '\\"', "\\": "\\\\", "\n": " "})


def dependency_graph(plan: Plan) -> "networkx.DiGraph[Ref]":
    """The graph of `plan`; nodes are `Ref`s with attributes `name` and `points` (0 if unknown).

    An epic that waits, or is waited for, has an edge for each of its stories. Tasks come before
    their story; what a story waits for comes before its tasks as well.
    """
    import networkx as nx

    order = Order(plan)
    refs = [ticket.ref for _, ticket in order.tickets]
    graph: nx.DiGraph[Ref] = nx.DiGraph()
    tasks: dict[int, list[int]] = {}
    for index, (_, ticket) in enumerate(order.tickets):
        if isinstance(ticket, Task):
            tasks.setdefault(order.story[index], []).append(index)
        if not isinstance(ticket, Epic) or order.is_work(index):
            graph.add_node(ticket.ref, name=ticket.name, points=ticket.points or 0)
    for story, parts in tasks.items():
        graph.add_edges_from((refs[part], refs[story]) for part in parts)
    for need in order.needs:
        for before in _ends(order, need.needed):
            for after in _ends(order, need.waiter):
                graph.add_edge(refs[before], refs[after])
                graph.add_edges_from((refs[before], refs[part]) for part in tasks.get(after, ()))
    return graph


def _ends(order: Order, index: int) -> list[int]:
    """What a dependency of or on a ticket binds: the ticket, or all stories of an epic."""
    return order.stories_of(index) if order.holder[index] < 0 else [index]


def find_cycles(plan: Plan) -> tuple[tuple[Ref, ...], ...]:
    """For each knot of tickets that wait for each other a shortest cycle.

    Each ticket needs the next one, or the epic that holds it, and the last needs the first. What a
    task waits for, or what waits for a task, counts for its story, unless both are in one story.
    """
    order = Order(plan)
    return tuple(
        tuple(order.tickets[need.waiter][1].ref for need in cycle) for cycle in order.cycles()
    )


def waves(plan: Plan) -> tuple[tuple[Ref, ...], ...]:
    """The stories (and epics without any) in steps, each needing only those of earlier steps.

    Dependencies that close a cycle are left out, those that repair would drop.
    """
    order = Order(plan)
    return tuple(tuple(order.tickets[index][1].ref for index in wave) for wave in order.waves())


def critical_path(plan: Plan) -> tuple[tuple[Ref, ...], int]:
    """The chain of stories with the most story points, first to last, and its points.

    Between chains of equal points the one that the plan lists first; dependencies that close a
    cycle are left out.
    """
    order = Order(plan)
    after = order.edges(order.kept())
    points = [0] * len(after)
    came_from = [-1] * len(after)
    best = -1
    for node in order.sorted_nodes(after):
        if order.is_work(node):
            points[node] += order.tickets[node][1].points or 0
            if best < 0 or points[node] > points[best]:
                best = node
        for target in after[node]:
            if points[node] > points[target] or came_from[target] < 0:
                points[target], came_from[target] = points[node], node
    if best < 0:
        return (), 0
    chain = []
    node = best
    while node >= 0:
        if order.is_work(node):
            chain.append(order.tickets[node][1].ref)
        node = came_from[node]
    return tuple(reversed(chain)), points[best]


def implied_phases(plan: Plan) -> tuple[Phase, ...]:
    """The phases that the dependencies ask for: as few as can be, every story as early as can be.

    They are named Foundation, Core and Completion, and have the sprints 1, 2, 3 and so on.
    """
    return phases_from(Order(plan))


def to_mermaid(plan: Plan) -> str:
    """The dependencies as a Mermaid flowchart with a box for each epic; it ends in a newline.

    Arrows lead from what is done first to what waits for it, as it is written: from and to whole
    epics too. Dependencies on unknown tickets have no arrow.
    """
    order = Order(plan)
    lines = ["flowchart LR"]
    for epic, stories in _boxes(order):
        if stories:
            lines.append(f"    subgraph {_id(order, epic)}[{_mermaid_label(order, epic)}]")
            lines += (
                f"        {_id(order, index)}[{_mermaid_label(order, index)}]" for index in stories
            )
            lines.append("    end")
        else:
            lines.append(f"    {_id(order, epic)}[{_mermaid_label(order, epic)}]")
    lines += (
        f"    {_id(order, need.needed)} --> {_id(order, need.waiter)}" for need in order.needs
    )
    return "\n".join(lines) + "\n"


def to_dot(plan: Plan) -> str:
    """The dependencies in the DOT language of Graphviz, a cluster for each epic; with a newline.

    Arrows are as in `to_mermaid`; one from or to an epic with stories ends at the cluster's border.
    """
    order = Order(plan)
    boxes = dict(_boxes(order))
    lines = ["digraph plan {", "    rankdir=LR;", "    compound=true;", "    node [shape=box];"]
    for epic, stories in boxes.items():
        if stories:
            lines.append(f"    subgraph cluster_{_id(order, epic)} {{")
            lines.append(f"        label={_dot_label(order, epic)};")
            lines += (
                f"        {_id(order, index)} [label={_dot_label(order, index)}];"
                for index in stories
            )
            lines.append("    }")
        else:
            lines.append(f"    {_id(order, epic)} [label={_dot_label(order, epic)}];")
    for need in order.needs:
        tail, head = boxes.get(need.needed), boxes.get(need.waiter)
        borders = [f"ltail=cluster_{_id(order, need.needed)}"] if tail else []
        borders += [f"lhead=cluster_{_id(order, need.waiter)}"] if head else []
        ends = (
            _id(order, tail[-1] if tail else need.needed),
            _id(order, head[0] if head else need.waiter),
        )
        marks = f" [{', '.join(borders)}]" if borders else ""
        lines.append(f"    {ends[0]} -> {ends[1]}{marks};")
    return "\n".join([*lines, "}"]) + "\n"


def _boxes(order: Order) -> list[tuple[int, list[int]]]:
    """Each epic with its stories, and with those tasks that take part in a dependency."""
    drawn = {index for need in order.needs for index in (need.waiter, need.needed)}
    boxes: list[tuple[int, list[int]]] = []
    for index, (_, ticket) in enumerate(order.tickets):
        if isinstance(ticket, Epic):
            boxes.append((index, []))
        elif isinstance(ticket, Story) or index in drawn:
            boxes[-1][1].append(index)
    return boxes


def _id(order: Order, index: int) -> str:
    """A name for a node that no two tickets share, even if they share a number."""
    ref = order.tickets[index][1].ref
    name = "_".join([ref.level.lower(), *map(str, ref.number)])
    return name if order.first[ref.number] == index else f"{name}_at_{index}"


def _label(order: Order, index: int) -> str:
    ticket = order.tickets[index][1]
    name = ticket.name or ticket.title
    points = "" if ticket.points is None else f" ({ticket.points})"
    return f"{ticket.ref}{': ' if name else ''}{name}{points}"


def _mermaid_label(order: Order, index: int) -> str:
    return f'"{_label(order, index).translate(_MERMAID_TEXT)}"'


def _dot_label(order: Order, index: int) -> str:
    return f'"{_label(order, index).translate(_DOT_TEXT)}"'
