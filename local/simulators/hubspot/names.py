# ruff: noqa: SIM905  lists of words read better as text
"""Words that the made-up people, firms and deals are put together from."""

FIRST = """
Mara Jonas Aylin Pedro Ingrid Kofi Lucía Tomasz Hana Émile Saoirse Björn Chiara Dmitri Fatima Gustav Helena
Iker Jana Kwame Leïla Mateo Nadia Oskar Priya Quentin Rosa Søren Thandi Ulrike Viktor Wanda Ximena Yusuf Zofia
美咲 Łukasz Ōta
""".split()
LAST = """
Lindqvist Haddad Okafor Brandt Moreau Castellanos Nowak Fischer Tanaka O'Brien Müller-Lüdenscheidt Petrov Ali
Vance Romano Silva Öztürk Novák Dubois Keller Berg Mbeki Sørensen García Ivanova Schmidt Chen Patel de_Vries
Kowalska Horváth Larsen Rossi Costa Weber 田中 Ng Jørgensen
""".split()
TITLES = """\
CTO
Head of Purchasing
Sales Director
Office Manager
Founder
Operations Lead
Head of IT
Plant Manager
CFO
Buyer
""".splitlines()
FIRM = """
Nordlicht Bluefjord Castellan Tessera Ambar Quillon Verdant Halcyon Ostara Brightwater Kestrel Meridian Polder
Sable Tamarind Umbra Vantage Willow Zephyr Alder Basalt Cobalt Drift Ember Fathom Grove Harbor Indigo Juniper
Kelp
""".split()
TRADE = """
Logistics Robotics Foods Software Energy Textiles Clinics Print Machines Interiors Optics Water
""".split()
FORM = """
GmbH AB Ltd S.A. Inc. BV SpA Oy
""".split()
WANTS = """\
starter package
team licences
support renewal
pilot project
warehouse roll-out
annual plan
training days
""".splitlines()
INDUSTRIES = """
ACCOUNTING AUTOMOTIVE BANKING COMPUTER_SOFTWARE CONSTRUCTION EDUCATION_MANAGEMENT FOOD_BEVERAGES MACHINERY
RETAIL HOSPITAL_HEALTH_CARE INFORMATION_TECHNOLOGY_AND_SERVICES LOGISTICS_AND_SUPPLY_CHAIN UTILITIES
""".split()
SUBJECTS = """\
Send the revised quote
Call back about delivery
Check contract terms
Prepare the demo
Ask for a reference
Follow up after the fair
Renewal talk
""".splitlines()
PROBLEMS = """\
Cannot log in
Invoice shows the wrong address
Export stops half-way
Wants a second user
Delivery is late
""".splitlines()
CITIES = (
    ("Berlin", "Germany"),
    ("Göteborg", "Sweden"),
    ("Dublin", "Ireland"),
    ("Lyon", "France"),
    ("Boston", "United States"),
    ("Rotterdam", "Netherlands"),
    ("Torino", "Italy"),
    ("Tampere", "Finland"),
    ("Kraków", "Poland"),
    ("Porto", "Portugal"),
)
