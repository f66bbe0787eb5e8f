"""Sentences of an answer and what they cite."""

from __future__ import annotations

import pytest

from rag.generate.citations import cited_numbers, claims, without_marks


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("So [1].", (1,)),
        ("So [1][3].", (1, 3)),
        ("So [3, 1, 3].", (3, 1)),
        ("So [2-4].", (2, 3, 4)),
        ("所以【1】［２］。", (1, 2)),
        ("So [^2] and [passage 3] and [1 and 2].", (2, 3, 1)),
        ("Not [a], [1.5], (2), [2019-2022], [1-400] or [].", ()),
    ],
)
def test_the_numbers_of_marks(text, numbers):
    assert cited_numbers(text) == numbers


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("One [1]. Two [2][3].", [("One.", (1,)), ("Two.", (2, 3))]),
        ("One. [1] Two. [2]", [("One.", (1,)), ("Two.", (2,))]),
        ("一共43个村[1]。冬天断流。[2]普及率提高了[1][3]。", [
            ("一共43个村。", (1,)), ("冬天断流。", (2,)), ("普及率提高了。", (1, 3))
        ]),
        ("- One [1]\n- Two\n\n3. Three [2].", [("One", (1,)), ("Two", ()), ("Three.", (2,))]),
        ("It costs 2.30 [1]. No mark here.", [("It costs 2.30.", (1,)), ("No mark here.", ())]),
        ("[1]", []),
        ("", []),
    ],
)  # fmt: skip
def test_every_mark_belongs_to_the_sentence_that_it_follows(answer, expected):
    assert [(claim.text, claim.cited) for claim in claims(answer)] == expected


def test_claims_lie_in_the_answer_in_order():
    answer = "First [1].  Second. [2]\nThird, with 3.5 [3] in it."
    found = claims(answer)
    assert [answer[claim.start : claim.end] for claim in found] == [
        "First [1].",
        "Second. [2]",
        "Third, with 3.5 [3] in it.",
    ]


def test_a_number_at_the_beginning_is_no_label_where_it_goes_on():
    assert without_marks("3.5 per cent [1].") == "3.5 per cent."
    assert without_marks("12. Twelve [1]") == "Twelve"
