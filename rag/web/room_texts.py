"""The words of the views for looking up, the map and the judging, in Chinese and in English."""

from __future__ import annotations

from dataclasses import dataclass

from rag.web.texts import Texts


@dataclass(frozen=True, slots=True)
class RoomTexts:
    """Every word that these views say by themselves; `{names}` are filled with `str.format`."""

    nav_lookup: str
    lookup_title: str
    lookup_label: str
    lookup_placeholder: str
    lookup_hint: str
    filters: str
    clear: str
    everything: str
    document: str
    folder: str
    language: str
    speaker: str
    section: str
    format: str
    since: str
    until: str
    sort: str
    by_relevance: str
    by_document: str
    by_date: str
    copy_as: str
    style_plain: str
    style_markdown: str
    style_bibtex: str
    style_gbt7714: str
    copy_one: str
    found_one: str
    found_count: str
    narrowed: str
    undo: str
    too_late: str
    files_active: str
    files_done: str
    tidy: str
    job_waiting: str
    job_done: str
    job_failed: str
    job_cancelled: str
    cancel: str
    choose_folder: str
    dated: str
    state: str
    state_current: str
    state_changed: str
    state_gone: str
    state_unknown: str
    documents_tab: str
    map_tab: str
    evaluate_tab: str
    map_title: str
    map_canvas: str
    map_label: str
    map_placeholder: str
    colour_by: str
    map_hint: str
    others: str
    judge_right: str
    judge_wrong: str
    judge_none: str
    judge_thanks: str
    evaluate_title: str
    evaluate_none: str
    evaluate_none_note: str
    judged_facts: str
    gone: str
    measure: str
    measured: str
    metric_recall1: str
    metric_recall5: str
    metric_mrr: str
    metric_ndcg: str
    metric_sentence: str
    metric_refusal: str
    misses: str
    no_misses: str
    expected: str
    found_instead: str
    found_at: str
    not_found: str
    wrong_still: str
    judgement_file: str


ZH = RoomTexts(
    nav_lookup="查找",
    lookup_title="查找段落",
    lookup_label="查找段落",
    lookup_placeholder="输入几个字，边写边找",
    lookup_hint="↑ ↓ 移动，回车打开，Esc 返回，c 复制",
    filters="筛选",
    clear="清除筛选",
    everything="全部",
    document="文档",
    folder="文件夹",
    language="语言",
    speaker="说话人",
    section="章节",
    format="格式",
    since="日期从",
    until="到",
    sort="排序",
    by_relevance="相关程度",
    by_document="文档顺序",
    by_date="日期，新的在前",
    copy_as="引文格式",
    style_plain="纯文本",
    style_markdown="Markdown",
    style_bibtex="BibTeX",
    style_gbt7714="GB/T 7714",
    copy_one="复制引文",
    found_one="1 段",
    found_count="{count} 段",
    narrowed="筛选范围内没有相近的段落。",
    undo="撤销",
    too_late="已经不能撤销：有同名的新文件，或时间太久。",
    files_active="还有 {count} 个文件",
    files_done="已读入 {count} 个",
    tidy="清除列表",
    job_waiting="等待中",
    job_done="已读入",
    job_failed="没有读成",
    job_cancelled="已取消",
    cancel="取消",
    choose_folder="选择文件夹",
    dated="文档日期",
    state="状态",
    state_current="与源文件一致",
    state_changed="源文件已改动",
    state_gone="源文件已不在",
    state_unknown="源文件未知",
    documents_tab="文档",
    map_tab="地图",
    evaluate_tab="评测",
    map_title="段落地图",
    map_canvas="段落地图：每一点是一段，含义相近的靠在一起",
    map_label="在地图上找",
    map_placeholder="写一个问题，看它落在哪里",
    colour_by="着色",
    map_hint="拖动、滚轮缩放，点一下打开",
    others="其他",
    judge_right="答对了",
    judge_wrong="不对",
    judge_none="确实如此",
    judge_thanks="记下了",
    evaluate_title="评测",
    evaluate_none="还没有评判",
    evaluate_none_note="在答案下面点“答对了”或“不对”，这里就能看到资料库答得怎样。",
    judged_facts="{right} 个答对，{wrong} 个不对，{none} 个确实没有答案",
    gone="{count} 个的原文已不在资料库里，没有计入",
    measure="现在评测",
    measured="{count} 个问题，95% 区间",
    metric_recall1="第一条就对",
    metric_recall5="前五条里有",
    metric_mrr="平均倒数排名",
    metric_ndcg="nDCG@10",
    metric_sentence="标出的句子就是答案",
    metric_refusal="能分清有没有答案",
    misses="最差的几题",
    no_misses="每一题都是第一条就对。",
    expected="应当找到",
    found_instead="排在第一的是",
    found_at="排在第 {rank} 位",
    not_found="没有找到",
    wrong_still="标为不对、现在仍排第一的",
    judgement_file="文件 {name} 可以直接交给 rag evaluate",
)

EN = RoomTexts(
    nav_lookup="Look up",
    lookup_title="Look up passages",
    lookup_label="Look up passages",
    lookup_placeholder="A few words; passages appear as you type",
    lookup_hint="↑ ↓ to move, Enter to open, Esc to go back, c to copy",
    filters="Filters",
    clear="Clear filters",
    everything="Everything",
    document="Document",
    folder="Folder",
    language="Language",
    speaker="Speaker",
    section="Section",
    format="Format",
    since="Dated from",
    until="to",
    sort="Sort",
    by_relevance="Relevance",
    by_document="Document order",
    by_date="Date, newest first",
    copy_as="Copy as",
    style_plain="Plain text",
    style_markdown="Markdown",
    style_bibtex="BibTeX",
    style_gbt7714="GB/T 7714",
    copy_one="Copy quotation",
    found_one="1 passage",
    found_count="{count} passages",
    narrowed="Within these filters nothing comes close.",
    undo="Undo",
    too_late="It is too late to undo: a new file has that name, or too many were removed since.",
    files_active="{count} to go",
    files_done="{count} read",
    tidy="Clear the list",
    job_waiting="waiting",
    job_done="read",
    job_failed="not read",
    job_cancelled="cancelled",
    cancel="Cancel",
    choose_folder="Choose a folder",
    dated="Dated",
    state="State",
    state_current="up to date",
    state_changed="file has changed",
    state_gone="file is gone",
    state_unknown="file not known",
    documents_tab="Documents",
    map_tab="Map",
    evaluate_tab="Evaluate",
    map_title="Map of the passages",
    map_canvas="Map of the passages: each point is one, those of like meaning stand together",
    map_label="Find on the map",
    map_placeholder="A question, to see where it falls",
    colour_by="Colour by",
    map_hint="Drag to move, scroll to zoom, click to open",
    others="others",
    judge_right="Right",
    judge_wrong="Wrong",
    judge_none="That is so",
    judge_thanks="Noted",
    evaluate_title="How well the library answers",
    evaluate_none="No judgements yet",
    evaluate_none_note="Say “Right” or “Wrong” under an answer, and see here how well the library does.",
    judged_facts="{right} right, {wrong} wrong, {none} that nothing answers",
    gone="{count} whose words are no longer in the library are left out",
    measure="Measure now",
    measured="{count} questions, with 95% intervals",
    metric_recall1="Right at first",
    metric_recall5="Among the first five",
    metric_mrr="Mean reciprocal rank",
    metric_ndcg="nDCG@10",
    metric_sentence="The marked sentence answers",
    metric_refusal="Tells what nothing answers",
    misses="Worst misses",
    no_misses="Every question is answered by the first hit.",
    expected="should be",
    found_instead="came first",
    found_at="found at {rank}",
    not_found="not found",
    wrong_still="Called wrong, and still first",
    judgement_file="The file {name} is what rag evaluate takes",
)

_ROOM_TEXTS = {"zh": ZH, "en": EN}


def room_texts(texts: Texts) -> RoomTexts:
    """Return the words of these views in the language of `texts`."""
    return _ROOM_TEXTS[texts.tongue]
