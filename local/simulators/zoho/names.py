# ruff: noqa: SIM905  lists of words read better as text
"""Words that the made-up people, firms and deals are put together from."""

FIRST = """
Ines Rohan Marta Leon Amira Tadeo Grete Idris Nomvula Pavel Yara Cillian Beatriz Anouk Stellan Mireille Farid Lotte
Omar Signe Raúl Kirsi Chidi Elif Goran Hélène Ayşe Bram Zuzanna Dario 健太 Ñusta Örjan
""".split()
LAST = """
Ott Iyer Falk Santoro Lund Varga Achebe Demir Pichler Roy D'Angelo Strand Köhler Wójcik van_der_Berg Reis Bakker
Fontaine Ito Laine Marchetti Njoroge Popescu Sahin Thorne Vasquez Zimmermann Åkesson Łuczak Gómez-Peña 高橋
""".split()
TITLES = """\
Managing Director
Head of Procurement
Plant Manager
CFO
IT Lead
Office Manager
Founder
VP Operations
""".splitlines()
FIRM = """
Arbor Brightline Corvus Dunes Evergreen Foxglove Garnet Heron Ironwood Jasper Krill Lantern Mistral Northgate Orchard
Pinnacle Quarry Redwood Saffron Tidal Umber Vale Westwind Yarrow Zenith
""".split()
TRADE = """
Analytics Bakery Ceramics Diagnostics Electric Freight Glass Hydraulics Instruments Labs Mobility Packaging
""".split()
FORM = """
AG GmbH Ltd LLC Pvt Oy SARL BV
""".split()
CITIES = (
    ("Hamburg", "HH", "20457", "Germany"),
    ("Wien", "", "1010", "Austria"),
    ("Chennai", "Tamil Nadu", "600001", "India"),
    ("Austin", "Texas", "73301", "United States"),
    ("Malmö", "Skåne", "211 20", "Sweden"),
    ("Bilbao", "País Vasco", "48001", "Spain"),
    ("Perth", "WA", "6000", "Australia"),
)
WANTS = """\
rollout
annual licence
support contract
pilot
migration
training days
spare parts
""".splitlines()
SUBJECTS = """\
Send the quote
Call back about terms
Check references
Prepare the demo
Renewal reminder
Ask for the purchase order
""".splitlines()
