"""A peer: the documented endpoint as one would write it with FastAPI, SQLAlchemy's asyncio ORM and pydantic. Runs in bench/.venv."""

import hashlib
import os
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, PlainSerializer
from sqlalchemy import ARRAY, DateTime, ForeignKey, Text, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload

engine = create_async_engine(os.environ["PEER_DATABASE_URL"], pool_size=8, max_overflow=8)
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()
bearer = HTTPBearer()


class Base(DeclarativeBase):
    type_annotation_map = {str: Text, datetime: DateTime(timezone=True), list[str]: ARRAY(Text)}  # noqa: RUF012  # SQLAlchemy's own way


class ApiKey(Base):
    __tablename__ = "api_key"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    secret_hash: Mapped[str]
    scopes: Mapped[list[str]]
    revoked_at: Mapped[datetime | None]


class ProspectSearch(Base):
    __tablename__ = "prospect_search"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]


class Company(Base):
    __tablename__ = "company"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    prospect_search_id: Mapped[UUID]
    name: Mapped[str]
    website_url: Mapped[str | None]
    source_id: Mapped[str | None]
    delivered_at: Mapped[datetime]
    prospects: Mapped[list["Prospect"]] = relationship(order_by="Prospect.place")


class Prospect(Base):
    __tablename__ = "prospect"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("company.id"))
    place: Mapped[int]
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    email: Mapped[str | None]
    job_title: Mapped[str | None]


class ProspectOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: UUID
    first_name: str | None
    last_name: str | None
    email: str | None
    job_title: str | None


def _six_digits(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class CompanyOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: UUID
    name: str
    website_url: str | None
    source_id: str | None
    prospects: list[ProspectOut]
    delivered_at: Annotated[datetime, PlainSerializer(_six_digits, return_type=str)]


class Page(BaseModel):
    items: list[CompanyOut]
    total: int
    limit: int
    offset: int
    has_more: bool


async def session() -> AsyncSession:
    async with sessions() as opened:
        yield opened


Session = Annotated[AsyncSession, Depends(session)]


async def caller(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)], db: Session) -> ApiKey:
    secret_hash = hashlib.sha256(credentials.credentials.encode()).hexdigest()
    key = await db.scalar(select(ApiKey).where(ApiKey.secret_hash == secret_hash))
    if key is None or key.revoked_at is not None:
        raise HTTPException(401)
    if not {"companies:read", "prospects:read"} <= set(key.scopes):
        raise HTTPException(403)
    return key


@app.get("/api/v1/deliveries/{prospect_search_id}/companies")
async def delivered_companies(  # noqa: PLR0917  # its parameters are the endpoint's
    prospect_search_id: UUID,
    key: Annotated[ApiKey, Depends(caller)],
    db: Session,
    delivered_since: datetime | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Page:
    search = await db.get(ProspectSearch, prospect_search_id)
    if search is None or search.organization_id != key.organization_id:
        raise HTTPException(404)
    wanted = select(Company).where(Company.prospect_search_id == prospect_search_id)
    if delivered_since is not None:
        wanted = wanted.where(Company.delivered_at > delivered_since)
    total = await db.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    page = wanted.options(selectinload(Company.prospects)).order_by(Company.delivered_at).limit(limit).offset(offset)
    items = (await db.scalars(page)).all()
    return Page(
        items=[CompanyOut.model_validate(company) for company in items],
        total=total,
        limit=limit,
        offset=offset,
        has_more=offset + len(items) < total,
    )
