"""Flash: pages in a file, written as a log with checksums, so that a cut at any byte of any write leaves old or new.

Layout: page 0 one-time fuses (device key) | bank A | bank B. A bank is a header page and records, each padded to whole
pages. Only the bank with the highest valid generation counts; when it is full the live records are copied to the other
one, whose header is written last.
"""

from __future__ import annotations

import os
import secrets
import signal
import struct
import zlib
from pathlib import Path
from typing import NamedTuple, NoReturn

PAGE = 256
BANK_PAGES = 16384
_FUSE = struct.Struct(">4s16sI")
_BANK = struct.Struct(">4sII")
_RECORD = struct.Struct(">4sIHII")
_GONE = 0xFFFFFFFF


class FlashError(Exception):
    """A page could not be written, or nothing is left to write to."""


class Cut(NamedTuple):
    """Power goes at the ``write``-th write of this process (from 1), after ``byte`` bytes of it."""

    write: int
    byte: int

    @classmethod
    def parse(cls, text: str) -> Cut:
        """Read ``write:N:byte:K``; raises ValueError."""
        parts = text.split(":")
        if len(parts) != 4 or parts[0] != "write" or parts[2] != "byte":
            raise ValueError(f"a cut is written write:N:byte:K, not {text!r}")
        cut = cls(int(parts[1]), int(parts[3]))
        if cut.write < 1 or cut.byte < 0:
            raise ValueError(f"in {text!r} N counts from 1 and K from 0")
        return cut


class Flash:
    """Named values that survive a cut. Mounting reads the file; every write is one record."""

    def __init__(self, path: Path, cut: Cut | None = None) -> None:
        self._cut = cut
        self.writes = 0
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._live: dict[str, bytes] = {}
        self.device_key = self._read_fuses()
        self._mount()

    def get(self, key: str) -> bytes | None:
        """The last whole value written under ``key``."""
        return self._live.get(key)

    def names(self, prefix: str = "") -> list[str]:
        """Names that have a value, sorted."""
        return sorted(key for key in self._live if key.startswith(prefix))

    def put(self, key: str, value: bytes) -> None:
        """Write one value; raises FlashError when it cannot be kept."""
        self._append(key, value)
        self._live[key] = value

    def drop(self, key: str) -> None:
        """Remove one value; nothing is written when there is none."""
        if key in self._live:
            self._append(key, None)
            del self._live[key]

    def _read_fuses(self) -> bytes:
        raw = os.pread(self._fd, PAGE, 0)
        if len(raw) >= _FUSE.size:
            magic, key, check = _FUSE.unpack_from(raw)
            if magic == b"TFus" and check == zlib.crc32(magic + key):
                return bytes(key)
        key = secrets.token_bytes(16)
        self._write(0, _FUSE.pack(b"TFus", key, zlib.crc32(b"TFus" + key)))
        return key

    def _mount(self) -> None:
        generations = [self._generation(bank) for bank in (0, 1)]
        self._bank = 0 if generations[0] >= generations[1] else 1
        self._generation_now = generations[self._bank]
        self._next = 1
        if self._generation_now == 0:
            self._generation_now = 1
            self._write_bank_header(self._bank, 1)
            return
        raw = os.pread(self._fd, BANK_PAGES * PAGE, self._start(self._bank))
        while (record := self._parse(raw, self._next)) is not None:
            key, value, pages = record
            if value is None:
                self._live.pop(key, None)
            else:
                self._live[key] = value
            self._next += pages

    def _parse(self, raw: bytes, page: int) -> tuple[str, bytes | None, int] | None:
        at = page * PAGE
        if len(raw) < at + _RECORD.size:
            return None
        magic, generation, key_length, value_length, check = _RECORD.unpack_from(raw, at)
        if magic != b"TRec" or generation != self._generation_now:
            return None
        length = key_length + (0 if value_length == _GONE else value_length)
        body = raw[at + _RECORD.size : at + _RECORD.size + length]
        if len(body) != length or check != self._check(generation, key_length, value_length, body):
            return None
        value = None if value_length == _GONE else body[key_length:]
        return body[:key_length].decode(), value, _pages(_RECORD.size + length)

    def _append(self, key: str, value: bytes | None) -> None:
        record = self._record(self._generation_now, key, value)
        if self._next + _pages(len(record)) > BANK_PAGES:
            self._compact(spare=_pages(len(record)))
            record = self._record(self._generation_now, key, value)
        self._write(self._start(self._bank) + self._next * PAGE, record)
        self._next += _pages(len(record))

    def _compact(self, spare: int) -> None:
        bank, generation, page = 1 - self._bank, self._generation_now + 1, 1
        for key, value in self._live.items():
            record = self._record(generation, key, value)
            if page + _pages(len(record)) + spare > BANK_PAGES:
                raise FlashError("flash is full")
            self._write(self._start(bank) + page * PAGE, record)
            page += _pages(len(record))
        self._write_bank_header(bank, generation)
        self._bank, self._generation_now, self._next = bank, generation, page

    def _record(self, generation: int, key: str, value: bytes | None) -> bytes:
        name = key.encode()
        length = _GONE if value is None else len(value)
        body = name + (value or b"")
        check = self._check(generation, len(name), length, body)
        return _RECORD.pack(b"TRec", generation, len(name), length, check) + body

    @staticmethod
    def _check(generation: int, key_length: int, value_length: int, body: bytes) -> int:
        return zlib.crc32(struct.pack(">IHI", generation, key_length, value_length) + body)

    def _generation(self, bank: int) -> int:
        raw = os.pread(self._fd, _BANK.size, self._start(bank))
        if len(raw) < _BANK.size:
            return 0
        magic, generation, check = _BANK.unpack(raw)
        return int(generation) if magic == b"TBnk" and check == zlib.crc32(raw[:8]) else 0

    def _write_bank_header(self, bank: int, generation: int) -> None:
        head = struct.pack(">4sI", b"TBnk", generation)
        self._write(self._start(bank), head + struct.pack(">I", zlib.crc32(head)))

    @staticmethod
    def _start(bank: int) -> int:
        return PAGE * (1 + bank * BANK_PAGES)

    def _write(self, offset: int, data: bytes) -> None:
        self.writes += 1
        data += b"\xff" * (-len(data) % PAGE)
        if self._cut is not None and self.writes == self._cut.write:
            os.pwrite(self._fd, data[: self._cut.byte], offset)
            _power_gone()
        try:
            os.pwrite(self._fd, data, offset)
        except OSError as error:
            raise FlashError(f"flash write {self.writes} failed: {error}") from error

    def close(self) -> None:
        """Release the file."""
        os.close(self._fd)


def _pages(length: int) -> int:
    return -(-length // PAGE)


def _power_gone() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise SystemExit(137)
