"""The contract of switches: what is set is closed, a pulse ends by itself, and open_all opens everything."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.ports.port_fakes import FakeBoard, eventually
from tillrig.drivers.manual import ManualSwitches, SwitchOptions
from tillrig.drivers.modbus_rtu import ModbusSwitches, Options
from tillrig.drivers.registry import Secrecy
from tillrig.drivers.technician import Technician
from tillrig.errors import SwitchError
from tillrig.ports.switches import Switches


class SwitchesContract:
    """Subclasses give `switches` and `closed`, the channels that are closed in truth (not as the driver believes)."""

    #: A pulse of a person has no length that could be measured.
    times_pulses = True

    def test_is_a_switches_port(self, switches: Switches) -> None:
        """The driver offers everything that the protocol names."""
        assert isinstance(switches, Switches)
        assert switches.capabilities.channels >= 8

    def test_all_contacts_are_open_at_first(self, closed: Callable[[], set[int]]) -> None:
        """Opening a board leaves no contact closed from before."""
        assert closed() == set()

    def test_what_is_set_is_closed_and_the_rest_stays(self, switches: Switches, closed: Callable[[], set[int]]) -> None:
        """Channels that are not named keep their state."""
        switches.set({3: True, 4: True})
        switches.set({4: False, 7: True})
        assert closed() == {3, 7}
        assert [channel for channel, on in enumerate(switches.read()) if on] == [3, 7]

    def test_several_channels_move_in_one_call(self, switches: Switches, closed: Callable[[], set[int]]) -> None:
        """Neighbours and strangers, closing and opening, in any order."""
        switches.set({6: True, 0: True, 1: False, 2: True})
        assert closed() == {0, 2, 6}

    def test_a_pulse_ends_by_itself(self, switches: Switches, closed: Callable[[], set[int]]) -> None:
        """`pulse` returns while the contact is closed, and nobody has to open it."""
        before = time.monotonic()
        at = switches.pulse(5, 120)
        assert before <= at <= time.monotonic()
        if self.times_pulses:
            assert time.monotonic() - before < 0.1
            assert closed() == {5}
        assert eventually(lambda: closed() == set(), 1.0)
        if self.times_pulses:
            assert 0.1 < time.monotonic() - at < 0.4

    def test_open_all_ends_levels_and_pulses(self, switches: Switches, closed: Callable[[], set[int]]) -> None:
        """The safe state."""
        switches.set({1: True})
        switches.pulse(2, 5000)
        switches.open_all()
        assert closed() == set()

    def test_a_channel_that_does_not_exist_is_refused(self, switches: Switches) -> None:
        """The error says which channels there are, and nothing moves."""
        with pytest.raises(SwitchError, match="channel 99"):
            switches.set({1: True, 99: True})
        with pytest.raises(SwitchError, match="channel 99"):
            switches.pulse(99, 40)
        assert not any(switches.read())

    def test_close_opens_everything_and_may_be_called_twice(
        self, switches: Switches, closed: Callable[[], set[int]]
    ) -> None:
        """Whoever forgets open_all does no harm."""
        switches.set({1: True})
        switches.close()
        switches.close()
        assert closed() == set()

    def test_check_finds_a_sound_board_sound(self, switches: Switches) -> None:
        """Also while contacts are held."""
        switches.set({1: True})
        switches.check()

    def test_threads_do_not_disturb_one_another(self, switches: Switches, closed: Callable[[], set[int]]) -> None:
        """Each thread's channels end as that thread left them."""
        failures: list[Exception] = []

        def work(channel: int) -> None:
            try:
                for _ in range(10):
                    switches.set({channel: True})
                    switches.set({channel: False})
                switches.set({channel: True})
            except SwitchError as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(channel,)) for channel in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert not failures
        assert closed() == {0, 1, 2, 3}


class TestModbusRtu(SwitchesContract):
    """A board that times pulses and has a watchdog."""

    board_options = Options(port="", timeout_ms=300)

    @pytest.fixture
    def switches(self, board: FakeBoard) -> Iterator[ModbusSwitches]:
        made = ModbusSwitches("board", self.board_options, board.port)
        yield made
        made.close()

    @pytest.fixture
    def closed(self, board: FakeBoard, switches: Switches) -> Callable[[], set[int]]:
        return board.closed


class TestPlainModbusRtu(TestModbusRtu):
    """A board that knows coils and nothing else: pulses timed here, a guard process instead of the watchdog."""

    @pytest.fixture
    def board(self) -> Iterator[FakeBoard]:
        made = FakeBoard(timed=False, watchdog=False)
        yield made
        made.stop()


class Hand:
    """A technician who does what he is told, and keeps the contacts in his mind."""

    def __init__(self) -> None:
        self.closed: set[int] = set()

    def __call__(self, question: str) -> str:
        for act in question.removeprefix("board: ").split(";"):
            words = act.replace(".", "").split()
            if words[0] == "close":
                self.closed.add(int(words[2]))
            elif words[0] == "open":
                self.closed.discard(int(words[2]))
        return ""


class TestManual(SwitchesContract):
    """A technician with a hand on every switch."""

    times_pulses = False

    @pytest.fixture
    def hand(self) -> Hand:
        return Hand()

    @pytest.fixture
    def switches(self, hand: Hand) -> ManualSwitches:
        technician = Technician(ask=hand, attended=True)
        return ManualSwitches("board", SwitchOptions(channels=32), technician, Secrecy())

    @pytest.fixture
    def closed(self, hand: Hand) -> Callable[[], set[int]]:
        return lambda: hand.closed
