"""Configuration of the documentation's site: `make docs` builds it."""

from __future__ import annotations

import sys
from pathlib import Path

from understudy import __version__

sys.path.insert(0, str(Path(__file__).parents[1]))  # for the extensions beside this file

project = "Understudy"
author = "The Understudy authors"
copyright = f"2026, {author}"
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "docs.site_pages",
    "docs.site_reference",
]
nitpicky = True
# The build takes no network, so names of Python and of other libraries are not links.
nitpick_ignore_regex = [
    ("py:.*", r"(?!understudy\.).*"),
    ("py:class", r"understudy\..*"),  # annotations with a type that nobody has to name
]

smartquotes = False  # what is in quotes is often code
myst_heading_anchors = 6  # the anchors that GitHub gives

default_role = "code"  # one backtick in a docstring, as in Markdown
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_display_short_literal_types = True
maximum_signature_line_length = 80
napoleon_numpy_docstring = False
napoleon_use_ivar = True

highlight_language = "none"  # a block without a language
html_theme = "furo"
html_title = f"Understudy {__version__}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_sourcelink_suffix = ""  # _sources/tutorial.md, to which llms.txt leads
html_show_sphinx = False
