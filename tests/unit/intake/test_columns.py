"""Which column becomes which field."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from openprospect.server.core.errors import InvalidInput
from openprospect.server.intake.columns import map_columns
from openprospect.server.intake.headings import COMPANY_VOCABULARY, COMPANY_WORDS, PERSON_VOCABULARY, PERSON_WORDS

OWNERS = ["", *sorted(COMPANY_WORDS | PERSON_WORDS)]
NAMES = sorted(
    {name for field in (COMPANY_VOCABULARY | PERSON_VOCABULARY) for name in (field, field.replace("_", " "))} | {"prospects", "city"}
)
HEADINGS = st.builds("{} {}".format, st.sampled_from(OWNERS), st.sampled_from(NAMES)) | st.text(max_size=6)


def fields(headings: str, **mapping: str) -> dict[str, str]:
    return {column.heading: column.field for column in map_columns([heading.strip() for heading in headings.split(",")], mapping)}


class TestUsualExports:
    def test_our_own_headings(self) -> None:
        assert fields("company_name,website_url,source_id,first_name,last_name,email,job_title") == {
            "company_name": "name",
            "website_url": "website_url",
            "source_id": "source_id",
            "first_name": "prospects.first_name",
            "last_name": "prospects.last_name",
            "email": "prospects.email",
            "job_title": "prospects.job_title",
        }

    def test_hubspot_companies(self) -> None:
        assert fields("Record ID,Company name,Company Domain Name,Website URL,City,Number of Employees") == {
            "Record ID": "source_id",
            "Company name": "name",
            "Company Domain Name": "domain_name",
            "Website URL": "website_url",
            "City": "city",
            "Number of Employees": "number_of_employees",
        }

    def test_hubspot_contacts_whose_record_id_is_a_persons(self) -> None:
        assert fields("Record ID,First Name,Last Name,Email,Phone Number,Job Title,Company name,Lead Status") == {
            "Record ID": "prospects.record_id",
            "First Name": "prospects.first_name",
            "Last Name": "prospects.last_name",
            "Email": "prospects.email",
            "Phone Number": "prospects.phone_number",
            "Job Title": "prospects.job_title",
            "Company name": "name",
            "Lead Status": "prospects.status",
        }

    def test_salesforce(self) -> None:
        assert fields("Account ID,Account Name,Website,Contact: First Name,Contact: Last Name,Title,Email Address,Contact ID") == {
            "Account ID": "source_id",
            "Account Name": "name",
            "Website": "website_url",
            "Contact: First Name": "prospects.first_name",
            "Contact: Last Name": "prospects.last_name",
            "Title": "prospects.job_title",
            "Email Address": "prospects.email",
            "Contact ID": "prospects.contact_id",
        }

    def test_pipedrive(self) -> None:
        assert fields("Organization - Name,Organization - Address,Person - Name,Person - Email,Person - Phone") == {
            "Organization - Name": "name",
            "Organization - Address": "address",
            "Person - Name": "prospects.full_name",
            "Person - Email": "prospects.email",
            "Person - Phone": "prospects.phone",
        }

    def test_apollo_where_a_plain_city_is_the_persons(self) -> None:
        found = fields(
            "First Name,Title,Company,Email,Company Website,Person Linkedin Url,Company Linkedin Url,City,Company City,# Employees"
        )
        assert found["Company"] == "name"
        assert found["Company Website"] == "website_url"
        assert (found["Person Linkedin Url"], found["Company Linkedin Url"]) == ("prospects.linkedin_url", "linkedin_url")
        assert (found["City"], found["Company City"]) == ("prospects.city", "city")
        assert found["# Employees"] == "employees"

    def test_german(self) -> None:
        assert fields("Kundennummer,Firma,Webseite,Vorname,Nachname,E-Mail,Position,Straße,PLZ,Größe der Küche") == {
            "Kundennummer": "source_id",
            "Firma": "name",
            "Webseite": "website_url",
            "Vorname": "prospects.first_name",
            "Nachname": "prospects.last_name",
            "E-Mail": "prospects.email",
            "Position": "prospects.job_title",
            "Straße": "strasse",
            "PLZ": "plz",
            "Größe der Küche": "prospects.groesse_der_kueche",
        }

    def test_google_contacts(self) -> None:
        assert fields("First Name,Last Name,Organization Name,Organization Title,E-mail 1 - Value,Website 1 - Value,Phone 1 - Value") == {
            "First Name": "prospects.first_name",
            "Last Name": "prospects.last_name",
            "Organization Name": "name",
            "Organization Title": "prospects.job_title",
            "E-mail 1 - Value": "prospects.email",
            "Website 1 - Value": "website_url",
            "Phone 1 - Value": "prospects.phone_1_value",
        }

    @pytest.mark.parametrize(
        ("headings", "heading", "field"),
        [
            ("Organization - Name,Person - Name,Person - Email - Work", "Person - Email - Work", "prospects.email"),
            ("Email,Associated Company (Primary)", "Associated Company (Primary)", "name"),
            ("Email,Associated Company,Associated Company IDs (Primary)", "Associated Company IDs (Primary)", "source_id"),
            ("First Name,Last Name,Company,E-mail Address,Web Page", "Web Page", "website_url"),
            ("Email,Account Name,Account Name.id", "Account Name.id", "source_id"),
        ],
    )
    def test_spellings_of_pipedrive_hubspot_outlook_and_zoho(self, headings: str, heading: str, field: str) -> None:
        assert fields(headings)[heading] == field

    @pytest.mark.parametrize("heading", ["Full name", "Contact name", "Name", "Ansprechpartner"])
    def test_a_name_beside_a_company_is_the_persons(self, heading: str) -> None:
        assert fields(f"Company,{heading},Email")[heading] == "prospects.full_name"

    def test_a_name_without_a_company_is_the_companys(self) -> None:
        assert fields("Name,Email")["Name"] == "name"

    @pytest.mark.parametrize("headings", ["Firma;Vorname;Name;E-Mail", "Company;First Name;Name;Email", "Name;Vorname;Account"])
    def test_a_name_beside_a_first_name_alone_is_the_last_name(self, headings: str) -> None:
        assert fields(headings.replace(";", ","))["Name"] == "prospects.last_name"

    @pytest.mark.parametrize("people", ["first_name", "last_name", "first_name,last_name,email"])
    def test_a_name_spelled_as_our_own_fields_are_is_the_companys(self, people: str) -> None:
        assert fields(f"name,source_id,{people}")["name"] == "name"
        assert fields(f"company_name,name,{people}").get("name") != "name"

    @pytest.mark.parametrize("headings", [["Vorname", "Name", "E-Mail"], ["Vorname", "Nachname", "Name"], ["Nachname", "Name"]])
    def test_a_name_beside_a_part_of_a_persons_name_is_never_the_companys(self, headings: list[str]) -> None:
        with pytest.raises(InvalidInput, match="No column holds the company's name"):
            map_columns(headings, {})

    @pytest.mark.parametrize("heading", ["FIRST NAME", "firstName", "First-Name", " first_name "])
    def test_case_and_punctuation_do_not_matter(self, heading: str) -> None:
        assert fields(f"Company,{heading}")[heading.strip()] == "prospects.first_name"


class TestOtherColumns:
    def test_unknown_ones_are_the_persons_where_there_are_people(self) -> None:
        assert fields("Company,Email,Segment")["Segment"] == "prospects.segment"

    def test_unknown_ones_are_the_companys_where_there_is_nobody(self) -> None:
        assert fields("Company,Segment")["Segment"] == "segment"

    def test_a_prefix_tells_whose_they_are(self) -> None:
        found = fields("company_name,email,company_segment,prospect_segment,person_city,contact_fax")
        assert list(found.values())[2:] == ["segment", "prospects.segment", "prospects.city", "prospects.fax"]

    def test_so_does_the_last_word_behind_what_somebody_may_have(self) -> None:
        found = fields("Name Firma,Telefon Firma,E-Mail (Firma),Ort Firma,E-Mail Kontakt,Ort,Previous Employer,Last Contact")
        assert list(found.values()) == [
            "name",
            "telefon",
            "e_mail",
            "ort",
            "prospects.email",
            "prospects.ort",
            "prospects.previous_employer",
            "prospects.last_contact",
        ]

    @pytest.mark.parametrize("whose", ["E-Mail Ansprechpartner", "Ansprechpartnerin: E-Mail", "Contact E-Mail"])
    def test_what_says_that_it_is_a_persons_leaves_the_plain_one_to_the_company(self, whose: str) -> None:
        found = fields(f"Firma,E-Mail,Telefon,{whose},Telefon Kontakt,Ort")
        assert list(found.values()) == ["name", "e_mail", "telefon", "prospects.email", "prospects.telefon", "ort"]

    def test_what_says_that_it_is_the_companys_does_so_before_it(self) -> None:
        assert fields("Website,Organization - Website,Person - Website,Organization,Email") == {
            "Website": "prospects.website",
            "Organization - Website": "website_url",
            "Person - Website": "prospects.person_website",
            "Organization": "name",
            "Email": "prospects.email",
        }

    @pytest.mark.parametrize("heading", ["LinkedIn Account", "Ansprechpartner Firma", "Position Company", "Nachname Unternehmen"])
    def test_what_no_company_has_is_not_the_companys_for_a_word_behind_it(self, heading: str) -> None:
        assert fields(f"Firma,{heading},E-Mail")[heading].startswith("prospects.")

    @pytest.mark.parametrize("heading", ["Firma ID", "ID Firma", "Unternehmen-ID", "Company ID", "Employer ID"])
    def test_an_id_of_the_company_is_the_producers(self, heading: str) -> None:
        assert fields(f"Company,Email,{heading}")[heading] == "source_id"

    def test_an_attribute_never_takes_the_name_of_a_field(self) -> None:
        found = fields("Company,Website,Homepage,Prospects,Company Email,Email,Work Email")
        assert found["Homepage"] == "prospects.homepage"
        assert found["Prospects"] == "prospects.prospects"
        assert (found["Company Email"], found["Email"], found["Work Email"]) == (
            "company_email",
            "prospects.email",
            "prospects.work_email",
        )
        assert fields("Company,Prospects")["Prospects"] == "prospects_2"

    @pytest.mark.parametrize(
        "heading", ["Company Email", "Account First Name", "Company Job Title", "Company Full Name", "Firma: Prospect ID"]
    )
    def test_a_companys_attribute_is_never_called_as_a_persons_field_is(self, heading: str) -> None:
        assert fields(f"Company,{heading}")[heading] == "_".join(heading.lower().replace(":", "").split())

    def test_columns_without_heading_are_numbered(self) -> None:
        assert fields("Company,,")["column 2"] == "column_2"

    def test_the_table_tells_attributes_from_fields(self) -> None:
        assert [column.is_attribute for column in map_columns(["Company", "Email", "Phone"], {})] == [False, False, True]


class TestMapping:
    def test_what_the_caller_says_goes_before_every_guess(self) -> None:
        found = fields("Company,Website,Customer ID,Nr", source_id="Nr", website_url="Website")
        assert (found["Nr"], found["Customer ID"]) == ("source_id", "customer_id")

    @pytest.mark.parametrize("column", ["Kundennummer", "kundennummer", " KUNDEN-NUMMER"])
    def test_a_column_is_found_in_other_spellings(self, column: str) -> None:
        assert fields("Company,Kundennummer", crm_number=column)["Kundennummer"] == "crm_number"

    def test_any_name_is_a_field_of_company_or_person(self) -> None:
        columns = map_columns(["Company", "A", "B", "C", "D"], {"first_name": "A", "prospects.fax": "B", "segment": "C", "full_name": "D"})
        assert [column.field for column in columns[1:]] == ["prospects.first_name", "prospects.fax", "segment", "prospects.full_name"]

    def test_an_unknown_column_is_refused_with_those_there_are(self) -> None:
        with pytest.raises(InvalidInput, match=r"No column is called 'Kundennr'; there are: 'Company', 'Nr'\."):
            map_columns(["Company", "Nr"], {"source_id": "Kundennr"})

    @given(st.lists(HEADINGS, max_size=8, unique_by=str.casefold))
    @example(["Email", "Company Email"])
    @example(["Work Email", " Work Email"])
    def test_what_was_guessed_is_kept_where_it_is_said(self, headings: list[str]) -> None:
        guessed = map_columns(["Company Name", *(heading for heading in headings if heading.casefold() != "company name")], {})
        said = map_columns([column.heading for column in guessed], {column.field: column.heading for column in guessed})
        assert said == guessed

    def test_two_columns_for_one_field_are_refused_however_it_is_spelled(self) -> None:
        with pytest.raises(
            InvalidInput, match=r"Two columns fill prospects\.email: 'Mail' and 'E-Mail 2'; give one of them another field\."
        ):
            map_columns(["Company", "Mail", "E-Mail 2"], {"email": "Mail", "prospects.email": "E-Mail 2"})

    @pytest.mark.parametrize("field", ["", "prospects.", "prospects"])
    def test_a_mapping_without_a_field_is_refused(self, field: str) -> None:
        with pytest.raises(InvalidInput, match="needs a field"):
            map_columns(["Company"], {field: "Company"})


class TestRefused:
    def test_the_same_heading_twice(self) -> None:
        with pytest.raises(InvalidInput, match=r"The heading 'email' stands over columns 2 and 3"):
            map_columns(["Company", "Email", "email"], {})

    def test_no_company_name(self) -> None:
        with pytest.raises(InvalidInput, match=r"No column holds the company's name; there are: 'Website', 'Email'\. Name it with --map"):
            map_columns(["Website", "Email"], {})

    def test_no_headings(self) -> None:
        with pytest.raises(InvalidInput, match="first line holds values, not headings"):
            map_columns(["Grand Hotel", "m@example.com"], {})
