"""Named objects on flash, encrypted with the device's fused key, and the counters among them."""

from __future__ import annotations

import json
import os
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tillrig.simulator.firmware.hooks import Hooks
from tillrig.simulator.firmware.storage.flash import Flash

_NONCE = 12
MAX_NUMBER = 999999


class Store:
    """JSON objects by name. PAN and keys stand on flash in cipher only (rules R8)."""

    def __init__(self, flash: Flash, hooks: Hooks) -> None:
        self.flash, self._hooks = flash, hooks
        self._cipher = AESGCM(flash.device_key)

    def get(self, key: str, default: Any = None) -> Any:
        """The object written last under ``key``."""
        raw = self.flash.get(key)
        value = default if raw is None else json.loads(self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], key.encode()))
        return self._hooks.state_loaded(value, key)

    def put(self, key: str, value: Any) -> None:
        """Write one object; raises FlashError. A fault may lose it (``state_saved`` answering None)."""
        value = self._hooks.state_saved(value, key)
        if value is None:
            return
        nonce = os.urandom(_NONCE)
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        self.flash.put(key, nonce + self._cipher.encrypt(nonce, text, key.encode()))

    def drop(self, key: str) -> None:
        """Remove one object."""
        self.flash.drop(key)

    def names(self, prefix: str) -> list[str]:
        """Names of objects, sorted."""
        return self.flash.names(prefix)

    @property
    def batch(self) -> str:
        """The batch number, six digits (rules H19)."""
        return f"{int(self.get('batch', 1)):06d}"

    @batch.setter
    def batch(self, value: str) -> None:
        self.put("batch", int(value))

    def next_stan(self, message: str) -> str:
        """Take a STAN for ``message``; the counter is on flash before the number is used (rules H19)."""
        last = int(self.get("stan", 0))
        number = self._hooks.stan(after(last), last, message)
        self.put("stan", number)
        return f"{number:06d}"

    def count(self, name: str) -> None:
        """Add one to a service counter."""
        counters = self.get("counters", {})
        counters[name] = counters.get(name, 0) + 1
        self.put("counters", counters)


def after(number: int) -> int:
    """The number that follows: 999999 is followed by 1 (rules H19)."""
    return 1 if number >= MAX_NUMBER else number + 1
