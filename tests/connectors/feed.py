"""The feed that every tool reads, what happens to it meanwhile, and what of it is alive in the end."""

import signal
import subprocess
from collections.abc import Iterable, Sequence
from typing import Any

import httpx

from tests.acceptance.conftest import Service

COMPANY_FIELDS = ("id", "name", "website_url", "source_id", "delivered_at")
PERSON_FIELDS = ("id", "first_name", "last_name", "email", "job_title")
Rows = list[tuple[Any, ...]]


class LivingFeed:
    """One search of the real service. People carry a host of their own: an erased one stays out of the whole organization."""

    def __init__(self, service: Service, host: str) -> None:
        self.service = service
        self.host = host
        self.search_id = service.new_search(f"for {host}")
        self.key = service.new_key(f"reads for {host}")
        self._onlooker = service.new_key("onlooker")

    def fill(self, count: int = 250) -> None:
        self.deliver(range(count))

    def stir(self) -> str:
        """Deliver again, changed and unchanged, with and without people; withdraw; erase. Gives the erased e-mail."""
        self.deliver(range(5, 15), city="Rome")
        self.deliver(range(20, 25))
        self.deliver(range(30, 40), people=1)
        self.deliver(range(40, 43), people=0)
        gone = [company["id"] for company in self.live() if company["source_id"] in {"crm-50", "crm-249"}]
        self.service.run("withdraw", self.search_id, *gone, "--reason", "closed")
        erased = f"p1.200@{self.host}.example"
        self.service.run("erase", erased)
        self.deliver(range(1_000, 1_010))
        return erased

    def deliver(self, numbers: Iterable[int], people: int = 2, **attributes: Any) -> None:
        self.service.deliver(self.search_id, [self._company(number, people, attributes) for number in numbers])

    def live(self) -> list[dict[str, Any]]:
        """As the delivery page says to read it."""
        items: list[dict[str, Any]] = []
        url = f"{self.service.base_url}/api/v1/deliveries/{self.search_id}/companies"
        while True:
            parameters = {"limit": 100, "offset": len(items)}
            answer = httpx.get(url, params=parameters, headers={"Authorization": f"Bearer {self._onlooker}"}, timeout=60, trust_env=False)
            items += answer.raise_for_status().json()["items"]
            if not answer.json()["has_more"]:
                return items

    def live_companies(self) -> Rows:
        return sorted(tuple(company[name] for name in COMPANY_FIELDS) for company in self.live())

    def live_people(self) -> Rows:
        return sorted(
            (company["id"], *(person[name] for name in PERSON_FIELDS)) for company in self.live() for person in company["prospects"]
        )

    def _company(self, number: int, people: int, attributes: dict[str, Any]) -> dict[str, Any]:
        who = [
            {"first_name": f"First{n}", "last_name": f"Last{number}", "email": f"p{n}.{number}@{self.host}.example"} for n in range(people)
        ]
        return {"name": f"Company {number}", "source_id": f"crm-{number}", "prospects": who, **attributes}


def killed_after_lines(command: Sequence[str], lines: int, environment: dict[str, str]) -> list[str]:
    """What a tool had printed when it was killed, once it had printed so many lines; fails where it ended before."""
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        printed = [line for _, line in zip(range(lines), process.stdout, strict=False)]
        process.kill()
        printed += process.stdout.readlines()
    assert process.returncode == -signal.SIGKILL, f"{command[0]} ended before it was killed"
    return [line for line in printed if line.endswith("\n")]
