"""From the lines of a page to its paragraphs, headings and speakers.

From the ground up, each module importing only those before it: `script` (what a character is), `lines`
(the page as lines), `names` and `bylines` (who speaks), `shapes` (what one line looks like), `furniture`
(page numbers and running heads), `layout` (columns, indents, verse), `joints` (how two lines are put
together), `joining` (lines to units), `headings` and `structure` (title, tree, speakers), `budget`
(passages of the right length).
"""
