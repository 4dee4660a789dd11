"""Rules for logins from elsewhere: users that can be found, an image that can ask, an API that can be reached."""

from __future__ import annotations

from compiler.spec.models import Spec
from compiler.spec.models.authentication import Ldap
from compiler.spec.node import Path
from compiler.spec.wrong import Wrong

_FIELDS = ("email", "first_name", "last_name")
_USER = "%(user)s"
_PERCENT_HINT = r"write %% for a percent sign, or its code \25"


def check_authentication(spec: Spec, wrong: Wrong) -> None:
    """``authentication``."""
    if spec.authentication.ldap is not None:
        _ldap(spec, spec.authentication.ldap, wrong)
    sso = spec.authentication.sso
    if sso is None:
        return
    place: Path = ("authentication", "sso")
    if not sso.keycloak and not sso.oidc:
        wrong.add("one of sso.keycloak, sso.oidc is required", place)
    if spec.images.pulp.name is None:
        wrong.add(
            "the published image of Pulp has no social-auth-app-django, so nobody could log in this way",
            place,
            hint="build an image with it, and name it in images.pulp.name",
        )
    if spec.exposure is not None and not spec.exposure.api:
        wrong.add("nobody can log in here: the REST API is not reachable from outside", place, hint="see exposure.api")


def _ldap(spec: Spec, ldap: Ldap, wrong: Wrong) -> None:
    place: Path = ("authentication", "ldap")
    users = ldap.users
    if (users.base is None) == (users.dn_template is None):
        wrong.add(
            "users are found by one of base (a search) and dn_template",
            (*place, "users", "dn_template"),
            (*place, "users"),
        )
    if _USER not in users.filter.replace("%%", ""):
        wrong.add(f"the filter finds everybody: {_USER} must be in it", (*place, "users", "filter"))
    if users.dn_template is not None and _USER not in users.dn_template.replace("%%", ""):
        wrong.add(f"every user would have this DN: {_USER} must be in it", (*place, "users", "dn_template"))
    _template(users.filter, (*place, "users", "filter"), wrong)
    if users.dn_template is not None:
        _template(users.dn_template, (*place, "users", "dn_template"), wrong)
    if ldap.groups is not None and "%" in ldap.groups.filter.replace("%%", ""):
        wrong.add("a percent sign that stands for nothing", (*place, "groups", "filter"), hint=_PERCENT_HINT)
    for field in users.attributes:
        if field not in _FIELDS:
            wrong.add(
                "a user of Pulp has no such field",
                (*place, "users", "attributes", field),
                hint=f"fields are {', '.join(_FIELDS)}",
            )
    existing = spec.secrets.existing.get("ldap")
    if existing is None:
        return
    if ldap.bind_dn is None and not existing.keys:
        wrong.add(
            "nothing of this Secret is read: there is no bind_dn, and no key for the CA",
            ("secrets", "existing", "ldap"),
            hint="for example `keys: {ca.crt: ca.pem}`",
        )
    if "ca.crt" in existing.keys and ldap.ca is not None:
        wrong.add("authentication.ldap.ca says the CA already", ("secrets", "existing", "ldap", "keys", "ca.crt"))


def _template(text: str, place: Path, wrong: Wrong) -> None:
    """django-auth-ldap formats the text with ``%`` at each login, which fails with anything else after a percent sign
    (``LDAPSearch.execute``, ``_LDAPUser._construct_simple_user_dn``)."""
    rest = text.replace("%%", "").replace(_USER, "")
    if "%" not in rest:
        return
    hint = f"{_USER}, with the s" if "%(user)" in rest else f"only {_USER} stands for something; {_PERCENT_HINT}"
    wrong.add("every login would fail: a percent sign that stands for nothing", place, hint=hint)
