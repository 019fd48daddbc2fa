"""The track follows every branch that the screens allow, and says which screens may come next."""

from __future__ import annotations

from tillrig.operator.track import Track
from tillrig.steps import Branch, Field, Guard, Screen, Symbol


def step(kind, *, optional=False, give="none", text=None, value=None):
    fields = (
        ()
        if text is None
        else (
            Field(
                name="text",
                kind="key",
                value=text,
                requirement="R",
                prefix="response." if isinstance(text, Symbol) else "",
            ),
        )
    )
    return Screen(kind=kind, requirement="R", optional=optional, give=give, value=value, fields=fields)


def branch(name, *steps):
    return Branch(name=name, guard=Guard(), steps=steps, ledger=None)


APPROVED = branch(
    "approved",
    step("menu", give="menu", value="1"),
    step("busy", optional=True),
    step("result", text=Symbol("code")),
    step("menu"),
)
REFUSED = branch(
    "refused",
    step("menu", give="menu", value="1"),
    step("busy", optional=True),
    step("result", text="text.bad_mac"),
    step("menu"),
)


def test_an_optional_screen_may_be_skipped():
    track = Track([APPROVED])
    track.see("menu", {})
    assert track.expected == ("busy", "result")
    assert track.see("result", {"text": "response.00"})
    assert track.see("menu", {})
    assert track.done


def test_the_text_of_a_screen_tells_the_branches_apart():
    track = Track([APPROVED, REFUSED])
    track.see("menu", {})
    track.see("result", {"text": "text.bad_mac"})
    assert [one.name for one in track.branches] == ["refused"]


def test_a_text_that_fits_no_branch_leaves_all_of_them():
    """A wrong text is the judge's business; operating goes on."""
    track = Track([REFUSED])
    track.see("menu", {})
    assert track.see("result", {"text": "response.00"})


def test_an_unexpected_screen_changes_nothing():
    track = Track([APPROVED])
    track.see("menu", {})
    assert track.see("ask_pin", {}) == ()
    assert track.expected == ("busy", "result")


def test_a_screen_that_asks_something_is_never_passed_over():
    """A missed prompt would leave its answer ungiven."""
    asks = branch("asks", step("menu", give="menu"), step("ask_pin", give="pin"), step("result"), step("menu"))
    track = Track([asks])
    track.see("menu", {})
    assert track.see("result", {}) == ()


def test_a_short_screen_that_asks_nothing_may_have_been_missed():
    track = Track([branch("b", step("menu", give="menu"), step("result"), step("menu"))])
    track.see("menu", {})
    assert track.see("menu", {})
    assert track.done


def test_without_screens_there_is_nothing_to_wait_for():
    assert Track([branch("console")]).done
