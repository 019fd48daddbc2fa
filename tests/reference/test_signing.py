"""Power-on, sign-in, sign-off (terminal, Users; rules T4, T5, H17–H19)."""

from __future__ import annotations

import pytest

from tillrig.actions import EcrSignIn, PowerOn, Sale, Secret, SignIn, SignOff
from tillrig.errors import UsageError
from tillrig.reference import AtScreen, BatchIs, Conditions, Ledger, OperatorIs
from tillrig.reference.values import Parameters
from tillrig.steps import EcrAnswer, Symbol

from .walking import Walk, fields, forbidden, message, messages, screen, screens, shown_text, with_ledger

IN = ("signin", "approved", "00")


@pytest.fixture
def prompt(walk: Walk) -> Walk:
    """At the operator prompt after power-on."""
    walk.do(PowerOn())
    return walk


def test_power_on_boots_to_the_operator_prompt(walk: Walk, signed_in: Ledger) -> None:
    """Terminal, Power-on: model and version, welcome, operator prompt; nobody is logged in, batch and STAN go on."""
    branch = walk.do(PowerOn())
    assert screens(branch) == ["boot", "ask_operator"]
    assert fields(screen(branch, "boot")) == {"model": "classic", "version": "1.0.0"}
    assert (walk.ledger.operator, walk.ledger.keys_good) == (None, False)
    assert (walk.ledger.stan, walk.ledger.batch) == (signed_in.stan, signed_in.batch)


def test_a_sign_in_sends_its_fields_and_shows_the_hosts_clock(prompt: Walk) -> None:
    """Rules H17, H18; terminal: 11 41 42 60 62c 63; date, time and terminal number are shown."""
    branch = prompt.do(SignIn(operator="02"), IN)
    request = message(branch, "signin")
    expected = fields(request)
    assert (expected["F11"], expected["F63"]) == ("000007", "02 ")
    assert [expected[f"F60.{part}"] for part in (1, 2, 3, 4)] == ["00", "000001", "003", None]
    assert request.may == ("F62",)
    assert not request.mac
    done = fields(screen(branch, "signin_done"))
    assert done["terminal_no"] == "10000001"
    assert isinstance(done["datetime"], Symbol)
    assert done["datetime"].value(prompt.bindings) == "1120112233"
    assert (prompt.ledger.operator, prompt.ledger.keys_good, prompt.ledger.stan) == ("02", True, "000007")
    assert screens(branch)[-1] == "menu"


@pytest.mark.parametrize(("said", "batch"), [("000000", "000001"), ("000017", "000017")])
def test_a_batch_of_the_answer_replaces_the_terminals_unless_zero(prompt: Walk, said: str, batch: str) -> None:
    """Rules H19: a sign-in answer whose 60.2 is not zero replaces the batch number."""
    branch = next(branch for branch in prompt.engine.predict(prompt.ledger, SignIn()) if branch.name == "signed in")
    bound = {bind.symbol.name: said for bind in message(branch, "signin").binds if bind.field == "answer.F60.2"}
    after = prompt.engine.resolve(branch.ledger, bound)  # type: ignore[arg-type]
    assert after.batch == batch


@pytest.mark.parametrize("wrong", [1, 2])
def test_a_wrong_password_is_refused_and_asked_again(prompt: Walk, wrong: int) -> None:
    """Terminal, Users: 密码错误, then the password again; each password shows as stars."""
    branch = prompt.do(SignIn(wrong=wrong), IN)
    assert screens(branch) == [
        "ask_operator",
        *["ask_password", "refused"] * wrong,
        *("ask_password", "signin_done", "menu"),
    ]
    assert fields(screen(branch, "ask_password"))["stars"] == 4
    assert screen(branch, "ask_password").value == "wrong"
    assert screen(branch, "ask_password", wrong).value == "right"


@pytest.mark.parametrize("action", [SignIn(wrong=3), SignIn(password="wrong"), SignIn(password="none")])
def test_three_wrong_passwords_return_to_the_operator_prompt(prompt: Walk, action: SignIn) -> None:
    """Terminal, Users: three wrong passwords return to the operator prompt, nothing is sent."""
    branch = prompt.do(action)
    assert screens(branch) == ["ask_operator", *["ask_password", "refused"] * 3, "ask_operator"]
    assert forbidden(branch) == {"signin": "SIGNIN-PASSWORD"}
    assert prompt.ledger.operator is None


@pytest.mark.parametrize(("operator", "password", "stars"), [("01", "right", 4), ("00", "right", 6), ("00", "none", 0)])
def test_a_password_shows_one_star_a_digit(prompt: Walk, operator: str, password: Secret, stars: int) -> None:
    """SIGNIN-MASK: stars, as many as the password has digits."""
    branch = prompt.engine.predict(prompt.ledger, SignIn(operator=operator, password=password))[0]
    assert fields(screen(branch, "ask_password"))["stars"] == stars


def test_an_unknown_operator_is_refused(prompt: Walk) -> None:
    """Rules T3: 无此操作员."""
    assert shown_text(prompt.do(SignIn(operator="77")), "refused") == "text.no_operator"


def test_the_supervisor_logs_in_on_the_terminal_alone(prompt: Walk) -> None:
    """Rules T4: 00 logs in locally, nothing is sent; what he does online needs an operator's sign-in."""
    branch = prompt.do(SignIn(operator="00"))
    assert (messages(branch), forbidden(branch)) == ([], {"signin": "SIGNIN"})
    assert shown_text(prompt.do(SignOff()), "refused") == "text.need_signin"


def test_signing_in_twice_is_refused_while_the_keys_are_good(prompt: Walk) -> None:
    """Rules T5: 已签到,请勿重复, nothing sent; after A0 7-1 signs in again."""
    prompt.do(SignIn(), IN)
    branch = prompt.do(SignIn())
    assert shown_text(branch, "refused") == "text.already_signed_in"
    assert forbidden(branch) == {"signin": "SIGNIN-TWICE"}
    assert screen(branch, "menu").value == "7-1"
    prompt.do(Sale(amount=1), ("sale", "declined", "A0"))
    again = prompt.do(SignIn(), IN)
    assert messages(again) == ["signin"]
    assert prompt.ledger.keys_good


@pytest.mark.parametrize(
    ("log", "kind", "text"),
    [
        (("signin", "declined", "03"), "result", "response.code#2.1"),
        (("signin", "no_answer", ""), "result", "text.answer_timeout"),
        (("signin", "bad_answer", "F62"), "refused", "text.bad_key"),
        (("signin", "bad_answer", "F41"), "result", "text.bad_f41"),
    ],
)
def test_a_failed_sign_in_goes_back_to_the_operator_prompt(
    prompt: Walk, log: tuple[str, str, str], kind: str, text: str
) -> None:
    """Rules T5: a refused sign-in goes back to the operator prompt; its STAN is spent; nothing is to be reversed."""
    branch = prompt.do(SignIn(), log)
    assert shown_text(branch, kind) == text
    assert (prompt.ledger.position, prompt.ledger.operator) == ("operator_prompt", None)
    assert (prompt.ledger.stan, prompt.ledger.pending) == ("000007", None)


def test_sign_in_without_a_link_says_so(prompt: Walk) -> None:
    """Rules H21: 网络未连接."""
    assert shown_text(prompt.do(SignIn(), conditions=Conditions(link_up=False))) == "text.no_link"


@pytest.mark.parametrize("at", ["ask_operator", "ask_password"])
def test_a_prompt_left_at_sign_in_goes_back_to_the_operator_prompt(prompt: Walk, at: str) -> None:
    """Rules T6: cancel before anything was sent."""
    branch = prompt.do(SignIn(cancel_at=at))  # type: ignore[arg-type]
    assert (messages(branch), screens(branch)[-1]) == ([], "ask_operator")
    assert screen(branch, at).give == "cancel"


def test_the_operator_is_out_only_when_the_host_answered_00(walk: Walk) -> None:
    """Rules T5: with no answer, or another code, he stays."""
    walk.do(SignOff(), ("signoff", "no_answer", ""))
    assert walk.ledger.operator == "01"
    walk.do(SignOff(), ("signoff", "declined", "96"))
    assert walk.ledger.operator == "01"
    branch = walk.do(SignOff(), ("signoff", "approved", "00"))
    assert screens(branch) == ["menu", "signoff_done", "ask_operator"]
    assert fields(message(branch, "signoff"))["F60.3"] == "002"
    assert (walk.ledger.operator, walk.ledger.keys_good, walk.ledger.position) == (None, False, "operator_prompt")


def test_an_unknown_terminal_is_learned_from_its_first_message(walk: Walk) -> None:
    """STAN and batch are bound where they are first seen and counted on from there."""
    walk.ledger = walk.engine.adopt(walk.engine.start(), AtScreen("operator_prompt"))
    walk.do(SignIn(), IN)
    assert walk.ledger.stan == walk.sent[0][1]["F11"]
    assert walk.ledger.batch == walk.sent[0][1]["F60.2"] == "000001"
    walk.ledger = walk.engine.adopt(walk.ledger, BatchIs("000004"))
    branch = walk.do(Sale(amount=1), ("sale", "approved", "00"))
    assert fields(message(branch, "sale"))["F60.2"] == "000004"
    assert walk.ledger.journal[0].batch == "000004"


def test_a_dark_terminal_must_be_powered_on_first(walk: Walk, signed_in: Ledger) -> None:
    """Nothing but PowerOn makes sense in the dark."""
    walk.ledger = walk.engine.adopt(signed_in, AtScreen("dark"))
    assert not walk.ledger.keys_good
    with pytest.raises(UsageError, match="power it on"):
        walk.engine.predict(walk.ledger, SignIn())
    walk.ledger = walk.engine.adopt(walk.ledger, AtScreen("menu"), OperatorIs("01"))
    assert walk.ledger.signed_in


def test_a_sign_in_by_the_cash_register_is_answered(walk: Walk, signed_in: Ledger) -> None:
    """Rules E3: 039 the host's code; C6 while the keys are good."""
    twice = walk.do(EcrSignIn())
    (answer,) = [step for step in twice.steps if isinstance(step, EcrAnswer)]
    assert (fields(answer)["039"], messages(twice)) == ("C6", [])
    walk.ledger = with_ledger(signed_in, position="operator_prompt", operator=None, keys_good=False)
    branch = walk.do(EcrSignIn(), IN)
    (answer,) = [step for step in branch.steps if isinstance(step, EcrAnswer)]
    code = fields(answer)["039"]
    assert isinstance(code, Symbol)
    assert code.value(walk.bindings) == "00"


def test_wrong_terminal_numbers_are_the_profiles_error() -> None:
    """Lengths of F41 and F42 are fixed."""
    with pytest.raises(UsageError, match="8 characters"):
        Parameters(terminal_no="1", merchant_no="2", merchant_name="x")
