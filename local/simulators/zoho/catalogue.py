"""The modules that every org has, with Zoho's own fields and a few that a customer added."""

from local.simulators.zoho.fields import Field, many, picklist, pointer, text
from local.simulators.zoho.modules import Module, by_name

SOURCES = "Advertisement|Cold Call|Employee Referral|External Referral|Partner|Trade Show|Web Download|Chat"
INDUSTRIES = "ASP (Application Service Provider)|Data/Telecom OEM|ERP (Enterprise Resource Planning)|Government/Military|Large Enterprise|Service Provider|Small/Medium Enterprise|Wireless Industry"  # noqa: E501
LEAD_STATUSES = "Attempted to Contact|Contact in Future|Contacted|Junk Lead|Lost Lead|Not Contacted|Pre-Qualified"
STREETS = "Street City State Country"
# name, symbol, rate; the rate is what one euro buys
RATES = {"EUR": ("Euro", "€", 1.0), "USD": ("US Dollar", "$", 1.08), "GBP": ("British Pound", "£", 0.86),
         "CHF": ("Swiss Franc", "CHF", 0.95)}  # fmt: skip
VALUED = ("Accounts", "Contacts", "Leads", "Deals")


def _system(title: str) -> list[Field]:
    return [
        Field("id", "bigint", read_only=True),
        Field("Owner", "ownerlookup"),
        *many("userlookup", "Created_By Modified_By", read_only=True),
        *many("datetime", "Created_Time Modified_Time", read_only=True),
        *([] if title == "Note_Title" else many("datetime", "Last_Activity_Time", read_only=True)),
    ]


def _person() -> list[Field]:
    return [
        text("First_Name", 40),
        text("Last_Name", 80, required=True),
        text("Full_Name", 120, read_only=True),
        *many("email", "Email Secondary_Email", length=100),
        *many("phone", "Phone Mobile Fax", length=30),
        text("Title", 100),
        picklist("Lead_Source", SOURCES),
        Field("Email_Opt_Out", "boolean"),
        Field("Description", "textarea", length=32_000),
        Field("Loyalty_Points", "integer", custom=True, length=9),
        picklist("Products_Of_Interest", "Starter=starter|Support=support|Training=training", "multiselectpicklist",
                 custom=True),
        Field("Renewal_Day", "date", custom=True),
    ]  # fmt: skip


def contacts() -> Module:
    places = [text(f"{kind}_{part}", 250) for kind in ("Mailing", "Other") for part in f"{STREETS} Zip".split()]
    fields = [*_system("Full_Name"), *_person(), pointer("Account_Name", "Accounts"),
              pointer("Reporting_To", "Contacts"), text("Department", 50), text("Assistant", 50),
              Field("Date_of_Birth", "date"), *places,
              text("Legacy_Number", 40, custom=True)]  # fmt: skip
    return Module("Contacts", "Contact", "Full_Name", by_name(fields), ("Email",))


def leads() -> Module:
    fields = [*_system("Full_Name"), *_person(), text("Company", 200), picklist("Lead_Status", LEAD_STATUSES),
              picklist("Industry", INDUSTRIES), picklist("Rating", "Acquired|Active|Market Failed|Project Cancelled"),
              Field("Annual_Revenue", "currency"), Field("No_of_Employees", "integer", length=9),
              Field("Website", "website", length=450), *[text(part, 250) for part in f"{STREETS} Zip_Code".split()],
              Field("Converted__s", "boolean", read_only=True),
              Field("Converted_Date_Time", "datetime", read_only=True),
              pointer("Converted_Account", "Accounts", read_only=True),
              pointer("Converted_Contact", "Contacts", read_only=True),
              pointer("Converted_Deal", "Deals", read_only=True)]  # fmt: skip
    return Module("Leads", "Lead", "Full_Name", by_name(fields), ("Email",))


def accounts() -> Module:
    places = [text(f"{kind}_{part}", 250) for kind in ("Billing", "Shipping") for part in f"{STREETS} Code".split()]
    fields = [*_system("Account_Name"), text("Account_Name", 200, required=True),
              Field("Website", "website", length=450), *many("phone", "Phone Fax", length=30),
              picklist("Industry", INDUSTRIES), Field("Employees", "integer", length=9),
              Field("Annual_Revenue", "currency"), pointer("Parent_Account", "Accounts"),
              picklist("Account_Type", "Analyst|Competitor|Customer|Partner|Prospect|Reseller|Vendor"),
              text("Account_Number", 40), text("Account_Site", 80), *places,
              Field("Description", "textarea", length=32_000),
              picklist("Sales_Region", "North=n|South=s|East=e|West=w", custom=True)]  # fmt: skip
    return Module("Accounts", "Account", "Account_Name", by_name(fields), ("Account_Name",))


def deals() -> Module:
    fields = [*_system("Deal_Name"), text("Deal_Name", 120, required=True), Field("Stage", "picklist", required=True),
              Field("Pipeline", "picklist"), Field("Amount", "currency"), Field("Closing_Date", "date"),
              Field("Probability", "integer", length=3), Field("Expected_Revenue", "currency", read_only=True),
              pointer("Account_Name", "Accounts"), pointer("Contact_Name", "Contacts"),
              picklist("Type", "Existing Business|New Business"), picklist("Lead_Source", SOURCES),
              text("Next_Step", 100), Field("Description", "textarea", length=32_000),
              picklist("Reason_For_Loss__s", "Expectation Mismatch|Price|Unqualified Customer|Lack of response|Other"),
              Field("Why_We_Won", "textarea", custom=True, length=2_000),
              Field("Line_Items", "subform", custom=True)]  # fmt: skip
    return Module("Deals", "Deal", "Deal_Name", by_name(fields), ("Deal_Name",))


def _what_and_who() -> list[Field]:
    return [pointer("Who_Id", "Contacts", label="Contact Name"), Field("What_Id", "lookup", label="Related To"),
            Field("Description", "textarea", length=32_000)]  # fmt: skip


def tasks() -> Module:
    states = "Not Started|Deferred|In Progress|Completed|Waiting for input"
    fields = [
        *_system("Subject"),
        text("Subject", 255, required=True),
        Field("Due_Date", "date"),
        picklist("Status", states),
        picklist("Priority", "High|Highest|Low|Lowest|Normal"),
        Field("Closed_Time", "datetime", read_only=True),
        Field("Remind_At", "datetime"),
        *_what_and_who(),
    ]
    return Module("Tasks", "Task", "Subject", by_name(fields))


def calls() -> Module:
    fields = [*_system("Subject"), text("Subject", 255, required=True),
              picklist("Call_Type", "Outbound|Inbound|Missed", required=True),
              Field("Call_Start_Time", "datetime", required=True), text("Call_Duration", 20),
              Field("Call_Duration_in_seconds", "integer", read_only=True),
              picklist("Outbound_Call_Status", "Scheduled|Completed|Overdue|Cancelled"),
              picklist("Call_Purpose", "Prospecting|Administrative|Negotiation|Demo|Project|Desk"),
              picklist("Call_Result", "Interested|Not interested|No response/Busy|Requested call back"),
              text("Call_Agenda", 255), *_what_and_who()]  # fmt: skip
    return Module("Calls", "Call", "Subject", by_name(fields))


def events() -> Module:
    fields = [*_system("Event_Title"), text("Event_Title", 255, required=True),
              Field("Start_DateTime", "datetime", required=True), Field("End_DateTime", "datetime", required=True),
              Field("All_day", "boolean"), text("Venue", 255), Field("Participants", "participants"),
              *_what_and_who()]  # fmt: skip
    return Module("Events", "Event", "Event_Title", by_name(fields))


def notes() -> Module:
    fields = [*_system("Note_Title"), text("Note_Title", 120), Field("Note_Content", "textarea", length=65_535),
              Field("Parent_Id", "parent", required=True)]  # fmt: skip
    return Module("Notes", "Note", "Note_Title", by_name(fields))


def all_modules() -> list[Module]:
    return [leads(), contacts(), accounts(), deals(), tasks(), events(), calls(), notes()]


def currency_fields() -> list[Field]:
    return [picklist("Currency", "|".join(RATES)), Field("Exchange_Rate", "double")]


def exchange_rate(code: str, home: str) -> float:
    """What one unit of the home currency buys."""
    return round(RATES[code][2] / RATES[home][2], 9)
