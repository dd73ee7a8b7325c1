# ruff: noqa: SIM905  lists of words read better as text
"""Words that the made-up people, firms and deals are put together from."""

FIRST = """
Lena Marek Aisha Piotr Greta Tunde Inés Ondřej Yuki Zoé Niamh Håkon Giulia Andrei Samira Anton Eleni Ander Petra
Abena Nour Diego Layla Emil Ravi Odile Marta Åsa Lindiwe Jürgen Stefan Beata Celia Omar Kaisa 健太 Æsa
""".split()
LAST = """
Ott Hakimi Adewale Becker Lefèvre Ortega Zieliński Wagner Sato O'Neill Köhler-Brandt Ivanov Rahman Page
Greco Almeida Demir Svoboda Martin Roth Dahl Nkosi Jensen Muñoz Sokolova Braun Wu Iyer de_Boer Wiśniewska
Szabó Lund Ferrari Sousa Vogel 山本 Tan Ødegård
""".split()
TITLES = """\
Chief Financial Officer
Purchasing Manager
VP Sales
Office Manager
Founder
Head of Operations
IT Director
Plant Manager
Procurement Lead
""".splitlines()
FIRM = """
Falkenau Greystone Maribel Oakhurst Lumen Pontevedra Arcady Birchwood Calder Dunmore Estrela Fjordline Gilder
Hawthorn Ilmenau Jasper Koralle Lakeside Morava Northgate Orchid Pinecrest Quarry Rialto Solano Tidewater
Ulmen Valora Westfield Yarrow
""".split()
TRADE = """
Logistics Robotics Foods Software Energy Textiles Clinics Print Machines Interiors Optics Water
""".split()
FORM = """
AG GmbH Ltd S.A. Inc. BV SpA Oy
""".split()
WANTS = """\
licences
platform renewal
pilot
warehouse roll-out
annual plan
support contract
training
""".splitlines()
SUBJECTS = """\
Call back
Send the quote
Check the contract
Prepare the demo
Ask for a reference
Follow up after the fair
Talk about renewal
""".splitlines()
REMARKS = """\
They asked for terms of ninety days
The old supplier has given notice
Legal wants to see the contract first
The budget is decided in spring
""".splitlines()
CITIES = (
    ("Hamburg", "HH", "20095", "Germany"),
    ("Malmö", "M", "211 22", "Sweden"),
    ("Cork", "CO", "T12", "Ireland"),
    ("Nantes", "PDL", "44000", "France"),
    ("Chicago", "IL", "60601", "United States"),
    ("Utrecht", "UT", "3511", "Netherlands"),
    ("Bologna", "BO", "40121", "Italy"),
    ("Brno", "JM", "602 00", "Czechia"),
)
ROLES = ("Decision Maker", "Influencer", "Economic Buyer", "Business User", "Evaluator")
