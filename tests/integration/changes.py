"""What happens to feeds and to the service while they are read, at random. What consumers do is not here."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from openprospect.server.feed.housekeeping.tidy import forget_superseded
from tests.integration.conftest import open_search
from tests.integration.feed_model import FeedModel
from tests.integration.tidying import looked_just_now
from tests.integration.world import World

COMPANIES = [f"company-{number}" for number in range(8)]
PEOPLE = range(5)
ROWS = st.lists(
    st.tuples(st.sampled_from(COMPANIES), st.integers(0, 1), st.lists(st.sampled_from(PEOPLE), unique=True, max_size=3)),
    min_size=1,
    max_size=5,
    unique_by=lambda row: row[0],
)


class Changes(RuleBasedStateMachine):
    """Two feeds, what they should hold, and all that changes them."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.run = world.run
        self.people = [f"person-{number}-{next(world.examples)}@example.com" for number in PEOPLE]
        self.erased: set[str] = set()
        self.has_restarted = False
        self.search_ids = [self.run(open_search(world.producer)) for _ in range(2)]
        self.feeds = [FeedModel(self.erased, self.run(self.watermark(search_id))) for search_id in self.search_ids]

    @initialize(deliveries=st.sampled_from([0, 2**7, 2**14, 2**21]), before=st.integers(0, 20))
    def age(self, deliveries: int, before: int) -> None:
        """As if there had been many deliveries already: the tally of the feed counts in blocks, and these are where they end."""
        for search_id in self.search_ids:
            position = max(deliveries - before, 0)
            self.run(self.world.database.execute("UPDATE prospect_search SET position = $2 WHERE id = $1", UUID(search_id), position))

    # What producers and the people concerned do.

    @rule(search=st.sampled_from([0, 0, 0, 1]), rows=ROWS)
    def deliver(self, search: int, rows: list[tuple[str, int, list[int]]]) -> None:
        feed = self.feeds[search]
        companies = [self.row(company, version, people) for company, version, people in rows]
        answer = self.run(self.post(f"/deliveries/{self.search_ids[search]}/companies", {"companies": companies}))
        for item, (company, version, people) in zip(answer["items"], rows, strict=True):
            emails = {self.people[person] for person in people}
            is_changed = feed.deliver(company, version, frozenset(emails - self.erased))
            assert item["status"] == ("delivered" if is_changed else "unchanged")
            assert item["suppressed"] == len(emails & self.erased)
            assert feed.ids.setdefault(company, item["id"]) == item["id"]
        self.note_watermark(search)
        assert answer["delivered_until"] == feed.watermark

    def row(self, company: str, version: int, people: list[int]) -> dict[str, Any]:
        prospects = [{"email": self.people[person], "first_name": f"Person {person}"} for person in people]
        return {"name": company, "source_id": company, "version": version, "prospects": prospects}

    @rule(company=st.sampled_from(COMPANIES))
    def withdraw(self, company: str) -> None:
        feed = self.feeds[0]
        response = self.run(self.world.producer.delete(f"/deliveries/{self.search_ids[0]}/companies/{feed.ids.get(company, UUID(int=0))}"))
        if company in feed.live():
            assert response.status_code == 204, response.text
            feed.withdraw(company)
        else:
            assert response.status_code == 404, response.text
        self.note_watermark(0)

    @rule(person=st.sampled_from(PEOPLE))
    def erase(self, person: int) -> None:
        email = self.people[person]
        self.run(self.post("/erasures", {"email": email}))
        for feed in self.feeds:
            feed.erase(email)
        self.erased.add(email)
        for search in range(len(self.feeds)):
            self.note_watermark(search)

    # What happens to the service.

    @precondition(lambda self: not self.has_restarted)
    @rule()
    def restart(self) -> None:
        self.has_restarted = True
        self.run(self.world.restart())

    @rule()
    def tidy(self) -> None:
        """Forget at once what no walk can need, where the service would wait for ten minutes first."""
        self.run(forget_superseded(self.world.database, looked_just_now(), left_for=timedelta(), portion=3))

    async def post(self, path: str, body: Any) -> dict[str, Any]:
        response = await self.world.producer.post(path, json=body)
        assert response.is_success, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def note_watermark(self, search: int) -> None:
        self.feeds[search].note_watermark(self.run(self.watermark(self.search_ids[search])))

    async def watermark(self, search_id: str) -> str:
        """Read where it neither begins a walk nor sees an item."""
        response = await self.world.producer.get(f"/deliveries/{search_id}/companies", params={"after": "9999-01-01T00:00:00Z"})
        return response.headers["delivery-watermark"]
