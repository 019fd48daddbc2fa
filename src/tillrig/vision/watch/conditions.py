"""What can be wrong with a camera, and when it is said: a condition is named once it stayed, and gone once it is."""

from __future__ import annotations

import enum


class RigCondition(enum.StrEnum):
    """What keeps a camera from testifying; each is a rig error, never the terminal's fault."""

    NO_FRAMES = "no frames"
    TORN = "torn stream"
    WRONG_DEVICE = "wrong device"
    FROZEN = "frozen"
    BLACK = "black"
    COVERED = "covered"
    DARK = "dark"
    SATURATED = "saturated"
    BLURRED = "defocused"
    MOVED = "moved"


#: What a person at the bench looks at.
ADVICE: dict[RigCondition, str] = {
    RigCondition.NO_FRAMES: "look at the camera's cable and supply",
    RigCondition.TORN: "look at the camera's cable, and at what else uses its bus or network",
    RigCondition.WRONG_DEVICE: "look at which camera answers at this address, and at what stands before it",
    RigCondition.FROZEN: "restart the camera: it repeats one picture",
    RigCondition.BLACK: "look at lens cap, exposure and light",
    RigCondition.COVERED: "look at what is before the lens",
    RigCondition.DARK: "look at lamp, room light and exposure",
    RigCondition.SATURATED: "look at what light falls on the glass or the paper, and at the exposure",
    RigCondition.BLURRED: "focus the camera, and lock its focus",
    RigCondition.MOVED: "put the camera back, or calibrate anew",
}

# So many unsound measurements in a row name a condition, so many sound ones end it.
HOLD, CLEAR = 3, 3


class Standing:
    """Which condition stands, after each measurement."""

    def __init__(self) -> None:
        self.condition: RigCondition | None = None
        self.detail = ""
        #: Nothing was amiss at this time (monotonic seconds of a frame); None before the first such measurement.
        self.sound_at: float | None = None
        #: The condition that stands began after this time.
        self.since: float | None = None
        self._bad = self._good = 0

    @property
    def doubtful(self) -> bool:
        """The last measurement was not sound, whether or not a condition stands already."""
        return self._bad > 0

    def sound(self, at: float) -> None:
        """A measurement with nothing amiss."""
        self._bad, self._good = 0, self._good + 1
        if self.condition is not None and self._good < CLEAR:
            return
        self.condition, self.detail, self.since, self.sound_at = None, "", None, at

    def unsound(self, at: float, condition: RigCondition, detail: str, *, at_once: bool = False) -> None:
        """A measurement that something keeps from being sound; `at_once` where it takes no second one to be sure."""
        self._good = 0
        self._bad += 1
        if self.since is None:
            self.since = at if self.sound_at is None else self.sound_at
        if self._bad >= HOLD or at_once or self.condition is not None:
            self.condition, self.detail = condition, detail
