"""HTML that strangers wrote, read as far as it can be read."""

from __future__ import annotations

from html.parser import HTMLParser


class ForgivingParser(HTMLParser):
    """The standard library's parser, which gives up at a declaration such as `<![x`: here that is
    a comment, as it is for browsers."""

    def parse_html_declaration(self, i: int) -> int:
        try:
            return super().parse_html_declaration(i)
        except AssertionError:  # the parser's own word for it
            return self.parse_bogus_comment(i)
