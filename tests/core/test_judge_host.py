"""Host messages are compared field by field; one missing, one too many, or a wrong check is a finding."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillrig.judge import judge
from tillrig.observations import Abandoned
from tillrig.profiles import load_profile
from tillrig.steps import Bind, HostMessage, Symbol
from tillrig.verdicts import Verdict

from .builders import branch, field, host, sale_message

OUTCOMES = (("sale", "approved", "*"),)
PROFILE = load_profile("classic")


def failures(judgement):
    return [(one.requirement, one.point) for one in judgement.findings if one.verdict is Verdict.FAIL]


SALE = (sale_message(),)


def judged(*seen, steps=SALE, outcomes=OUTCOMES, forbidden=(), witnesses=None):
    return judge([branch(*steps, outcomes=outcomes, forbidden=forbidden)], list(seen), {}, PROFILE, witnesses)


def test_a_message_as_it_should_be_passes():
    assert judged(host()).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("name", "text", "requirement"),
    [("F4", "000000001233", "SALE-AMOUNT-SENT"), ("F11", "000008", "STAN"), ("F3", "200000", "SALE-REQUEST")],
)
def test_a_field_that_differs_is_found(name, text, requirement):
    assert failures(judged(host(fields={name: text}))) == [(requirement, f"host.sale.{name}")]


@given(st.integers(0, 999_999_999_999))
def test_no_other_amount_passes(fen):
    """An amount is never close enough."""
    verdict = judged(host(fields={"F4": f"{fen:012d}"})).verdict
    assert (verdict is Verdict.PASS) == (fen == 1234)


def test_a_field_too_much_is_found():
    assert failures(judged(host(fields={"F36": "9"}))) == [("SALE-REQUEST", "host.sale.F36")]


def test_a_field_that_may_be_there_is_no_finding():
    assert judged(host(fields={"F22": "021"})).verdict is Verdict.PASS


def test_a_wrong_mac_is_found():
    assert failures(judged(host(mac_ok=False))) == [("MAC", "host.sale.F64")]


@pytest.mark.parametrize(
    ("wanted", "pin_ok", "verdict"),
    [("right", True, "PASS"), ("right", False, "FAIL"), ("none", None, "PASS"), ("wrong", False, "PASS")],
)
def test_the_pin_block_must_hold_the_pin_as_entered(wanted, pin_ok, verdict):
    step = msgspec.structs.replace(sale_message(), pin=wanted)
    fields = {} if pin_ok is None else {"F52": "*" * 16}
    assert judged(host(fields=fields, pin_ok=pin_ok), steps=(step,)).verdict.value == verdict


def test_a_second_request_for_one_sale_is_found():
    assert ("SALE-ONCE", "host.sale") in failures(judged(host(), host(seq=2)))


def test_a_needless_reversal_names_its_requirement():
    never = (HostMessage(message="reversal", requirement="REVERSAL-NEEDLESS"),)
    assert ("REVERSAL-NEEDLESS", "host.reversal") in failures(judged(host(), host("reversal", seq=2), forbidden=never))


def test_a_missing_reversal_is_proven_by_the_sale_that_came_the_same_way():
    """The sale went out over the same path, so the path is no excuse."""
    reversal = HostMessage(message="reversal", requirement="REVERSAL-FIRST")
    outcomes = (("reversal", "done", "00|12|25"), *OUTCOMES)
    assert ("REVERSAL-FIRST", "host.reversal") in failures(
        judged(host(), steps=(reversal, sale_message()), outcomes=outcomes)
    )


def test_a_message_that_never_came_needs_a_witness():
    assert judged().verdict is Verdict.INCONCLUSIVE
    assert judged(witnesses={"host": "clears_rig"}).verdict is Verdict.FAIL


def test_up_to_three_sends_of_a_reversal_are_one_attempt():
    reversal = HostMessage(message="reversal", requirement="REVERSAL-REQUEST", sends=(1, 3))
    sends = [host("reversal", seq=n, outcome="no_answer", code="") for n in (1, 2)]
    outcomes = (("reversal", "done", "*"),)
    assert (
        judged(
            *sends,
            host("reversal", seq=3),
            steps=(msgspec.structs.replace(reversal, may=("F3", "F4", "F11", "F22", "F41")),),
            outcomes=outcomes,
        ).verdict
        is Verdict.PASS
    )


def test_a_symbol_is_bound_at_its_authority_and_compared_everywhere_after():
    """The reference number is the host's to give; what shows another is wrong."""
    rrn = Symbol("rrn#1.1")
    step = msgspec.structs.replace(sale_message(), binds=(Bind(rrn, "answer.F37"),))
    judgement = judged(host(answer={"F39": "00", "F37": "112233000001"}), steps=(step,))
    assert judgement.bindings["rrn#1.1"] == "112233000001"


def test_a_value_that_nobody_told_is_inconclusive():
    step = HostMessage(
        message="sale",
        requirement="R",
        fields=(field("F37", "digits", Symbol("never")),),
        may=("F3", "F4", "F11", "F22", "F41"),
    )
    assert judged(host(), steps=(step,)).verdict is Verdict.INCONCLUSIVE


def test_the_branch_is_chosen_by_what_the_host_did():
    """The host's log is the authority; declined and approved lead to different ledgers."""
    approved = branch(sale_message(), name="approved", outcomes=OUTCOMES)
    declined = branch(sale_message(), name="declined", outcomes=(("sale", "declined", "51"),))
    judgement = judge([approved, declined], [host(outcome="declined", code="51")], {}, PROFILE)
    assert (judgement.branch.name, judgement.exact) == ("declined", True)


def test_another_card_behind_the_same_mask_is_found():
    """The middle digits stand in no text: only the host has read the whole number."""
    of_card = msgspec.structs.replace(sale_message(), card="debit-chip", may=("F22", "F2", "F35"))
    for name in ("F2", "F35"):
        shown = {name: "990003*********6786"}
        right = judged(host(fields=shown, card="debit-chip"), steps=(of_card,))
        assert right.verdict is Verdict.PASS
        assert f"host.sale.{name}" in {one.point for one in right.findings}
        for other in ("", "credit-chip"):
            wrong = judged(host(fields=shown, card=other), steps=(of_card,))
            assert failures(wrong) == [("SALE-REQUEST", f"host.sale.{name}")]
        unread = judged(host(fields=shown, card="", mac_ok=None), steps=(of_card,))
        assert failures(unread) == []
        assert unread.verdict is Verdict.INCONCLUSIVE


def test_a_message_without_a_card_number_names_no_card():
    """The reversal of a stripe sale carries none."""
    of_card = msgspec.structs.replace(sale_message(), card="debit-stripe")
    assert judged(host(card=""), steps=(of_card,)).verdict is Verdict.PASS


@pytest.mark.parametrize(("given_up", "verdict"), [(False, Verdict.FAIL), (True, None)])
def test_sends_that_were_still_to_come_are_not_missed(given_up, verdict):
    """An action broken off between two sends of a reversal."""
    step = msgspec.structs.replace(sale_message(), message="reversal", sends=(3, 3))
    seen = [host("reversal", seq=1), host("reversal", seq=2)]
    lost = [Abandoned(seq=1, at=3.0, point="screen", why="the camera is gone")] if given_up else []
    found = judge([branch(step)], [*seen, *lost], {}, PROFILE).findings
    assert next((one.verdict for one in found if one.expected == "3 sends"), None) is verdict
