"""The words that CRM exports put above their columns, in English and German, and how a heading becomes a name. No table in here."""

import re
from itertools import chain
from unicodedata import combining, normalize

COMPANY_WORDS = frozenset({"company", "account", "organization", "organisation", "firma", "firmen", "unternehmen", "employer"})
PERSON_WORDS = frozenset({"prospect", "prospects", "person", "contact", "kontakt", "lead", "ansprechpartner", "ansprechpartnerin"})

FULL_NAME = "full_name"
"""A person's name in one column; becomes `first_name` and `last_name`."""


def squeezed(heading: str) -> str:
    """A heading without case, blanks and punctuation: `Contact: E-Mail` gives `contactemail`."""
    return "".join(character for character in normalize("NFKC", heading).casefold() if character.isalnum())


def words(heading: str) -> list[str]:
    """The words of a heading, `jobTitle` being two."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", normalize("NFKC", heading))
    return re.findall(r"[^\W_]+", spaced.casefold())


def attribute_name(heading_words: list[str]) -> str:
    """A heading as the name of an attribute: `Straße & Nr.` gives `strasse_nr`. Empty where nothing is left."""
    german = "_".join(heading_words).translate({ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue"})
    return "".join(character for character in normalize("NFKD", german) if not combining(character))


def _vocabulary(**headings: str) -> dict[str, tuple[str, ...]]:
    return {field: tuple(squeezed(heading) for heading in spellings.split(",")) for field, spellings in headings.items()}


# The first spelling that a table has wins; the columns of the others become attributes.
COMPANY_VOCABULARY = _vocabulary(
    id="id,openprospect id",
    source_id="source id,account id,company id,organization id,organisation id,company record id,record id company,associated company id,"
    "associated company id primary,associated company ids primary,account name id,"
    "customer id,customer number,external id,crm id,kundennummer,kundennr,kunden nr,kunden id,firmen id,debitorennummer",
    name="company name,account name,organization name,organisation name,firmenname,company,firma,organization,organisation,unternehmen,"
    "unternehmensname,account,associated company,associated company primary,primary company,employer,kunde",
    website_url="website url,website,company website,company url,webseite,web site,homepage,internetseite,internetadresse,url,web,"
    "web page,website 1 value,company domain name,company domain,domain name,domain",
)
PERSON_VOCABULARY = _vocabulary(
    id="prospect id",
    first_name="first name,given name,forename,vorname,rufname",
    last_name="last name,surname,family name,nachname,familienname",
    email="email,email address,e-mail-adresse,mailadresse,mail,work email,business email,primary email,emailadresse,email 1,"
    "email 1 value,email work",
    job_title="job title,title,organization title,position,role,"
    "funktion,berufsbezeichnung,jobbezeichnung,jobtitel,stelle,stellenbezeichnung",
    full_name="full name,contact name,person name,contact,contact person,ansprechpartner,ansprechpartnerin,kontakt,kontaktperson,"
    "kontaktname,prospect name,lead name,vollständiger name",
)

# No fields, and yet somebody's.
_CONTACT = (
    "telefon,telefonnummer,telefonnr,tel,phone,phone number,telephone,durchwahl,zentrale,fax,faxnummer,telefax,fax number",
    "mobil,mobile,mobilnummer,handy,handynummer,mobile phone,linkedin,linkedin url,xing,facebook,instagram,twitter",
)

# Whose identifier it is shows only from the other columns: in an export of people, theirs.
AMBIGUOUS_IDENTIFIERS = frozenset({"recordid"})
AMBIGUOUS_NAMES = frozenset({"name"})

_COMPANY_ATTRIBUTES = (
    "city,town,state,region,province,county,country,country code,zip,zip code,postcode,postal code,street,street address,address,location",
    "headquarters,industry,sector,employees,number of employees,employee count,employee range,company size,size,headcount,revenue",
    "annual revenue,founded,year founded,founded year,description,about,match score,score,rating,stars,rooms,tags,technologies,keywords",
    "vat,vat id,vat number,tax id,registration number,legal form,currency,latitude,longitude,time zone,parent company",
    "stadt,ort,bundesland,land,plz,postleitzahl,straße,hausnummer,adresse,anschrift,branche,mitarbeiter,mitarbeiterzahl,anzahl mitarbeiter",
    "umsatz,jahresumsatz,gründungsjahr,beschreibung,ust id,ust idnr,handelsregister,handelsregisternummer,rechtsform",
)
COMPANY_ATTRIBUTES = frozenset(squeezed(heading) for line in _COMPANY_ATTRIBUTES for heading in line.split(","))

# What either may have. `Ansprechpartner Firma` and `Position Company` are people's: no company has them.
_OF_EITHER = (
    *(squeezed(heading) for line in _CONTACT for heading in line.split(",")),
    *COMPANY_ATTRIBUTES,
    *AMBIGUOUS_NAMES,
    *PERSON_VOCABULARY["email"],
)
_OF_COMPANIES = frozenset(chain(_OF_EITHER, *COMPANY_VOCABULARY.values()))
_OF_PEOPLE = frozenset(chain(_OF_EITHER, *PERSON_VOCABULARY.values()))
# A `LinkedIn Account` is somebody's with LinkedIn.
OWNED_BEFORE = dict.fromkeys(COMPANY_WORDS - {"account"}, _OF_COMPANIES) | dict.fromkeys(PERSON_WORDS, _OF_PEOPLE)
"""What may stand before each word that tells whose it is, as in `Telefon Firma`; the employer of `Previous Employer` owns nothing."""
