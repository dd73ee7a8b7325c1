"""The page on which a person lets the app in, as every service has one: what it looks like, and the way back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from string import Template
from urllib.parse import urlencode, urlsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response

PAGE = Template("""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>$title - $service simulator</title>
<style>
:root{color-scheme:light dark;--line:light-dark(#d5d9df,#454a52);--on-accent:light-dark(#fff,#15181c);
--accent:light-dark($colour,color-mix(in srgb,$colour 45%,#fff))}
body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto 2rem;padding:0 1rem;overflow-wrap:anywhere}
h1{font-size:1.4rem;line-height:1.25;margin:0 0 .5rem}
p{margin:0 0 1rem}
fieldset{border:1px solid var(--line);border-radius:6px;margin:0 0 1rem;padding:.5rem 1rem .75rem}
legend{padding:0 .4rem;opacity:.8}
label{display:flex;align-items:baseline;gap:.5rem;padding:.35rem 0}
input{accent-color:var(--accent);margin:0}
ul{margin:.25rem 0;padding-left:1.2rem}
button{font:inherit;padding:.55rem 1.2rem;margin:0 .5rem .5rem 0;border-radius:6px;border:1px solid var(--accent);
background:none;color:var(--accent)}
button[value=grant]{background:var(--accent);color:var(--on-accent)}
</style></head><body>
<h1>$heading</h1>
$body
</body></html>
""")
FORM = Template("""<p>This is the local simulator: nothing real is touched.</p>
<form method="post" action="$action">$hidden
<fieldset><legend>$choose</legend>$places</fieldset>
<fieldset><legend>$asks</legend><ul>$scopes</ul></fieldset>
<button name="decision" value="grant">$yes</button><button name="decision" value="deny">$no</button>
</form>""")


class Unusable(ValueError):
    """The page shows an error instead of sending the person back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentPage:
    """In a service's own words. `place` is what a choice of account is called in the form; `carried` are the parameters
    that pressing a button sends along."""

    service: str
    colour: str
    title: str
    heading: str
    choose: str
    asks: str
    buttons: tuple[str, str]
    place: str
    carried: tuple[str, ...]
    failed: str

    def show(
        self, action: str, wish: Mapping[str, str], places: Mapping[str, str], chosen: str, scopes: Iterable[str]
    ) -> Response:
        """`places`: what may be chosen, with its name; `chosen` is, to begin with."""
        yes, no = self.buttons
        form = FORM.substitute(
            action=escape(action),
            hidden="".join(_hidden(name, wish[name]) for name in self.carried if name in wish),
            choose=escape(self.choose),
            places="".join(self._choice(id, name, is_chosen=id == chosen) for id, name in places.items()),
            asks=escape(self.asks),
            scopes="".join(f"<li>{escape(each)}</li>" for each in scopes),
            yes=escape(yes),
            no=escape(no),
        )
        return HTMLResponse(self._page(self.title, self.heading, form))

    def refuse(self, reason: str) -> Response:
        return HTMLResponse(self._page(self.failed, self.failed, f"<p>{escape(reason)}</p>"), 400)

    def _choice(self, id: str, name: str, *, is_chosen: bool) -> str:
        checked = " checked" if is_chosen else ""
        return f'<label><input type="radio" name="{self.place}" value="{escape(id)}"{checked}>{escape(name)}</label>'

    def _page(self, title: str, heading: str, body: str) -> str:
        return PAGE.substitute(
            title=escape(title), service=self.service, colour=self.colour, heading=escape(heading), body=body
        )


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def send_back(wish: Mapping[str, str], answer: Mapping[str, str]) -> Response:
    """To the app, with the state it gave."""
    parameters = {**answer, **({"state": wish["state"]} if "state" in wish else {})}
    joint = "&" if urlsplit(wish["redirect_uri"]).query else "?"
    return RedirectResponse(f"{wish['redirect_uri']}{joint}{urlencode(parameters)}", 302)
