"""Opening a serial port so that what is wrong with it can be told: missing, taken, forbidden, not a serial port."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import serial
from serial.tools import list_ports

from tillrig.errors import RigError

#: A read returns after so long at the latest. Never changed on an open port: every change of a pyserial timeout
#: reconfigures the port, which over RFC 2217 costs 300 ms.
READ_SLICE_S = 0.05
WRITE_LIMIT_S = 2.0


def resolve(port: str, base: Path) -> str:
    """A device path relative to the rig file, made absolute; URLs (`rfc2217://`, `socket://`) stay."""
    if "://" in port or Path(port).is_absolute() or os.name == "nt":
        return port
    return str(base / port)


def open_serial(
    name: str, port: str, baud: int, fault: type[RigError], *, parity: str = "N", stop_bits: float = 1
) -> Any:
    """A pyserial object, 8 data bits, exclusively ours. Raises `fault`; `name` is the instrument's in the rig file."""
    options: dict[str, Any] = {
        "baudrate": baud,
        "parity": parity,
        "stopbits": stop_bits,
        "timeout": READ_SLICE_S,
    }
    if "://" not in port:
        # Network ports know neither: a device server serves one client, and its socket has a time limit of its own.
        options |= {"exclusive": True, "write_timeout": WRITE_LIMIT_S}
    try:
        return serial.serial_for_url(port, **options)
    except (serial.SerialException, OSError, ValueError) as error:
        raise fault(f"{name}: {_reason(port, error)}") from error


def _reason(port: str, error: Exception) -> str:
    number = getattr(error, "errno", None)
    text = str(error)
    if number == errno.ENOENT:
        there = ", ".join(sorted(entry.device for entry in list_ports.comports())) or "none"
        return f"there is no serial port {port} (plugged in? serial ports here: {there})"
    if number == errno.EACCES:
        return f"{port} may not be opened by this user (is it in the group `dialout`?)"
    if number in (errno.EAGAIN, errno.EBUSY) or "exclusively lock" in text:
        return f"{port} is taken by {holder(port) or 'another program'}; end it or choose another port"
    if number == errno.ENOTTY or "Could not configure port" in text:
        return f"{port} is not a serial port, or does not know this baud rate: {text}"
    return f"{port} cannot be opened: {text}"


def holder(port: str) -> str:
    """Who has `port` open, as far as /proc tells us: "pid 12 (name)", or ""."""
    target = os.path.realpath(port)
    found = []
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(link.readlink()) == target and link.parts[2] != str(os.getpid()):
                found.append(f"pid {link.parts[2]} ({Path('/proc', link.parts[2], 'comm').read_text().strip()})")
        except OSError:
            continue
    return ", ".join(sorted(set(found)))
