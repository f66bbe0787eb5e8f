"""The words of the interface, in Chinese and in English, and the choice between the two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tongue = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Texts:
    """Every word that the page says by itself; `{names}` are filled with `str.format`."""

    tongue: Tongue
    brand: str
    nav_ask: str
    nav_reader: str
    nav_library: str
    switch_tongue: str
    switch_theme: str
    hero: str
    hero_note: str
    question_label: str
    question_placeholder: str
    question_empty: str
    ask: str
    try_these: str
    example_section: str
    example_speaker: str
    example_title: str
    library_empty: str
    library_empty_note: str
    to_library: str
    document_one: str
    document_count: str
    passage_one: str
    passage_count: str
    sure: str
    took: str
    nothing_answers: str
    nearest: str
    nothing_found: str
    rank: str
    open: str
    copy: str
    copied: str
    page: str
    slide: str
    sheet: str
    chapter: str
    paragraph: str
    why: str
    meaning: str
    words: str
    interaction: str
    reranker: str
    strength: str
    words_held: str
    close: str
    enlarge: str
    back: str
    previous: str
    next: str
    contents: str
    no_document: str
    no_document_note: str
    earlier: str
    later: str
    drop: str
    drop_note: str
    filter_label: str
    filter_placeholder: str
    column_document: str
    column_language: str
    column_passages: str
    column_added: str
    column_actions: str
    remove: str
    remove_sure: str
    remove_yes: str
    remove_no: str
    removed: str
    check: str
    checked: str
    no_match: str
    pages_of: str
    reading: str
    preparing: str
    file_of: str
    added: str
    updated: str
    unchanged: str
    failed: str
    doubted: str
    unexpected: str
    busy: str


ZH = Texts(
    tongue="zh",
    brand="文据",
    nav_ask="提问",
    nav_reader="阅读",
    nav_library="文档",
    switch_tongue="English",
    switch_theme="切换明暗",
    hero="问你的文档，答在原文里",
    hero_note="用任何语言都可以问。每个答案都是文档里的原句，注明确切的出处。",
    question_label="问题",
    question_placeholder="想知道什么？",
    question_empty="先写下想问的话。",
    ask="提问",
    try_these="试试看",
    example_section="关于“{name}”，文中怎么说？",
    example_speaker="{name}说了什么？",
    example_title="《{name}》讲了什么？",
    library_empty="资料库还是空的",
    library_empty_note="把文件拖进来，读完就可以提问。",
    to_library="添加文档",
    document_one="1 份文档",
    document_count="{count} 份文档",
    passage_one="1 段",
    passage_count="{count} 段",
    sure="把握 {percent}%",
    took="{ms} 毫秒",
    nothing_answers="资料库里没有内容能回答这个问题",
    nearest="下面是最接近的几段，仅供参考。",
    nothing_found="资料库里没有找到相近的段落。",
    rank="第 {rank} 条",
    open="打开原文",
    copy="复制引文",
    copied="已复制",
    page="第 {number} 页",
    slide="幻灯片 {name}",
    sheet="工作表 {name}",
    chapter="章 {name}",
    paragraph="第 {number} 段",
    why="为何选中",
    meaning="含义",
    words="字词",
    interaction="逐词",
    reranker="精排",
    strength="高出一般段落 {value} 个标准差",
    words_held="含有问题字词分量的 {percent}%",
    close="关闭",
    enlarge="整页阅读",
    back="返回答案",
    previous="上一处",
    next="下一处",
    contents="目录",
    no_document="还没有打开文档",
    no_document_note="从答案里打开一段原文，或在“文档”里选一份。",
    earlier="前面的内容",
    later="后面的内容",
    drop="把文件拖到这里，或点击选择",
    drop_note="同名文件会取代原来的那一份。单个文件不超过 {limit}。",
    filter_label="筛选文档",
    filter_placeholder="按标题或文件名筛选",
    column_document="文档",
    column_language="语言",
    column_passages="段落",
    column_added="加入日期",
    column_actions="操作",
    remove="移出",
    remove_sure="移出资料库？",
    remove_yes="移出",
    remove_no="保留",
    removed="已移出：{name}",
    check="检查资料库",
    checked="检查的结果",
    no_match="没有符合的文档。",
    pages_of="{first}–{last}，共 {total}",
    reading="正在读取",
    preparing="正在准备模型，只需这一次",
    file_of="第 {number} / {total} 个文件",
    added="新增 {count} 份",
    updated="更新 {count} 份",
    unchanged="未变 {count} 份",
    failed="{count} 个文件没有读成",
    doubted="{count} 个文件读取时有疑问",
    unexpected="出了意外的错误，详情在服务器的日志里。请再试一次。",
    busy="现在提问的人太多，这一问没有排上。请过几秒再试。",
)

EN = Texts(
    tongue="en",
    brand="Wenju",
    nav_ask="Ask",
    nav_reader="Reader",
    nav_library="Library",
    switch_tongue="中文",
    switch_theme="Light or dark",
    hero="Ask your documents.\nRead the answer where it stands.",
    hero_note="In any language. Every answer is a sentence from your documents, with its exact source.",
    question_label="Question",
    question_placeholder="What would you like to know?",
    question_empty="Write down what you would like to know first.",
    ask="Ask",
    try_these="Try",
    example_section="What is said about “{name}”?",
    example_speaker="What does {name} say?",
    example_title="What is “{name}” about?",
    library_empty="The library is still empty",
    library_empty_note="Drop files in; once they are read, you can ask.",
    to_library="Add documents",
    document_one="1 document",
    document_count="{count} documents",
    passage_one="1 passage",
    passage_count="{count} passages",
    sure="{percent}% sure",
    took="{ms} ms",
    nothing_answers="Nothing in the library answers this",
    nearest="The nearest passages are below, for what they are worth.",
    nothing_found="The library holds nothing close to this.",
    rank="Hit {rank}",
    open="Open",
    copy="Copy quotation",
    copied="Copied",
    page="p. {number}",
    slide="slide {name}",
    sheet="sheet {name}",
    chapter="ch. {name}",
    paragraph="¶ {number}",
    why="Why this one",
    meaning="meaning",
    words="words",
    interaction="token by token",
    reranker="cross-encoder",
    strength="{value} standard deviations above an ordinary passage",
    words_held="holds {percent}% of the weight of the question's words",
    close="Close",
    enlarge="Full page",
    back="Back to the answer",
    previous="Previous hit",
    next="Next hit",
    contents="Contents",
    no_document="No document is open",
    no_document_note="Open a passage from an answer, or choose a document in the library.",
    earlier="What comes before",
    later="What comes after",
    drop="Drop files here, or click to choose",
    drop_note="A file of the same name replaces the one that is there. At most {limit} a file.",
    filter_label="Filter documents",
    filter_placeholder="Filter by title or file name",
    column_document="Document",
    column_language="Language",
    column_passages="Passages",
    column_added="Added",
    column_actions="Actions",
    remove="Remove",
    remove_sure="Remove from the library?",
    remove_yes="Remove",
    remove_no="Keep",
    removed="Removed: {name}",
    check="Check the library",
    checked="What the check found",
    no_match="No document matches.",
    pages_of="{first}–{last} of {total}",
    reading="Reading",
    preparing="Preparing the model, this once",
    file_of="file {number} of {total}",
    added="{count} added",
    updated="{count} updated",
    unchanged="{count} unchanged",
    failed="{count} could not be read",
    doubted="{count} read with doubts",
    unexpected="Something unexpected went wrong; the server's log has the details. Please try again.",
    busy="Too many questions are waiting, so this one was not taken. Please try again in a few seconds.",
)

TEXTS: dict[str, Texts] = {"zh": ZH, "en": EN}
TONGUE_COOKIE = "wenju-tongue"

# Language of a passage -> its name in Chinese and in English. What is not here is shown by its code.
_LANGUAGES = {
    "ar": ("阿拉伯文", "Arabic"),
    "bn": ("孟加拉文", "Bengali"),
    "cs": ("捷克文", "Czech"),
    "da": ("丹麦文", "Danish"),
    "de": ("德文", "German"),
    "el": ("希腊文", "Greek"),
    "en": ("英文", "English"),
    "es": ("西班牙文", "Spanish"),
    "fa": ("波斯文", "Persian"),
    "fi": ("芬兰文", "Finnish"),
    "fr": ("法文", "French"),
    "he": ("希伯来文", "Hebrew"),
    "hi": ("印地文", "Hindi"),
    "hu": ("匈牙利文", "Hungarian"),
    "id": ("印尼文", "Indonesian"),
    "it": ("意大利文", "Italian"),
    "ja": ("日文", "Japanese"),
    "ko": ("韩文", "Korean"),
    "nl": ("荷兰文", "Dutch"),
    "no": ("挪威文", "Norwegian"),
    "pl": ("波兰文", "Polish"),
    "pt": ("葡萄牙文", "Portuguese"),
    "ro": ("罗马尼亚文", "Romanian"),
    "ru": ("俄文", "Russian"),
    "sv": ("瑞典文", "Swedish"),
    "ta": ("泰米尔文", "Tamil"),
    "th": ("泰文", "Thai"),
    "tr": ("土耳其文", "Turkish"),
    "uk": ("乌克兰文", "Ukrainian"),
    "und": ("未定", "undecided"),
    "ur": ("乌尔都文", "Urdu"),
    "vi": ("越南文", "Vietnamese"),
    "zh": ("中文", "Chinese"),
}


def language_name(code: str, texts: Texts) -> str:
    """Return the name of a passage language in the interface's language, or its code."""
    chinese, english = _LANGUAGES.get(code, (code, code))
    return chinese if texts.tongue == "zh" else english


def documents_counted(count: int, texts: Texts) -> str:
    """Return "12 documents" in the interface's language."""
    return texts.document_one if count == 1 else texts.document_count.format(count=f"{count:,}")


def passages_counted(count: int, texts: Texts) -> str:
    """Return "318 passages" in the interface's language."""
    return texts.passage_one if count == 1 else texts.passage_count.format(count=f"{count:,}")


def chosen_tongue(cookie: str | None, accept_language: str) -> Tongue:
    """Return the interface's language: the person's own choice, else the browser's first that we speak."""
    if cookie in TEXTS:
        return TEXTS[cookie].tongue
    for part in accept_language.lower().split(","):
        primary = part.split(";")[0].strip().split("-")[0]
        if primary in TEXTS:
            return TEXTS[primary].tongue
    return "en"


def place_text(place: str, page: int | None, texts: Texts) -> str:
    """Return where in a document something stands: its slide, sheet, chapter, time or page; "" where none."""
    kind, _, name = place.partition(" ")
    if place:
        forms = {"slide": texts.slide, "sheet": texts.sheet, "chapter": texts.chapter, "at": "{name}"}
        return forms.get(kind, "{place}").format(name=name, place=place)
    return "" if page is None else texts.page.format(number=page)
