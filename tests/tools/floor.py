"""The floor of a build: a process that reads YAML files and prints their documents, with nothing between.

Example:
  python -m tests.tools.floor [--times N] FILE...
"""

from __future__ import annotations

import argparse
import gc
import sys


def main() -> int:
    """Read every file once, print its documents ``--times`` times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=1, help="how often the documents are printed")
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    from compiler.kustomize.printer import print_document
    from compiler.kustomize.reader import read_documents

    gc.disable()  # as compiler build does
    documents = []
    for name in arguments.files:
        with open(name, "rb") as file:
            documents.extend(read_documents(file.read()))
    texts = [print_document(document.node) for _ in range(arguments.times) for document in documents]
    sys.stdout.buffer.write("---\n".join(texts).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
