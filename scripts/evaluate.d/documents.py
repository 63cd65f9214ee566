"""What a user brings along: pieces of this repository's own texts, cut by the dialogue's number, so
that every run of one state of the repository plays the same."""

import os

# Prose first of all; what changes with every measurement is not among it.
SOURCES = ("README.md", "CHANGELOG.md", "docs/sessions.md", "src/architecture.md")
# Characters of a document: about 1,500 to 2,500 tokens.
LEAST, MOST = 5500, 9000
GOLDEN = 0.6180339887498949
NAME = "notes.md"


def library(root):
    """Returns the texts that documents are cut from, as one."""
    texts = []
    for name in SOURCES:
        with open(os.path.join(root, name), encoding="utf-8") as file:
            texts.append(file.read())
    return "\n\n".join(texts)


def cut(text, identity):
    """Returns the document of a dialogue: whole lines, each dialogue's from another place on and of
    another length, both spread evenly over dialogues in a row."""
    size = LEAST + int((MOST - LEAST) * (identity * GOLDEN % 1.0))
    begin = int((len(text) - size) * (identity * GOLDEN * GOLDEN % 1.0))
    begin = text.rfind("\n", 0, begin + 1) + 1
    piece = text[begin:begin + size]
    return piece[:piece.rfind("\n") + 1] or piece
