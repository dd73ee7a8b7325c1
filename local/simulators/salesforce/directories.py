"""What every org has from the start: people, a queue, stages, statuses, record types and facts about itself."""

from typing import Any

from local.simulators.salesforce.catalogue import STAGES
from local.simulators.salesforce.org import Org

# First name, last name, mailbox, active.
PEOPLE = (
    ("Anna", "Admin", "admin", True),
    ("Ben", "Osei", "BEN", True),
    ("Carla", "Ruiz", "carla", True),
    ("Dov", "Levi", "dov", True),
    ("Erik", "Gone", "former.seller", False),
)
RATES = {"EUR": 1.0, "USD": 1.09, "GBP": 0.85, "CHF": 0.95}


def furnish(org: Org, username: str) -> None:
    _users(org, username)
    _add(org, "Group", {"Name": "Inbound leads", "DeveloperName": "Inbound_leads", "Type": "Queue"})
    _stages(org)
    _record_types(org)
    facts = org.facts
    _add(org, "Organization", {
        "Id": facts.id, "Name": facts.name, "OrganizationType": "Enterprise Edition", "IsSandbox": facts.sandbox,
        "InstanceName": "EU47", "DefaultCurrencyIsoCode": facts.currency, "TimeZoneSidKey": facts.time_zone,
        "DefaultLocaleSidKey": facts.locale, "LanguageLocaleKey": facts.locale, "FiscalYearStartMonth": 1,
    })  # fmt: skip
    if facts.multi_currency:
        for code, rate in RATES.items():
            own = rate / RATES[facts.currency]
            _add(org, "CurrencyType", {"IsoCode": code, "ConversionRate": round(own, 6), "DecimalPlaces": 2,
                                       "IsActive": True, "IsCorporate": code == facts.currency})  # fmt: skip


def _users(org: Org, username: str) -> None:
    """The first one approves; one has left."""
    domain = username.partition("@")[2]
    for first, last, mailbox, active in PEOPLE:
        row = _add(org, "User", {
            "FirstName": first, "LastName": last, "Name": f"{first} {last}", "Email": f"{mailbox}@{domain}",
            "Username": f"{mailbox}@{domain}".lower() if org.user_id else username, "Alias": mailbox[:8].lower(),
            "IsActive": active, "UserType": "Standard", "TimeZoneSidKey": org.facts.time_zone,
            "LocaleSidKey": org.facts.locale, "LanguageLocaleKey": org.facts.locale,
        })  # fmt: skip
        org.user_id = org.user_id or row["Id"]


def _stages(org: Org) -> None:
    internal = {"Best Case": "BestCase", "Commit": "Forecast"}
    for place, (name, likely, category, closed, won) in enumerate(STAGES, 1):
        _add(org, "OpportunityStage", {
            "MasterLabel": name, "ApiName": name, "IsActive": True, "SortOrder": place, "IsClosed": closed,
            "IsWon": won, "DefaultProbability": float(likely), "ForecastCategoryName": category,
            "ForecastCategory": internal.get(category, category),
        })  # fmt: skip
    for name, flag in (("LeadStatus", "IsConverted"), ("TaskStatus", "IsClosed")):
        field = org.kinds["Lead" if name == "LeadStatus" else "Task"].fields["Status"]
        for place, choice in enumerate(field.choices, 1):
            _add(org, name, {"MasterLabel": choice.value, "ApiName": choice.value, "SortOrder": place,
                             "IsDefault": choice.default,
                             flag: choice.value in {"Closed - Converted", "Completed"}})  # fmt: skip


def _record_types(org: Org) -> None:
    """Two sales processes; the stages are the same."""
    wanted = [("New Business", "New_Business", "Opportunity"), ("Renewal", "Renewal", "Opportunity")]
    if org.facts.person_accounts:
        wanted += [("Business Account", "Business_Account", "Account"), ("Person Account", "PersonAccount", "Account")]
    for name, developer_name, target in wanted:
        _add(org, "RecordType", {"Name": name, "DeveloperName": developer_name, "SobjectType": target,
                                 "IsActive": True, "IsPersonType": developer_name == "PersonAccount"})  # fmt: skip


def _add(org: Org, name: str, values: dict[str, Any]) -> dict[str, Any]:
    stamp = org.now_ms() - 800 * 86_400_000
    row: dict[str, Any] = {"Id": org.next_id(org.kinds[name]), **values}
    row |= dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), stamp)
    author = org.user_id or row["Id"]
    org.stores[name].put({**row, "CreatedById": author, "LastModifiedById": author})
    return row
