#!/bin/sh
# Starts a PostgreSQL server that lives as long as a scenario or a test; makes its files first where PGDATA has none.
# It does not wait for the disk: nothing is in it that anybody would miss.
# Variables: PGDATA, PASSWORD_FILE (the password of the user `slipway`), PGPORT (default 5432), LISTEN (default all
# addresses). Needs initdb and postgres on the PATH, and any user but root.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --username=slipway --auth=scram-sha-256 --pwfile="$PASSWORD_FILE" --encoding=UTF8 --no-locale --no-sync
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
fi
exec postgres \
  -c listen_addresses="${LISTEN:-*}" \
  -c unix_socket_directories= \
  -c max_connections=50 \
  -c shared_buffers=16MB \
  -c fsync=off
