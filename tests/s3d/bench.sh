#!/bin/bash
# How fast s3d is: small GETs a second, and the CPU time each costs the server, unsigned and signed,
# plain and over TLS. One server thread, one thread of wrk. Usage: tests/s3d/bench.sh [SECONDS]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
s3d=${S3D:-$here/../../build/bin/s3d}
seconds=${1:-5}
tmp=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$tmp"' EXIT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$tmp/key" -out "$tmp/cert" 2>"$tmp/log"

cpu_ticks() {
	awk '{ print $14 + $15 }' "/proc/$server/stat"
}

start() {
	rm -f "$tmp/ready"
	"$s3d" --port 0 --ready-file "$tmp/ready" --make gen/csvs/:10000000 "$@" &
	server=$!
	while [ ! -s "$tmp/ready" ]; do sleep 0.02; done
	address=$(<"$tmp/ready")
}

stop() {
	kill "$server"
	wait "$server" || true
	server=
}

# measure NAME WRK-ARGUMENT...
measure() {
	local name=$1 before after
	shift
	before=$(cpu_ticks)
	wrk --threads 1 --connections 64 --duration "${seconds}s" "$@" >"$tmp/wrk"
	after=$(cpu_ticks)
	awk -v name="$name" -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" '
		/requests in/ { n = $1 }
		/Requests\/sec/ { rate = $2 }
		/Non-2xx/ { bad = $NF }
		END { printf "%-24s %8.0f requests/s %6.1f us CPU each%s\n", name, rate, ticks * 1e6 / hz / n,
			bad ? "  FAILED: " bad : "" }' "$tmp/wrk"
}

start --anonymous
measure "unsigned" "http://$address/gen/csvs/00001234.csv"
python3 "$here/bench-sign.py" "$address" 20000 >"$tmp/requests"
S3D_REQUESTS=$tmp/requests measure "signed" --script "$here/bench.lua" "http://$address"
measure "list, 1000 keys a page" "http://$address/gen?list-type=2&start-after=csvs/05000000"
stop
start --anonymous --tls-cert "$tmp/cert" --tls-key "$tmp/key"
measure "unsigned, TLS" "https://$address/gen/csvs/00001234.csv"
python3 "$here/bench-sign.py" "$address" 20000 >"$tmp/requests"
S3D_REQUESTS=$tmp/requests measure "signed, TLS" --script "$here/bench.lua" "https://$address"
stop
