# Starts a temporary MariaDB server, prints its port, and deletes it when standard input ends: when the parent process ends,
# even if that is killed.
trap '' INT TERM HUP
PATH=$PATH:/usr/sbin:/usr/bin
port=$1
home=$(mktemp -d /tmp/courant-mariadb-XXXXXX) && cd "$home" || exit 1
clean_up() { cd / && rm -rf "$home"; }
give_up() { cat "$home/log" >&2; clean_up; exit 1; }
user=
if [ "$(id -u)" = 0 ]; then
    for name in mysql nobody; do id "$name" >/dev/null 2>&1 && break; done
    user=--user=$name
    chown "$name" "$home"
fi
mariadb-install-db --no-defaults $user --datadir="$home/data" --auth-root-authentication-method=normal --skip-test-db \
    </dev/null >"$home/log" 2>&1 || give_up
mariadbd --no-defaults $user --datadir="$home/data" --socket="$home/socket" --pid-file="$home/pid" --bind-address=127.0.0.1 \
    --port="$port" --skip-name-resolve --skip-log-bin --character-set-server=utf8mb4 --innodb-buffer-pool-size=32M \
    --innodb-flush-log-at-trx-commit=0 --performance-schema=off </dev/null >"$home/log" 2>&1 &
server=$!
ask() { mariadb --no-defaults --user=root --socket="$home/socket" "$@" </dev/null >>"$home/log" 2>&1; }
tries=0
until ask --execute='SELECT 1'; do
    tries=$((tries + 1))
    kill -0 "$server" 2>/dev/null && [ "$tries" -lt 300 ] || { kill -9 "$server" 2>/dev/null; give_up; }
    sleep 0.1
done
ask --execute="CREATE USER courant@'127.0.0.1' IDENTIFIED BY 'sesame'; GRANT ALL ON *.* TO courant@'127.0.0.1' WITH GRANT OPTION" || give_up
# The only zone that the server knows by its name.
mariadb-tzinfo-to-sql /usr/share/zoneinfo/Europe/Berlin Europe/Berlin 2>>"$home/log" | mariadb --no-defaults --user=root --socket="$home/socket" mysql \
    >>"$home/log" 2>&1 || give_up
echo "$port"
cat >/dev/null
kill -9 "$server"
wait "$server" 2>/dev/null
clean_up
