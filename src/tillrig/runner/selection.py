"""Which tests to run, in words that both pytest and robot understand."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """`paths` files or folders; `requirements` and `tests` narrow them; `shuffle` a seed for a random order.

    `stop_at_fail`: the first proven FAIL is all that is wanted.
    """

    paths: tuple[Path, ...] = (Path("suites"),)
    requirements: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    shuffle: int | None = None
    stop_at_fail: bool = False

    @property
    def words(self) -> str:
        """What is looked for, for messages."""
        parts = [f"in {', '.join(map(str, self.paths))}"]
        parts += [f"of requirement {' or '.join(self.requirements)}"] if self.requirements else []
        parts += [f"called {' or '.join(self.tests)}"] if self.tests else []
        return " ".join(parts)


def has_robot(selection: Selection) -> bool:
    """Are there Robot files under the paths?"""
    return bool(robot_files(selection))


def robot_files(selection: Selection) -> list[Path]:
    found: list[Path] = []
    for path in selection.paths:
        found += sorted(path.rglob("*.robot")) if path.is_dir() else [path] if path.suffix == ".robot" else []
    return found


def pytest_paths(selection: Selection) -> list[str]:
    """Folders and Python files."""
    return [str(path) for path in selection.paths if path.suffix != ".robot"]


def pytest_command(selection: Selection, run_dir: Path, number: int) -> list[str]:
    """The plain pytest command of this selection; Robot files are left to robot. `number` keeps the outputs of repeated
    calls apart."""
    command = [
        sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", "--no-robot", "-q",
        f"--alluredir={run_dir / 'allure'}", f"--junitxml={run_dir / 'junit' / _numbered('pytest', number)}.xml",
    ]  # fmt: skip
    if selection.shuffle is not None:
        command.append(f"--shuffle={selection.shuffle}")
    if selection.stop_at_fail:
        command.append("--stop-at-fail")
    for requirement in selection.requirements:
        command.append(f"--requirement={requirement}")
    names = [test for test in selection.tests if ".robot::" not in test]
    return command + (names if selection.tests else pytest_paths(selection))


def robot_command(selection: Selection, run_dir: Path, number: int) -> list[str]:
    """The plain robot command of this selection. `number` keeps the outputs of repeated calls apart."""
    name = _numbered("robot", number)
    command = [
        sys.executable, "-m", "robot", "--consolecolors", "off", "--runemptysuite",
        "--outputdir", str(run_dir / name), "--xunit", str((run_dir / "junit" / f"{name}.xml").absolute()),
        "--listener", f"allure_robotframework;{run_dir / 'allure'}",
        "--listener", "tillrig.robot_progress.Announcer",
    ]  # fmt: skip
    if selection.shuffle is not None:
        command += ["--randomize", f"tests:{selection.shuffle}"]
    for requirement in selection.requirements:
        command += ["--include", f"requirement:{requirement}"]
    files = robot_files(selection)
    if selection.tests:
        wanted = [test.partition("::") for test in selection.tests if ".robot::" in test]
        files = list(dict.fromkeys(Path(file) for file, _, _ in wanted))
        for _, _, test in wanted:
            command += ["--test", f"*.{_escaped(test)}"]
    # Languages named in the files' headers must be known before they are parsed together.
    return command + [str(file) for file in files]


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"


def _escaped(name: str) -> str:
    """Robot's --test takes patterns; brackets escape what has a meaning there."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)
