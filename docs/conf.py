"""The documentation site: Sphinx, with MyST for Markdown and notebooks that are read in the source too, and furo."""

from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx

from deckgen import __version__

project = "deckgen"
author = "The deckgen developers"
copyright = "The deckgen developers"  # noqa: A001
version = release = __version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = f"deckgen {release}"
root_doc = "docs/index"  # the source is the whole checkout, so that links to validation/ and examples/ lead somewhere
include_patterns = ["docs/*.md", "docs/tutorials/*.ipynb", "validation/**.md", "examples/*.md", "CONTRIBUTING.md"]
exclude_patterns = [".venv", "build", "site"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "cache"  # notebooks hold no outputs; they are run again only where their code has changed
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_merge_streams = True
autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = False
nitpicky = False
html_math_renderer = "mathml"


def _write(display: str) -> Any:
    """Return what writes a formula as MathML: browsers draw it by themselves, without a script from the network."""

    def write(translator: Any, node: nodes.Element) -> None:
        formula = convert(node.astext(), display=display)
        translator.body.append(f'<div class="formula">{formula}</div>' if display == "block" else formula)
        raise nodes.SkipNode

    return write


def setup(app: Sphinx) -> None:
    """Have formulas written as MathML."""
    app.add_html_math_renderer("mathml", (_write("inline"), None), (_write("block"), None))
