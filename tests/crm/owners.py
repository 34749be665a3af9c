"""What holds for CRMs in which every record has an owner; a part of their contract."""

from tests.crm.office import Office
from tests.crm.runs import configure, contact, sync
from tests.sync.feed_server import Feed, FeedServer, company

_MARIA = "maria.0@hotel-1.example"


class OwnerContract:
    def test_the_owner_of_an_emptied_contact_stays(self, office: Office, server: FeedServer, feed: Feed) -> None:
        configure(office, "[crm.{name}.contacts]\ngone_existing = 'anonymise'")
        key = office.own_contact(last_name="Ours", email=_MARIA, owner="owner-1")
        owner = contact(office, key).owner
        feed.deliver(company(1, people=1))
        sync(office, server)
        feed.deliver(company(1, people=0))

        assert sync(office, server).outcomes["rejected"] == 0

        assert (contact(office, key).email, contact(office, key).owner) == (None, owner)
