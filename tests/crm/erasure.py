"""Who left the feed is gone from the CRM, or is named, however the record came to be where it is; a part of every CRM's contract."""

from pathlib import Path

import pytest

from openprospect.sync.destinations.opening import held_in
from tests.crm.folder import InOwnFolder
from tests.crm.office import Office
from tests.crm.runs import by_email, configure, contact, emails, sync, url_of
from tests.sync.feed_server import Feed, FeedServer, company, person

_MARIA = "maria.0@hotel-1.example"


class ErasureContract(InOwnFolder):
    @pytest.mark.parametrize("gone", ["gone_existing = 'release'", "gone_existing = 'anonymise'"])
    def test_what_was_written_under_an_earlier_mapping_is_emptied_too(
        self, office: Office, server: FeedServer, feed: Feed, gone: str
    ) -> None:
        key = office.own_contact(last_name="Ours", email=_MARIA, owner="owner-1")
        configure(office, "[crm.{name}.contacts.fields]\n{title} = 'attributes.private'\n{phone} = 'attributes.phone'")
        feed.deliver(company(1, prospects=[person(1, 0, attributes={"private": "secret", "phone": "+49 30 901820"})]))
        sync(office, server)
        assert (contact(office, key).title, contact(office, key).phone) == ("secret", "+49 30 901820")
        configure(office, f"[crm.{{name}}.contacts]\n{gone}\n[crm.{{name}}.contacts.fields]\n{{title}} = {{{{ policy = 'never' }}}}")
        sync(office, server)
        feed.deliver(company(1, people=0))

        sync(office, server)

        assert (contact(office, key).title, contact(office, key).phone) == (None, None)

    def test_a_contact_whose_log_is_lost_is_named_and_holds_the_receipt_until_somebody_decides(
        self, office: Office, server: FeedServer, feed: Feed
    ) -> None:
        before = self._with_lost_log(office, server, feed, people=3)

        assert sync(office, server).outcomes["rejected"] == 3

        assert (sorted(emails(office)), feed.confirmed) == ([f"maria.{n}@hotel-1.example" for n in range(3)], [before])
        reasons = [refusal.reason for refusal in held_in(url_of(office))[0].rejected or []]
        kept, deleted, emptied = (by_email(office, f"maria.{n}@hotel-1.example").id for n in range(3))
        assert [any(key in reason for reason in reasons) for key in (kept, deleted, emptied)] == [True] * 3
        office.take_id_out(kept)
        office.delete(deleted)
        assert sync(office, server).outcomes["erased"] == 2
        assert feed.confirmed == [before]
        office.delete(emptied)
        assert sync(office, server).outcomes["erased"] == 1
        assert (emails(office), feed.confirmed) == ([_MARIA], [before, feed.watermark])

    @pytest.mark.parametrize(("way", "left"), [("delete", []), ("release", [_MARIA])])
    def test_what_becomes_of_contacts_whose_log_is_lost_can_be_set(
        self, office: Office, server: FeedServer, feed: Feed, way: str, left: list[str]
    ) -> None:
        self._with_lost_log(office, server, feed, people=1)
        configure(office, f"[crm.{{name}}.contacts]\ngone_unclear = '{way}'")

        assert sync(office, server).outcomes["erased"] == 1

        assert (emails(office), [seen.external_id for seen in office.contacts()]) == (left, [None] * len(left))
        assert feed.confirmed[-1] == feed.watermark

    @pytest.mark.parametrize("is_delivered_again", [False, True])
    def test_who_was_merged_into_a_contact_of_yours_leaves_it_with_what_came_from_us(
        self, office: Office, server: FeedServer, feed: Feed, *, is_delivered_again: bool
    ) -> None:
        theirs = office.own_contact(last_name="Maria Ours", email="old@hotel-1.example", owner="owner-1", phone="+49 30 1")
        feed.deliver(company(1, prospects=[person(1, 0, last_name="Ours")]))
        sync(office, server)
        left = office.merge(by_email(office, _MARIA).id, into=theirs)
        if is_delivered_again:
            feed.deliver(company(1, prospects=[person(1, 0, last_name="Ours", job_title="Owner")]))
            sync(office, server)
        feed.deliver(company(1, people=0))

        assert sync(office, server).outcomes["erased"] == 1

        [seen] = office.contacts()
        assert seen.id == left
        assert (seen.first_name, seen.title, seen.external_id) == (None, None, None)
        assert (seen.email, seen.phone) == ("old@hotel-1.example", "+49 30 1")
        assert [value for value in ("Maria", _MARIA, "Ours", person(1, 0)["id"]) if office.holds(value)] == []
        assert feed.confirmed[-1] == feed.watermark

    def test_a_contact_that_only_looks_like_one_who_left_is_named_and_holds_the_receipt(
        self, office: Office, server: FeedServer, feed: Feed
    ) -> None:
        feed.deliver(company(1, people=1))
        sync(office, server)
        office.delete(office.contacts()[0].id)
        alike = office.own_contact(last_name="Maria", email=_MARIA.upper(), owner="owner-1")
        feed.deliver(company(1, people=0))

        assert sync(office, server).outcomes["rejected"] == 1

        [refusal] = held_in(url_of(office))[0].rejected or []
        assert alike in refusal.reason
        assert feed.confirmed[-1] != feed.watermark
        office.delete(alike)
        sync(office, server)
        assert feed.confirmed[-1] == feed.watermark

    def test_two_people_who_were_one_contact_leave_it_together(self, office: Office, server: FeedServer, feed: Feed) -> None:
        feed.deliver(*[company(n, prospects=[person(n, 0, email="info@chain.example")]) for n in (1, 2)])
        sync(office, server)
        feed.deliver(*[company(n, people=0) for n in (1, 2)])

        summary = sync(office, server)

        assert (office.contacts(), summary.outcomes["rejected"]) == ([], 0)
        assert feed.confirmed[-1] == feed.watermark

    def _with_lost_log(self, office: Office, server: FeedServer, feed: Feed, *, people: int) -> str | None:
        """People who are delivered, synced twice with the log lost in between, then left out; the watermark before that."""
        feed.deliver(company(1, people=people))
        sync(office, server)
        Path("log.db").unlink()
        sync(office, server)
        feed.confirmed[1:] = []
        before = feed.watermark
        feed.deliver(company(1, people=0))
        return before
