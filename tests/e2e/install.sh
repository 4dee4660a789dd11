#!/bin/sh
# Installs what `make e2e` needs: Debian's servers and tools, and the Pulp and the S3 server of pulp.lock and s3.lock in
# .cache/e2e. Needs root.
# Run again when all is there, it does nothing and takes well under a second.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=$here/../../.cache/e2e
packages="postgresql redis-server nginx-light nftables iproute2 util-linux createrepo-c rpm curl gnupg gpgv openssl python3-venv strace age"

[ "$(id -u)" = 0 ] || { echo "install.sh: run as root (apt-get and the pod runner's namespaces need it)" >&2; exit 3; }
missing=
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing="$missing $package"
done
if [ -n "$missing" ]; then
    # The servers are programs for the pod runner: none may start on the machine itself.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod 755 $policy
        trap 'rm -f $policy' EXIT
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update
    # shellcheck disable=SC2086  # a list of words
    apt-get -qq install -y --no-install-recommends $missing >/dev/null
fi

mkdir -p "$cache"
cache=$(cd "$cache" && pwd -P) # the path goes into the scripts of the environments, and pods see no other
for name in pulp s3; do
    venv=$cache/$name-$(sha256sum <"$here/$name.lock" | cut -c1-12)
    if [ ! -e "$venv/.done" ]; then
        rm -rf "$venv"
        # The system's interpreter: one in a home folder that only root may enter would be of no use to uid 700.
        /usr/bin/python3 -m venv "$venv"
        # One package (drf-access-policy) has only a source distribution, so its build tools come from the index.
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$here/$name.lock"
        touch "$venv/.done"
    fi
    ln -sfn "$(basename "$venv")" "$cache/$name"
done
