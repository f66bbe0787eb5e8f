"""From the lines of a page to its paragraphs, headings and speakers.

From the ground up; each module imports only those before it:

characters   script · names · byline, byline_han, byline_words, bylines (who signs) · turns (who speaks)
lines        lines · numbers (1., 第三章) · shapes (item, rule, row) · columns · verse · furniture (page
             numbers, running heads) · layout (indents) · kinds (what each line is)
paragraphs   joints (how two lines are put together) · evidence (whether they are) · units · joining ·
             stated (formats that state their blocks)
the page     headings · outline (title, tree, bylines) · voices (section and speaker of each unit)
passages     budget (parts that a model can read)
"""
