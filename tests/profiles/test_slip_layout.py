"""A slip's lines follow the layout: left out when empty, broken where values stand below, wrapped when too long."""

from __future__ import annotations

from tillrig.profiles import load_profile
from tillrig.profiles.slips import copy_of, parse_slip, slip_lines
from tillrig.steps import Field, Slip, Symbol

CLASSIC = load_profile("classic")


def slip(*fields: tuple[str, str, object], copy: str = "merchant") -> Slip:
    return Slip(
        copy=copy,
        requirement="SLIP-COPIES",
        fields=tuple(
            Field(name=name, kind=kind, value=value, requirement=name.upper(), money=name == "amount")
            for name, kind, value in fields
        ),  # type: ignore[arg-type]
    )


def texts(step: Slip, **bindings: str) -> list[str]:
    return [line.text for line in slip_lines(CLASSIC, step, bindings)]


def test_labels_and_values_stand_as_the_profile_says():
    step = slip(
        ("merchant_no", "text", "898111153110001"), ("terminal_no", "digits", "10000001"), ("amount", "amount", 123456)
    )
    assert texts(step) == [
        "商户编号 MERCHANT NO:",
        "898111153110001",
        "终端编号 TERMINAL NO:10000001",
        "金额 AMOUNT:",
        "RMB 1,234.56",
    ]


def test_a_line_whose_value_is_empty_is_left_out_but_for_the_authorisation():
    """rules R2."""
    assert texts(slip(("issuer", "key", Symbol("issuer")), ("auth", "digits", Symbol("auth"))), issuer="", auth="") == [
        "授权码 AUTH NO:"
    ]


def test_issuers_are_named_by_their_first_eight_digits_and_unknown_ones_by_their_digits():
    step = Slip(
        copy="merchant",
        requirement="R",
        fields=(Field(name="issuer", kind="key", value=Symbol("i"), requirement="R", prefix="issuer."),),
    )
    assert texts(step, i="03080000") == ["发卡行 ISSUER:招商银行"]
    assert texts(step, i="09990000") == ["发卡行 ISSUER:09990000"]


def test_a_text_longer_than_the_paper_runs_on():
    lines = texts(slip(("signature", "presence", True)))
    assert lines[-2:] == ["I ACKNOWLEDGE SATISFACTORY RECEIPT OF RELATIVE G", "OODS/SERVICE"]


def test_the_waiver_names_the_limit_without_thousands():
    assert texts(slip(("waiver", "amount", 100_000))) == ["未超1000.00元,免密免签"]


def test_an_expiry_of_zeros_is_left_out():
    """rules R3."""
    assert texts(slip(("expiry", "expiry", "0000"))) == []
    assert texts(slip(("expiry", "expiry", "2908"))) == ["有效期 EXP DATE:2029/08"]


def test_a_value_has_its_own_point_and_its_label_too():
    lines = slip_lines(
        CLASSIC, slip(("card_no", "masked_pan", "990003*********6786"), ("entry", "key", "entry.chip")), {}
    )
    assert [(line.field, line.label, line.kind) for line in lines] == [
        ("card_no", True, "text"),
        ("card_no", False, "masked_pan"),
    ]


def test_several_remarks_stand_in_lines_of_their_own():
    assert texts(slip(("remark", "text", "请妥善保管   谢谢惠顾"))) == ["备注 REFERENCE:", "请妥善保管", "谢谢惠顾"]


def test_settlement_columns_are_aligned():
    step = slip(("in.sale_count", "count", 3), ("in.sale_net", "amount", 128316), copy="settlement")
    assert texts(step)[-1] == "消费             3    1,283.16"


def test_a_printed_slip_is_read_back_though_a_label_is_misread():
    printed = [
        "POS签购单/POS SALES SLIP",
        "商户存根/MERCHANT COPY",
        "商户编号 MERCHANT N0:",
        "898111153110001",
        "卡号 CARD NO:",
        "990003*********6786 /I",
        "RMB 1,234.56",
    ]
    found = parse_slip(CLASSIC, printed)
    assert found.copy == "merchant"
    assert found.fields["merchant_no"] == "898111153110001"
    assert found.lines["card_no"] == (4, 5)


def test_copies_are_told_apart():
    assert copy_of(CLASSIC, ["POS签购单", "持卡人存根/CARDHOLDER COPY"]) == "cardholder"
    assert copy_of(CLASSIC, ["结 算 总 计 单"]) == "settlement"
    assert copy_of(CLASSIC, ["something else"]) == ""
