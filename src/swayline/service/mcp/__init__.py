"""A run folder for language models: read-only tools of the Model Context Protocol over standard input and output.

A file a question, from the files of the run to the protocol. ::

    files        the run folder, read when asked and again when it changes
    ledger_rows  rows of influence that may be told, each with what can be claimed of it
    effects, experiments, people, overview, changes     the answers
    tools        their names and arguments
    server       the protocol
"""

from swayline.service.mcp.server import build_server, serve_stdio

__all__ = ["build_server", "serve_stdio"]
