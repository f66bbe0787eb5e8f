"""The look: three pigments of a manuscript on paper, and type from the reader's own system.

Mineral blue (石青) for what can be touched, orpiment (雌黄), the yellow with which scribes corrected, for the
sentence that answers, cinnabar (朱砂) for the seal and for what went wrong. Everything else is ink and paper.
The same colours stand in `style.css` as `--wj-…`; a test compares the two.
"""

from __future__ import annotations

import gradio as gr

PAPER, PAPER_DARK = "#f7f7f3", "#14171a"
SHEET, SHEET_DARK = "#ffffff", "#1c2024"
INK, INK_DARK = "#1f2427", "#e8e6df"
SOFT, SOFT_DARK = "#596268", "#a2aaae"
LINE, LINE_DARK = "#dfe0d8", "#30363b"
BLUE, BLUE_DARK = "#1c5a6a", "#86c5d2"
BLUE_DEEP, BLUE_DEEP_DARK = "#144754", "#a9dbe5"
CINNABAR, CINNABAR_DARK = "#a83226", "#ee8f80"

# No font travels: the names are looked up on the reader's machine, for Latin and for CJK.
SANS = (
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei UI",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Noto Sans",
    "sans-serif",
)
MONO = ("ui-monospace", "SF Mono", "Cascadia Mono", "Noto Sans Mono", "monospace")


def theme() -> gr.themes.Base:
    """Return Gradio's base theme in this project's colours and in fonts of the system only."""
    base = gr.themes.Base(
        font=[_font(name) for name in SANS],
        font_mono=[_font(name) for name in MONO],
        radius_size=gr.themes.sizes.radius_lg,
        text_size=gr.themes.sizes.text_md,
    )
    return base.set(**_surfaces(), **_inputs(), **_buttons())


def _font(name: str) -> gr.themes.Font | str:
    return name if name.islower() else gr.themes.Font(name)  # generic names must not be quoted


def _surfaces() -> dict[str, str]:
    return {
        "body_background_fill": PAPER,
        "body_background_fill_dark": PAPER_DARK,
        "body_text_color": INK,
        "body_text_color_dark": INK_DARK,
        "body_text_color_subdued": SOFT,
        "body_text_color_subdued_dark": SOFT_DARK,
        "background_fill_primary": SHEET,
        "background_fill_primary_dark": SHEET_DARK,
        "background_fill_secondary": PAPER,
        "background_fill_secondary_dark": PAPER_DARK,
        "border_color_primary": LINE,
        "border_color_primary_dark": LINE_DARK,
        "border_color_accent": BLUE,
        "border_color_accent_dark": BLUE_DARK,
        "color_accent": BLUE,
        "link_text_color": BLUE,
        "link_text_color_dark": BLUE_DARK,
        "link_text_color_hover": BLUE_DEEP,
        "link_text_color_hover_dark": BLUE_DEEP_DARK,
        "block_background_fill": SHEET,
        "block_background_fill_dark": SHEET_DARK,
        "block_border_color": LINE,
        "block_border_color_dark": LINE_DARK,
        "block_shadow": "none",
        "block_shadow_dark": "none",
        "block_border_width": "0px",
        "error_text_color": CINNABAR,
        "error_text_color_dark": CINNABAR_DARK,
    }


def _inputs() -> dict[str, str]:
    return {
        "input_background_fill": SHEET,
        "input_background_fill_dark": SHEET_DARK,
        "input_border_color": LINE,
        "input_border_color_dark": LINE_DARK,
        "input_border_color_focus": BLUE,
        "input_border_color_focus_dark": BLUE_DARK,
        "input_shadow": "none",
        "input_shadow_focus": "none",
        "input_placeholder_color": SOFT,
        "input_placeholder_color_dark": SOFT_DARK,
    }


def _buttons() -> dict[str, str]:
    return {
        "button_primary_background_fill": BLUE,
        "button_primary_background_fill_dark": BLUE_DARK,
        "button_primary_background_fill_hover": BLUE_DEEP,
        "button_primary_background_fill_hover_dark": BLUE_DEEP_DARK,
        "button_primary_text_color": SHEET,
        "button_primary_text_color_dark": PAPER_DARK,
        "button_primary_border_color": BLUE,
        "button_primary_border_color_dark": BLUE_DARK,
    }
