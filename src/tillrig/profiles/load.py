"""Find, read and check a profile. Errors name file, line, column and key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from tillrig.errors import ProfileError
from tillrig.profiles.model import Icon, Profile

FILE = "profile.yaml"
_KEY_PATH = re.compile(r"\.([^.\[\]`]+)|\[(\d+|\.\.\.)\]")


def load_profile(name: str, near: Path | None = None) -> Profile:
    """The profile `name`, wherever `find_profile` finds it. Raises ProfileError."""
    return read_profile(find_profile(name, near))


def find_profile(name: str, near: Path | None = None) -> Path:
    """The file of profile `name`: beside the rig file (`near`), in fixtures/profiles upwards from the working
    directory and from the rig file, or in the package. Raises ProfileError.
    """
    looked = []
    for directory in _places(name, near):
        looked.append(str(directory))
        if (directory / FILE).is_file():
            return directory / FILE
    raise ProfileError(f"no profile '{name}': looked for {FILE} in {', '.join(looked)}")


def _places(name: str, near: Path | None) -> list[Path]:
    if not re.fullmatch(r"[\w.-]+", name) or name.startswith("."):
        raise ProfileError(f"'{name}' is no name of a profile; letters, digits, dots and dashes make one")
    places: list[Path] = []
    here = Path.cwd().resolve()
    above = [here, *here.parents]
    if near is not None:
        home = near if near.is_dir() else near.parent
        places += [home / name, home / "profiles" / name]
        above += home.resolve().parents
    places += [parent / "fixtures" / "profiles" / name for parent in dict.fromkeys(above)]
    return [*places, Path(__file__).parent / name]


def read_profile(path: Path) -> Profile:
    """Read one file. Raises ProfileError with file:line:column and the key."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    from tillrig.yaml_files import told

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ProfileError(f"{path}: {error}") from error
    try:
        plain = YAML(typ="safe").load(text)
    except (ValueError, RecursionError, YAMLError) as error:
        raise ProfileError(told(path, text, error)) from error
    try:
        profile = msgspec.convert(plain, Profile)
    except msgspec.ValidationError as error:
        raise ProfileError(_located(path, text, str(error))) from error
    profile = msgspec.structs.replace(profile, directory=path.parent.resolve())
    profile = _with_fonts(profile, path)
    for keys, problem in _problems(profile):
        line, column = _find(text, keys)
        raise ProfileError(f"{path}:{line}:{column}: {'.'.join(map(str, keys))}: {problem}")
    return profile


def _with_fonts(profile: Profile, path: Path) -> Profile:
    def absolute(part: Any) -> Any:
        fonts = []
        for font in part.fonts:
            full = font.path if Path(font.path).is_absolute() else str(profile.directory / font.path)
            if not Path(full).is_file():
                raise ProfileError(f"{path}: font {full} is not there; install the package that has it")
            fonts.append(msgspec.structs.replace(font, path=full))
        return msgspec.structs.replace(part, fonts=tuple(fonts))

    display = msgspec.structs.replace(absolute(profile.display), icons=_with_examples(profile, path))
    return msgspec.structs.replace(profile, display=display, printer=absolute(profile.printer))


def _with_examples(profile: Profile, path: Path) -> tuple[Icon, ...]:
    icons = []
    for icon in profile.display.icons:
        states = {
            state: tuple(str(profile.directory / example) for example in examples)
            for state, examples in icon.states.items()
        }
        for example in (one for examples in states.values() for one in examples):
            if not Path(example).is_file():
                raise ProfileError(f"{path}: icon {icon.name}: {example} is not there")
        icons.append(msgspec.structs.replace(icon, states=states))
    return tuple(icons)


def _problems(profile: Profile) -> list[tuple[tuple[str | int, ...], str]]:
    """What the types cannot say: keys without a text, rows too many, texts wider than the display (rules T2)."""
    from tillrig.profiles.texts import width

    found: list[tuple[tuple[str | int, ...], str]] = []
    for key, text in profile.texts.items():
        wide = [part for part in text.split("|") if width(part) > profile.display.columns]
        if wide and not key.startswith(("type.", "slip.", "settle.", "entry.")):
            found.append(
                (
                    ("texts", key),
                    f"'{wide[0]}' is wider than {profile.display.columns} columns; say where it breaks with |",
                )
            )
    found += _icon_problems(profile)
    for kind, screen in profile.screens.items():
        if len(screen.rows) > profile.display.rows:
            found.append((("screens", kind, "rows"), f"{len(screen.rows)} rows on a display of {profile.display.rows}"))
        for field, keys in screen.texts.items():
            for key in keys:
                if not key.endswith("*") and key not in profile.texts:
                    found.append((("screens", kind, "texts", field), f"no text '{key}'"))
        for field, pattern in screen.patterns.items():
            try:
                re.compile(pattern)
            except re.error as error:
                found.append((("screens", kind, "patterns", field), f"no regular expression: {error}"))
    for name, lines in profile.slips.items():
        for index, line in enumerate(lines):
            if line.size not in ("text", "small", "amount"):
                found.append((("slips", name, index, "size"), f"'{line.size}' is none of text, small, amount"))
    return found


def _icon_problems(profile: Profile) -> list[tuple[tuple[str | int, ...], str]]:
    found: list[tuple[tuple[str | int, ...], str]] = []
    for index, icon in enumerate(profile.display.icons):
        left, top, across, down = icon.box
        if min(left, top) < 0 or left + across > profile.display.width or top + down > profile.display.height:
            found.append((("display", "icons", index, "box"), f"{list(icon.box)} is not on the display"))
        if len(icon.states) < 2 or not all(icon.states.values()):
            found.append((("display", "icons", index, "states"), "two states or more are needed, each with an example"))
    return found


def _located(path: Path, text: str, message: str) -> str:
    """msgspec's message with the line of the key it names."""
    problem, _, where = message.partition(" - at ")
    keys: list[str | int] = [
        int(index) if index.isdigit() else name or index for name, index in _KEY_PATH.findall(where)
    ]
    unknown = re.search(r"unknown field `([^`]+)`", problem)
    if unknown:
        keys.append(unknown[1])
    line, column = _find(text, tuple(keys))
    return f"{path}:{line}:{column}: {'.'.join(map(str, keys)) or 'the file'}: {problem}"


def _find(text: str, keys: tuple[str | int, ...]) -> tuple[int, int]:
    """Line and column, from 1, of the deepest of `keys` that the file has."""
    from ruamel.yaml import YAML

    node = YAML().load(text)
    line, column = 0, 0
    for key in keys:
        try:
            position = _place(node, key)
            line, column = position[0], position[1]
            node = node[key]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return line + 1, column + 1


def _place(node: Any, key: str | int) -> tuple[int, int]:
    """Line and column, from 0, of `key` in a mapping or list that remembers where it was read."""
    row, column = node.lc.key(key) if isinstance(key, str) else node.lc.item(key)
    return int(row), int(column)
