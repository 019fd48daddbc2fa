"""What happens at one moment reaches the terminal's processor at once, even when the bench is kept waiting amid it."""

from __future__ import annotations

import asyncio
import struct
import sys
import time
from pathlib import Path

from tillrig.simulator import wire
from tillrig.simulator.bench.processor import Processor

#: Answers each chunk that it reads with the chunk's length.
LISTENER = """
import os, struct
os.write(1, struct.pack(">cI", b"S", 4) + struct.pack(">I", 0))
while data := os.read(0, 65536):
    os.write(1, struct.pack(">cI", b"S", 4) + struct.pack(">I", len(data)))
"""


async def chunks_of(directory: Path, *moments: list[bytes]) -> list[int]:
    """Lengths of the chunks in which the processor reads messages that are sent moment by moment."""
    heard: asyncio.Queue[int] = asyncio.Queue()
    processor = Processor(
        asyncio.get_running_loop(),
        directory / "log",
        lambda message: heard.put_nowait(struct.unpack(">I", message.payload)[0]),
        lambda code: None,
    )
    processor.start([sys.executable, "-c", LISTENER])
    assert await asyncio.wait_for(heard.get(), 20) == 0
    found = []
    for messages in moments:
        for message in messages:
            processor.send(message)
            time.sleep(0.03)
        found.append(await asyncio.wait_for(heard.get(), 20))
    processor.kill()
    assert heard.empty()
    return found


def test_all_edges_of_a_bounce_are_read_together(tmp_path: Path) -> None:
    bounce = [wire.keys(1.0 + number / 1000, number % 2) for number in range(5)]
    single = [wire.keys(2.0, 0)]
    assert asyncio.run(chunks_of(tmp_path, bounce, single)) == [len(b"".join(bounce)), len(single[0])]
