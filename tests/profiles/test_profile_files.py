"""A wrong profile is refused, and the error names file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from tillrig.errors import ProfileError
from tillrig.profiles import find_profile, load_profile
from tillrig.profiles.load import read_profile

CLASSIC = Path(__file__).parents[2] / "fixtures" / "profiles" / "classic" / "profile.yaml"


def changed(tmp_path: Path, before: str, after: str) -> Path:
    text = CLASSIC.read_text(encoding="utf-8")
    assert before in text
    path = tmp_path / "profile.yaml"
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    return path


def line_of(path: Path, text: str) -> int:
    return next(n for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if text in line)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("  rows: 4\n", "  rows: four\n", ["rows", "int"]),
        ("  width: 128\n", "  width: 128\n  depth: 3\n", ["depth", "unknown field"]),
        ("  text.busy: 通讯中,请稍候\n", "  text.busy: 通讯中请稍候再等一会\n", ["text.busy", "wider than 16"]),
        ("prompt: [prompt.ask_pin]", "prompt: [prompt.ask_pim]", ["prompt.ask_pim"]),
        ('patterns: {stars: "[*]{0,12}"', 'patterns: {stars: "[*{0,12}"', ["regular expression"]),
    ],
)
def test_the_error_names_line_and_key(tmp_path, before, after, words):
    """A wrong type, an unknown key, a text too wide, a key without a text, a broken pattern."""
    path = changed(tmp_path, before, after)
    with pytest.raises(ProfileError) as caught:
        read_profile(path)
    text = str(caught.value)
    marker = next(line for line in after.splitlines() if line.strip() not in before)
    line = int(text.split(":")[1])
    assert text.startswith(f"{path}:")
    assert abs(line - line_of(path, marker.strip())) <= 3
    assert all(word in text for word in words), text


def test_a_file_that_is_no_yaml_is_refused_with_its_line(tmp_path):
    path = changed(tmp_path, "  rows: 4\n", "  rows: [4\n")
    with pytest.raises(ProfileError, match=rf"{path}:\d+:\d+: "):
        read_profile(path)


def test_a_missing_font_is_named(tmp_path):
    path = changed(tmp_path, "unifont.otf", "no-such-font.otf")
    with pytest.raises(ProfileError, match=r"no-such-font.otf is not there"):
        read_profile(path)


def test_a_character_that_yaml_forbids_is_told_with_its_place(tmp_path):
    """Editors do not show it."""
    path = changed(tmp_path, "texts:", "texts: \0")
    line = path.read_text(encoding="utf-8").partition("\0")[0].count("\n") + 1
    with pytest.raises(ProfileError, match=rf"profile\.yaml:{line}:8: no valid YAML: the character U\+0000"):
        read_profile(path)


def test_an_unknown_profile_says_where_it_was_looked_for():
    with pytest.raises(ProfileError, match=r"no profile 'nonesuch'.*fixtures/profiles/nonesuch"):
        load_profile("nonesuch")


@pytest.mark.parametrize("name", ["../classic", "/etc", "", "a/b"])
def test_a_name_that_leads_elsewhere_is_refused(name):
    with pytest.raises(ProfileError, match="no name of a profile"):
        load_profile(name)


def test_a_rig_file_finds_its_profile_from_wherever_it_is_used(tmp_path, monkeypatch):
    """In fixtures/profiles upwards from its own folder."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProfileError, match="no profile 'classic'"):
        find_profile("classic")
    assert find_profile("classic", near=CLASSIC.parents[3] / "rigs" / "virtual.yaml") == CLASSIC


def test_a_profile_beside_the_rig_file_comes_first(tmp_path):
    home = tmp_path / "classic"
    home.mkdir()
    (home / "profile.yaml").write_text(
        CLASSIC.read_text(encoding="utf-8").replace("firmware", "software"), encoding="utf-8"
    )
    assert load_profile("classic", near=tmp_path / "rig.yaml").directory == home.resolve()
