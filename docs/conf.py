"""The documentation site: ``make docs``. Nothing is fetched; notebooks are run while it is built."""

project = "Swayline"
author = "The Swayline authors"
extensions = ["myst_nb", "sphinx.ext.autodoc", "numpydoc"]
exclude_patterns = ["_build", "img/make.py"]
html_theme = "furo"
html_title = "Swayline"
html_static_path = ["img"]
nb_execution_mode = "force"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 3
numpydoc_show_class_members = True
numpydoc_show_inherited_class_members = False
autodoc_member_order = "bysource"
# Links out of the site (to source files and the README's pictures) are checked by tests/docs, not by Sphinx.
suppress_warnings = ["myst.xref_missing", "misc.highlighting_failure", "myst.header"]
