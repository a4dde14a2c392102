"""AddressBook and ContactCard methods (RFC 9610). Cards are JSContact (``protocol.jmap.contacts``); an account has an address book from the first question on."""

import base64
import uuid
from collections.abc import Callable
from typing import Any, Final

import msgspec

from mailstead.model import limits
from mailstead.model.errors import Reason, Refusal
from mailstead.model.object import KeptObject, ObjectKind, ObjectStates, ObjectWrite
from mailstead.protocol.jmap import contacts as cards
from mailstead.protocol.jmap.mail import blobs
from mailstead.protocol.jmap.mail.email import utc
from mailstead.protocol.jmap.mail.filters import BadFilter, utc_ms
from mailstead.server.http.jmap import blob, blob_source
from mailstead.server.http.jmap.kept_type import (
    Bad,
    KeptType,
    Known,
    Property,
    Work,
    is_flag,
    is_number,
    is_text,
    or_null,
)
from mailstead.server.http.jmap.standard import (
    MAX_SET,
    Call,
    MethodError,
    flag,
    invalid,
    need_write,
    patched,
    resolved,
    text,
    texts,
)

CAPABILITY: Final = "urn:ietf:params:jmap:contacts"
_RIGHTS: Final = {"mayRead": True, "mayWrite": True, "mayShare": False, "mayDelete": True}
_NAME: Final = 255
_TRIES: Final = 5
_PHOTO: Final = 40_000
"""Octets of a picture in a card."""
_PICTURES: Final = frozenset({"photo", "logo"})
_IMAGES: Final = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF87a": "image/gif", b"GIF89a": "image/gif"}


def capability() -> dict[str, Any]:
    """Of an account (RFC 9610 §1.4.1)."""
    return {"maxAddressBooksPerCard": None, "mayCreateAddressBook": True}


# ----------------------------------------------------------------------------------------------------------- address books
class AddressBooks(KeptType):
    """The type."""

    kind = ObjectKind.ADDRESS_BOOK
    properties = {  # noqa: RUF012 - never changed
        "name": Property(lambda value: isinstance(value, str) and 0 < len(value.encode("utf-8", "replace")) <= _NAME, is_needed=True),
        "description": Property(or_null(is_text(2_000))), "sortOrder": Property(is_number, default=0), "isSubscribed": Property(is_flag, default=True),
        "isDefault": Property(lambda _: False, default=False, is_ours=True), "shareWith": Property(lambda value: value is None or value == {}),
        "myRights": Property(lambda _: False, default=_RIGHTS, is_ours=True),
    }
    most = 100

    async def there(self, call: Call, ids: list[int] | None = None) -> tuple[ObjectStates, list[Known]]:
        await self.first(call)
        return await super().there(call, ids)

    async def first(self, call: Call) -> str | None:
        """Make the one that every account has, and see to it that one is the default. The id of one that was there and has become it."""
        for _ in range(_TRIES):
            now = await call.mailing.kept.of(call.account, self.kind)
            docs = {one.object_id: msgspec.json.decode(one.doc) for one in now.objects if not one.gone}
            if any(doc.get("isDefault") for doc in docs.values()):
                return None
            if docs:
                number = min(docs)
                write = ObjectWrite(number, msgspec.json.encode(docs[number] | {"isDefault": True}))
            else:
                write = ObjectWrite(call.mailing.new_id(), msgspec.json.encode({"name": "Contacts", "isDefault": True}))
            try:
                if await call.mailing.kept.set(call.account, self.kind, [write], at=now.state.modseq):
                    return next((self.id_of(one) for one in now.objects if one.object_id == write.object_id), None)
            except Refusal as exc:
                if exc.reason is Reason.ACCOUNT_SUSPENDED:
                    return None  # it can be read as it is
                raise
        return None

    async def may_destroy(self, work: Work, one: Known) -> None:
        """Not with cards in it, unless these may go along."""
        if await _in_book(work.call, one.ident) and not flag(work.call.arguments, "onDestroyRemoveContents"):
            raise Bad("addressBookHasContents", "there are cards in it")

    async def done(self, work: Work) -> None:
        """Cards whose last book is gone go; then ``onSuccessSetIsDefault`` (RFC 9610 §2.3)."""
        for ident in work.outcome.destroyed:
            await _empty(work.call, ident)
        wish = work.call.arguments.get("onSuccessSetIsDefault")
        if isinstance(wish, str) and not (work.outcome.not_created or work.outcome.not_updated or work.outcome.not_destroyed):
            for ident, is_default in (await self._make_default(work.call, resolved(work.call, wish))).items():
                _tell_default(work, ident, is_default=is_default)

    async def _make_default(self, call: Call, ident: str) -> dict[str, bool]:
        """Which books have become it, or are it no more."""
        for _ in range(_TRIES):
            now = await call.mailing.kept.of(call.account, self.kind)
            writes = []
            live = {self.id_of(one): one for one in now.objects if not one.gone}
            if ident not in live:
                return {}
            changed: dict[str, bool] = {}
            for name, one in live.items():
                doc = msgspec.json.decode(one.doc)
                if bool(doc.get("isDefault")) != (name == ident):
                    writes.append(ObjectWrite(one.object_id, msgspec.json.encode(doc | {"isDefault": name == ident})))
                    changed[name] = name == ident
            if not writes or await call.mailing.kept.set(call.account, self.kind, writes, at=now.state.modseq):
                return changed
        return {}

    async def set_(self, call: Call) -> dict[str, Any]:
        found = await super().set_(call)
        now = await self.first(call)
        if now is not None:
            told = found["updated"] or {}
            found["updated"] = told | {now: (told.get(now) or {}) | {"isDefault": True}}
        return found | {"newState": str(await call.mailing.kept.state(call.account, self.kind))}


BOOKS: Final = AddressBooks()


def _tell_default(work: Work, ident: str, *, is_default: bool) -> None:
    """In the response (RFC 9610 §2.3): of one that this call has made, or of one that it changed so."""
    outcome = work.outcome
    creation = next((one for one, made in work.created.items() if made == ident), None)
    if creation is not None:
        outcome.created[creation]["isDefault"] = is_default
    else:
        outcome.updated[ident] = (outcome.updated.get(ident) or {}) | {"isDefault": is_default}


async def _in_book(call: Call, ident: str) -> bool:
    now = await call.mailing.kept.of(call.account, ObjectKind.CONTACT)
    return any(ident in msgspec.json.decode(one.doc)["addressBookIds"] for one in now.objects if not one.gone)


async def _empty(call: Call, ident: str) -> None:
    """Take every card out of a book that is gone."""
    for _ in range(_TRIES):
        now = await call.mailing.kept.of(call.account, ObjectKind.CONTACT)
        writes = []
        for one in now.objects:
            doc = msgspec.json.decode(one.doc) if not one.gone else {"addressBookIds": {}}
            if ident in doc["addressBookIds"]:
                del doc["addressBookIds"][ident]
                writes.append(ObjectWrite(one.object_id, msgspec.json.encode(doc), gone=not doc["addressBookIds"]))
        if not writes or await call.mailing.kept.set(call.account, ObjectKind.CONTACT, writes, at=now.state.modseq):
            return


# ----------------------------------------------------------------------------------------------------------- cards
def _shown(call: Call, ident: str, card: dict[str, Any]) -> dict[str, Any]:
    """Pictures by their blobs (RFC 9610 §3): who wants one fetches it."""
    number = CARDS.number_of(call, ident)
    if "media" not in card or number is None:
        return card
    media = {}
    for key, one in card["media"].items():
        read = cards.data_of(one.get("uri"))
        media[key] = one if read is None else {
            **{name: value for name, value in one.items() if name != "uri"}, "blobId": blobs.of_card(number, read[1]),
            "mediaType": one.get("mediaType") or read[0]}
    return {**card, "media": media}


def _is_date(value: Any) -> str:
    try:
        return utc(utc_ms(value, "a date"))
    except BadFilter as exc:
        raise invalid(str(exc)) from None


def _text_filter(where: str) -> Any:
    def test(card: dict[str, Any], value: Any) -> bool:
        if not isinstance(value, str) or len(value) > limits.JMAP_FILTER_TEXT:
            raise invalid(f"{where} is a text")
        return cards.matches(card, where, value)

    return test


class ContactCards(KeptType):
    """The type: a document is the card, with ``addressBookIds``."""

    kind = ObjectKind.CONTACT
    properties = {"addressBookIds": Property(lambda value: isinstance(value, dict))}  # noqa: RUF012 - never changed; the rest is ``cards.faults``
    filters = {  # noqa: RUF012 - never changed
        "inAddressBook": lambda card, value: value in card["addressBookIds"], "uid": lambda card, value: card["uid"] == value,
        "hasMember": lambda card, value: value in card.get("members", {}), "kind": lambda card, value: card.get("kind", "individual") == value,
        "createdBefore": lambda card, value: str(card.get("created", "")) < _is_date(value),
        "createdAfter": lambda card, value: str(card.get("created", "")) >= _is_date(value),
        "updatedBefore": lambda card, value: str(card.get("updated", "")) < _is_date(value),
        "updatedAfter": lambda card, value: str(card.get("updated", "")) >= _is_date(value),
        **{where: _text_filter(where) for where in ("text", *cards.WHERE)},
    }
    sorts = cards.SORTS
    most = limits.CONTACTS

    def order(self, values: dict[str, Any], name: str) -> tuple[bool, Any]:
        return True, cards.order(values, name)

    async def shown(self, call: Call, found: list[KeptObject]) -> list[Known]:
        del call
        return [Known(self.id_of(one), one.object_id, msgspec.json.decode(one.doc)) for one in found]

    def shaping(self, call: Call) -> Callable[[dict[str, Any]], dict[str, Any]]:
        """RFC 9610 §3.1: any property may be asked for; what a card has not is left out."""
        names = texts(call.arguments, "properties")
        wanted = None if names is None else {"id", *names}
        return lambda values: {name: value for name, value in _shown(call, values["id"], values).items() if wanted is None or name in wanted}

    # ------------------------------------------------------------------------------------------------- set
    async def _create(self, work: Work, creation: str, given: dict[str, Any]) -> None:
        if len(work.known) >= self.most:
            raise Bad("overQuota", f"there are at most {self.most} cards in an account")
        now = utc(int(work.call.mailing.now().timestamp() * 1000))
        card = {"@type": "Card", "version": "1.0", "uid": f"urn:uuid:{uuid.uuid4()}", "created": now, "updated": now} | {
            name: value for name, value in given.items() if value is not None}
        if "id" in given:
            raise Bad("invalidProperties", "the server makes ids", "id")
        await self._judge(work, card, None)
        number = work.call.mailing.new_id()
        known = Known(self.id_of(KeptObject(number, 0, 0, gone=False, doc=b"{}")), number, card)
        work.writes[known.ident] = await self.write(work, number, card, None)
        self._bound(work.writes[known.ident])
        work.known[known.ident] = known
        work.notes["uids"][card["uid"]] = known.ident
        work.created[creation] = known.ident
        shown = _shown(work.call, known.ident, card)
        work.outcome.created[creation] = {"id": known.ident, **{name: value for name, value in shown.items() if given.get(name) != value}}

    async def _update(self, work: Work, before: Known, patch: dict[str, Any]) -> dict[str, Any] | None:
        try:
            wanted = patched({"id": before.ident, **before.values}, patch)
        except ValueError as exc:
            raise Bad("invalidPatch", str(exc)) from None
        if wanted.pop("id", None) != before.ident or wanted.get("uid") != before.values["uid"]:
            raise Bad("invalidProperties", "id and uid never change", "uid")
        card = {name: value for name, value in wanted.items() if value is not None}
        if "updated" not in patch:
            card["updated"] = utc(int(work.call.mailing.now().timestamp() * 1000))
        asked = dict(card)
        await self._judge(work, card, before)
        write = await self.write(work, before.object_id, card, before)
        self._bound(write)
        work.known[before.ident] = Known(before.ident, before.object_id, card)
        work.writes[before.ident] = write
        if not any(path == "media" or path.startswith("media/") for path in patch):
            asked["media"] = card.get("media")  # nobody has asked for it: it is as it was
        else:
            card = _shown(work.call, before.ident, card)
        changed = {name: value for name, value in card.items() if asked.get(name) != value}
        return changed | ({"updated": card["updated"]} if "updated" not in patch else {}) or None

    async def write(self, work: Work, object_id: int, values: dict[str, Any], before: Known | None) -> ObjectWrite:
        del work, before
        return ObjectWrite(object_id, msgspec.json.encode(values))

    async def _judge(self, work: Work, card: dict[str, Any], before: Known | None) -> None:
        bad = cards.faults({name: value for name, value in card.items() if name != "addressBookIds"})
        if bad:
            raise Bad("invalidProperties", "these are not as a JSContact card has them", *bad)
        books = card.get("addressBookIds")
        if not isinstance(books, dict) or not books or not all(value is True for value in books.values()):
            raise Bad("invalidProperties", "a card is in one address book at least", "addressBookIds")
        if "books" not in work.notes:
            _, there = await BOOKS.there(work.call)
            work.notes["books"] = {one.ident for one in there}
            work.notes["uids"] = {one.values["uid"]: one.ident for one in work.known.values()}
        named = {resolved(work.call, ident) for ident in books}
        if not named <= work.notes["books"]:
            raise Bad("invalidProperties", "there is no such address book", "addressBookIds")
        card["addressBookIds"] = dict.fromkeys(sorted(named), True)
        if before is None and card["uid"] in work.notes["uids"]:
            raise Bad("alreadyExists", "there is a card with this uid", existingId=work.notes["uids"][card["uid"]])
        if "media" in card:
            card["media"] = {key: dict(one) for key, one in card["media"].items()}  # what becomes of it is told: the client's own stays as it was
            for one in card["media"].values():
                await _keep_picture(work.call, one)


def _image_type(octets: bytes) -> str | None:
    """By how it begins."""
    if octets[:4] == b"RIFF" and octets[8:12] == b"WEBP":
        return "image/webp"
    if octets[4:12] in {b"ftypavif", b"ftypavis"}:
        return "image/avif"
    return next((kind for start, kind in _IMAGES.items() if octets.startswith(start)), None)


async def _keep_picture(call: Call, media: dict[str, Any]) -> None:
    """A blob becomes part of the card, for uploads do not last (RFC 9610 §3: ``blobId`` in place of ``uri``). A photo is a picture (§3.5)."""
    ident, is_picture = media.get("blobId"), media.get("kind") in _PICTURES
    if ident is None:
        uri = media.get("uri")
        if not isinstance(uri, str):
            raise Bad("invalidProperties", "media has a uri or a blobId", "media")
        if is_picture and uri[:5].lower() == "data:" and uri[5:11].lower() != "image/":
            raise Bad("invalidProperties", "a photo is a picture", "media")
        return
    octets = await blob_source.octets(call.mailing, call.account, resolved(call, ident)) if isinstance(ident, str) else None
    if octets is None:
        raise Bad("blobNotFound", "a blob is not there", notFound=[str(ident)[:255]])
    if len(octets) > _PHOTO:
        raise Bad("tooLarge", f"a picture in a card has at most {_PHOTO} octets")
    kind = _image_type(octets) if is_picture else blob.media_type(str(media.get("mediaType", "")))
    if kind is None:
        raise Bad("invalidProperties", "a photo is a PNG, JPEG, GIF, WebP or AVIF picture", "media")
    del media["blobId"]
    media["mediaType"] = kind
    media["uri"] = f"data:{kind};base64,{base64.b64encode(octets).decode()}"


CARDS: Final = ContactCards()


async def copy(call: Call) -> dict[str, Any]:
    """ContactCard/copy (RFC 9610 §3.6): between accounts."""
    need_write(call)
    from_id = text(call.arguments, "fromAccountId")
    if from_id == call.account_id:
        raise invalid("the accounts are the same")
    other = await call.source(from_id)
    if other is None:
        raise MethodError("fromAccountNotFound")
    if other.is_shared:
        raise MethodError("fromAccountNotSupportedByMethod", "cards are their owner's matter")
    given = call.arguments.get("create")
    if not isinstance(given, dict) or not all(isinstance(one, dict) for one in given.values()):
        raise invalid("create maps creation ids to cards")
    if len(given) > MAX_SET:
        raise MethodError("requestTooLarge", f"at most {MAX_SET} objects at once")
    now = await other.mailing.kept.of(other.account, CARDS.kind)
    if call.arguments.get("ifFromInState") not in (None, str(now.state)):
        raise MethodError("stateMismatch")
    there = {CARDS.id_of(one): msgspec.json.decode(one.doc) for one in now.objects if not one.gone}
    missing = {creation: {"type": "notFound"} for creation, one in given.items() if one.get("id") not in there}
    create = {
        creation: {**there[one["id"]], **{name: value for name, value in one.items() if name != "id"}}
        for creation, one in given.items() if creation not in missing}
    call.arguments = {"create": create, **({"ifInState": call.arguments["ifInState"]} if call.arguments.get("ifInState") else {})}
    found = await CARDS.set_(call)
    return {
        "fromAccountId": from_id, "accountId": call.account_id, "oldState": found["oldState"], "newState": found["newState"], "created": found["created"],
        "notCreated": {**(found["notCreated"] or {}), **missing} or None,
    }  # fmt: skip
