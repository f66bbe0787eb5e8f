"""The bundled model's tokeniser, as a `tokenizers` unigram model.

Characters are replaced as the model was trained: Unicode compatibility composition, and the package's own
table where it differs (control characters vanish, tabs, line ends and zero-width characters become
spaces, two characters stay as they are).
"""

from __future__ import annotations

from collections import defaultdict

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from rag.e5.weights import Vocabulary

TOKENIZER_VERSION = 1  # raise it whenever the same text would give other tokens
SPECIAL_TOKENS = ("<s>", "<pad>", "</s>", "<unk>")
MASK_TOKEN = "<mask>"

# NFKC would change these and the table does not: they pass under the name of a non-character.
_KEPT = ("～", "\N{SQUARED CJK UNIFIED IDEOGRAPH-914D}")
_FIRST_STAND_IN = 0xFDD0


def build_tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    """The tokeniser: `<s>`, the pieces, `</s>`; a space is written "▁", and one stands before every text."""
    pieces = list(zip(vocabulary.pieces, vocabulary.scores, strict=True))
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=vocabulary.unknown, byte_fallback=False))
    tokenizer.normalizer = _normalizer(vocabulary.replacements)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=False)
    begin, end = vocabulary.pieces[vocabulary.begin], vocabulary.pieces[vocabulary.end]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}",
        pair=f"{begin} $A {end} {end} $B {end}",
        special_tokens=[(begin, vocabulary.begin), (end, vocabulary.end)],
    )
    special = [AddedToken(token, special=True, normalized=False) for token in SPECIAL_TOKENS]
    special.append(AddedToken(MASK_TOKEN, lstrip=True, special=True, normalized=False))
    tokenizer.add_special_tokens(special)
    return tokenizer


def _normalizer(replacements: dict[str, str]) -> normalizers.Normalizer:
    composition = normalizers.NFKC()
    by_result: dict[str, list[str]] = defaultdict(list)
    for character, result in replacements.items():
        if character not in _KEPT and composition.normalize_str(character) != result:
            by_result[result].append(character)
    hidden = [(kept, chr(_FIRST_STAND_IN + number)) for number, kept in enumerate(_KEPT)]
    steps: list[normalizers.Normalizer] = [normalizers.Replace(kept, stand_in) for kept, stand_in in hidden]
    for result, characters in by_result.items():
        pattern = "".join(f"\\x{{{ord(character):X}}}" for character in characters)
        steps.append(normalizers.Replace(Regex(f"[{pattern}]"), result))
    steps.append(composition)
    steps.extend(normalizers.Replace(stand_in, kept) for kept, stand_in in hidden)
    steps.append(normalizers.Replace(Regex(" {2,}"), " "))
    return normalizers.Sequence(steps)
