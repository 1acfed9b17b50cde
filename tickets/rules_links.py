"""Cross-epic dependencies: the critical path and the integration points fit the tickets."""

from collections.abc import Iterator

from tickets.order import Need, Number, Order
from tickets.rules_base import Context, Finding, unknown
from tickets.schema import Plan


def path_needs(plan: Plan, order: Order) -> list[Need]:
    """The lines of the critical path that order two tickets; `slot` is the line's place.

    A line that stands there before is left out.
    """
    needs = []
    seen: set[tuple[int, int]] = set()
    for slot, link in enumerate(plan.critical_path):
        before, after = order.first.get(link.before.number), order.first.get(link.after.number)
        if before is None or after is None or (before, after) in seen:
            continue
        seen.add((before, after))
        need = order.need(after, slot, before)
        if need is not None:
            needs.append(need)
    return needs


def path_known(context: Context) -> Iterator[Finding]:
    """A line of the critical path that names a ticket which does not exist."""
    order = context.order
    for slot, link in enumerate(context.plan.critical_path):
        for ref in (link.before, link.after):
            if ref.number not in order.first:
                yield Finding(
                    ("critical_path", slot),
                    f"{link.before} → {link.after}: {ref} is not in this plan",
                    unknown(ref, order),
                )


def path_apart(context: Context) -> Iterator[Finding]:
    """A line of the critical path that orders a ticket and itself, or its own part."""
    order = context.order
    for slot, link in enumerate(context.plan.critical_path):
        before, after = order.first.get(link.before.number), order.first.get(link.after.number)
        if before is not None and after is not None and order.need(after, slot, before) is None:
            yield Finding(
                ("critical_path", slot),
                f"{link.before} → {link.after} orders a ticket and itself, or its own part",
                "leave it out",
            )


def path_once(context: Context) -> Iterator[Finding]:
    """A line of the critical path that stands there twice."""
    seen: set[tuple[Number, Number]] = set()
    for slot, link in enumerate(context.plan.critical_path):
        pair = link.before.number, link.after.number
        if pair in seen:
            message = f"{link.before} → {link.after} is on the critical path twice"
            yield Finding(("critical_path", slot), message, "name it once")
        seen.add(pair)


def path_acyclic(context: Context) -> Iterator[Finding]:
    """A line of the critical path that says the opposite of the lines before it."""
    order = context.order
    for need in order.closing(path_needs(context.plan, order)):
        before, after = order.name(need.needed), order.name(need.waiter)
        yield Finding(
            ("critical_path", need.slot),
            f"{before} → {after} closes a cycle with the lines above it",
            "leave it out, or turn it round",
        )


def path_direction(context: Context) -> Iterator[Finding]:
    """A line of the critical path that dependencies or phases contradict."""
    for need, doubt in _doubtful(context):
        if doubt:
            yield _finding(
                context, need, doubt, f"write {_turned(context, need)} if it comes first"
            )


def path_backed(context: Context) -> Iterator[Finding]:
    """A line of the critical path that no dependency of a ticket says too."""
    for need, doubt in _doubtful(context):
        if not doubt:
            after, before = context.order.name(need.waiter), context.order.name(need.needed)
            message = f"{after} does not depend on {before}, directly or through others"
            yield _finding(context, need, message, f"add {before} to the dependencies of {after}")


def _finding(context: Context, need: Need, doubt: str, fix: str) -> Finding:
    before, after = context.order.name(need.needed), context.order.name(need.waiter)
    return Finding(("critical_path", need.slot), f"{before} → {after} is doubtful: {doubt}", fix)


def _turned(context: Context, need: Need) -> str:
    return f"{context.order.name(need.waiter)} → {context.order.name(need.needed)}"


def _doubtful(context: Context) -> Iterator[tuple[Need, str]]:
    """The lines that no dependency backs, each with what speaks against it (or an empty text)."""
    order = context.order
    for need in path_needs(context.plan, order):
        if order.leads(need.needed, need.waiter):
            continue
        before, after = order.name(need.needed), order.name(need.waiter)
        if order.leads(need.waiter, need.needed):
            yield need, f"by their dependencies {after} comes before {before}"
        elif _phases_disagree(context, need):
            yield need, f"{after} is in an earlier phase than {before}, and does not depend on it"
        else:
            yield need, ""


def _phases_disagree(context: Context, need: Need) -> bool:
    """Whether all that should come after is in earlier phases than all that should come before."""
    placed = context.placed
    before = [
        placed[story][0] for story in context.order.stories_of(need.needed) if story in placed
    ]
    after = [placed[story][0] for story in context.order.stories_of(need.waiter) if story in placed]
    return bool(before and after) and max(after) < min(before)


def point_known(context: Context) -> Iterator[Finding]:
    """An integration point with a ticket that does not exist."""
    order = context.order
    for slot, point in enumerate(context.plan.integration_points):
        for ref in (point.first, point.second):
            if ref.number not in order.first:
                yield Finding(
                    ("integration_points", slot),
                    f"{point.first} ↔ {point.second}: {ref} is not in this plan",
                    unknown(ref, order),
                )


def point_apart(context: Context) -> Iterator[Finding]:
    """An integration point of a ticket and itself, or its own part."""
    order = context.order
    for slot, point in enumerate(context.plan.integration_points):
        first, second = order.first.get(point.first.number), order.first.get(point.second.number)
        if first is not None and second is not None and order.need(first, slot, second) is None:
            yield Finding(
                ("integration_points", slot),
                f"{point.first} ↔ {point.second} relates a ticket to itself, or to its own part",
                "leave it out",
            )


def point_once(context: Context) -> Iterator[Finding]:
    """An integration point that stands there twice, in either order."""
    seen: set[frozenset[Number]] = set()
    for slot, point in enumerate(context.plan.integration_points):
        pair = frozenset((point.first.number, point.second.number))
        if pair in seen:
            message = f"{point.first} ↔ {point.second} is an integration point twice"
            yield Finding(("integration_points", slot), message, "name it once")
        seen.add(pair)


def path_written(context: Context) -> Iterator[Finding]:
    """No critical path, though tickets wait for tickets of other epics."""
    if not context.plan.critical_path and (crossing := context.order.crossing()):
        waiter, needed = crossing[0].waiter, crossing[0].needed
        yield Finding(
            ("critical_path",),
            "The plan has no critical path, though tickets wait for other epics",
            f"write {context.order.name(needed)} → {context.order.name(waiter)}, and so on",
        )


def points_written(context: Context) -> Iterator[Finding]:
    """No integration point, though stories wait for stories of other epics."""
    pairs = crossing_stories(context.order)
    if pairs and not context.plan.integration_points:
        first, second = pairs[0]
        yield Finding(
            ("integration_points",),
            "The plan has no integration point, though stories wait for stories of other epics",
            f"write {context.order.name(first)} ↔ {context.order.name(second)}, and so on",
        )


def crossing_stories(order: Order) -> list[tuple[int, int]]:
    """The pairs of stories of different epics, the second of which waits for the first.

    Dependencies of and on whole epics are left out.
    """
    pairs = (
        (order.story[need.needed], order.story[need.waiter])
        for need in order.crossing()
        if order.holder[need.needed] >= 0 and order.holder[need.waiter] >= 0
    )
    return list(dict.fromkeys(pairs))
