"""An engine that has its answers ready; a word is a token."""

from collections.abc import Sequence

from inference.engine import Completion, Done, Finish, Sampling

Answer = list[tuple[str, Finish]]


class StandIn:
    """What `plan_documents` asks of an engine; `answer` is what a request is answered with."""

    written = 0

    def __init__(self, batch: int = 2, context: int = 8192) -> None:
        self.batch, self.context = batch, context
        self.requests: list[tuple[str, Sampling]] = []
        self.open: list[tuple[str, Sequence[int]]] = []
        self.most_open = 0

    def answer(self, key: str) -> Answer:
        """The completions of a request."""
        raise NotImplementedError

    @property
    def pending(self) -> int:
        return len(self.open)

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def encode(self, messages: list[dict[str, str]]) -> list[int]:
        return [0] * sum(self.count_tokens(message["content"]) for message in messages)

    def add(self, key: str, prompt: Sequence[int], sampling: Sampling) -> None:
        assert len(prompt) + sampling.max_tokens <= self.context
        assert sampling.samples == 1 or sampling.temperature > 0  # as vLLM demands
        self.requests.append((key, sampling))
        self.open.append((key, prompt))
        self.most_open = max(self.most_open, len(self.open))

    def step(self) -> list[Done]:
        key, prompt = self.open.pop(0)
        answer = self.answer(key)
        completions = tuple(Completion(text, end, len(text.split())) for text, end in answer)
        self.written += sum(completion.tokens for completion in completions)
        return [Done(key, completions, len(prompt), 0.5, 1.5)]

    def drop(self) -> None:
        self.open.clear()
