#!/bin/sh
# Makes the server beside it read its certificate, key and CA bundle again when the mounted files have changed, so that
# a renewal restarts nothing: new connections get the new ones, open ones go on. Usage: reload.sh postgres|redis FILE...
# kubelet swaps all files of a volume at once; whatever a server read in between is read again on the next round.
set -u
server=$1
shift
trap 'exit 0' TERM INT

reload() {
  case $server in
    postgres) psql -X -q -A -t -h /var/run/postgresql -U postgres -d postgres -c 'SELECT pg_reload_conf()' > /dev/null ;;
    redis)
      # Setting one of the three to what it is loads all of them.
      answer=$(printf 'AUTH reload %s\nCONFIG SET tls-cert-file %s\n' "$(cat /run/redis/reload)" "$1" | redis-cli -s /run/redis/redis.sock)
      [ "$(printf '%s\n' "$answer" | grep -cx OK)" = 2 ] || { printf '%s\n' "$answer" >&2; return 1; }
      ;;
  esac
}

seen=
while true; do
  now=$(cat "$@" | sha256sum)
  # Once at the start, too: the files may have changed since the server read them.
  if [ "$now" != "$seen" ] && reload "$@"; then
    seen=$now
    echo "the server was told to read its certificates"
  fi
  sleep 10 &
  wait $!
done
