"""Renew every generated text."""

from stream.document import documents

if __name__ == "__main__":
    for path, text in documents().items():
        path.write_text(text)
