"""Sentences in another language than the question's, and those that only hold names and quotations of one."""

from __future__ import annotations

import pytest

from rag.generate.tongue import other_language

ENGLISH = "The morning ferry leaves the harbour every day and takes almost an hour to the island."


@pytest.mark.parametrize(
    ("sentence", "language", "other"),
    [
        (ENGLISH, "zh", "en"),
        (ENGLISH, "de", "en"),
        ("早班渡船每天从港口出发，到岛上要将近一个小时。", "en", "zh"),
        ("Die Fähre fährt jeden Morgen vom Hafen ab und braucht fast eine Stunde bis zur Insel.", "en", "de"),
        ("El barco sale todas las mañanas del puerto y tarda casi una hora en llegar a la isla.", "en", "es"),
        ("朝の船は毎日港を出て、島まで一時間近くかかります。", "zh", "ja"),
        ("Паром уходит каждое утро и идёт до острова почти целый час без остановки.", "en", "ru"),
    ],
)
def test_another_language(sentence, language, other):
    assert other_language(sentence, language) == other


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        (ENGLISH, "en"),
        (ENGLISH, "und"),
        ("狗要买票。", "en"),
        ("Erlenbruck, Stadtwerke Erlenbruck GmbH, Hauptstraße.", "en"),
        ("She called it “la oficina de la calle Salinas que está cerca del puerto viejo” in a letter.", "en"),
        ("他说：“The morning ferry leaves the harbour every day and takes almost an hour.”", "zh"),
        ("Error T-17 appears in Help › Check file.", "zh"),
        ("O barco sai todas as manhãs do porto e demora quase uma hora a chegar à ilha.", "es"),
    ],
)
def test_what_is_not_surely_another(sentence, language):
    assert other_language(sentence, language) == ""
