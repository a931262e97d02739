"""How the pages for people are made: templates, the session of a browser, and static files."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Annotated, Any

from fastapi import Depends, Form, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from tonecheck import __version__
from tonecheck.labels import TONES, Tone
from tonecheck.service.auth import admit
from tonecheck.service.context import Service, service_of
from tonecheck.service.records import Caller, Scope
from tonecheck.service.refusals import Refusal
from tonecheck.service.sessions import COOKIE, HOURS, Session, Sessions

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_STATIC = {"review.css": "text/css", "review.js": "text/javascript", "icon.svg": "image/svg+xml"}
_TITLES = {401: "Sign in", 403: "Not allowed", 404: "Not here", 429: "A moment, please"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request of somebody who is signed in.

    Attributes:
        token: The session's token, to be set as a cookie where the browser has none yet.
    """

    request: Request
    service: Service
    caller: Caller
    session: Session
    token: str = ""

    def page(self, template: str, **values: Any) -> Response:  # noqa: ANN401  for the template
        """Return a page."""
        response = render(template, csrf=self.session.csrf, caller=self.caller, **values)
        if self.token:
            set_cookie(self.request, response, self.token)
        return response


def signed_in(request: Request) -> Visit:
    """Return the visit of a browser that is signed in.

    Where the service asks for no key, a browser is signed in by coming here.

    Raises:
        Refusal: 401 without a session or with a key that opens nothing any more, 403 without the
            scope, 429 above the key's rate.
    """
    sessions: Sessions = request.app.state.sessions
    session = sessions.find(request.cookies.get(COOKIE, ""))
    service, token = service_of(request), ""
    caller = admit(request, session.key if session else "", Scope.REVIEW)
    if session is None:
        token, session = sessions.begin("")
    return Visit(request=request, service=service, caller=caller, session=session, token=token)


def from_our_page(
    visit: Annotated[Visit, Depends(signed_in)], csrf: Annotated[str, Form()] = ""
) -> Visit:
    """Return the visit, if the form that was sent stood on a page of this session.

    Raises:
        Refusal: 403 if it did not.
    """
    if not visit.session.allows(csrf):
        raise Refusal(
            403,
            "page_too_old",
            "This page is from before you signed in. Go back, reload it and try again; "
            "nothing was changed.",
        )
    return visit


VisitDep = Annotated[Visit, Depends(signed_in)]
FormDep = Annotated[Visit, Depends(from_our_page)]


def same_origin(request: Request) -> None:
    """Refuse a form that another site sends; for forms that come before there is a session.

    Raises:
        Refusal: 403 if the browser says that another site sent it.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise Refusal(403, "other_site", "This form came from another site. Open the page itself.")


def set_cookie(request: Request, response: Response, token: str) -> None:
    """Give the browser its session."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=HOURS * 3600,
        path="/review",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def render(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:  # noqa: ANN401
    """Return a page made from a template; every value is escaped."""
    values = {"caller": None, "csrf": "", "place": template.partition(".")[0], **values}
    text = _environment().get_template(template).render(values)
    return HTMLResponse(text, status, headers=HEADERS)


def refuse(refusal: Refusal) -> Response:
    """Return a refusal as a page: a sign-in where that helps."""
    if refusal.status == 401:
        return render("signin.html.j2", status=401, problem="")
    title = _TITLES.get(refusal.status, "This did not work")
    return render("refused.html.j2", status=refusal.status, title=title, message=refusal.message)


def static_file(name: str) -> Response:
    """Return a style sheet or a script of the pages.

    Raises:
        Refusal: 404 for any other name.
    """
    if name not in _STATIC:
        raise Refusal(404, "not_found", "There is no such file.")
    text = resources.files("tonecheck.service").joinpath("static", name).read_bytes()
    headers = {"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"}
    return Response(text, media_type=_STATIC[name], headers=headers)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tonecheck.service"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(TONES=TONES, Tone=Tone, version=__version__)
    return environment
