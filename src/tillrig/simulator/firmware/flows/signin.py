"""Operator, password, working keys; and signing off again (rules T5, H17-H20)."""

from __future__ import annotations

from tillrig.simulator.firmware.flows.guards import (
    CANCELLED,
    NO_ANSWER,
    REFUSED,
    TIMED_OUT,
    Ended,
    announce,
    refuse,
    settlement_open,
)  # fmt: skip
from tillrig.simulator.firmware.host import messages, online, reversal
from tillrig.simulator.firmware.host.crypto import BadCheckValueError, working_keys
from tillrig.simulator.firmware.host.online import Outcome
from tillrig.simulator.firmware.terminal import Session, Terminal
from tillrig.simulator.firmware.ui.prompts import CancelledError, TimedOutError, ask_digits, ask_secret
from tillrig.simulator.firmware.ui.results import failed, outcome_text, show_outcome
from tillrig.simulator.firmware.ui.screens import message, show

TITLE = "签到"
OFF_TITLE = "签退"
PASSWORD_DIGITS = 8
PASSWORD_TRIES = 3


def log_in(terminal: Terminal, *, seconds: float | None) -> Ended:
    """Ask who is there and sign in. Wrong passwords, refusals and failures are shown and end it."""
    try:
        return _identify(terminal, seconds)
    except TimedOutError:
        return Ended(TIMED_OUT, terminal.text("timed_out"))
    except CancelledError:
        return Ended(CANCELLED, terminal.text("cancelled"))


def _identify(terminal: Terminal, seconds: float | None) -> Ended:
    watch = None if seconds is not None else terminal.interrupt
    prompt = terminal.text("ask_operator")
    user = ask_digits(terminal, "ask_operator", TITLE, prompt, 2, seconds=seconds, watch=watch)
    terminal.busy = True
    known = terminal.store.get("users", {}).get(user)
    if known is None:
        return refuse(terminal, TITLE, "no_such_user")
    for _ in range(PASSWORD_TRIES):
        password = ask_secret(terminal, "ask_password", TITLE, terminal.text("ask_password"), PASSWORD_DIGITS)
        if password == known["password"]:
            return _enter(terminal, user, known["role"])
        _log(terminal, user, "wrong password")
        message(terminal, "refused", TITLE, terminal.text("wrong_password"))
    return Ended(REFUSED, terminal.text("wrong_password"))


def _enter(terminal: Terminal, user: str, role: str) -> Ended:
    session = terminal.session
    if role == "operator":
        return sign_in(terminal, user)
    if role == "administrator":
        message(terminal, "refused", terminal.text("administrator"), terminal.text("not_open"))
        return Ended(REFUSED, terminal.text("not_open"))
    session.user, session.role = user, role
    _log(terminal, user, "logged in")
    announce(terminal)
    return Ended("00", terminal.text("signed_in"))


def sign_in(terminal: Terminal, operator: str) -> Ended:
    """0800 for ``operator``; success puts him on duty with fresh keys, anything else leaves nobody on duty."""
    terminal.deaf()
    show(terminal, "signing_in", TITLE, [terminal.text("signing_in")])
    outcome = online.ask(terminal, messages.sign_in(terminal, operator), "signin")
    if not outcome.approved:
        return _not_signed_in(terminal, operator, outcome, outcome_text(terminal, outcome))
    try:
        keys = working_keys(bytes.fromhex(terminal.param("tmk")), _key_field(outcome))
    except ValueError:
        return _not_signed_in(terminal, operator, outcome, terminal.text("garbled"))
    except BadCheckValueError as error:
        text = terminal.hooks.answer_checked(terminal.text("bad_check_value"), "key", "signin")
        if text:
            return _not_signed_in(terminal, operator, outcome, text)
        keys = error.keys
    _take_over(terminal, operator, outcome, keys)
    now = terminal.clock.now().strftime("%Y/%m/%d %H:%M")
    rows = [terminal.text("signed_in"), now, terminal.text("terminal_row", tid=terminal.param("tid"))]
    show(terminal, "signin_done", TITLE, rows)
    terminal.pause("result")
    announce(terminal)
    return Ended("00", terminal.text("signed_in"))


def _key_field(outcome: Outcome) -> bytes:
    keys = outcome.answer.get(62, b"")
    return keys if isinstance(keys, bytes) else b""


def _take_over(terminal: Terminal, operator: str, outcome: Outcome, keys: dict[str, bytes]) -> None:
    answer = outcome.answer
    terminal.clock.set_host(str(answer.get(13, "")), str(answer.get(12, "")))
    terminal.store.put("clock", terminal.clock.offset)
    batch = str(answer.get(60, ""))[2:8]
    if len(batch) == 6 and batch not in ("000000", terminal.store.batch) and not settlement_open(terminal):
        terminal.store.batch = batch
    terminal.store.put("keys", {name: key.hex() for name, key in keys.items()})
    terminal.session = Session(operator, "operator", keys, keys_good=True, last_code=outcome.code)
    _log(terminal, operator, "signed in")


def _not_signed_in(terminal: Terminal, operator: str, outcome: Outcome, text: str) -> Ended:
    terminal.leave()
    terminal.session.keys_good = False
    _log(terminal, operator, "sign-in refused")
    message(terminal, "result", TITLE, text, "result")
    return Ended(outcome.code if outcome.code and not outcome.approved else _code(outcome), text.replace("|", ""))


def _code(outcome: Outcome) -> str:
    return NO_ANSWER if outcome.end in ("timeout", "broken", "garbled") else REFUSED


def again(terminal: Terminal) -> Ended:
    """7-1: refused while the keys are good, else operator and password are asked again."""
    if terminal.session.keys_good and terminal.session.role == "operator":
        return refuse(terminal, TITLE, "already_in")
    return log_in(terminal, seconds=terminal.seconds("idle"))


def obey_request(terminal: Terminal) -> Ended | None:
    """The host asked for a new sign-in: done before the next online function, for the operator on duty."""
    session = terminal.session
    if not session.sign_in_asked or session.role != "operator":
        return None
    ended = sign_in(terminal, session.user)
    return None if ended.code == "00" else ended


def sign_off(terminal: Terminal) -> Ended:
    """7-2: an operator is out only when the host says 00; the supervisor never signed in there."""
    if terminal.session.role == "supervisor":
        return _signed_off(terminal)
    refused = obey_request(terminal) or _may_sign_off(terminal)
    if refused is not None:
        return refused
    try:
        reversal.clear_first(terminal, OFF_TITLE)
    except reversal.ReversalOpenError as error:
        return Ended(REFUSED, error.text.replace("|", ""))
    terminal.deaf()
    show(terminal, "busy", OFF_TITLE, [terminal.text("busy")])
    outcome = online.ask(terminal, messages.sign_off(terminal), "signoff")
    if outcome.code != "00" or outcome.failure:
        return failed(outcome, show_outcome(terminal, OFF_TITLE, outcome))
    return _signed_off(terminal)


def _may_sign_off(terminal: Terminal) -> Ended | None:
    if settlement_open(terminal):
        return refuse(terminal, OFF_TITLE, "settle_on")
    return None if terminal.session.keys_good else refuse(terminal, OFF_TITLE, "sign_in_first")


def _signed_off(terminal: Terminal) -> Ended:
    _log(terminal, terminal.session.user, "signed off")
    terminal.leave()
    message(terminal, "signoff_done", OFF_TITLE, terminal.text("signed_off"), "result")
    return Ended("00", terminal.text("signed_off"))


def _log(terminal: Terminal, user: str, result: str) -> None:
    entries = terminal.store.get("sign_in_log", [])
    entries.append({"at": terminal.clock.now().strftime("%Y%m%d%H%M%S"), "user": user, "result": result})
    terminal.store.put("sign_in_log", entries[-50:])
