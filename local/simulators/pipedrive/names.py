# ruff: noqa: SIM905  lists of words read better as text
"""Words that the made-up people, firms and deals are put together from."""

FIRST = """
Kadri Mihkel Liis Rasmus Ieva Andris Greta Paweł Zuzanna Matej Ilona Bence Noor Sander Maud Thijs Aoife Cillian
Beatriz Tiago Nuria Álvaro Giulia Enzo Solveig Håkon Aino Eero Yara Omar Shirin Tariq Meera Arjun 陽菜 José
""".split()
LAST = """
Tamm Saar Kask Ozols Bērziņa Kazlauskas Wiśniewska Zieliński Kováč Szabó Visser de_Boer Bakker O'Sullivan Byrne
Almeida Carvalho Navarro Iglesias Conti Ferrari Solberg Haugen Korhonen Mäkinen Haddad-Reyes Rahimi Iyer 山本
van_den_Berg Nguyen Östlund
""".split()
JOBS = """\
Managing Director
Purchasing
Head of Facilities
IT Manager
Owner
Accountant
Project Lead
""".splitlines()
FIRM = """
Pärnu Ridge Lumi Northgate Amberline Kaljuste Soleil Corvus Lattice Marlow Tidewater Orbis Pinecone Quarry
Rookery Saltmarsh Trellis Upland Veranda Wharf Yonder Zenith
""".split()
TRADE = """
Catering Shipping Timber Lighting Dental Media Ceramics Paper Tools Solar Bikes Cleaning
""".split()
FORM = """
OÜ SIA UAB Sp. Oy BV GmbH Ltd SARL Lda
""".split()
WANTS = """\
office fit-out
yearly service
first order
extra seats
trial batch
second site
framework contract
""".splitlines()
SUBJECTS = """\
Send price list
Ring back after the holidays
Prepare sample box
Check credit terms
Confirm delivery window
Ask who signs
""".splitlines()
REMARKS = """\
Wants a quote before Friday.
Prefers e-mail over the phone.
Decision is with the board, next meeting in three weeks.
Compared us with two others; price matters less than lead time.
""".splitlines()
CITIES = (
    ("Tallinn", "Estonia", "10111"),
    ("Rīga", "Latvia", "LV-1010"),
    ("Kraków", "Poland", "31-001"),
    ("Utrecht", "Netherlands", "3511"),
    ("Cork", "Ireland", "T12"),
    ("Porto", "Portugal", "4000-001"),
    ("Bergen", "Norway", "5003"),
)
