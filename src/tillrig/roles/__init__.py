"""What a tester's hand does: keypad, card, power, paper; composed over ports by the rig file."""

from tillrig.roles.card import Card
from tillrig.roles.keypad import Keypad, Press
from tillrig.roles.paper import Paper
from tillrig.roles.power import Power

__all__ = ["Card", "Keypad", "Paper", "Power", "Press"]
