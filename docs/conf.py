"""The documentation site: Sphinx, with MyST for the Markdown that is read in the source too, and furo."""

from deckgen import __version__

project = "deckgen"
author = "The deckgen developers"
copyright = "The deckgen developers"  # noqa: A001
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"deckgen {release}"
root_doc = "docs/index"  # the source is the whole checkout, so that links to validation/ and examples/ lead somewhere
include_patterns = ["docs/*.md", "validation/**.md", "examples/*.md", "CONTRIBUTING.md"]
exclude_patterns = [".venv", "build", "site"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = False
nitpicky = False
