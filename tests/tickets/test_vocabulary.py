"""An organisation's names, from a YAML file."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from tickets.files import InputError
from tickets.vocabulary import Vocabulary, load_vocabulary


def load(folder: Path, content: str | bytes) -> Vocabulary:
    path = folder / "names.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_vocabulary(path)


def refusal(folder: Path, content: str | bytes) -> list[str]:
    with pytest.raises(InputError) as raised:
        load(folder, content)
    return str(raised.value).replace(str(folder / "names.yaml"), "FILE").split("\n")


def test_reads_names(tmp_path: Path) -> None:
    content = (
        "\ufeffcomponents:\n  - UI  /  UX\n  - 'Größe'\nteams: [Web Team]\nkey_prefix: AC-ME\n"
    )
    assert load(tmp_path, content) == Vocabulary(
        components=("UI / UX", "Größe"), teams=("Web Team",), key_prefix="AC-ME"
    )


def test_what_is_not_there_is_open(tmp_path: Path) -> None:
    assert load(tmp_path, "teams: [Web]") == Vocabulary(teams=("Web",))
    assert load(tmp_path, "{}") == Vocabulary()
    assert load(tmp_path, "key_prefix:") == Vocabulary()


def test_the_example_is_sound(root: Path) -> None:
    example = load_vocabulary(root / "configs" / "vocabulary.example.yaml")
    assert example.components
    assert example.teams
    assert example.key_prefix


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    content = """
    components: [Web, "", "A, B", none, on, web]
    teams: Web Team
    key_prefix: "RH OAI"
    colour: red
    """
    assert refusal(tmp_path, content) == [
        "FILE: components.2: the name is empty; take the line out",
        "FILE: components.3: a comma divides two components; write two lines, or take it out",
        "FILE: components.4: 'None' means that there is none; use another name",
        "FILE: components.5: this is no text; put it in quotes",
        "FILE: teams: this is no list; write one name a line, each behind a hyphen",
        "FILE: key_prefix: 'RH OAI' begins no Jira key; use letters and digits, as in RHOAI",
        "FILE: colour: there is no such key; the keys are components, teams, key_prefix",
    ]


def test_a_name_stands_once(tmp_path: Path) -> None:
    fault = "FILE: teams: 'web' is there twice; take one of them out"
    assert refusal(tmp_path, "teams: [Web, web]") == [fault]


@pytest.mark.parametrize("name", ["Web (Epic 1)", "**Web**", "Web:", "Web #"])
def test_a_team_can_stand_in_a_heading(tmp_path: Path, name: str) -> None:
    (fault,) = refusal(tmp_path, f"teams: ['{name}']")
    assert fault.startswith("FILE: teams.1: a heading cannot name it")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "FILE: this is no vocabulary but an empty file; "),
        ("- Web\n- Store\n", "FILE: this is no vocabulary but a single list; "),
        ("teams: [Web\nkey_prefix: X\n", "FILE:2: this is no YAML: "),
        ("teams: !!python/object/apply:os.getcwd []", "FILE:1: this is no YAML: "),
        (b"teams: [\xff\xfe]", "FILE: cannot be read as text in UTF-8 ("),
    ],
)
def test_unusable_files(tmp_path: Path, content: str | bytes, fault: str) -> None:
    (message,) = refusal(tmp_path, content)
    assert message.startswith(fault)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.yaml: there is no such file; configs/"):
        load_vocabulary(tmp_path / "nothing.yaml")
    with pytest.raises(InputError, match="cannot be read"):
        load_vocabulary(tmp_path)


def test_it_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Vocabulary(teams=("A",)).teams = ()  # type: ignore[misc]
