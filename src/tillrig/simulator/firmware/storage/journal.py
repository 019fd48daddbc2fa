"""The batch journal: one record a stored transaction, in the order of storing."""

from __future__ import annotations

from typing import Any

from tillrig.simulator.firmware.hooks import Hooks
from tillrig.simulator.firmware.storage.store import Store

Record = dict[str, Any]
"""kind, datetime (YYYYMMDDhhmmss), batch, voucher, entry (S I C), pan, expiry, amount (fen), auth, ref, code, operator,
issuer, acquirer, organisation, notes (F63), chip (slip field to text), waiver, partial, order, voided, uploaded."""


class Journal:
    """Records of the open batch. Emptying is one write: the records of an older epoch no longer count."""

    def __init__(self, store: Store, hooks: Hooks) -> None:
        self._store, self._hooks = store, hooks
        self._epoch = int(store.get("epoch", 0))
        for key in store.names("journal/"):
            if not key.startswith(self._prefix):
                store.drop(key)
        self._records: list[tuple[str, Record]] = [(key, store.get(key)) for key in store.names(self._prefix)]

    @property
    def _prefix(self) -> str:
        return f"journal/{self._epoch:06d}/"

    @property
    def records(self) -> list[Record]:
        """The records, oldest first."""
        return [record for _, record in self._records]

    def append(self, record: Record) -> None:
        """Store a record; raises FlashError when it is not on flash afterwards."""
        kept = self._hooks.journal_record(record)
        if kept is None:
            return
        last = int(self._records[-1][0].rsplit("/", 1)[1]) if self._records else 0
        key = f"{self._prefix}{last + 1:06d}"
        self._store.put(key, kept)
        self._records.append((key, kept))

    def update(self, record: Record) -> None:
        """Write a changed record again."""
        for key, kept in self._records:
            if kept is record:
                self._store.put(key, record)

    def find(self, voucher: str) -> Record | None:
        """The record with a voucher number of this batch."""
        return next((record for record in self.records if record["voucher"] == voucher), None)

    def by_order(self, order: str) -> Record | None:
        """The last approved record with a cash register's order number (rules E4)."""
        return next((r for r in reversed(self.records) if order and r.get("order") == order), None)

    def clear(self) -> None:
        """Empty the journal after settlement."""
        self._store.put("epoch", self._epoch + 1)
        self._epoch += 1
        self._records = []
        for key in self._store.names("journal/"):
            self._store.drop(key)
