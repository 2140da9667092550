#!/usr/bin/env bats
# The pipeline when things are killed, slow or broken at the worst moments, on the server that can be told to behave so.
# servers: s3d
# time limit: 900
load helpers
load pipeline

setup() {
	fresh_environment
}

# fault RULE...: replaces the server's fault script.
fault() {
	printf '%s\n' "$@" | curl -sf --data-binary @- "$S3D_URL/_s3d/faults" > "$TMP/faults"
}

# The plan is what one listing gives, whole and in order, and every batch but the last is full.
plan_right() { # OBJECTS BATCH
	s3ls --long "$SRC" > "$TMP/listed"
	cat "$WORK"/keys/*.tsv > "$TMP/planned"
	same "$TMP/listed" "$TMP/planned"
	[[ $(wc -l < "$TMP/listed") == "$1" ]]
	grep -qx "objects=$1" "$WORK/keys/complete"
	grep -qx "batches=$((($1 + $2 - 1) / $2))" "$WORK/keys/complete"
	[[ $(wc -l "$WORK"/keys/*.tsv | grep -vc " *$2 ") -le 2 ]] || fail "=> more than one batch is not full"
}

@test "merging begins while the listing goes on" {
	serve --make sheaf/csvs/:5000
	fault 'csvs/ list 3-6 stall 10000'
	start_run BATCH=500
	wait_for_receipts 1
	[[ ! -e $WORK/keys/complete ]]
	wait "$RUN"
	plan_right 5000 500
	pipeline 0 verify DEEP=1
}

@test "the listing is killed at every page, with all that runs: no hole, no double, no half batch" {
	serve --make sheaf/csvs/:9500 --list-latency 150
	local page
	for page in 1 2 3 4 5 6 7 8; do
		start_run BATCH=700 JOBS=2
		while [[ -z $(find "$WORK/keys" -name "$(printf %05d $((page * 1000 / 700 - 1))).tsv" 2> /dev/null) ]]; do
			sleep 0.01
		done
		kill -KILL -"$RUN"
		wait "$RUN" || true
		[[ ! -e $WORK/keys/complete ]]
		! wc -l "$WORK"/keys/*.tsv | grep -v total | grep -v '^ *700 ' || fail "=> a half batch"
	done
	pipeline 0 merge BATCH=700 JOBS=4
	plan_right 9500 700
	pipeline 0 verify DEEP=1
	# what was under way at a kill is asked again: a few pages each time
	(($(requests list) <= 10 + 5 * 8)) || fail "=> $(requests list) pages were listed for 10"
}

@test "SIGTERM to the make of a batch ends its upload too" {
	serve --make sheaf/csvs/:100 --put-latency 5000
	start_run BATCH=100
	wait_until -e "$WORK/merged/00000.csv"
	until pgrep -s "$RUN" -x s3put > "$TMP/uploads"; do
		sleep 0.05
	done
	pkill -TERM -s "$RUN" -x make --newest
	wait "$RUN" && fail "=> the run succeeded"
	! pgrep -s "$RUN" -x s3put || fail "=> s3put goes on"
	[[ ! -e $WORK/put/00000.json ]]
	grep -q 'interrupted' "$WORK/failed/00000"
}

@test "only s3ls is killed, only the script that cuts: an error, and the same command goes on" {
	serve --make sheaf/csvs/:4000 --list-latency 1500
	local who
	for who in s3ls listing awk; do
		start_run BATCH=300 JOBS=2 WORK="$TMP/work-$who" DEST="s3://sheaf/out-$who/"
		WORK=$TMP/work-$who wait_for_receipts 1
		pkill -KILL -s "$RUN" -x "$who"
		wait "$RUN" && fail "=> killing $who was not noticed"
		grep -q "sheaf: the listing failed" "$TMP/run.err"
		[[ ! -e $TMP/work-$who/keys/complete ]]
		export WORK=$TMP/work-$who DEST=s3://sheaf/out-$who/
		pipeline 0 merge BATCH=300
		plan_right 4000 300
		pipeline 0 verify DEEP=1
	done
}

@test "the run's own script is killed: what it started goes on, and the same command beside it does nothing twice" {
	serve --make sheaf/csvs/:4000 --list-latency 2500 --latency 5
	start_run BATCH=200 JOBS=2 CONNECTIONS=2
	wait_for_receipts 2
	[[ ! -e $WORK/keys/complete ]]
	pkill -KILL -s "$RUN" -x merge
	wait "$RUN" || true
	pipeline 0 merge BATCH=200 JOBS=2 CONNECTIONS=2
	plan_right 4000 200
	pipeline 0 verify DEEP=1
	# DEEP reads out/ only
	[[ $(requests get csvs/) == 4000 ]] || fail "=> $(requests get csvs/) objects were read for 4000"
}

# typed FILE TARGET [SETTING...]: as a user types it, in the background: $TYPED is the make that was typed, FILE has its messages.
typed() {
	setsid make -s -f "$ROOT/sheaf.mk" -j2 "${@:2}" < /dev/null > typed.out 2> "$1" 3>&- {batch}>&- &
	TYPED=$!
}

@test "a make is killed, and what it started goes on: the same command waits for its end, plan and refresh as well" {
	serve --make sheaf/csvs/:1000
	local batch who target make n=0
	for who in typed inner; do
		for target in merge plan refresh; do
			export WORK="$TMP/work$((++n))" DEST=s3://sheaf/out$n/ BATCH=100
			pipeline 0 plan
			exec {batch}> "$WORK/lock/00007"
			flock "$batch" # the run cannot end while somebody else holds a batch
			typed first merge
			wait_for_receipts 5
			make=$TYPED
			run_tool 2 make -s -f "$ROOT/sheaf.mk" merge {batch}>&-
			told "another run is under way here"
			case $who in
			typed) kill -KILL "$make" ;;
			inner) pkill -KILL -P "$make" -x make ;;
			esac
			wait "$make" && fail "=> it ended with 0"
			rm -f second
			typed second $target PROGRESS=0
			wait_until -s second
			kill -0 "$TYPED"
			exec {batch}>&-
			wait "$TYPED" || fail "=> $target: $(< second)"
			[[ $(< second) == "sheaf: $WORK: a run whose make was killed is still under way here; this one waits for its end, "* ]]
			[[ $(wc -l < second) == 1 && $(receipts | wc -l) == 10 ]]
			pipeline 0 verify
		done
	done
	[[ $(requests get csvs/) == 6000 ]] || fail "=> $(requests get csvs/) objects were read for 6000"
}

@test "who holds the lock is believed only of this machine: else the run is refused as before" {
	serve --make sheaf/csvs/:10
	local space line held
	mkdir "$WORK"
	space="$(< /proc/sys/kernel/random/boot_id) $(readlink /proc/self/ns/pid)"
	while IFS= read -r line; do
		printf '%s\n' "$line" > "$WORK/.lock"
		exec {held}>> "$WORK/.lock"
		flock "$held"
		pipeline 2 merge {held}>&-
		told "another run is under way here"
		exec {held}>&-
		[[ ! -e ran ]]
	done <<- END

		$space
		$space 999999999:x
		$space 1:x[\$(touch\ ran)]
		$space ../self:1
		$space 0:0
		x ${space#* } 999999999:1
		${space% *} pid:[1] 999999999:1
	END
	pipeline 0 merge
}

@test "a worker is killed, or parallel, which runs them: the run ends, and the same command makes the rest" {
	serve --make sheaf/csvs/:3000 --latency 5
	start_run BATCH=50 JOBS=1 CONNECTIONS=2
	wait_for_receipts 3
	pkill -KILL -s "$RUN" -f "worker 00000"
	wait "$RUN" || true
	(($(find "$WORK/put" -name '*.json' | wc -l) >= 59)) || fail "=> nobody took the worker's place"
	pipeline 0 merge BATCH=50 JOBS=1 CONNECTIONS=2
	plan_right 3000 50
	pipeline 0 verify DEEP=1
	export WORK=$TMP/work-2 DEST=s3://sheaf/out-2/
	start_run BATCH=50 JOBS=3 CONNECTIONS=2
	wait_for_receipts 3
	pkill -KILL -s "$RUN" -x parallel
	wait "$RUN" && fail "=> nobody noticed that parallel is gone"
	grep -q "sheaf: parallel ended with status 137" "$TMP/run.err"
	wait_for_jobs
	(($(find "$WORK/put" -name '*.json' | wc -l) < 60)) || fail "=> the workers went on without parallel"
	pipeline 0 merge BATCH=50 JOBS=3 CONNECTIONS=2
	plan_right 3000 50
	pipeline 0 verify DEEP=1
}

@test "after a kill -9 what was done is not fetched again" {
	serve --make sheaf/csvs/:4000 --latency 3
	start_run BATCH=100 JOBS=4 CONNECTIONS=2
	wait_for_receipts 10
	kill -KILL -"$RUN"
	wait "$RUN" || true
	pipeline 0 merge BATCH=100 JOBS=4 CONNECTIONS=2
	pipeline 0 verify DEEP=1
	(($(requests get csvs/) <= 4000 + 4 * 100)) || fail "=> $(requests get csvs/) objects were read for 4000"
	[[ $(requests put merged-) -le 44 ]]
}

@test "a finished run makes no request" {
	serve --make sheaf/csvs/:3000
	pipeline 0 merge BATCH=10
	local before after
	before=$(requests)
	pipeline 0 merge BATCH=10
	after=$(requests)
	[[ $before == "$after" ]] || fail "=> $((after - before)) requests"
}

@test "too many were left out: the same command with a larger REJECTS_MAX reads no object again" {
	serve --make sheaf/csvs/:400
	fault 'csvs/0000012*.csv get all status 404 NoSuchKey'
	export REJECTS=1 ONE=1 BATCH=100
	pipeline 2 merge
	told "10 of 400 objects were left out, and REJECTS_MAX=1% allows 4"
	local got listed
	got=$(requests get) listed=$(requests list)
	pipeline 2 merge REJECTS_MAX=9
	pipeline 0 merge REJECTS_MAX=10
	[[ $(requests get) == "$got" && $(requests list) == "$listed" ]] || fail "=> $(requests get) objects were read, not $got"
	status_is 'done'
	[[ $(list_keys out/) == *out/_sheaf/ledger.tar.gz*out/merged.csv* ]]
	pipeline 0 verify DEEP=1
	mv "$WORK" elsewhere
	pipeline 0 verify DEEP=1
	[[ $output == *"390 objects, 10 left out, 390 rows "* ]]
}

@test "answers that fail now and then change nothing" {
	serve --make sheaf/csvs/:2000
	fault 'csvs/* get every:7* status 500' 'csvs/* get every:199* status 503 SlowDown' 'csvs/* get every:31* reset' 'csvs/* get every:53* short 20' \
		'csvs/ list 2 status 500' 'out/* put every:3* status 500' 'out/* put every:5* lost'
	pipeline 0 merge BATCH=100 JOBS=5
	fault '# none'
	merged_right_by_formula 2000
	pipeline 0 verify DEEP=1
}

@test "the report has the numbers that the server counted" {
	serve --make sheaf/csvs/:2000
	fault 'csvs/* get every:7* status 500' 'csvs/* get every:299* status 503 SlowDown' 'csvs/* get every:31* short 20' \
		'csvs/ list 2 status 500' 'out/* put every:9* status 503 SlowDown'
	pipeline 0 merge BATCH=100 JOBS=5 S3GET_FLAGS="--hedge off"
	curl -s "$S3D_URL/_s3d/stats" > server.json
	curl -s "$S3D_URL/_s3d/faults" > faults.json
	report --quiet --no-default-alarms --format json "$WORK" > report.json
	/usr/bin/python3 - <<-'EOP'
	import json
	server, told = json.load(open("server.json")), json.load(open("report.json"))["metrics"]
	broken, slow_get, short, listing, slow_put = (rule["hits"] for rule in json.load(open("faults.json")))
	kinds, methods = server["kinds"], server["methods"]
	counted = {
	    "requests": server["requests"], "requests_get": kinds["get"], "requests_list": kinds["list"],
	    "requests_head": methods["HEAD"], "requests_put": methods["PUT"] + methods["POST"], "requests_other": 0,
	    "throttled": server["status"]["503"], "retries": broken + slow_get + short + listing + slow_put,
	    "retries_throttled": slow_get + slow_put, "retries_server_error": broken + listing, "retries_short_body": short,
	    "connections": server["connections"] - 2,  # two curls
	    "objects": 2000, "objects_listed": 2000, "rows": 2000, "batches_done": 20, "hedged": 0, "bytes_listed": 200000}
	print(counted)
	for name, n in counted.items():
	    assert told[name]["value"] == n, (name, told[name], n)
	assert min(broken, slow_get, short, listing, slow_put) > 0
	EOP
}

# The merged objects are a header and the rows 1 to N.
merged_right_by_formula() { # N
	s3ls --suffix .csv "$DEST" | s3get | csvcat --tar --output "$TMP/all.csv"
	[[ $(tail -n +2 "$TMP/all.csv" | cut -d , -f 1) == "$(seq -f %010.0f "$1")" ]] || fail "=> not the rows 1 to $1"
}

@test "a connection that is lost for good: the batch fails, nothing of it is stored, the others are made" {
	serve --make sheaf/csvs/:1000
	fault 'csvs/00000250.csv get all reset' 'csvs/00000750.csv get all short 10' 'out/merged-00005.csv put all reset'
	AWS_MAX_ATTEMPTS=2 pipeline 2 merge BATCH=100
	told "batch 00002 failed: s3get: s3://sheaf/csvs/00000250.csv: " "batch 00007 failed: s3get: s3://sheaf/csvs/00000750.csv: " \
		"batch 00005 failed: s3put: s3://sheaf/out/merged-00005.csv: " "7 of 10 batches are done"
	[[ $(list_keys out/merged- | wc -l) == 7 ]]
	fault '# none'
	pipeline 0 merge BATCH=100
	merged_right_by_formula 1000
	[[ $(requests get 00000100.csv) == 1 ]] # of a batch that was done
	[[ $(requests get 00000501.csv) == 1 ]] # of one that was merged and not stored
}

@test "the server goes away in the middle and comes back" {
	serve --make sheaf/csvs/:6000 --dir "$TMP/kept" --latency 3
	local port=${S3D_URL##*:}
	AWS_MAX_ATTEMPTS=2 start_run BATCH=100 JOBS=4 CONNECTIONS=4
	wait_for_receipts 3
	kill -KILL "$S3D_PID"
	wait "$S3D_PID" || true
	wait "$RUN" && fail "=> it ended with 0"
	status_is failed
	S3D_PID=
	serve --make sheaf/csvs/:6000 --dir "$TMP/kept" --port "$port"
	pipeline 0 merge BATCH=100
	merged_right_by_formula 6000
	pipeline 0 verify DEEP=1
}

@test "a listing that fails half-way: what is listed is merged, the rest at the next try" {
	serve --make sheaf/csvs/:5000
	fault 'csvs/ list 3- status 403 AccessDenied'
	pipeline 2 merge BATCH=600
	told "sheaf: the listing failed: s3ls: s3://sheaf/csvs/: 403 AccessDenied" "3 of 3 batches are done"
	[[ ! -e $WORK/keys/complete ]]
	fault '# none'
	pipeline 0 merge BATCH=600
	plan_right 5000 600
	merged_right_by_formula 5000
}

@test "the keys of a batch that is stored are lost before the listing ends: what is listed now is what is merged" {
	serve --make sheaf/csvs/:3000
	fault 'csvs/ list 3- status 403 AccessDenied'
	pipeline 2 merge BATCH=600
	[[ -e $WORK/put/00002.json && ! -e $WORK/keys/00003.tsv ]]
	rm "$WORK/keys/00002.tsv"
	put_object csvs/00001250a.csv $'id,customer,amount,created,note\n1250a,,,,\n'
	s3 rm "$BUCKET" csvs/00001300.csv
	fault '# none'
	pipeline 0 merge BATCH=600
	pipeline 0 verify DEEP=1 SOURCE=1
	[[ $output == "3000 objects, "* ]]
}

@test "a server that ignores where the listing goes on: no object twice" {
	serve --make sheaf/csvs/:5000
	fault 'csvs/ list 3- status 403 AccessDenied'
	pipeline 2 merge BATCH=600
	fault 'csvs/ list all ignore-start-after'
	pipeline 0 merge BATCH=600
	plan_right 5000 600
}

@test "a certificate that is not trusted: one line, and nothing is stored" {
	"$ROOT/tests/tls" "$TMP/tls"
	serve --make sheaf/csvs/:10 --tls-cert "$TMP/tls/chain.pem" --tls-key "$TMP/tls/server.key"
	pipeline 2 merge
	told "sheaf: the listing failed: s3ls: s3://sheaf/csvs/: " certificate
	AWS_CA_BUNDLE=$TMP/tls/ca.pem pipeline 0 merge
}

@test "over TLS the certificates are looked at once, whatever the number of processes" {
	"$ROOT/tests/tls" "$TMP/tls"
	serve --make sheaf/csvs/:1000 --tls-cert "$TMP/tls/chain.pem" --tls-key "$TMP/tls/server.key"
	AWS_CA_BUNDLE=$TMP/tls/ca.pem pipeline 0 merge BATCH=100 JOBS=1
	cat "$WORK"/stats/*.ndjson > all.ndjson
	python3 - all.ndjson <<- 'END'
	import json, sys
	runs = [r for r in map(json.loads, open(sys.argv[1])) if r.get("tls_handshakes")]
	full = sum(r["tls_handshakes"] - r["tls_resumed"] for r in runs)
	assert len(runs) > 20 and 1 <= full <= 2, (len(runs), full)
	END
	[[ ! -e $WORK/.sessions ]]
}

@test "the disk is full in the middle, and has room again" {
	serve --make sheaf/csvs/:20000 --latency 1
	export TMP WORK=$TMP/disk/work MAKE_MERGE="make -s -f $ROOT/pipeline.mk merge BATCH=1000 JOBS=4 CONNECTIONS=4"
	in_small_disk '
		dd if=/dev/zero of="$TMP/disk/other" bs=1k count=1400
		! $MAKE_MERGE 2> "$TMP/full.err" || exit 1
		s3ls "$DEST" > "$TMP/stored"
		mount -o remount,size=64m "$TMP/disk"
		$MAKE_MERGE
		make -s -f '"$ROOT"'/pipeline.mk verify DEEP=1
		cat "$WORK"/merged/*.csv > "$TMP/after"'
	grep -q 'No space left on device' "$TMP/full.err"
	grep -q "^sheaf: $WORK: the disk may be too small: [0-9]* bytes remain to be merged, [0-9]* are free" "$TMP/full.err"
	pipeline 0 merge BATCH=1000 WORK="$TMP/work-calm" DEST=s3://sheaf/calm/
	cat "$TMP"/work-calm/merged/*.csv > "$TMP/calm"
	same "$TMP/calm" "$TMP/after"
}

@test "a work folder that has become read-only, and can be written again" {
	serve --make sheaf/csvs/:3000
	fault 'csvs/00002*.csv get all status 403 AccessDenied'
	export TMP WORK=$TMP/disk/work MAKE_MERGE="make -s -f $ROOT/pipeline.mk merge BATCH=500" S3D_URL
	in_small_disk '
		mount -o remount,size=64m "$TMP/disk"
		! $MAKE_MERGE || exit 1
		mount -o remount,ro "$TMP/disk"
		! $MAKE_MERGE 2> "$TMP/ro.err" || exit 1
		mount -o remount,rw "$TMP/disk"
		curl -sf -d "# none" "$S3D_URL/_s3d/faults"
		$MAKE_MERGE
		make -s -f '"$ROOT"'/pipeline.mk verify DEEP=1'
	grep -qxF "sheaf: $WORK: cannot be written: Read-only file system" "$TMP/ro.err"
	merged_right_by_formula 3000
}

@test "the clock is set back: what was done stays done" {
	serve --make sheaf/csvs/:6000
	fault 'csvs/00004*.csv get all status 403 AccessDenied'
	pipeline 2 merge BATCH=500
	local before part
	for part in keys merged put ledger .; do
		before=$(requests get "csvs/00001")
		# as if all that is in it had been made two hours after now
		find "$WORK/$part" -maxdepth 1 -type f -exec touch -d '2 hours' {} +
		pipeline 2 merge BATCH=500
		[[ $(requests get "csvs/00001") == "$before" ]] || fail "=> $part: made again"
	done
	fault '# none'
	pipeline 0 merge BATCH=500
	merged_right_by_formula 6000
}

@test "credentials that expire in the middle: it says so, and goes on with new ones" {
	serve --make sheaf/csvs/:6000
	fault 'csvs/* get 2000-* expired-token'
	pipeline 2 merge BATCH=500 JOBS=4
	told "ExpiredToken"
	local left
	left=$((12 - $(receipts | wc -l)))
	((left >= 8 && left < 12))
	cat "$TMP/err"
	(($(requests get) < 2500))
	fault '# none'
	pipeline 0 merge BATCH=500
	merged_right_by_formula 6000
	pipeline 0 verify DEEP=1
	(($(requests get) < 2500 + left * 500 + 100))
}
