"""Where the same mail is by JMAP (RFC 9698)."""

from tests.harness.imap import ImapSite, ask


async def test_jmap_is_named_where_there_is_one() -> None:
    async with ImapSite(jmap_url="https://mail.example.test/jmap/session") as site:
        stream = await site.session()
        assert "JMAPACCESS" in (await ask(stream, "CAPABILITY"))[0].split()
        answer = await ask(stream, "GETJMAPACCESS")
        assert ('* JMAPACCESS "https://mail.example.test/jmap/session"', "x OK") == (answer[0], answer[1][:4])
        assert (await ask(stream, "GETJMAPACCESS x"))[-1].startswith("x BAD")
    async with ImapSite() as site:
        stream = await site.session()
        assert "JMAPACCESS" not in (await ask(stream, "CAPABILITY"))[0].split()
        assert (await ask(stream, "GETJMAPACCESS"))[-1].startswith("x NO")
