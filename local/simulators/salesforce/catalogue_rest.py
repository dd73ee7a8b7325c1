"""The other objects: activities, notes, people and queues, and what describes an org itself."""

from local.simulators.salesforce.catalogue import PHONE
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

WHO = ("Contact", "Lead")
WHAT = ("Account", "Opportunity")


def task() -> Kind:
    return kind(
        "Task",
        "00T",
        "Tasks",
        [
            lookup("WhoId", *WHO),
            lookup("WhatId", *WHAT),
            read_only(lookup("AccountId", "Account")),
            Field("Subject", "combobox", 255),
            day("ActivityDate"),
            picklist("Status", "Not Started*|In Progress|Completed|Waiting on someone else|Deferred"),
            picklist("Priority", "High|Normal*|Low"),
            read_only(flag("IsHighPriority")),
            lookup("OwnerId", "Group", "User"),
            long_text("Description"),
            read_only(flag("IsClosed")),
            read_only(flag("IsArchived")),
            number("CallDurationInSeconds", "int"),
            picklist("CallType", "Internal|Inbound|Outbound", restricted=True),
            text("CallDisposition", 255),
            text("CallObject", 255),
            moment("ReminderDateTime"),
            flag("IsReminderSet"),
            picklist("TaskSubtype", "Task*|Email|ListEmail|Cadence|Call|LinkedIn", restricted=True, updateable=False),
            read_only(moment("CompletedDateTime")),
        ],
    )


def event() -> Kind:
    return kind(
        "Event",
        "00U",
        "Events",
        [
            lookup("WhoId", *WHO),
            lookup("WhatId", *WHAT),
            read_only(lookup("AccountId", "Account")),
            Field("Subject", "combobox", 255),
            text("Location", 255),
            flag("IsAllDayEvent"),
            moment("ActivityDateTime"),
            day("ActivityDate"),
            number("DurationInMinutes", "int"),
            moment("StartDateTime"),
            moment("EndDateTime"),
            long_text("Description"),
            lookup("OwnerId", "Group", "User"),
            flag("IsPrivate"),
            picklist("ShowAs", "Busy*|OutOfOffice|Free"),
            read_only(flag("IsArchived")),
            read_only(flag("IsChild")),
            read_only(flag("IsGroupEvent")),
            picklist("EventSubtype", "Event*", restricted=True, updateable=False),
        ],
    )


def notes() -> list[Kind]:
    legacy = [
        lookup("ParentId", *WHAT, *WHO, required=True),
        text("Title", 80, required=True, name_field=True),
        flag("IsPrivate"),
        long_text("Body"),
        lookup("OwnerId", "User"),
    ]
    modern = [
        text("Title", 255, required=True, name_field=True),
        Field("Content", "base64", 0, filterable=False),
        read_only(text("TextPreview", 255)),
        read_only(text("FileExtension", 40)),
        read_only(text("FileType", 20)),
        number("ContentSize", "int", createable=False, updateable=False),
        lookup("OwnerId", "User"),
    ]
    links = Child("ContentDocumentLinks", "ContentDocumentLink", "ContentDocumentId", cascade=True)
    return [
        kind("Note", "002", "Notes", legacy),
        kind("ContentNote", "069", "Content Notes", modern, links),
        *files(),
    ]


def files() -> list[Kind]:
    """What a note is besides: a document with versions, linked with records."""
    document = [
        text("Title", 255, name_field=True),
        text("FileExtension", 40),
        lookup("OwnerId", "User"),
        read_only(lookup("LatestPublishedVersionId", "ContentVersion")),
    ]
    version = [
        lookup("ContentDocumentId", "ContentDocument", required=True, updateable=False),
        flag("IsLatest"),
        text("VersionNumber", 20),
        text("Title", 255, name_field=True),
        text("PathOnClient", 500),
        text("FileExtension", 40),
        text("FileType", 20),
        number("ContentSize", "int"),
        text("TextPreview", 255),
        Field("VersionData", "base64", 0, filterable=False),
        lookup("OwnerId", "User"),
    ]
    link = [
        lookup("ContentDocumentId", "ContentDocument", required=True, updateable=False),
        lookup("LinkedEntityId", *WHAT, *WHO, "User", "Task", "Event", required=True, updateable=False),
        picklist("ShareType", "V|C|I", restricted=True),
        picklist("Visibility", "AllUsers*|InternalUsers|SharedUsers", restricted=True),
    ]
    return [
        kind("ContentDocument", "069", "Content Documents", document, writable=False),
        kind("ContentVersion", "068", "Content Versions", version, writable=False),
        kind("ContentDocumentLink", "06A", "Content Document Links", link),
    ]


def users() -> list[Kind]:
    user = [
        text("Username", 80, required=True),
        text("LastName", 80, required=True),
        text("FirstName", 40),
        read_only(text("Name", 121, name_field=True)),
        text("Alias", 8),
        Field("Email", "email", 128),
        Field("Phone", PHONE, 40),
        text("Title", 80),
        text("Department", 80),
        flag("IsActive"),
        picklist("UserType", "Standard|AutomatedProcess|PowerPartner"),
        picklist("TimeZoneSidKey", "Europe/Berlin|America/New_York|UTC"),
        picklist("LocaleSidKey", "de_DE|en_US"),
        picklist("LanguageLocaleKey", "de|en_US"),
        lookup("ManagerId", "User"),
        read_only(moment("LastLoginDate")),
    ]
    group = [
        text("Name", 40, name_field=True),
        text("DeveloperName", 80),
        picklist("Type", "Queue|Regular|Role|RoleAndSubordinates"),
        Field("Email", "email", 255),
        lookup("OwnerId", "User"),
    ]
    return [
        kind("User", "005", "Users", user, recycles=False),
        kind("Group", "00G", "Groups", group, recycles=False, writable=False),
    ]


def directories() -> list[Kind]:
    stage = [
        text("MasterLabel", 255, name_field=True),
        text("ApiName", 255),
        flag("IsActive"),
        number("SortOrder", "int"),
        flag("IsClosed"),
        flag("IsWon"),
        picklist("ForecastCategory", "Omitted|Pipeline|BestCase|Forecast|Closed"),
        picklist("ForecastCategoryName", "Omitted|Pipeline|Best Case|Commit|Closed"),
        number("DefaultProbability", "percent"),
        text("Description", 255),
    ]
    status = [text("MasterLabel", 255), text("ApiName", 255), number("SortOrder", "int"), flag("IsDefault")]
    record_type = [
        text("Name", 80, name_field=True),
        text("DeveloperName", 80),
        text("SobjectType", 40),
        flag("IsActive"),
        flag("IsPersonType"),
        text("Description", 255),
    ]
    fixed = {"recycles": False, "writable": False}
    return [
        kind("OpportunityStage", "01J", "Opportunity Stages", stage, **fixed),
        kind("LeadStatus", "01J", "Lead Statuses", [*status, flag("IsConverted")], **fixed),
        kind("TaskStatus", "01J", "Task Statuses", [*status, flag("IsClosed")], **fixed),
        kind("RecordType", "012", "Record Types", record_type, **fixed),
        kind("Organization", "00D", "Organizations", organization_fields(), **fixed),
    ]


def organization_fields() -> list[Field]:
    return [
        text("Name", 80, name_field=True),
        text("OrganizationType", 40),
        flag("IsSandbox"),
        text("InstanceName", 5),
        text("NamespacePrefix", 15),
        text("DefaultCurrencyIsoCode", 3),
        picklist("TimeZoneSidKey", "Europe/Berlin|America/New_York|UTC"),
        picklist("DefaultLocaleSidKey", "de_DE|en_US"),
        picklist("LanguageLocaleKey", "de|en_US"),
        number("FiscalYearStartMonth", "int"),
        text("Country", 80),
        moment("TrialExpirationDate"),
    ]


def currency_type() -> Kind:
    fields = [
        text("IsoCode", 3, name_field=True),
        number("ConversionRate"),
        number("DecimalPlaces", "int"),
        flag("IsActive"),
        flag("IsCorporate"),
    ]
    return kind("CurrencyType", "01L", "Currency Types", fields, recycles=False, writable=False)


def person_account_fields() -> list[Field]:
    """What Account gains when person accounts are switched on; Contact gains the flag only."""
    return [
        read_only(flag("IsPersonAccount")),
        text("LastName", 80),
        text("FirstName", 40),
        picklist("Salutation", "Mr.|Ms.|Mrs.|Dr.|Prof.|Mx."),
        read_only(lookup("PersonContactId", "Contact")),
        Field("PersonEmail", "email", 80),
        Field("PersonMobilePhone", PHONE, 40),
        text("PersonTitle", 80),
        day("PersonBirthdate"),
        picklist("PersonLeadSource", "Web|Phone Inquiry|Partner Referral|Purchased List|Other"),
    ]


def everything_else() -> list[Kind]:
    return [task(), event(), *notes(), *users(), *directories()]
