"""Files to text, page by page. The office files here are as small as the format allows."""

from __future__ import annotations

import io
import zipfile

import pytest

from volano.services.studio.logic.reading import UnreadableFile, read_pages

WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
SLIDE = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
)
SHEET = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
LINKED = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


ENTITIES = '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'


def archive(**parts: str | bytes) -> bytes:
    """A zip file with these parts."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in parts.items():
            made.writestr(name, text)
    return held.getvalue()


def rels(*links: tuple[str, str, str]) -> str:
    inside = "".join(
        f'<Relationship Id="{id}" Type="{KIND}/{kind}" Target="{target}"/>'
        for id, kind, target in links
    )
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'<Relationships xmlns="{space}">{inside}</Relationships>'


def test_word_has_pages_tables_boxes_and_notes():
    box = "<w:txbxContent><w:p><w:r><w:t>in a box</w:t></w:r></w:p></w:txbxContent>"
    mark = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    document = (
        f"<w:document {WORD} {mark}><w:body>"
        "<w:p><w:r><w:t>One</w:t><w:tab/><w:t>page</w:t></w:r></w:p>"
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Sales</w:t></w:r></w:p></w:tc>"
        "<w:tc><w:p><w:r><w:t>EUR 5</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
        "<w:p><w:r><w:lastRenderedPageBreak/><w:t>Two</w:t><w:delText>gone</w:delText></w:r></w:p>"
        f"<w:p><w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice>"
        f"<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>"
        "</w:body></w:document>"
    )
    note = (
        f"<w:footnotes {WORD}><w:footnote><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote>"
        "</w:footnotes>"
    )
    data = archive(**{"word/document.xml": document, "word/footnotes.xml": note})
    assert read_pages(data, "a.docx") == ["One page\nSales, EUR 5", "Two\nin a box", "A note."]


def test_word_that_was_never_laid_out_has_the_pages_its_author_wants():
    text = '<w:p><w:r><w:t>One</w:t><w:br w:type="page"/></w:r></w:p>'
    text += "<w:p><w:r><w:t>Two</w:t></w:r></w:p>"
    document = f"<w:document {WORD}><w:body>{text}</w:body></w:document>"
    assert read_pages(archive(**{"word/document.xml": document}), "a.docx") == ["One", "Two"]


def test_slides_come_in_their_order_with_notes_and_empty_ones_are_told():
    def slide(text: str) -> str:
        return f"<p:sld {SLIDE}><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:sld>"

    listed = f"<p:presentation {SLIDE} {LINKED}><p:sldIdLst>"
    listed += "".join(f'<p:sldId id="{n}" r:id="r{n}"/>' for n in (2, 3, 1))
    data = archive(
        **{
            "ppt/presentation.xml": f"{listed}</p:sldIdLst></p:presentation>",
            "ppt/_rels/presentation.xml.rels": rels(
                *[(f"r{n}", "slide", f"slides/slide{n}.xml") for n in (1, 2, 3)]
            ),
            "ppt/slides/slide1.xml": slide("last"),
            "ppt/slides/slide2.xml": slide("first"),
            "ppt/slides/slide3.xml": f"<p:sld {SLIDE}><p:pic/></p:sld>",
            "ppt/slides/_rels/slide1.xml.rels": rels(
                ("n", "notesSlide", "../notesSlides/notesSlide1.xml")
            ),
            "ppt/notesSlides/notesSlide1.xml": slide("say thanks"),
        }
    )
    assert read_pages(data, "a.pptx") == ["first", "", "last\nsay thanks"]


def test_sheets_have_names_dates_and_shared_texts():
    book = (
        f'<workbook {SHEET} {LINKED}><sheets><sheet name="Costs" sheetId="1" r:id="b"/>'
        '<sheet name="Empty" sheetId="2" r:id="a"/></sheets></workbook>'
    )
    rows = (
        '<row><c t="s"><v>0</v></c><c><v>12.5</v></c><c s="1"><v>45992</v></c></row>'
        '<row><c t="inlineStr"><is><t>Rent</t></is></c><c t="b"><v>1</v></c>'
        '<c s="2"><v>45992.5</v></c></row>'
    )
    styles = (
        f'<styleSheet {SHEET}><numFmts><numFmt numFmtId="170" formatCode="dd.mm.yyyy hh:mm"/>'
        '</numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/></cellXfs>'
        "</styleSheet>"
    )
    data = archive(
        **{
            "xl/workbook.xml": book,
            "xl/_rels/workbook.xml.rels": rels(
                ("a", "worksheet", "worksheets/sheet1.xml"),
                ("b", "worksheet", "/xl/worksheets/sheet2.xml"),
            ),
            "xl/worksheets/sheet1.xml": f"<worksheet {SHEET}><sheetData/></worksheet>",
            "xl/worksheets/sheet2.xml": (
                f"<worksheet {SHEET}><sheetData>{rows}</sheetData></worksheet>"
            ),
            "xl/sharedStrings.xml": (
                f"<sst {SHEET}><si><t>東京</t><rPh><t>とうきょう</t></rPh></si></sst>"
            ),
            "xl/styles.xml": styles,
        }
    )
    assert read_pages(data, "a.xlsx") == [
        "Costs\n東京, 12.5, 2025-12-01\nRent, TRUE, 2025-12-01 12:00",
        "",
    ]


def test_damaged_locked_and_bottomless_documents_are_refused():
    deep = f"<w:d {WORD}>{'<w:x>' * 20_000}{'</w:x>' * 20_000}</w:d>"
    whole = archive(**{"word/document.xml": f"<w:d {WORD}>{'<w:p/>' * 50}</w:d>"})
    directory = whole.index(b"PK\x01\x02")
    damaged, locked, newer = (bytearray(whole) for _ in range(3))
    damaged[60:90] = bytes(30)
    locked[6] |= 1
    locked[directory + 8] |= 1
    newer[directory + 6] = 99
    bottomless = archive(**{"word/document.xml": deep})
    for data in (damaged, locked, newer, bottomless):
        with pytest.raises(UnreadableFile):
            read_pages(bytes(data), "a.docx")


def test_web_pages_are_read_as_a_browser_shows_them():
    page = (
        b"<!doctype html><head><title>Bells</title><style>p{}</style><body>"
        b"<h1>Our bells</h1><p>They   <b>ring</b>.<script>no()</script><img alt='A bell'>"
        b"<ul><li>one<li>two</ul>"
    )
    assert read_pages(page, "a.html") == ["Bells\nOur bells\nThey ring. A bell\none\ntwo"]


def test_texts_are_read_in_their_encoding():
    assert read_pages("# Über".encode(), "a.md") == ["# Über"]
    assert read_pages(b"<![x> An <b>odd</b> page", "a.html") == ["An odd page"]
    assert read_pages("é".encode("utf-16"), "a.txt") == ["é"]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\x00\x01", "a.txt"),
        (b"no archive", "a.docx"),
        (archive(**{"word/other.xml": "<x/>"}), "a.docx"),
        (archive(**{"word/document.xml": ENTITIES}), "a.docx"),
        (archive(**{"word/document.xml": f"<!--{' ' * 2000}-->{ENTITIES}"}), "a.docx"),
        (archive(**{"word/document.xml": ENTITIES.encode("utf-16")}), "a.docx"),
        (archive(**{"word/document.xml": f"<x>{'<p/>' * 4_000_000}</x>"}), "a.docx"),
        (archive(**{"word/document.xml": f"<x>{' ' * 64 * 1024 * 1024}</x>"}), "a.docx"),
        (b"%PDF-1.7 broken", "a.pdf"),
        (b"anything", "a.exe"),
    ],
)
def test_what_cannot_be_read_is_said(data, name):
    with pytest.raises(UnreadableFile):
        read_pages(data, name)
