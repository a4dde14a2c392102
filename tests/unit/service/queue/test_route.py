"""Routes: a table of domains, and what is found for each."""

import random

import pytest

from mailstead.model.dns import Answer, Mx
from mailstead.model.errors import Unavailable
from mailstead.service.ports import Failed
from mailstead.service.queue import route
from mailstead.service.queue.route import Host, Route


class Names:
    """A scripted resolver."""

    def __init__(self) -> None:
        self.mx_of: dict[str, list[Mx]] = {
            "two.test": [Mx(20, "far.test"), Mx(10, "near.test")],
            "same.test": [Mx(10, "a.test"), Mx(10, "b.test"), Mx(10, "c.test"), Mx(20, "far.test")],
            "null.test": [Mx(0, "")],
            "odd.test": [Mx(0, ""), Mx(10, "near.test")],
            "plain.test": [],
            "nothing.test": [],
            "gone.test": [Mx(10, "nowhere.test")],
            "half.test": [Mx(10, "nowhere.test"), Mx(20, "far.test")],
            "us.test": [Mx(10, "near.test"), Mx(20, "mx.us.test"), Mx(20, "far.test"), Mx(30, "a.test")],
            "home.test": [Mx(10, "mx.us.test"), Mx(20, "far.test")],
            "flaky.test": [Mx(10, "fails.test")],
            "saved.test": [Mx(10, "fails.test"), Mx(20, "far.test")],
            "many.test": [Mx(n, f"h{n}.test") for n in range(100)],
            "xn--mller-kva.test": [Mx(10, "near.test")],
            "double.test": [Mx(10, "near.test"), Mx(20, "near.test")],
        }
        self.addresses_of = {
            "near.test": ("192.0.2.1",), "far.test": ("2001:db8::2", "192.0.2.2"), "a.test": ("192.0.2.3",), "b.test": ("192.0.2.4",),
            "c.test": ("192.0.2.5",), "plain.test": ("192.0.2.6",), "mx.us.test": ("192.0.2.7",), "nothing.test": (),
            **{f"h{n}.test": tuple(f"192.0.2.{k}" for k in range(30)) for n in range(100)},
        }
        self.secure: set[str] = set()

    async def mx(self, name: str) -> Answer[Mx]:
        if name == "down.test":
            raise Unavailable("", "no answer")
        if not name.isascii() or ".." in name:
            raise ValueError(name)
        known = name in self.mx_of
        return Answer(name, tuple(self.mx_of.get(name, ())), name in self.secure, known)

    async def addresses(self, name: str) -> Answer[str]:
        if name == "fails.test":
            raise Unavailable("", "SERVFAIL")
        return Answer(name, self.addresses_of.get(name, ()), name in self.secure, name in self.addresses_of)


@pytest.mark.parametrize(
    ("domain", "hosts"),
    [
        ("two.test", ["near.test", "far.test"]),
        ("TWO.test", ["near.test", "far.test"]),
        ("plain.test", ["plain.test"]),
        ("odd.test", ["near.test"]),
        ("half.test", ["far.test"]),
        ("saved.test", ["far.test"]),
        ("us.test", ["near.test"]),
        ("müller.test", ["near.test"]),
        ("double.test", ["near.test"]),
        ("many.test", [f"h{n}.test" for n in range(route.HOSTS)]),
        ("[192.0.2.9]", ["[192.0.2.9]"]),
        ("[IPv6:2001:db8::9]", ["[IPv6:2001:db8::9]"]),
    ],
)
async def test_hosts_in_order(domain: str, hosts: list[str]) -> None:
    found = await route.find(Names(), domain, ours=["MX.us.test"])
    assert isinstance(found, Route)
    assert [host.name for host in found.hosts] == hosts
    assert all(0 < len(host.addresses) <= route.ADDRESSES for host in found.hosts)


@pytest.mark.parametrize(
    ("domain", "status"),
    [
        ("unknown.test", "5.1.2"), ("null.test", "5.1.10"), ("nothing.test", "5.1.2"), ("gone.test", "4.4.4"), ("down.test", "4.4.3"),
        ("flaky.test", "4.4.3"), ("home.test", "5.4.6"), ("a..b", "5.1.2"), ("[300.1.2.3]", "5.1.2"),
    ],
)
async def test_why_there_is_no_way(domain: str, status: str) -> None:
    found = await route.find(Names(), domain, ours=["mx.us.test"])
    assert isinstance(found, Failed)
    assert str(found.status) == status
    assert domain.strip("[]") in found.text


async def test_equals_share_the_load() -> None:
    firsts = []
    for seed in range(60):
        found = await route.find(Names(), "same.test", chance=random.Random(seed))
        assert isinstance(found, Route)
        assert {host.name for host in found.hosts[:3]} == {"a.test", "b.test", "c.test"}
        assert found.hosts[3].name == "far.test"
        firsts.append(found.hosts[0].name)
    assert all(firsts.count(name) > 5 for name in ("a.test", "b.test", "c.test"))


async def test_a_chain_is_as_secure_as_its_weakest_link() -> None:
    names = Names()
    names.secure = {"two.test", "near.test"}
    found = await route.find(names, "two.test")
    assert found == Route((Host("near.test", ("192.0.2.1",), True), Host("far.test", ("2001:db8::2", "192.0.2.2"), False)), True)
