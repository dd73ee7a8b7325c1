"""The properties that HubSpot defines, and a few that the portal's people added: one line each.

A line is `name|label|type|fieldType|flags|options`. Flags: `r` read-only value, `c` calculated, `x` options live
elsewhere (owners, pipelines), `m` money, `u` unique, `k` custom. Options name an entry of OPTIONS.
"""

OPTIONS: dict[str, str] = {
    "bool": "true:Yes false:No",
    "lifecycle": "subscriber:Subscriber lead:Lead marketingqualifiedlead:Marketing_Qualified_Lead"
    " salesqualifiedlead:Sales_Qualified_Lead opportunity:Opportunity customer:Customer evangelist:Evangelist"
    " other:Other 94110533:In_Onboarding",
    "lead_status": "NEW:New OPEN:Open IN_PROGRESS:In_Progress OPEN_DEAL:Open_Deal UNQUALIFIED:Unqualified"
    " ATTEMPTED_TO_CONTACT:Attempted_to_Contact CONNECTED:Connected BAD_TIMING:Bad_Timing",
    "source": "ORGANIC_SEARCH:Organic_Search PAID_SEARCH:Paid_Search EMAIL_MARKETING:Email_Marketing"
    " SOCIAL_MEDIA:Organic_Social REFERRALS:Referrals OTHER_CAMPAIGNS:Other_Campaigns DIRECT_TRAFFIC:Direct_Traffic"
    " OFFLINE:Offline_Sources PAID_SOCIAL:Paid_Social",
    "industry": "ACCOUNTING:Accounting AUTOMOTIVE:Automotive BANKING:Banking COMPUTER_SOFTWARE:Computer_Software"
    " CONSTRUCTION:Construction EDUCATION_MANAGEMENT:Education_Management FOOD_BEVERAGES:Food_&_Beverages"
    " HOSPITAL_HEALTH_CARE:Hospital_&_Health_Care LOGISTICS_AND_SUPPLY_CHAIN:Logistics_and_Supply_Chain"
    " INFORMATION_TECHNOLOGY_AND_SERVICES:Information_Technology_and_Services MACHINERY:Machinery RETAIL:Retail"
    " UTILITIES:Utilities",
    "company_type": "PROSPECT:Prospect PARTNER:Partner RESELLER:Reseller VENDOR:Vendor OTHER:Other",
    "deal_type": "newbusiness:New_Business existingbusiness:Existing_Business",
    "priority": "low:Low medium:Medium high:High",
    "ticket_priority": "LOW:Low MEDIUM:Medium HIGH:High URGENT:Urgent",
    "ticket_category": "PRODUCT_ISSUE:Product_Issue BILLING_ISSUE:Billing_Issue FEATURE_REQUEST:Feature_Request"
    " GENERAL_INQUIRY:General_Inquiry",
    "ticket_source": "CHAT:Chat EMAIL:Email FORM:Form PHONE:Phone",
    "currency": "EUR:EUR USD:USD GBP:GBP SEK:SEK",
    "forecast": "OMIT:Not_forecasted PIPELINE:Pipeline BEST_CASE:Best_case COMMIT:Commit CLOSED:Closed_won",
    "task_status": "NOT_STARTED:Not_started IN_PROGRESS:In_progress WAITING:Waiting COMPLETED:Completed"
    " DEFERRED:Deferred",
    "task_priority": "NONE:None LOW:Low MEDIUM:Medium HIGH:High",
    "task_type": "TODO:To-do CALL:Call EMAIL:Email LINKED_IN:LinkedIn MEETING:Meeting",
    "call_direction": "INBOUND:Inbound OUTBOUND:Outbound",
    "call_status": "BUSY:Busy CALLING_CRM_USER:Calling_CRM_user CANCELED:Canceled COMPLETED:Completed"
    " CONNECTING:Connecting FAILED:Failed IN_PROGRESS:In_progress NO_ANSWER:No_answer QUEUED:Queued RINGING:Ringing",
    "disposition": "9d9162e7-6cf3-4944-bf63-4dff82258764:Busy f240bbac-87c9-4f6e-bf70-924b57d47db7:Connected"
    " a4c4c377-d246-4b32-a13b-75a56a4cd0ff:Left_live_message b2cf5968-551e-4856-9783-52b3da59a7d0:Left_voicemail"
    " 73a0d17f-1163-4015-bdd5-ec830791da20:No_answer 17b47fee-58de-441e-a44c-c6300d46f273:Wrong_number",
    "outcome": "SCHEDULED:Scheduled COMPLETED:Completed RESCHEDULED:Rescheduled NO_SHOW:No_show CANCELED:Canceled",
    "email_direction": "EMAIL:E-mail INCOMING_EMAIL:Incoming FORWARDED_EMAIL:Forwarded",
    "email_status": "BOUNCED:Bounced FAILED:Failed SCHEDULED:Scheduled SENDING:Sending SENT:Sent",
    "region": "north:North south:South east:East west:West",
    "products": "starter:Starter team:Team enterprise:Enterprise support:Support_plan",
    "won_reason": "price:Price features:Features relationship:Relationship timing:Timing",
    "none": "",
}  # fmt: skip

COMMON = """
hs_object_id|Record ID|number|number|r
hs_all_owner_ids|All owner IDs|enumeration|checkbox|rx
hs_all_team_ids|All team IDs|enumeration|checkbox|rx
hs_created_by_user_id|Created by user ID|number|number|r
hs_updated_by_user_id|Updated by user ID|number|number|r
hs_merged_object_ids|Merged record IDs|enumeration|checkbox|rx
hs_object_source|Record creation source|string|text|r
hs_object_source_id|Record creation source ID|string|text|r
hs_object_source_label|Record source|enumeration|select|rx
hs_read_only|Read only object|bool|booleancheckbox|r|bool
hs_unique_creation_key|Unique creation key|string|text|ru
hs_was_imported|Performed in an import|bool|booleancheckbox|r|bool
hs_user_ids_of_all_owners|User IDs of all owners|enumeration|checkbox|rx
hubspot_owner_id|Owner|enumeration|select|x
hubspot_owner_assigneddate|Owner assigned date|datetime|date|r
hubspot_team_id|Owner's main team|enumeration|select|rx
"""

PEOPLE = """
firstname|First Name|string|text
lastname|Last Name|string|text
email|Email|string|text|u
hs_additional_emails|Additional email addresses|enumeration|checkbox|x
phone|Phone Number|string|phonenumber
mobilephone|Mobile Phone Number|string|phonenumber
fax|Fax Number|string|phonenumber
jobtitle|Job Title|string|text
salutation|Salutation|string|text
company|Company Name|string|text
website|Website URL|string|text
address|Street Address|string|text
city|City|string|text
state|State/Region|string|text
zip|Postal Code|string|text
country|Country/Region|string|text
hs_language|Preferred language|enumeration|select|x
hs_timezone|Time Zone|enumeration|select|x
lifecyclestage|Lifecycle Stage|enumeration|radio||lifecycle
hs_lead_status|Lead Status|enumeration|radio||lead_status
hs_pipeline|Pipeline|enumeration|select|x
associatedcompanyid|Primary Associated Company ID|number|number|x
createdate|Create Date|datetime|date|r
lastmodifieddate|Last Modified Date|datetime|date|r
closedate|Close Date|datetime|date
hs_email_domain|Email Domain|string|text|c
hs_full_name_or_email|Full name or email|string|calculation_equation|c
hs_is_contact|Is a contact|bool|booleancheckbox|c|bool
hs_is_unworked|Contact unworked|bool|booleancheckbox|c|bool
hs_all_contact_vids|All vids for a contact|enumeration|checkbox|rx
hs_calculated_merged_vids|Merged vids with timestamps of a contact|enumeration|calculation_equation|cx
hs_calculated_phone_number|Calculated Phone Number with country code|string|calculation_equation|c
hs_searchable_calculated_phone_number|Calculated Phone Number without country code|string|calculation_equation|c
hs_analytics_source|Original Traffic Source|enumeration|select|r|source
hs_latest_source|Latest Traffic Source|enumeration|select|r|source
hs_analytics_source_data_1|Original Traffic Source Drill-Down 1|string|text|r
hs_analytics_source_data_2|Original Traffic Source Drill-Down 2|string|text|r
hs_analytics_num_page_views|Number of Pageviews|number|number|r
hs_analytics_num_visits|Number of Sessions|number|number|r
hs_analytics_first_timestamp|Time First Seen|datetime|date|r
hs_analytics_last_timestamp|Time Last Seen|datetime|date|r
hs_email_optout|Unsubscribed from all email|bool|booleancheckbox||bool
hs_email_bounce|Marketing emails bounced|number|number|r
hs_email_open|Marketing emails opened|number|number|r
hs_email_click|Marketing emails clicked|number|number|r
hs_email_last_open_date|Last marketing email open date|datetime|date|r
hs_sales_email_last_replied|Recent Sales Email Replied Date|datetime|date|r
hs_last_sales_activity_timestamp|Last Engagement Date|datetime|date|r
notes_last_contacted|Last Contacted|datetime|date|r
notes_last_updated|Last Activity Date|datetime|date|r
notes_next_activity_date|Next Activity Date|datetime|date|r
num_notes|Number of Sales Activities|number|number|r
num_contacted_notes|Number of times contacted|number|number|r
num_associated_deals|Number of Associated Deals|number|number|r
num_conversion_events|Number of Form Submissions|number|number|r
recent_deal_amount|Recent Deal Amount|number|number|rm
total_revenue|Total Revenue|number|number|rm
hubspotscore|HubSpot Score|number|calculation_score|c
date_of_birth|Date of birth|string|text
industry|Industry|string|text
numemployees|Number of Employees|string|text
annualrevenue|Annual Revenue|string|text
twitterhandle|Twitter Username|string|text
hs_linkedin_url|LinkedIn URL|string|text
preferred_products|Preferred products|enumeration|checkbox|k|products
renewal_day|Renewal day|date|date|k
loyalty_points|Loyalty points|number|number|k
newsletter_agreed|Newsletter agreed|bool|booleancheckbox|k|bool
legacy_customer_no|Legacy customer no.|string|text|k
"""

FIRMS = """
name|Company name|string|text
domain|Company Domain Name|string|text
website|Website URL|string|text
phone|Phone Number|string|phonenumber
industry|Industry|enumeration|select||industry
type|Type|enumeration|select||company_type
numberofemployees|Number of Employees|number|number
annualrevenue|Annual Revenue|number|number|m
description|Description|string|textarea
address|Street Address|string|text
address2|Street Address 2|string|text
city|City|string|text
state|State/Region|string|text
zip|Postal Code|string|text
country|Country/Region|string|text
timezone|Time Zone|string|text
founded_year|Year Founded|string|text
is_public|Is Public|bool|booleancheckbox||bool
lifecyclestage|Lifecycle Stage|enumeration|radio||lifecycle
hs_lead_status|Lead Status|enumeration|radio||lead_status
linkedin_company_page|LinkedIn Company Page|string|text
twitterhandle|Twitter Handle|string|text
createdate|Create Date|datetime|date|r
hs_lastmodifieddate|Last Modified Date|datetime|date|r
closedate|Close Date|datetime|date
hs_analytics_source|Original Traffic Source|enumeration|select|r|source
hs_additional_domains|Additional Domains|enumeration|checkbox|x
hs_num_child_companies|Number of child companies|number|number|r
hs_num_open_deals|Number of open deals|number|number|r
hs_parent_company_id|Parent Company|number|number|x
hs_target_account|Target Account|bool|booleancheckbox||bool
num_associated_contacts|Number of Associated Contacts|number|number|r
num_associated_deals|Number of Associated Deals|number|number|r
notes_last_contacted|Last Contacted|datetime|date|r
notes_last_updated|Last Activity Date|datetime|date|r
num_notes|Number of Sales Activities|number|number|r
recent_deal_amount|Recent Deal Amount|number|number|rm
total_money_raised|Total Money Raised|string|text
total_revenue|Total Revenue|number|number|rm
web_technologies|Web Technologies|enumeration|checkbox|x
sales_region|Sales region|enumeration|select|k|region
contract_signed_on|Contract signed on|date|date|k
credit_limit|Credit limit|number|number|km
"""

OFFERS = """
dealname|Deal Name|string|text
dealstage|Deal Stage|enumeration|radio|x
pipeline|Pipeline|enumeration|select|x
amount|Amount|number|number|m
amount_in_home_currency|Amount in company currency|number|calculation_equation|cm
deal_currency_code|Currency|enumeration|select||currency
closedate|Close Date|datetime|date
createdate|Create Date|datetime|date|r
hs_createdate|HubSpot Create Date|datetime|date|r
hs_lastmodifieddate|Last Modified Date|datetime|date|r
dealtype|Deal Type|enumeration|radio||deal_type
description|Deal Description|string|textarea
hs_priority|Priority|enumeration|select||priority
hs_next_step|Next step|string|text
hs_deal_stage_probability|Deal Probability|number|number|c
hs_deal_stage_probability_shadow|Deal probability before override|number|number|r
hs_is_closed|Is Deal Closed?|bool|calculation_equation|c|bool
hs_is_closed_won|Is Closed Won|bool|calculation_equation|c|bool
hs_is_closed_lost|Is Closed Lost|bool|calculation_equation|c|bool
hs_is_open_count|Is open (numeric)|number|calculation_equation|c
hs_closed_amount|Closed Deal Amount|number|calculation_equation|cm
hs_projected_amount|Weighted amount|number|calculation_equation|cm
hs_forecast_amount|Forecast amount|number|calculation_equation|cm
hs_forecast_probability|Forecast probability|number|number
hs_manual_forecast_category|Forecast category|enumeration|select||forecast
hs_acv|Annual contract value|number|number|rm
hs_arr|Annual recurring revenue|number|number|rm
hs_mrr|Monthly recurring revenue|number|number|rm
hs_tcv|Total contract value|number|number|rm
hs_analytics_source|Original Traffic Source|enumeration|select|r|source
hs_num_associated_deal_splits|Number of deal splits|number|number|r
closed_lost_reason|Closed Lost Reason|string|textarea
closed_won_reason|Closed Won Reason|string|textarea
days_to_close|Days to close|number|calculation_equation|c
num_associated_contacts|Number of Associated Contacts|number|number|r
num_notes|Number of Sales Activities|number|number|r
notes_last_contacted|Last Contacted|datetime|date|r
notes_last_updated|Last Activity Date|datetime|date|r
why_we_won|Why we won|enumeration|select|k|won_reason
delivery_day|Delivery day|date|date|k
purchase_order_no|Purchase order no.|string|text|k
"""

ASKED = """
subject|Ticket name|string|text
content|Ticket description|string|textarea
hs_pipeline|Pipeline|enumeration|select|x
hs_pipeline_stage|Ticket status|enumeration|select|x
hs_ticket_priority|Priority|enumeration|select||ticket_priority
hs_ticket_category|Category|enumeration|checkbox||ticket_category
hs_ticket_id|Ticket ID|number|number|r
hs_resolution|Resolution|enumeration|select|x
source_type|Source|enumeration|select||ticket_source
createdate|Create date|datetime|date|r
closed_date|Close date|datetime|date
time_to_close|Time to close|number|number|r
hs_lastmodifieddate|Last modified date|datetime|date|r
hs_is_closed|Is closed|bool|calculation_equation|c|bool
notes_last_contacted|Last contacted date|datetime|date|r
num_notes|Number of Sales Activities|number|number|r
"""

ENGAGEMENT = """
hs_timestamp|Activity date|datetime|date
hs_createdate|Create date|datetime|date|r
hs_lastmodifieddate|Last modified date|datetime|date|r
hs_activity_type|Activity type|enumeration|select|x
hs_at_mentioned_owner_ids|At-Mentioned Owner Ids|enumeration|checkbox|x
hs_attachment_ids|Attached file IDs|enumeration|checkbox|x
hs_body_preview|Body preview|string|text|r
hs_body_preview_is_truncated|Body Preview Truncated|bool|booleancheckbox|r|bool
hs_engagement_source|Engagement Source|string|text|r
hs_modified_by|Updated by|number|number|r
"""

SPECIAL = {
    "tasks": """
hs_task_subject|Task Title|string|text
hs_task_body|Task Notes|string|html
hs_task_status|Task Status|enumeration|select||task_status
hs_task_priority|Priority|enumeration|select||task_priority
hs_task_type|Task Type|enumeration|select||task_type
hs_task_completion_date|Completed at|datetime|date|r
hs_task_is_completed|Is completed|number|calculation_equation|c
hs_task_reminders|Reminders|string|text
hs_queue_membership_ids|Queue|enumeration|checkbox|x
""",
    "notes": "hs_note_body|Note body|string|html\n",
    "meetings": """
hs_meeting_title|Meeting name|string|text
hs_meeting_body|Meeting description|string|html
hs_meeting_start_time|Start time|datetime|date
hs_meeting_end_time|End time|datetime|date
hs_meeting_location|Location|string|text
hs_meeting_outcome|Outcome|enumeration|select||outcome
hs_meeting_external_url|External URL|string|text
hs_internal_meeting_notes|Internal meeting notes|string|html
""",
    "calls": """
hs_call_title|Call Title|string|text
hs_call_body|Call notes|string|html
hs_call_duration|Call duration|number|number
hs_call_direction|Call direction|enumeration|select||call_direction
hs_call_status|Call status|enumeration|select||call_status
hs_call_disposition|Call outcome|enumeration|select||disposition
hs_call_from_number|From Number|string|text
hs_call_to_number|To Number|string|text
hs_call_recording_url|Recording URL|string|text
hs_call_source|Call source|string|text
""",
    "emails": """
hs_email_direction|Email Direction|enumeration|select||email_direction
hs_email_status|Email send status|enumeration|select||email_status
hs_email_subject|Email subject|string|text
hs_email_text|Text body|string|textarea
hs_email_html|Html body|string|html
hs_email_headers|Email headers|string|textarea
""",
}

LINES = {
    "contacts": PEOPLE + COMMON,
    "companies": FIRMS + COMMON,
    "deals": OFFERS + COMMON,
    "tickets": ASKED + COMMON,
    **{name: lines + ENGAGEMENT + COMMON for name, lines in SPECIAL.items()},
}

# A nearly empty portal has some 400 contact properties; most are kept per stage by HubSpot itself and are null.
PER_STAGE = (
    ("hs_v2_date_entered_", "Date entered", "datetime"),
    ("hs_v2_date_exited_", "Date exited", "datetime"),
    ("hs_v2_latest_time_in_", "Latest time in", "number"),
    ("hs_v2_cumulative_time_in_", "Cumulative time in", "number"),
    ("hs_date_entered_", "Date entered (legacy)", "datetime"),
    ("hs_date_exited_", "Date exited (legacy)", "datetime"),
    ("hs_time_in_", "Time in", "number"),
)
