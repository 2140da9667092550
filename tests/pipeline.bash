# What the suites of the pipeline share; loaded after helpers. Most tests merge $SRC to $DEST in $WORK.
# shellcheck shell=bash disable=SC2034

setup() {
	fresh_environment
	use_server
	use_prefixes
}

teardown() {
	wait_for_jobs
	stop_s3d
}

use_prefixes() {
	export SRC=s3://$BUCKET/csvs/ DEST=s3://$BUCKET/out/ WORK=$TMP/work
}

# Batches of a killed run live on; they must end before their server does.
wait_for_jobs() {
	local lock
	for lock in "$TMP"/work*/lock/*; do
		[[ ! -e $lock ]] || flock "$lock" true
	done
}

# pipeline STATUS TARGET [SETTING...]
pipeline() {
	local want=$1
	shift
	run_tool "$want" make -s -f "$ROOT/pipeline.mk" "$@"
}

# start_run [SETTING...]: runs make merge in the background, in a session of its own: $RUN is its process group.
start_run() {
	setsid make -s -f "$ROOT/pipeline.mk" merge "$@" < /dev/null > "$TMP/run.out" 2> "$TMP/run.err" 3>&- &
	RUN=$!
}

# The same as at a terminal: no signal is ignored, as bash would arrange for a command started with &.
start_run_at_terminal() {
	/usr/bin/python3 -c '
import os, signal, sys
for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
    signal.signal(s, signal.SIG_DFL)
os.setsid()
os.execvp(sys.argv[1], sys.argv[1:])' make -s -f "$ROOT/pipeline.mk" merge "$@" \
		< /dev/null > "$TMP/run.out" 2> "$TMP/run.err" 3>&- &
	RUN=$!
}

# Waits for a run whose make was killed: it lives on and holds the work folder.
run_is_over() {
	[[ ! -e $WORK/.lock ]] || flock "$WORK/.lock" true
}

# ends_session SESSION: all its processes end within 5 seconds.
ends_session() {
	local i
	for ((i = 0; i < 100; i++)); do
		pgrep -s "$1" > "$TMP/left" || return 0
		sleep 0.05
	done
	fail "=> processes are left: $(pgrep -s "$1" -a)"
}

# wait_for_receipts N: until at least N batches are done.
wait_for_receipts() {
	local i
	for ((i = 0; i < 600; i++)); do
		(($(receipts | wc -l) < $1)) || return 0
		sleep 0.02
	done
	fail "=> no $1 batches are done after 12 seconds"
}

# The names of the batches that are done.
receipts() {
	find "$WORK/put" -name '*.json' 2> /dev/null | sed 's/.*\///; s/\.json//' | sort
}

# serve [OPTION...]: starts an s3d that counts requests by key; options such as --make fill $BUCKET.
serve() {
	BUCKET=sheaf
	start_s3d --count-keys --bucket "$BUCKET" "$@"
	use_s3d
	use_prefixes
}

# requests [KIND [KEY-PART]]: prints how many requests the server got, by its own count.
requests() {
	curl -s "$S3D_URL/_s3d/stats?keys" | /usr/bin/python3 -c '
import json, sys
kind, part = (sys.argv[1:] + ["", ""])[:2]
stats = json.load(sys.stdin)
if part:
    print(sum(n for k, n in stats["keys"].items() if k.startswith(kind + " ") and part in k))
else:
    print(stats["kinds"].get(kind, 0) if kind else stats["requests"])' "$@"
}

# rows PREFIX: prints the rows of all CSV objects under it, in the order of their keys, without headers, as Python's csv module reads
# them: one JSON list a row.
rows() {
	s3 dump "$BUCKET" "$1" | /usr/bin/python3 -c '
import csv, io, json, sys
for line in sys.stdin:
    for key, body in json.loads(line).items():
        if "_sheaf/" not in key:
            for row in list(csv.reader(io.StringIO(body, newline="")))[1:]:
                print(json.dumps(row))'
}

# bodies PREFIX: prints key (without PREFIX) and body of each merged object.
bodies() {
	s3 dump "$BUCKET" "$1" | grep -v _sheaf/ | sed "s|^{\"$1|{\"|"
}

# merged_right [PREFIX]: the rows under out/ are those under PREFIX, csvs/, in their order.
merged_right() {
	rows "${1-csvs/}" > "$TMP/wanted"
	rows out/ > "$TMP/found"
	[[ -s $TMP/wanted ]] || fail "=> there are no rows"
	same "$TMP/wanted" "$TMP/found"
}

# instead_of PROGRAM TEXT: in place of a program of ours this script runs with BUILD=$TMP/build; $REAL is the program.
instead_of() {
	mkdir -p "$TMP/build/bin"
	ln -sf "$BIN"/* "$TMP/build/bin"
	rm "$TMP/build/bin/$1"
	printf '#!/bin/bash\nREAL=%q\n%s\n' "$BIN/$1" "$2" > "$TMP/build/bin/$1"
	chmod +x "$TMP/build/bin/$1"
}

# status_is STATE: WORK/status says so.
status_is() {
	grep -qx "state=$1" "$WORK/status" || {
		cat "$WORK/status"
		fail "=> the state is not $1"
	}
}

# told TEXT...: a line of standard error holds each TEXT.
told() {
	local text
	for text in "$@"; do
		grep -qF -- "$text" "$TMP/err" || fail "=> standard error lacks: $text" || return
	done
}

# nothing_stored: DEST is empty.
nothing_stored() {
	[[ -z $(list_keys out/) ]] || fail "=> there is something at DEST: $(list_keys out/)"
}
