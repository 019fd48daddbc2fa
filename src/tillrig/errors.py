"""Every exception of tillrig, and what it does to the verdict of the attempt in which it is raised.

    TillrigError
    ├── RigError                 RIG_ERROR     the instruments or the bench, never the terminal
    │   ├── SwitchError          relay board silent, garbled or refusing
    │   ├── SerialError          port gone, taken, wrong rate
    │   ├── CameraError          no frames, frozen, black, out of focus, moved
    │   ├── LinkError            network path between terminal and host
    │   ├── HostPortError        the test host cannot listen
    │   └── EvidenceError        what was seen cannot be stored (disk full)
    ├── InconclusiveError        INCONCLUSIVE  not certain enough to say either
    ├── BlockedError             BLOCKED       a needed state, rig or technician could not be had
    ├── SuiteError               TEST_ERROR    the suite, the profile or the rig file is wrong
    │   ├── RigFileError         names file, line, key
    │   ├── ProfileError         names file, line, key
    │   └── UsageError           a call or a command line that makes no sense
    └── ProtocolError            bytes that break their format; `offset` names the byte. No verdict of its own: whoever
                                 sent the bytes is to blame, and the caller knows who that was
Findings accumulate and do not raise; an exception aborts the attempt. `verdicts.of_exception` maps them.
"""

from __future__ import annotations


class TillrigError(Exception):
    """Base of all; the text says what happened, to what, and what to do."""


class RigError(TillrigError):
    """An instrument or the bench failed; never the terminal's fault."""


class SwitchError(RigError):
    """A relay board is silent, garbled, or refuses."""


class SerialError(RigError):
    """A serial port is gone, taken, or talks at another rate."""


class CameraError(RigError):
    """A camera gives no usable picture."""


class LinkError(RigError):
    """The network path between terminal and host cannot be controlled."""


class HostPortError(RigError):
    """The test host cannot listen where the terminal will call."""


class EvidenceError(RigError):
    """What was seen could not be stored."""


class InconclusiveError(TillrigError):
    """Not certain enough to say either."""


class BlockedError(TillrigError):
    """A needed state, a healthy rig or a technician could not be had."""


class SuiteError(TillrigError):
    """The suite, the profile or the rig file is wrong."""


class RigFileError(SuiteError):
    """A rig file is wrong; the text names file, line and key."""


class ProfileError(SuiteError):
    """A profile is wrong; the text names file, line and key."""


class UsageError(SuiteError):
    """A call or a command line that makes no sense."""


class ProtocolError(TillrigError):
    """Bytes that break their format.

    `offset` is the position of the first bad byte (None when no single byte is to blame).
    """

    def __init__(self, message: str, offset: int | None = None) -> None:
        super().__init__(message if offset is None else f"byte {offset}: {message}")
        self.offset = offset
