"""The words of the conversation and of its history, in Chinese and in English."""

from __future__ import annotations

from dataclasses import dataclass

from rag.web.texts import Texts, Tongue


@dataclass(frozen=True, slots=True)
class ChatTexts:
    """What the page says about a conversation; `{names}` are filled with `str.format`."""

    read_as: str
    read_literally: str
    edited: str
    edit: str
    edit_label: str
    edit_done: str
    edit_cancel: str
    as_typed: str
    said_by: str
    open_source: str
    sources: str
    shown_passages: str
    quoted_one: str
    stages: tuple[str, str, str]  # of rag.search.SEARCH_STAGES; {passages}
    stop: str
    stopped: str
    follow_up: str
    fresh: str
    history: str
    history_title: str
    history_note: str
    history_empty: str
    history_none: str
    history_find: str
    history_turns: str
    history_one: str
    reopen: str
    delete: str
    delete_sure: str
    delete_keep: str
    export: str
    export_all: str
    not_kept: str
    back: str


_ZH = ChatTexts(
    read_as="理解为：",
    read_literally="按原话理解",
    edited="按修改后的问题回答：",
    edit="修改",
    edit_label="这个问题应当理解为",
    edit_done="重新提问",
    edit_cancel="取消",
    as_typed="按原话提问",
    said_by="说这话的是",
    open_source="打开出处 {number}",
    sources="出处",
    shown_passages="找到的 {count} 段原文",
    quoted_one="找到的 1 段原文",
    stages=("正在理解问题", "正在 {passages} 段中查找", "正在找出作答的句子"),
    stop="停止",
    stopped="已停止。",
    follow_up="接着问……",
    fresh="新的对话",
    history="历史",
    history_title="问过的问题",
    history_note="对话只保存在资料库的文件夹里，浏览器里不留。",
    history_empty="还没有问过问题。",
    history_none="没有符合的对话。",
    history_find="在问过的问题、答案和出处里查找",
    history_turns="{count} 个问题",
    history_one="1 个问题",
    reopen="打开",
    delete="删除",
    delete_sure="删除",
    delete_keep="保留",
    export="导出 Markdown",
    export_all="全部导出",
    not_kept="这次对话没能存进历史：{reason}",
    back="返回提问",
)

_EN = ChatTexts(
    read_as="Read as:",
    read_literally="Read as it stands",
    edited="Read as you wrote:",
    edit="Change",
    edit_label="The question is to be read as",
    edit_done="Ask again",
    edit_cancel="Cancel",
    as_typed="Ask it as typed",
    said_by="These are the words of",
    open_source="Open source {number}",
    sources="Sources",
    shown_passages="{count} passages found",
    quoted_one="1 passage found",
    stages=("Reading the question", "Searching {passages} passages", "Finding the sentences that answer"),
    stop="Stop",
    stopped="Stopped.",
    follow_up="Ask a follow-up…",
    fresh="New conversation",
    history="History",
    history_title="What you have asked",
    history_note="Conversations are kept in the library’s folder only; the browser keeps none.",
    history_empty="Nothing has been asked yet.",
    history_none="No conversation matches.",
    history_find="Find in questions, answers and sources",
    history_turns="{count} questions",
    history_one="1 question",
    reopen="Open",
    delete="Delete",
    delete_sure="Delete",
    delete_keep="Keep",
    export="Export as Markdown",
    export_all="Export all",
    not_kept="This conversation could not be kept in the history: {reason}",
    back="Back to asking",
)

CHAT: dict[Tongue, ChatTexts] = {"zh": _ZH, "en": _EN}


def chat_texts(texts: Texts) -> ChatTexts:
    """Return the words of the conversation in the language of `texts`."""
    return CHAT[texts.tongue]
