"""The objects that sellers work with: Account, Contact, Lead, Opportunity and their roles."""

from local.simulators.salesforce.fields import (
    Child,
    Field,
    day,
    flag,
    long_text,
    lookup,
    moment,
    number,
    picklist,
    read_only,
    text,
)
from local.simulators.salesforce.kinds import Kind, kind

INDUSTRIES = (
    "Agriculture|Apparel|Banking|Biotechnology|Chemicals|Communications|Construction|Consulting|Education|Electronics"
    "|Energy|Engineering|Entertainment|Finance|Food & Beverage|Government|Healthcare|Hospitality|Insurance|Machinery"
    "|Manufacturing|Media|Retail|Shipping|Technology|Telecommunications|Transportation|Utilities|Other"
)
SOURCES = "Web|Phone Inquiry|Partner Referral|Purchased List|Other"
RATINGS = "Hot|Warm|Cold"
STAGES: tuple[tuple[str, int, str, bool, bool], ...] = (
    ("Prospecting", 10, "Pipeline", False, False),
    ("Qualification", 10, "Pipeline", False, False),
    ("Needs Analysis", 20, "Pipeline", False, False),
    ("Value Proposition", 50, "Pipeline", False, False),
    ("Proposal/Price Quote", 75, "Best Case", False, False),
    ("Negotiation/Review", 90, "Commit", False, False),
    ("Closed Won", 100, "Closed", True, True),
    ("Closed Lost", 0, "Omitted", True, False),
)
LEAD_STATUSES = "Open - Not Contacted*|Working - Contacted|Closed - Converted|Closed - Not Converted"
ROLES = (
    "Business User|Decision Maker|Economic Buyer|Economic Decision Maker|Evaluator|Executive Sponsor|Influencer"
    "|Technical Buyer|Other"
)
PHONE = "phone"


def phone(name: str) -> Field:
    return Field(name, PHONE, 40)


def address(prefix: str) -> list[Field]:
    """A compound that cannot be written or filtered, and the parts that can."""
    whole = f"{prefix}Address"
    return [
        Field(f"{prefix}Street", "textarea", 255, compound=whole),
        text(f"{prefix}City", 40, compound=whole),
        text(f"{prefix}State", 80, compound=whole),
        text(f"{prefix}PostalCode", 20, compound=whole),
        text(f"{prefix}Country", 80, compound=whole),
        read_only(Field(whole, "address", 0, filterable=False)),
    ]


def person_name() -> list[Field]:
    return [
        text("LastName", 80, required=True, compound="Name"),
        text("FirstName", 40, compound="Name"),
        picklist("Salutation", "Mr.|Ms.|Mrs.|Dr.|Prof.|Mx.", compound="Name"),
        read_only(text("Name", 121, name_field=True)),
    ]


def bookkeeping(name: str) -> list[Field]:
    return [
        read_only(lookup("MasterRecordId", name)),
        read_only(day("LastActivityDate")),
        read_only(moment("LastViewedDate")),
        read_only(moment("LastReferencedDate")),
    ]


def account() -> Kind:
    return kind(
        "Account",
        "001",
        "Accounts",
        [
            *bookkeeping("Account"),
            text("Name", 255, required=True, name_field=True),
            picklist("Type", "Prospect|Customer - Direct|Customer - Channel|Channel Partner / Reseller|Other"),
            lookup("ParentId", "Account"),
            *address("Billing"),
            *address("Shipping"),
            phone("Phone"),
            phone("Fax"),
            text("AccountNumber", 40),
            Field("Website", "url", 255),
            picklist("Industry", INDUSTRIES),
            number("AnnualRevenue", "currency"),
            number("NumberOfEmployees", "int"),
            picklist("Rating", RATINGS),
            picklist("AccountSource", SOURCES),
            long_text("Description"),
            lookup("OwnerId", "User"),
            lookup("RecordTypeId", "RecordType"),
        ],
        Child("Contacts", "Contact", "AccountId", cascade=True),
        Child("Opportunities", "Opportunity", "AccountId", cascade=True),
        Child("ChildAccounts", "Account", "ParentId"),
        *activity_children("WhatId"),
        mergeable=True,
    )


def contact() -> Kind:
    return kind(
        "Contact",
        "003",
        "Contacts",
        [
            *bookkeeping("Contact"),
            *person_name(),
            lookup("AccountId", "Account"),
            *address("Mailing"),
            *address("Other"),
            *map(phone, ("Phone", "Fax", "MobilePhone", "HomePhone", "OtherPhone", "AssistantPhone")),
            Field("Email", "email", 80),
            text("Title", 128),
            text("Department", 80),
            text("AssistantName", 40),
            lookup("ReportsToId", "Contact"),
            picklist("LeadSource", SOURCES),
            day("Birthdate"),
            long_text("Description"),
            lookup("OwnerId", "User"),
            read_only(flag("IsEmailBounced")),
            flag("HasOptedOutOfEmail"),
            flag("DoNotCall"),
            text("Legacy_Number__c", 20, external_id=True),
            number("Score__c", "double"),
            picklist("Level__c", "Primary|Secondary|Tertiary"),
            lookup("Referred_By__c", "Contact"),
        ],
        Child("OpportunityContactRoles", "OpportunityContactRole", "ContactId", cascade=True),
        *activity_children("WhoId"),
        mergeable=True,
    )


def lead() -> Kind:
    return kind(
        "Lead",
        "00Q",
        "Leads",
        [
            *bookkeeping("Lead"),
            *person_name(),
            text("Company", 255, required=True),
            text("Title", 128),
            *address(""),
            *map(phone, ("Phone", "MobilePhone", "Fax")),
            Field("Email", "email", 80),
            Field("Website", "url", 255),
            picklist("LeadSource", SOURCES),
            picklist("Status", LEAD_STATUSES),
            picklist("Industry", INDUSTRIES),
            picklist("Rating", RATINGS),
            number("AnnualRevenue", "currency"),
            number("NumberOfEmployees", "int"),
            long_text("Description"),
            lookup("OwnerId", "Group", "User"),
            read_only(flag("IsConverted")),
            read_only(day("ConvertedDate")),
            read_only(lookup("ConvertedAccountId", "Account")),
            read_only(lookup("ConvertedContactId", "Contact")),
            read_only(lookup("ConvertedOpportunityId", "Opportunity")),
            flag("HasOptedOutOfEmail"),
            flag("DoNotCall"),
            flag("IsUnreadByOwner"),
        ],
        *activity_children("WhoId"),
        mergeable=True,
    )


def opportunity() -> Kind:
    return kind(
        "Opportunity",
        "006",
        "Opportunities",
        [
            *bookkeeping("Opportunity")[1:],
            lookup("AccountId", "Account"),
            flag("IsPrivate"),
            text("Name", 120, required=True, name_field=True),
            long_text("Description"),
            picklist("StageName", "|".join(each[0] for each in STAGES), required=True),
            number("Amount", "currency"),
            number("Probability", "percent"),
            read_only(number("ExpectedRevenue", "currency")),
            day("CloseDate", required=True),
            picklist("Type", "Existing Customer - Upgrade|Existing Customer - Replacement|New Customer"),
            text("NextStep", 255),
            picklist("LeadSource", SOURCES),
            read_only(flag("IsClosed")),
            read_only(flag("IsWon")),
            read_only(picklist("ForecastCategory", "Omitted|Pipeline|BestCase|Forecast|Closed")),
            picklist("ForecastCategoryName", "Omitted|Pipeline|Best Case|Commit|Closed"),
            lookup("OwnerId", "User"),
            lookup("RecordTypeId", "RecordType"),
            lookup("ContactId", "Contact", updateable=False),
            read_only(moment("LastStageChangeDate")),
            read_only(number("FiscalQuarter", "int")),
            read_only(number("FiscalYear", "int")),
            text("OrderNumber__c", 8),
            long_text("MainCompetitors__c", 255),
        ],
        Child("OpportunityContactRoles", "OpportunityContactRole", "OpportunityId", cascade=True),
        *activity_children("WhatId"),
    )


def contact_role() -> Kind:
    return kind(
        "OpportunityContactRole",
        "00K",
        "Opportunity Contact Roles",
        [
            lookup("OpportunityId", "Opportunity", required=True, updateable=False),
            lookup("ContactId", "Contact", required=True),
            picklist("Role", ROLES),
            flag("IsPrimary"),
        ],
    )


def activity_children(reference: str) -> list[Child]:
    return [
        Child("Tasks", "Task", reference),
        Child("Events", "Event", reference),
        Child("Notes", "Note", "ParentId"),
        Child("ContentDocumentLinks", "ContentDocumentLink", "LinkedEntityId"),
    ]


def selling() -> list[Kind]:
    return [account(), contact(), lead(), opportunity(), contact_role()]
