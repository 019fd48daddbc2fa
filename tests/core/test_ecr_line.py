"""The cash-register line: what is disturbed is asked for again and accuses nobody; an answer too many is a finding."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tillrig.ecr import EcrClient
from tillrig.errors import InconclusiveError, SerialError
from tillrig.judge import Witnesses, judge
from tillrig.masking import Masker
from tillrig.observations import Abandoned, Absent, EcrSeen
from tillrig.profiles import load_profile
from tillrig.protocols import mis
from tillrig.steps import EcrAnswer
from tillrig.timeline import Timeline
from tillrig.verdicts import Verdict

from .builders import branch, field

ACK, NAK = bytes((mis.ACK,)), bytes((mis.NAK,))
ANSWER = mis.encode(mis.ANSWER, {"001": b"\x02", "002": b"A1", "004": b"1234", "039": b"00"})
OTHER = mis.encode(mis.ANSWER, {"001": b"\x02", "002": b"A1", "004": b"9999", "039": b"00"})
BEAT = mis.encode(mis.ANSWER, {"001": b"\x04"})
SETTINGS = {"functions": {"signin": 1, "sale": 2, "heartbeat": 4}, "ack_s": 0.05, "tries": 3}
SALE = EcrAnswer(
    function="sale",
    requirement="ECR-SALE",
    fields=(field("004", "amount", 1234, "ECR-SALE", money=True), field("039", "text", "00", "ECR-SALE")),
)
PROOF = {"ecr": "clears_rig"}


def spoilt(frame: bytes, at: int = -1) -> bytes:
    """One byte of it wrong: the last is the LRC."""
    changed = bytearray(frame)
    changed[at] ^= 0x40
    return bytes(changed)


class Wire:
    """A serial line whose other end answers what is written, at once: a script of one reply a frame, and one a NAK."""

    def __init__(self, replies: list[bytes], after_nak: list[bytes] | None = None) -> None:
        self.replies, self.after_nak = list(replies), list(after_nak or [])
        self.written: list[bytes] = []
        self.sink: Callable[[float, bytes], None] = lambda at, data: None

    def write(self, data: bytes) -> None:
        self.written.append(data)
        if data == ACK:
            return
        script = self.after_nak if data == NAK else self.replies
        if script:
            self.come(script.pop(0))

    def come(self, data: bytes) -> None:
        self.sink(time.monotonic(), data)

    def subscribe(self, sink: Callable[[float, bytes], None]) -> Callable[[], None]:
        self.sink = sink
        return lambda: None

    def check(self) -> None: ...

    def close(self) -> None: ...


@pytest.fixture
def cash(tmp_path):
    """Makes a cash register at a wire."""
    timeline = Timeline(tmp_path, Masker([]))
    yield lambda wire: EcrClient(wire, timeline, SETTINGS)
    timeline.close()


def judged(seen: tuple[EcrSeen, ...], *steps: EcrAnswer, proof: Witnesses = PROOF) -> Verdict:
    judgement = judge([branch(*(steps or (SALE,)))], list(seen), {}, load_profile("classic"), proof)
    return judgement.verdict


def sold(client: EcrClient) -> tuple[EcrSeen, ...]:
    client.send("sale", order="A1", amount=1234)
    return client.take()


def test_a_sound_answer_passes_and_is_acknowledged(cash):
    wire = Wire([ACK + ANSWER])
    seen = sold(cash(wire))
    assert [one.function for one in seen] == ["sale"] and wire.written[-1] == ACK
    assert judged(seen) is Verdict.PASS


def test_a_sound_line_still_accuses(cash):
    """Another amount in a frame that is whole, on a quiet line."""
    assert judged(sold(cash(Wire([ACK + OTHER])))) is Verdict.FAIL


def test_an_answer_without_its_ack_is_still_a_fail(cash):
    assert judged(sold(cash(Wire([ANSWER])))) is Verdict.FAIL


@pytest.mark.parametrize(("word", "verdict"), [("none", Verdict.INCONCLUSIVE), ("blames_rig", Verdict.RIG_ERROR)])
def test_an_ack_that_did_not_come_needs_a_witness(cash, word, verdict):
    """One byte lost on the way looks like a terminal that sent none."""
    assert judged(sold(cash(Wire([ANSWER]))), proof={"ecr": word}) is verdict


@pytest.mark.parametrize("lost", [Abandoned, Absent])
@pytest.mark.parametrize("answers", [[ACK], [ACK + OTHER]], ids=["none", "another"])
def test_an_answer_due_after_the_action_was_given_up_accuses_nobody(cash, lost, answers):
    """A key that the rig lost: no screen goes on, and the sale's answer is never due, or is that of a time-out."""
    client = cash(Wire([]))
    at = time.monotonic()
    more = {"waited": 9.0} if lost is Absent else {}
    given_up = lost(seq=1, at=at, point="screen.ask_pin", witness="none", why="last seen: 请刷卡", **more)
    client._line.replies = list(answers)
    seen = (*sold(client), given_up)
    assert judged(seen, proof={"ecr": "clears_rig", "screen": "clears_rig"}) is Verdict.INCONCLUSIVE


def test_a_wrong_answer_before_the_action_was_given_up_is_still_a_fail(cash):
    seen = sold(cash(Wire([ACK + OTHER])))
    late = Abandoned(seq=1, at=time.monotonic(), point="screen.menu", witness="none", why="something else")
    assert judged((*seen, late)) is Verdict.FAIL


def test_a_broken_frame_gets_a_nak_and_its_repeat_is_taken(cash):
    """Rules E2; that the line was disturbed is told, and accuses nobody (rules E7)."""
    wire = Wire([ACK + spoilt(ANSWER)], after_nak=[ANSWER])
    seen = sold(cash(wire))
    assert wire.written[1:] == [NAK, ACK]
    assert [one.function for one in seen] == ["sale", mis.LINE] and seen[0].problems == ()
    assert judged(seen) is Verdict.INCONCLUSIVE


def test_frames_that_stay_broken_get_no_more_naks_than_tries(cash):
    """And the answer that never came whole is not the terminal's silence."""
    wire = Wire([ACK + spoilt(ANSWER)], after_nak=[spoilt(ANSWER)] * 9)
    seen = sold(cash(wire))
    assert wire.written.count(NAK) == 3 and ACK not in wire.written
    assert judged(seen) is Verdict.INCONCLUSIVE


def test_silence_on_a_quiet_line_is_a_fail(cash):
    client = cash(Wire([ACK]))
    assert not client.answered
    assert judged(sold(client)) is Verdict.FAIL


@pytest.mark.parametrize("noise", [b"\xff", b"\x00\x41\x7e", spoilt(BEAT)], ids=["byte", "bytes", "frame"])
def test_noise_before_a_good_answer_is_inconclusive(cash, noise):
    assert judged(sold(cash(Wire([ACK + noise + ANSWER])))) is Verdict.INCONCLUSIVE


def test_noise_alone_blames_the_rig(cash):
    """Rules E7: so looks a line at another rate."""
    with pytest.raises(SerialError, match="no frame"):
        sold(cash(Wire([b"\xf8\x80", b"\xf8\x80", b"\xf8\x80"])))


def test_a_nak_and_then_all_is_well_is_inconclusive(cash):
    wire = Wire([NAK, ACK + ANSWER])
    seen = sold(cash(wire))
    assert len([one for one in wire.written if one[:1] == b"\x02"]) == 2
    assert judged(seen) is Verdict.INCONCLUSIVE


def test_naks_alone_are_inconclusive(cash):
    with pytest.raises(InconclusiveError, match="3 tries"):
        sold(cash(Wire([NAK] * 3)))


def test_a_length_read_too_long_does_not_swallow_the_line(cash, tmp_path):
    """The rest that it waits for never comes: after a time it is noise, and the repeat is asked for."""
    wire = Wire([ACK + spoilt(ANSWER, 2)], after_nak=[ANSWER])
    client = cash(wire)
    client.send("sale", order="A1", amount=1234)
    timeline = Timeline(tmp_path / "other", Masker([]))
    assert timeline.wait_for(lambda: client.answered or None, time.monotonic() + 5)
    timeline.close()
    assert judged(client.take()) is Verdict.INCONCLUSIVE


def test_a_second_answer_is_found(cash):
    """Another one, after the first was acknowledged."""
    assert judged(sold(cash(Wire([ACK + ANSWER + OTHER])))) is Verdict.FAIL


def test_a_second_answer_is_found_in_whatever_action_it_comes(cash):
    wire = Wire([ACK + ANSWER])
    client = cash(wire)
    assert judged(sold(client)) is Verdict.PASS
    wire.come(OTHER)
    seen = client.take()
    judgement = judge([branch()], list(seen), {}, load_profile("classic"), PROOF)
    assert [(one.requirement, one.point) for one in judgement.findings if one.verdict is Verdict.FAIL] == [
        ("ECR-SALE", "ecr.sale")
    ]


def test_the_same_answer_again_is_a_lost_ack(cash):
    """A sound terminal repeats its answer until it hears the ACK."""
    wire = Wire([ACK + ANSWER + ANSWER])
    seen = sold(cash(wire))
    assert wire.written.count(ACK) == 2
    assert judged(seen) is Verdict.INCONCLUSIVE


def test_an_answer_too_late_for_its_action_is_not_one_too_many(cash):
    """Its action was judged without it."""
    wire = Wire([ACK, BEAT])
    client = cash(wire)
    assert judged(sold(client)) is Verdict.FAIL
    client.send("heartbeat")
    wire.come(ANSWER)
    assert [one.function for one in client.take()] == ["heartbeat"]


def test_two_requests_have_two_equal_answers(cash):
    client = cash(Wire([BEAT, BEAT]))
    for _ in range(2):
        client.send("heartbeat")
        (seen,) = client.take()
        assert (seen.function, seen.problems) == ("heartbeat", ())


def test_a_request_sent_again_may_be_answered_twice(cash):
    """The ACK of the first try was lost: the second is told that the terminal is busy."""
    busy = mis.encode(mis.ANSWER, {"001": b"\x02", "002": b"A1", "039": b"C5"})
    assert judged(sold(cash(Wire([b"", ACK + busy + ANSWER])))) is Verdict.INCONCLUSIVE


def test_noise_between_actions_is_nobodys_finding(cash):
    """An action that has nothing to do with the line, and the next one that has."""
    wire = Wire([ACK + ANSWER])
    client = cash(wire)
    wire.come(b"\xff\xff")
    judgement = judge([branch()], list(client.take()), {}, load_profile("classic"), PROOF)
    assert judgement.verdict is Verdict.PASS
    wire.come(b"\xff")
    assert judged(sold(client)) is Verdict.PASS


def test_an_echo_is_no_answer(cash):
    """A line that gives back what is written to it."""
    wire = Wire([])
    client = cash(wire)
    wire.write = wire.come
    with pytest.raises(InconclusiveError, match="not acknowledged"):
        client.send("sale", order="A1", amount=1234)
    assert not client.answered
