import pytest

from mailstead.app.config import Settings, SettingsError, StoreSettings, parse, size
from mailstead.service.queue.pools import Pool


def test_an_empty_file_is_a_working_server() -> None:
    assert Settings() == parse("", {})
    assert ("127.0.0.1:2525",) == Settings().listen.smtp


def test_every_kind_of_value_is_read() -> None:
    settings = parse(
        """
        hostname = "Mail.Example.test"
        [listen]
        smtp = ["[::1]:25", "unix:/run/mail.sock"]
        imap = []
        proxy_from = ["10.0.0.0/8"]
        [auth]
        cleartext_on_loopback = true
        [limits]
        message_size = "1.5 KiB"
        disk_reserve = "2 GB"
        [outbound]
        smarthost = "smtp://127.0.0.1:2626"
        port = 2600
        [imap]
        separator = "."
        """,
        {},
    )
    assert "mail.example.test" == settings.hostname
    assert ("[::1]:25", "unix:/run/mail.sock") == settings.listen.smtp
    assert () == settings.listen.imap
    assert "10.0.0.0/8" == str(settings.listen.proxy_from[0])
    assert settings.auth.cleartext_on_loopback
    assert (1536, 2 * 10**9) == (settings.limits.message_size, settings.limits.disk_reserve)
    assert (2600, ".") == (settings.outbound.port, settings.imap.separator)


def test_certificates_may_be_several_in_either_form() -> None:
    lists = parse('[tls]\ncertificate = ["a.pem", "b.pem"]\nkey = ["a.key", "b.key"]', {})
    tables = parse('[[tls]]\ncertificate = "a.pem"\nkey = "a.key"\n[[tls]]\ncertificate = "b.pem"\nkey = "b.key"', {})
    assert lists.tls == tables.tls
    assert ("a.pem",) == parse('[tls]\ncertificate = "a.pem"\nkey = ""', {}).tls.certificate


POOL = """
[[outbound.pools]]
name = "news"
sources = ["192.0.2.10", "2001:DB8::10"]
hostname = "News.example.test"
senders = ["news.example.test", "List@Bücher.example"]
"""


def test_pools_are_tables() -> None:
    (pool,) = parse(POOL, {}).outbound.pools
    assert pool == Pool("news", ("192.0.2.10", "2001:db8::10"), "news.example.test", ("news.example.test", "list@xn--bcher-kva.example"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('outbound.pools = ["a"]', "[[outbound.pools]]"), (POOL.replace("news\"", "News\"", 1), "'News'"), (POOL + POOL, "'news'"),
        (POOL.replace("hostname", "hostnames"), "has in “news” no “hostnames”; the nearest is “hostname”"), (POOL.replace("192.0.2.10", "192.0.2"), "“192.0.2”"),
        (POOL.replace('"news.example.test", "List@Bücher.example"', ""), "needs in “news” sources"), (POOL + POOL.replace('"news"', '"other"'), "in two pools"),
        (POOL.replace("News.example.test", "a b"), "must be a host name"),
    ],
)  # fmt: skip
def test_a_wrong_pool_is_named(text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(text, {})
    assert words in str(caught.value)
    assert "outbound.pools" in str(caught.value)
    assert f"line {2 if text.startswith(chr(10)) else 1}:" in str(caught.value)


def test_the_environment_wins() -> None:
    environ = {
        "MAILSTEAD_HOSTNAME": "other.test", "MAILSTEAD_LISTEN__SMTP": "127.0.0.1:1, 127.0.0.1:2",
        "MAILSTEAD_AUTH__CLEARTEXT_ON_LOOPBACK": "true", "MAILSTEAD_OUTBOUND__PORT": "26", "MAILSTEAD_DATA": "/x", "PATH": "/bin",
    }  # fmt: skip
    settings = parse('hostname = "mail.test"', environ)
    assert "other.test" == settings.hostname
    assert ("127.0.0.1:1", "127.0.0.1:2") == settings.listen.smtp
    assert settings.auth.cleartext_on_loopback
    assert 26 == settings.outbound.port


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('\n[limits]\nmesage_size = "1 MiB"', ("line 3", "limits.mesage_size", "limits.message_size")),
        ('[limits]\nmessage_size = "big"', ("line 2", "limits.message_size", "50 MiB")),
        ("[lisen]\nsmtp = []", ("line 1", "[lisen]", "listen")),
        ('hostnme = "x"', ("line 1", "hostnme", "hostname")),
        ('[listen]\nimap = []\nsmtp = ["127.0.0.1"]', ("line 3", "listen.smtp", "127.0.0.1:25")),
        ('[listen]\nsmtp = "x\n', ("line 2",)),
        ("[auth]\ncleartext_on_loopback = 1", ("line 2", "true or false")),
        ('[log]\nlevel = "loud"', ("line 2", "warning")),
        ('[store]\nurl = "mysql:x"', ("line 2", "embedded:")),
        ('[tls]\ncertificate = "a"\nkey = ["a", "b"]', ("tls.key",)),
        ("hostname = 5", ("line 1", "hostname")),
        ('outbound.smarthost = "http://x"', ("line 1", "outbound.smarthost")),
    ],
)
def test_an_error_names_line_key_and_the_nearest(text: str, words: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(text, {})
    for word in words:
        assert word in str(caught.value)


def test_a_bad_variable_is_named() -> None:
    with pytest.raises(SettingsError, match="MAILSTEAD_LIMITS__MESAGE_SIZE"):
        parse("", {"MAILSTEAD_LIMITS__MESAGE_SIZE": "1"})


def test_sizes() -> None:
    assert [50 << 20, 7, 10**12] == [size("50 MiB"), size(7), size("1TB")]
    for wrong in ("", "x MiB", "5 parsec", True, -1):
        with pytest.raises(ValueError):
            size(wrong)


def test_a_new_directory_has_a_shard_for_each_core_unless_told_otherwise() -> None:
    assert [2, 2, 8, 16] == [StoreSettings().shards_for(cores) for cores in (1, 2, 8, 64)]
    assert 5 == StoreSettings(shards=5).shards_for(8)
