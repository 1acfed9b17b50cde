"""The plan under repair, and the record of what was done to it."""

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from tickets.diagnostics import Diagnostic
from tickets.order import Order
from tickets.rules import RULES
from tickets.schema import Loc, Plan, Ticket

if TYPE_CHECKING:
    from tickets.vocabulary import Vocabulary

_SEVERITY: Final = {rule.code: rule.severity for rule in RULES}
_Ticket = TypeVar("_Ticket", bound=Ticket)

Updates = dict[Loc, dict[str, Any]]
"""New values of tickets' fields, already in the schema's normal form, by the ticket's loc."""


class Repair(NamedTuple):
    """What was done, where (in the plan as it was given), and the code of what it mends."""

    code: str
    loc: Loc
    message: str

    def diagnostic(self) -> Diagnostic:
        """The repair as a diagnostic of the rule that it mends."""
        return Diagnostic(
            code=self.code,
            severity=_SEVERITY[self.code],
            message=self.message,
            repairable=True,
            loc=self.loc,
        )


class Draft:
    """A plan under repair: the steps replace it piece by piece and note what they did."""

    def __init__(self, plan: Plan, vocabulary: "Vocabulary | None") -> None:
        self.plan = plan
        self.vocabulary = vocabulary
        self.repairs: list[Repair] = []
        self._order: Order | None = None

    @property
    def order(self) -> Order:
        """The tickets and their order, as they are now."""
        if self._order is None:
            self._order = Order(self.plan)
        return self._order

    def note(self, code: str, loc: Loc, message: str) -> None:
        """Record a repair."""
        self.repairs.append(Repair(code, loc, message))

    def change(self, **fields: Any) -> None:
        """Replace fields of the plan, but not its epics."""
        self.plan = self.plan.model_copy(update=fields)

    def change_tickets(self, updates: Updates) -> None:
        """Replace fields of tickets."""
        if not updates:
            return
        epics = []
        for e, epic in enumerate(self.plan.epics):
            stories = []
            for s, story in enumerate(epic.stories):
                here: Loc = ("epics", e, "stories", s)
                tasks = tuple(
                    _changed(task, (*here, "tasks", t), updates)
                    for t, task in enumerate(story.tasks)
                )
                stories.append(_changed(story, here, updates, tasks=tasks))
            epics.append(_changed(epic, ("epics", e), updates, stories=tuple(stories)))
        self.plan = self.plan.model_copy(update={"epics": tuple(epics)})
        self._order = None


def _changed(ticket: _Ticket, loc: Loc, updates: Updates, **parts: Any) -> _Ticket:
    fields = {**updates.get(loc, {}), **parts}
    return ticket.model_copy(update=fields) if fields else ticket
