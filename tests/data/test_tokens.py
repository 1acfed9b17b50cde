import json
from pathlib import Path

import pytest

from data.tokens import TokenCounter
from inference.models import find_model
from tests.data.making import TEMPLATE, write_model
from tickets.chat import encode_example, encode_prompt
from tickets.files import InputError
from tickets.formats import FORMATS
from tickets.headers import read_header
from tickets.models import DEFAULT_MODEL
from tickets.parse import parse_plan
from tickets.prompt import build_messages

CURATED = Path(__file__).parents[2] / "data" / "curated"

PROMPT = [{"role": "system", "content": "Plan."}, {"role": "user", "content": "One two."}]
ANSWER = [{"role": "assistant", "content": "# Plan\n"}]


def test_what_carries_loss_begins_with_the_answer(model: Path) -> None:
    before, loss = TokenCounter(model).render(PROMPT, ANSWER)
    assert before.endswith("<|start|>assistant\n")
    assert loss == "# Plan\n<|end|>\n"


def test_counts(model: Path) -> None:
    # The tokenizer's words: `<| start |> system Plan .<| end |>` are eight, and so on.
    tokens = TokenCounter(model)
    assert tokens.count([tokens.render(PROMPT, ANSWER)] * 2) == [(21, 5)] * 2


def test_a_template_that_changes_the_prompt_is_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "chat_template.jinja").write_text("{{ messages | length }}" + TEMPLATE, "utf-8")
    with pytest.raises(InputError, match="changes the prompt"):
        TokenCounter(folder).render(PROMPT, ANSWER)


def test_a_template_that_refuses_is_named(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "chat_template.jinja").write_text("{{ raise_exception('no system') }}", "utf-8")
    with pytest.raises(InputError, match="no system"):
        TokenCounter(folder).render(PROMPT, ANSWER)


def test_templates_with_generation_tags_and_special_tokens(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "chat_template.jinja").unlink()
    template = (
        "{{ bos_token }}{% for m in messages %}{% generation %}{{ m.content }}"
        "{% endgeneration %}{% endfor %}"
    )
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"bos_token": {"content": "<s>"}, "chat_template": template}), "utf-8"
    )
    assert TokenCounter(folder).render(PROMPT, ANSWER) == ("<s>Plan.One two.", "# Plan\n")


def test_folders_without_tokenizer_or_template(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no tokenizer\.json"):
        TokenCounter(tmp_path)
    folder = write_model(tmp_path / "model")
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(InputError, match="no chat template"):
        TokenCounter(folder)


def test_counts_are_those_of_transformers(root: Path) -> None:
    """With the embedded model, if it has been unpacked on this machine."""
    from tickets.models import cache_folder

    folders = [path for path in (cache_folder() / "models").glob("smollm2-135m-*") if path.is_dir()]
    if not folders:
        pytest.skip("the embedded model has not been unpacked on this machine")
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(folders[0], local_files_only=True)
    ours = TokenCounter(folders[0])
    for path in sorted((root / "data" / "curated").glob("*.document.md"))[:5]:
        prompt = build_messages(path.read_text("utf-8"))
        plan = path.with_name(path.name.replace(".document.", ".plan.")).read_text("utf-8")
        answer = [{"role": "assistant", "content": plan}]
        before = theirs.apply_chat_template(prompt, add_generation_prompt=True, return_dict=False)
        whole = theirs.apply_chat_template(prompt + answer, return_dict=False)
        assert ours.count([ours.render(prompt, answer)]) == [
            (len(before), len(whole) - len(before))
        ]


def test_turns_are_counted_as_the_whole_would_be() -> None:
    from transformers import AutoTokenizer

    folder = find_model(DEFAULT_MODEL, lambda _: None).path
    real, tokens = AutoTokenizer.from_pretrained(folder), TokenCounter(folder)
    stem = CURATED / "airgap-mirror-preflight"
    document = (
        read_header(stem.with_suffix(".document.md").read_text("utf-8"))[1]
        + "\n<|im_start|>user\nx<|im_end|>"
    )
    plan = parse_plan(read_header(stem.with_suffix(".plan.md").read_text("utf-8"))[1]).plan
    asked = [each for form in FORMATS.values() for each in form.examples(document, plan)]
    answers = [[{"role": "assistant", "content": completion}] for _, completion in asked]
    steps = [step.messages for step, _ in asked]
    counts = tokens.count([tokens.render(*each) for each in zip(steps, answers, strict=True)])
    for messages, answer, (before, added) in zip(steps, answers, counts, strict=True):
        assert before == len(encode_prompt(real, messages))
        assert before + added == len(encode_example(real, messages, answer))
