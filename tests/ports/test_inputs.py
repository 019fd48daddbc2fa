"""The contract of inputs: named senses are read, several at one instant, and an unknown name is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.ports.port_fakes import FakeBoard
from tillrig.drivers.manual import InputOptions, ManualInputs
from tillrig.drivers.modbus_rtu import ModbusSwitches, Options
from tillrig.drivers.modbus_rtu_inputs import DEFAULTS, ModbusInputs, Place
from tillrig.drivers.technician import Technician
from tillrig.errors import SwitchError
from tillrig.ports.inputs import Inputs


class InputsContract:
    """Subclasses give `inputs` with a level `supply` and a value `light`, and `world`, which sets what is true."""

    def test_is_an_inputs_port(self, inputs: Inputs) -> None:
        """The driver offers everything that the protocol names."""
        assert isinstance(inputs, Inputs)
        assert {"supply", "light"} <= inputs.names

    @pytest.mark.parametrize("level", [0, 1])
    def test_a_level_is_read(self, inputs: Inputs, world: Callable[[str, int], None], level: int) -> None:
        """0 or 1, as it is now."""
        world("supply", level)
        assert inputs.read("supply") == level

    def test_a_value_is_read(self, inputs: Inputs, world: Callable[[str, int], None]) -> None:
        """In its own unit."""
        world("light", 431)
        assert inputs.read("light") == 431

    def test_several_are_read_together(self, inputs: Inputs, world: Callable[[str, int], None]) -> None:
        """Each under its own name, whatever their order."""
        world("supply", 1)
        world("light", 7)
        assert inputs.read_many(["light", "supply"]) == {"supply": 1, "light": 7}

    def test_an_unknown_sense_is_told_with_those_that_exist(self, inputs: Inputs) -> None:
        """A misspelt name is no zero."""
        with pytest.raises(SwitchError, match=r"'suply'.*supply"):
            inputs.read("suply")

    def test_check_finds_sound_senses_sound(self, inputs: Inputs, world: Callable[[str, int], None]) -> None:
        """Nothing raised."""
        inputs.check()


class TestModbusRtuInputs(InputsContract):
    """Senses on the same board as the relays."""

    @pytest.fixture
    def inputs(self, board: FakeBoard) -> Iterator[ModbusInputs]:
        switches = ModbusSwitches("board", Options(port="", timeout_ms=300), board.port)
        yield ModbusInputs("sense", switches.board, DEFAULTS)
        switches.close()

    @pytest.fixture
    def world(self, board: FakeBoard) -> Callable[[str, int], None]:
        def make_true(name: str, value: int) -> None:
            if name == "supply":
                board.discrete[5] = bool(value)
            else:
                board.values[0x101] = value

        return make_true

    def test_all_closure_counters_come_in_one_frame(self, inputs: Inputs, board: FakeBoard) -> None:
        """Counters are compared with one another, so they must be of one instant."""
        board.closures[:18] = range(100, 118)
        board.requests.clear()
        counts = inputs.read_many(f"closures.{number}" for number in range(18))
        assert counts == {f"closures.{number}": 100 + number for number in range(18)}
        assert [function for function, _ in board.requests] == [4]

    def test_distant_places_come_in_frames_of_their_own(self, board: FakeBoard) -> None:
        """A frame holds 125 registers, and a board may have holes."""
        board.closures[0] = 5
        switches = ModbusSwitches("board", Options(port="", timeout_ms=300), board.port)
        inputs = ModbusInputs("sense", switches.board, {"a": Place(register=0), "b": Place(register=0x100)})
        assert inputs.read_many(["a", "b"]) == {"a": 5, "b": 118}
        switches.close()


class TestManualInputs(InputsContract):
    """A technician who looks."""

    @pytest.fixture
    def truth(self) -> dict[str, int]:
        return {"supply": 0, "light": 0}

    @pytest.fixture
    def inputs(self, truth: dict[str, int]) -> ManualInputs:
        questions = {"supply": "Is the power lamp on?", "light": "What does the meter say?"}

        def look(question: str) -> str:
            return str(next(truth[name] for name, asked in questions.items() if asked in question))

        return ManualInputs("sense", InputOptions(names=questions), Technician(ask=look, attended=True))

    @pytest.fixture
    def world(self, truth: dict[str, int]) -> Callable[[str, int], None]:
        return truth.__setitem__
