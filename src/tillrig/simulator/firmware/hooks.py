"""The places at which a fault can be put into the firmware. ``docs/faults.md`` shows each with an example.

Every hook takes the right value first and returns what the faulty firmware uses instead; by default the same value.
Amounts are integer fen. ``step`` and ``copy`` are the names of the observation points (``ask_amount``, ``merchant``).
"""

from __future__ import annotations

from typing import Any

Fields = dict[Any, Any]


class Hooks:
    """Sound firmware: every hook gives back what it got."""

    # --- hand and glass
    def key(self, names: list[str], step: str) -> list[str]:
        """One press that counted, as a list of keys: [] ignores it, two entries double it."""
        return names

    def screen_rows(self, rows: list[str], step: str) -> list[str]:
        """The four rows about to be shown, each up to 16 columns."""
        return rows

    def amount_shown(self, text: str, fen: int, step: str) -> str:
        """An amount as a screen shows it (``12.34``)."""
        return text

    def stars(self, text: str, digits: str, step: str) -> str:
        """What stands for the secret ``digits`` typed so far at ``ask_pin`` or ``ask_password``."""
        return text

    def result_text(self, text: str, code: str) -> str:
        """The text of a response code, before it is broken into rows; ``|`` marks a forced break."""
        return text

    def menu_choice(self, function: str, key: str) -> str:
        """The function a menu digit opens (``sale``, ``reprint_last``, ``settle`` ...)."""
        return function

    def seconds(self, value: float, what: str) -> float:
        """A wait of the terminal's own: ``idle answer connect chip contactless result copy sleep backlight paper``."""
        return value

    # --- money and cards
    def amount_entered(self, fen: int) -> int:
        """The amount kept after it was entered."""
        return fen

    def needs_pin(self, needed: bool, entry: str, fen: int) -> bool:
        """Whether a PIN is asked; ``entry`` is S stripe, I chip, C contactless."""
        return needed

    def waiver(self, waived: bool, entry: str, fen: int) -> bool:
        """Whether neither PIN nor signature is wanted."""
        return waived

    def pin(self, digits: str) -> str:
        """The PIN as it goes into field 52 ("" = none)."""
        return digits

    def card_refused(self, text: str, entry: str) -> str:
        """Why a card that was read is refused ("" = it is taken)."""
        return text

    def mask(self, shown: str, pan: str, where: str) -> str:
        """A masked card number for ``slip``, ``console``, ``ecr`` or ``detail``."""
        return shown

    # --- host
    def stan(self, number: int, last: int, message: str) -> int:
        """The STAN taken for ``message``; ``last`` is the one before."""
        return number

    def host_request_fields(self, fields: Fields, message: str) -> Fields:
        """Fields of a request by number (digits and text as str, binary as bytes), before the MAC."""
        return fields

    def host_request_mac(self, mac: bytes, message: str) -> bytes:
        """Field 64 of a request."""
        return mac

    def host_request_frame(self, frame: bytes, message: str) -> bytes:
        """The whole frame as it goes out."""
        return frame

    def host_request_times(self, times: int, message: str) -> int:
        """How often a request is sent (2 sends it twice, the last answer counts; 0 sends nothing)."""
        return times

    def host_answer_fields(self, fields: Fields, message: str) -> Fields:
        """Fields of an answer, before they are checked (0 = MTI)."""
        return fields

    def answer_checked(self, failure: str, check: str, message: str) -> str:
        """The text of a failed check ``mti f3 f11 f41 f42 f4 mac key`` ("" lets it pass); not called for good ones."""
        return failure

    def approved(self, yes: bool, code: str) -> bool:
        """Whether a response code approves."""
        return yes

    def reversal_record(self, record: Fields | None, reason: str) -> Fields | None:
        """The reversal record about to be stored (None loses it)."""
        return record

    def reversal_pending(self, record: Fields | None) -> Fields | None:
        """The record found before the next online transaction (None drops it unsent)."""
        return record

    def reversal_done(self, done: bool, code: str) -> bool:
        """Whether an answer ends the reversal (False sends it again)."""
        return done

    # --- storage
    def state_saved(self, value: Any, key: str) -> Any:
        """A value going to flash under ``stan batch reversal keys users settlement journal/... `` (None loses it)."""
        return value

    def state_loaded(self, value: Any, key: str) -> Any:
        """A value read from flash."""
        return value

    def journal_record(self, record: Fields | None) -> Fields | None:
        """A record about to be journaled (None loses it)."""
        return record

    # --- slips
    def slip_record(self, record: Fields, reprint: bool) -> Fields:
        """The journal record that is going to be printed."""
        return record

    def slip_copies(self, copies: list[str], reprint: bool) -> list[str]:
        """Which copies are printed, in order."""
        return copies

    def slip_fields(self, fields: Fields, copy: str) -> Fields:
        """Values of a slip by field name of the observation points (``amount``, ``card_no``, ``auth`` ...)."""
        return fields

    def slip_lines(self, lines: list[Any], copy: str) -> list[Any]:
        """Lines of a slip after layout; each has ``field text font align``."""
        return lines

    def slip_dots(self, dots: list[bytes], copy: str) -> list[bytes]:
        """Dot lines of a slip, 48 bytes each, leftmost dot first."""
        return dots

    # --- settlement and lines
    def totals(self, totals: Fields) -> Fields:
        """Totals of the batch: ``inside`` and ``outside``, each ``debit credit sale refund ...`` to [count, fen]."""
        return totals

    def batch_next(self, number: int, last: int) -> int:
        """The batch number after settlement."""
        return number

    def ecr_answer(self, tags: Fields, function: str) -> Fields:
        """Tags of an answer on the cash-register line, bytes by three-digit tag."""
        return tags

    def console_lines(self, lines: list[str], command: str) -> list[str]:
        """Lines that answer a console command."""
        return lines


HOOK_NAMES: tuple[str, ...] = tuple(name for name in vars(Hooks) if not name.startswith("_"))
"""Every hook, in the order of the class."""

MAY_BE_NONE = frozenset({"reversal_record", "reversal_pending", "state_saved", "state_loaded", "journal_record"})
"""Hooks for which None is an answer; elsewhere it is a forgotten ``return``."""
