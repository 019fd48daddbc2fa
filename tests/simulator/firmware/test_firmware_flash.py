"""Whatever byte of whatever write the power goes at, flash holds the old value or the new one, and nothing else."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tillrig.simulator.firmware.storage import flash as flash_module
from tillrig.simulator.firmware.storage.flash import PAGE, Cut, Flash


class PowerCutError(Exception):
    """Stands for SIGKILL."""


def _cut() -> None:
    raise PowerCutError


WRITES = st.lists(
    st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.binary(max_size=700))), min_size=1, max_size=12
)


@settings(max_examples=150, deadline=None)
@given(WRITES, st.integers(1, 40), st.integers(0, 1100))
def test_a_cut_at_any_byte_leaves_old_or_new(writes: list[tuple[str, bytes | None]], number: int, byte: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(flash_module, "_power_gone", _cut)
        patch.setattr(flash_module, "BANK_PAGES", 16)
        path = Path(folder) / "flash"
        sure: dict[str, bytes] = {}
        states = [sure]
        try:
            flash = Flash(path, Cut(number, byte))
            for key, value in writes:
                after = {k: v for k, v in sure.items() if k != key} | ({key: value} if value is not None else {})
                states = [sure, after]
                if value is None:
                    flash.drop(key)
                else:
                    flash.put(key, value)
                sure, states = after, [after]
            flash.close()
        except PowerCutError:
            pass
        survivor = Flash(path)
        assert {key: survivor.get(key) for key in survivor.names()} in states
        survivor.put("z", b"goes on")
        survivor.close()
        again = Flash(path)
        assert again.get("z") == b"goes on"
        assert {key: again.get(key) for key in again.names() if key != "z"} in states
        again.close()


def test_old_records_of_a_bank_used_before_do_not_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flash_module, "BANK_PAGES", 8)
    flash = Flash(tmp_path / "flash")
    for number in range(100):
        flash.put("n", str(number).encode())
    flash.close()
    assert Flash(tmp_path / "flash").get("n") == b"99"


def test_a_full_flash_says_so_and_keeps_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flash_module, "BANK_PAGES", 8)
    flash = Flash(tmp_path / "flash")
    flash.put("a", b"kept")
    with pytest.raises(flash_module.FlashError, match="full"):
        flash.put("b", bytes(PAGE * 9))
    assert Flash(tmp_path / "flash").get("a") == b"kept"


def test_a_cut_is_written_in_words() -> None:
    assert Cut.parse("write:3:byte:17") == Cut(3, 17)
    with pytest.raises(ValueError, match="write:N:byte:K"):
        Cut.parse("3:17")
