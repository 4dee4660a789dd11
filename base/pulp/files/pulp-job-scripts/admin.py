"""Sets the password of the user ``admin`` to the one in a mounted file. Run inside ``pulpcore-manager shell``.

The command ``reset-admin-password`` would want it in its arguments, which every process of the node's user can read.
"""

from pathlib import Path

from django.contrib.auth import get_user_model  # type: ignore[import-not-found]

password = Path("/etc/pulp/secrets/admin-password/password").read_text(encoding="utf-8").rstrip("\r\n")
if not password:
    raise SystemExit("the admin password is empty")
user, created = get_user_model().objects.get_or_create(
    username="admin", defaults={"is_superuser": True, "is_staff": True}
)
if created or not (user.is_superuser and user.is_staff and user.is_active and user.check_password(password)):
    user.is_superuser = user.is_staff = user.is_active = True
    user.set_password(password)
    user.save()
    print("the password of admin is set")
else:
    print("the password of admin is already this one")
