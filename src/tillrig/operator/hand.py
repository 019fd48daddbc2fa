"""The tester's hand: gives what a screen asks, and finds out whether a key was lost on the rig's side."""

from __future__ import annotations

import time
from collections.abc import Callable

from tillrig.actions import EcrSale, EcrSignIn, Sale, Secret, SignIn
from tillrig.errors import InconclusiveError, RigError, SwitchError, UsageError
from tillrig.lab import Lab
from tillrig.observers.screen import DARK, ScreenObserver, Sighting
from tillrig.profiles import Profile
from tillrig.profiles.screens import bare
from tillrig.profiles.texts import amount_text
from tillrig.rigs import OpenRig
from tillrig.roles.keypad import Keypad, Tally
from tillrig.steps import Screen
from tillrig.stopwatch import Stopwatch
from tillrig.timeline import Timeline
from tillrig.verdicts import Witness

#: How long an echo may take after the last key has opened, and how many frames of it make it sure enough.
ECHO_S, STEADY_FRAMES = 1.2, 3
#: A key at 40 ms held and 40 ms apart.
KEY_S = 0.08


class Hand:
    """Presses keys, moves cards. `begin` notes the contact counters, `witness` says whether the last thing given is
    known to have reached the terminal.
    """

    def __init__(self, rig: OpenRig, profile: Profile, lab: Lab, eye: ScreenObserver, timeline: Timeline) -> None:
        self._rig, self._profile, self._lab, self._eye, self._timeline = rig, profile, lab, eye, timeline
        self.presses = 0
        self._before: Tally | None = None
        self._last_gave = self._given_at = ""
        self.watch = Stopwatch()

    @property
    def keypad(self) -> Keypad:
        keypad: Keypad = self._rig.need("keypad")
        return keypad

    def begin(self) -> None:
        """Start counting key presses from now."""
        self.presses = 0
        self._last_gave = ""
        self._before = self.keypad.tally()

    def press(self, *names: str) -> None:
        """Press keys by their meaning, one after the other."""
        keys = [self._profile.key(name) for name in names]
        began = time.monotonic()
        self.keypad.press_sequence(keys)
        self.watch.add("serial", time.monotonic() - began - KEY_S * (len(keys) - 1))
        self.presses += len(keys)
        self._last_gave = "key"

    def power_on(self) -> None:
        """Restore the supply and hold the power key until the terminal starts."""
        self._rig.need("power").on()
        self._last_gave = "power"

    def key_witness(self) -> Witness:
        """Whether every contact closed as often as it was told since `begin`, and no neighbour with it."""
        return "none" if self._before is None else self.keypad.witness_since(self._before)

    def check_keys(self) -> Witness:
        """`key_witness`, and SwitchError when it blames the rig."""
        word = self.key_witness()
        if word == "blames_rig":
            raise SwitchError(
                "the keys' contacts did not close as they were told: one too seldom or too often, or a neighbour with "
                "it; look at the relays and the keypad's wiring"
            )
        return word

    # -- answers ------------------------------------------------------------------------------------------------------
    def give(self, step: Screen, sighting: Sighting, action: object) -> None:
        """Answer `step`. Raises UsageError for what cannot be given."""
        gives: dict[str, Callable[[], None]] = {
            "none": lambda: None,
            "wait": lambda: None,
            "menu": lambda: self.press(*self._profile.menu_keys(str(step.value))),
            "enter": lambda: self.press("enter"),
            "cancel": lambda: self.press("cancel"),
            "wake": lambda: self.press("clear"),
            "amount": lambda: self._amount(int(str(step.value)), sighting),
            "card": lambda: self._card(str(step.value), action),
            "pin": lambda: self._pin(step.value, sighting, action),
            "operator": lambda: self._operator(step, sighting, action),
            "password": lambda: self._password(step, sighting, action),
            "remove": self._remove,
        }
        if step.give not in gives:
            raise UsageError(f"nobody knows how to give '{step.give}'")
        self._given_at = step.kind
        gives[step.give]()
        if step.give not in ("none", "wait"):
            self._timeline.append("gave", what=step.give, screen=step.kind)

    def _amount(self, fen: int, sighting: Sighting) -> None:
        self.press(*str(fen))
        shown = amount_text(fen, self._profile.formats.screen_thousands)
        self._echoed(sighting, "amount", lambda text: bare(text) == bare(shown))
        self.press("enter")

    def _card(self, name: str, action: object) -> None:
        entry = action.entry if isinstance(action, Sale | EcrSale) else "chip"
        card = self._rig.need("card")
        self._lab.card(name)
        with self.watch("card"):
            {"chip": card.insert, "stripe": card.swipe, "contactless": card.tap}[entry](name)
        self._last_gave = {"chip": "card in", "stripe": "swipe", "contactless": "tap"}[entry]

    def withdraw_from_field(self) -> None:
        """Take a contactless card away, if one is held there."""
        card = self._rig.card
        if card is not None and card.in_field:
            card.remove()

    def _remove(self) -> None:
        card = self._rig.need("card")
        with self.watch("card"):
            if card.in_field:
                card.remove()
                self._last_gave = "tap"
            else:
                card.withdraw()
                self._last_gave = "card out"

    def _pin(self, which: object, sighting: Sighting, action: object) -> None:
        if which != "none":
            name = action.card if isinstance(action, Sale | EcrSale) else ""
            card = self._lab.card(name)
            pin = card.pin if which == "right" else card.wrong_pin()
            self._secret(pin.reveal(), sighting)
        self.press("enter")

    def _operator(self, step: Screen, sighting: Sighting, action: object) -> None:
        number = str(step.value) if step.value else action.operator if isinstance(action, SignIn | EcrSignIn) else "01"
        self.press(*number)
        self._echoed(sighting, "digits", lambda text: bare(text) == number)
        self.press("enter")

    def _password(self, step: Screen, sighting: Sighting, action: object) -> None:
        number = action.operator if isinstance(action, SignIn | EcrSignIn) else "01"
        operator = self._lab.operator(number)
        which: Secret = "wrong" if step.value == "wrong" else "right"
        password = operator.password if which == "right" else operator.wrong_password()
        self._secret(password.reveal(), sighting)
        self.press("enter")

    def _secret(self, digits: str, sighting: Sighting) -> None:
        with self.keypad.secret():
            self.press(*digits)
        self._echoed(sighting, "stars", lambda text: len(bare(text)) == len(digits))

    def _echoed(self, sighting: Sighting, field: str, wanted: Callable[[str], bool]) -> None:
        """Wait until the screen shows what was typed, steady enough to be read. What it shows instead is left to the
        judge, once the contacts prove that the keys were pressed."""
        self.keypad.wait_open()
        opened = time.monotonic()

        def steady() -> bool | None:
            if sighting.ended_at is not None:
                return False
            state = sighting.last
            if not wanted(state.recognition.fields.get(field, "")):
                return None
            enough = state.settled_at is not None or len(state.frames(False)) >= STEADY_FRAMES
            return True if enough else None

        with self.watch("settle"):
            if self._timeline.wait_for(steady, opened + ECHO_S):
                return
        self._eye.check()
        word = self.check_keys()
        self._timeline.append("echo", field=field, as_typed=False, witness=word, screen=sighting.kind)
        if word == "none":
            raise InconclusiveError(
                f"{sighting.kind} does not show what was typed into its {field}, and nothing on this rig tells whether "
                "the keys' contacts closed; nothing was confirmed"
            )

    # -- witnesses ----------------------------------------------------------------------------------------------------
    def power_witness(self) -> Witness:
        """Whether supply reaches the terminal. Raises RigError when it does not."""
        power = self._rig.power
        if power is None or power.supplied() is None:
            return "none"
        if power.witness() == "blames_rig" or not power.supplied():
            raise RigError("no supply reaches the terminal; look at the mains and battery relays")
        return "clears_rig"

    def card_witness(self) -> Witness:
        """Whether a card stands where it was last moved. Nobody senses what a stripe or a field has read."""
        card = self._rig.card
        wanted = {"card in": True, "card out": False}.get(self._last_gave)
        return "clears_rig" if card is not None and wanted is not None and card.inserted() is wanted else "none"

    def witness(self) -> Witness:
        """Whether the last thing given reached the terminal. Raises SwitchError when a key is known not to have."""
        if self._last_gave == "key":
            return self.check_keys()
        return "clears_rig" if self._last_gave in ("", "power") else self.card_witness()

    def went_on(self, kind: str) -> None:
        """A screen of this kind came by itself: another one than that at which a card was moved, so the card was seen.
        Keys are counted at the end all the same.
        """
        if self._last_gave != "key" and kind not in (self._given_at, DARK):
            self._last_gave = ""

    def silence_witness(self) -> tuple[Witness, str]:
        """After a screen that did not come: whose fault can it be? Raises RigError kinds when the rig is to blame."""
        self._eye.check()
        given = f"the last thing given ({self._last_gave})" if self._last_gave else "the last thing given"
        words = {"supply": self.power_witness(), given: self.witness()}
        if all(word == "clears_rig" for word in words.values()):
            return "clears_rig", f"camera, supply and {given} are sound"
        return "none", f"no witness for {', '.join(name for name, word in words.items() if word != 'clears_rig')}"
