# Starts a temporary PostgreSQL server and prints its directory. Stops the server and deletes the directory when standard input
# ends, that is when the parent process ends, even if it is killed before it has read the directory.
trap '' INT TERM HUP PIPE
bin=$(dirname "$(command -v initdb || ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null | tail -n 1)")
home=$(mktemp -d /tmp/courant-tests-XXXXXX) && cd "$home" || exit 1
clean_up() { rm -rf "$home"; }
if ! "$bin/initdb" -D "$home/data" -U courant -A trust -E UTF8 --locale=C --no-sync >"$home/log" 2>&1; then
    cat "$home/log" >&2; clean_up; exit 1
fi
settings="-c listen_addresses= -c unix_socket_directories=$home -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
settings="$settings -c max_connections=200 -c shared_buffers=32MB -c autovacuum=off"
if ! "$bin/pg_ctl" -D "$home/data" -l "$home/log" -o "$settings" -w start >/dev/null 2>&1; then
    cat "$home/log" >&2; clean_up; exit 1
fi
echo "$home"
cat >/dev/null
"$bin/pg_ctl" -D "$home/data" -m immediate stop >/dev/null 2>&1
clean_up
