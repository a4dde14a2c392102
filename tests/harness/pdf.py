"""PDF files of our own: small ones that say what a test wants to read, and such as would like to do what no file may."""

from collections.abc import Iterable, Mapping


def written(objects: Mapping[int, bytes], trailer: bytes = b"") -> bytes:
    """A file of these objects; the first is its catalogue."""
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places: dict[int, int] = {}
    for number, body in sorted(objects.items()):
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start, most = len(out), max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % most
    for number in range(1, most):
        out += b"%010d 00000 n \n" % places[number] if number in places else b"0000000000 00000 f \n"
    out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (most, trailer, start)
    return bytes(out)


def stream(content: bytes, more: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), more, content)


def page(texts: Iterable[str], size: tuple[int, int] = (595, 842)) -> bytes:
    """What draws these lines, in a face that every system has."""
    lines = b"".join(b"BT /F 18 Tf 60 %d Td (%s) Tj ET\n" % (size[1] - 80 - 28 * line, text.encode("latin-1")) for line, text in enumerate(texts))
    return lines + b"0.16 0.34 0.88 rg 60 60 200 40 re f\n"


def document(pages: list[list[str]], *, size: tuple[int, int] = (595, 842), annotations: Mapping[int, bytes] | None = None, catalogue: bytes = b"",
             trailer: bytes = b"", more: Mapping[int, bytes] | None = None) -> bytes:  # fmt: skip
    """Pages of lines. ``annotations``: the annotations of a page, by its number from 1; ``more``: objects from 900 on, for what names them."""
    objects = {1: b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalogue, 3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", **(more or {})}
    kids = []
    for index, texts in enumerate(pages):
        number = 10 + 2 * index
        kids.append(b"%d 0 R" % number)
        objects[number] = (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Resources << /Font << /F 3 0 R >> %s >> /Contents %d 0 R /Annots [%s] >>"
            % (*size, b"/XObject << /X 900 0 R >>" if 900 in objects else b"", number + 1, (annotations or {}).get(index + 1, b""))  # noqa: PLR2004 - see above
        )
        objects[number + 1] = stream(page(texts, size) + (b"q 100 0 0 100 300 300 cm /X Do Q\n" if 900 in objects else b""))  # noqa: PLR2004 - see above
    objects[2] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(kids))
    return written(objects, trailer)


def link(place: tuple[int, int, int, int], action: bytes) -> bytes:
    return b"<< /Type /Annot /Subtype /Link /Border [0 0 0] /Rect [%d %d %d %d] %s >>" % (*place, action)


def uri(address: str) -> bytes:
    return b"/A << /S /URI /URI (%s) >>" % address.encode()


def fax() -> bytes:
    """With a black square from 300 to 400 points, as a fax: eight lines that are as the one above (T.6), their colour turned round."""
    return document([["Fax"]], more={900: stream(b"\xff\x00\x10\x01", b"/Type /XObject /Subtype /Image /Width 8 /Height 8 /ColorSpace /DeviceGray /BitsPerComponent 1 /Decode [1 0] /Filter /CCITTFaxDecode /DecodeParms << /K -1 /Columns 8 /Rows 8 >> ")})


def locked() -> bytes:
    """Opens with a password that nobody knows."""
    return document([["Secret"]], trailer=b"/Encrypt 950 0 R /ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>]", more={
        950: b"<< /Filter /Standard /V 1 /R 2 /Length 40 /P -4 /O <%s> /U <%s> >>" % (b"a5" * 32, b"5a" * 32)})  # fmt: skip


def hostile(url: str) -> dict[str, bytes]:
    """Files that would like to call ``url``, or to hold up whoever opens them, by their names."""
    at = url.encode()
    script = b"app.launchURL\\('%s/script', true\\); this.submitForm\\('%s/submit'\\); this.getURL\\('%s/geturl'\\);" % (at, at, at)
    whole = (0, 0, 595, 842)
    xfa = b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'><template xmlns='http://www.xfa.org/schema/xfa-template/3.3/'><subform><pageSet><pageArea><medium short='595' long='842'/></pageArea></pageSet><field><ui><imageEdit/></ui><value><image href='%s/xfa'/></value></field></subform></template></xdp:xdp>" % at
    return {
        "script.pdf": document([["Script"]], catalogue=b"/OpenAction << /S /JavaScript /JS (%s) >> /AA << /WC << /S /JavaScript /JS (%s) >> >> /Names << /JavaScript << /Names [(a) << /S /JavaScript /JS (%s) >>] >> >>" % ((script,) * 3)),
        "uri.pdf": document([["Address"]], catalogue=b"/OpenAction << /S /URI /URI (%s/open) >>" % at),
        "launch.pdf": document([["Launch"]], catalogue=b"/OpenAction << /S /Launch /F (%s/launch) /NewWindow true >>" % at, annotations={1: link(whole, b"/A << /S /Launch /F (/usr/bin/true) >>")}),
        "remote.pdf": document([["Remote"]], catalogue=b"/OpenAction << /S /GoToR /F << /FS /URL /F (%s/remote.pdf) >> /D [0 /Fit] >>" % at),
        "form.pdf": document([["Form"]], catalogue=b"/AcroForm << /NeedAppearances true /Fields [920 0 R] /XFA 921 0 R >>", annotations={1: b"920 0 R"}, more={
            920: b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (t) /V (filled in) /Rect [60 600 300 640] /DA (/Helv 12 Tf) /AA << /K << /S /JavaScript /JS (%s) >> /Fo << /S /JavaScript /JS (%s) >> /PV << /S /SubmitForm /F (%s/submit) >> >> >>" % (script, script, at),
            921: stream(xfa)}),
        "outside.pdf": document([["Outside"]], more={900: b"<< /Type /XObject /Subtype /Image /Width 10 /Height 10 /ColorSpace /DeviceRGB /BitsPerComponent 8 /F << /FS /URL /F (%s/image) >> /FFilter /DCTDecode /Length 0 >>\nstream\n\nendstream" % at}),
        "picture.pdf": document([["Picture"]], more={900: stream(b"x", b"/Type /XObject /Subtype /Image /Width 60000 /Height 60000 /ColorSpace /DeviceRGB /BitsPerComponent 8 ")}),
        "huge.pdf": document([["Huge"]], size=(10_000_000, 10_000_000)),
        "long.pdf": document([["Long"]], size=(200, 1_000_000)),
        "link.pdf": document([["Link"]], annotations={1: link(whole, b"/A << /S /URI /URI (javascript:parent.marked=true) >>") + link(whole, b"/A << /S /JavaScript /JS (%s) >>" % script) + link(whole, b"/A << /S /URI /URI (file:///etc/passwd) >>")}),
        "media.pdf": document([["Media"]], annotations={1: b"<< /Type /Annot /Subtype /Movie /Rect [0 0 200 200] /Movie << /F << /FS /URL /F (%s/movie) >> /Poster true >> /A true >> << /Type /Annot /Subtype /Screen /Rect [0 0 200 200] /A << /S /Rendition /OP 0 /R << /S /MR /C << /S /MCD /D << /FS /URL /F (%s/media) >> /CT (video/mp4) >> >> >> /AA << /PO << /S /URI /URI (%s/screen) >> >> >>" % (at, at, at)}),
    }  # fmt: skip
