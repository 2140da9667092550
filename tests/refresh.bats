#!/usr/bin/env bats
# make refresh: what was added, changed and removed at SRC since the listing.
# servers: s3d
# time limit: 600
load helpers
load pipeline

setup() {
	fresh_environment
	BUCKET=sheaf
	start_s3d --bucket "$BUCKET" --count-keys
	use_s3d
	use_prefixes
	s3 csvs "$BUCKET" csvs/ 60
	pipeline 0 merge BATCH=10
}

# requests_since: what was asked since the last call, kind and number, but for s3.py's own client.
reset_requests() {
	curl -s -d '' "$S3D_URL/_s3d/reset" > "$TMP/reset"
}

requests_are() { # KIND=N...
	local want
	curl -s "$S3D_URL/_s3d/stats" > "$TMP/stats"
	for want in "$@"; do
		/usr/bin/python3 -c '
import json, sys
kind, n = sys.argv[1].split("=")
found = json.load(sys.stdin)["kinds"].get(kind, 0)
sys.exit(f"=> {found} {kind}, not {n}" if found != int(n) else 0)' "$want" < "$TMP/stats" || return
	done
}

# As sets of rows the merged objects are what a fresh run gives.
same_rows_as_fresh() {
	rows csvs/ | sort > "$TMP/wanted"
	rows out/ | sort > "$TMP/found"
	same "$TMP/wanted" "$TMP/found"
	pipeline 0 verify DEEP=1 SOURCE=1
}

@test "nothing new: no request but the listing, and nothing to merge" {
	reset_requests
	pipeline 0 refresh BATCH=10
	[[ $output == "0 new objects, 0 changed, 0 gone; make merge will make 0 batches" ]]
	requests_are list=1 get=0 put=0 head=0
	pipeline 0 merge BATCH=10
	requests_are list=1 get=0 put=0 head=0
}

@test "three rounds of adding, changing and removing: only what changed is made again" {
	put_object csvs/000033a.csv $'id,name,value\n33a,new,1\n'
	put_object csvs/000007.csv $'id,name,value\n7,changed,1\n7,twice,2\n'
	s3 rm "$BUCKET" csvs/000021.csv
	pipeline 0 refresh BATCH=10 PRUNE=1
	[[ $output == "1 new objects, 1 changed, 1 gone; make merge will make 3 batches" ]]
	told "sheaf: s3://sheaf/csvs/000021.csv: is gone"
	[[ -e $WORK/put/00001.json && ! -e $WORK/put/00000.json && ! -e $WORK/put/00002.json ]]
	reset_requests
	pipeline 0 merge BATCH=10
	requests_are get=20 put=4 list=0 # three merged objects and the ledgers
	same_rows_as_fresh

	pipeline 0 refresh BATCH=10
	[[ $output == "0 new objects, 0 changed, 0 gone; "* ]]

	local i
	for i in {0..9}; do
		s3 rm "$BUCKET" "csvs/00005$i.csv" # a whole batch
		put_object "csvs/zz$i.csv" $'id,name,value\nz'"$i"$',new,1\n'
	done
	put_object csvs/zzz.csv $'id,name,value\nzzz,new,1\n'
	put_object csvs/000007.csv $'id,name,value\n7,again,1\n'
	pipeline 0 refresh BATCH=10 PRUNE=1
	[[ $output == "11 new objects, 1 changed, 10 gone; make merge will make 4 batches" ]]
	pipeline 0 merge BATCH=10
	[[ $(get_object out/merged-00005.csv) == id,name,value ]]
	same_rows_as_fresh

	put_object csvs/000058.csv $'id,name,value\n58,back,1\n'
	put_object csvs/zz3.csv $'id,name,value\nz3,changed,1\n'
	pipeline 0 refresh BATCH=10
	pipeline 0 merge BATCH=10
	same_rows_as_fresh
}

@test "without PRUNE what is gone stays" {
	s3 rm "$BUCKET" csvs/000021.csv
	pipeline 0 refresh BATCH=10
	told "000021.csv: is gone"
	[[ $output == *"0 batches"*"PRUNE=1 drops them"* ]]
	pipeline 0 merge BATCH=10
	[[ $(rows out/ | wc -l) == 60 ]]
	pipeline 0 verify
}

@test "a merged object that somebody replaced is not overwritten by the new one" {
	put_object csvs/000007.csv $'id,name,value\n7,changed,1\n'
	pipeline 0 refresh BATCH=10
	put_object out/merged-00000.csv foreign
	pipeline 2 merge BATCH=10
	told "batch 00000 failed: s3put: s3://sheaf/out/merged-00000.csv: "
	[[ $(get_object out/merged-00000.csv) == foreign ]]
	pipeline 0 merge BATCH=10 OVERWRITE=1
	same_rows_as_fresh
}

@test "killed at any moment, the same commands finish it" {
	put_object csvs/000007.csv $'id,name,value\n7,changed,1\n'
	put_object csvs/000047.csv $'id,name,value\n47,changed,1\n'
	put_object csvs/a.csv $'id,name,value\na,new,1\n'
	local i
	for i in {1..12}; do
		RANDOM=$i
		setsid make -s -f "$ROOT/pipeline.mk" refresh BATCH=10 > "$TMP/run.out" 2>&1 < /dev/null 3>&- &
		RUN=$!
		sleep "0.$((RANDOM % 2))$((RANDOM % 10))"
		kill -KILL -"$RUN" 2> /dev/null || true
		wait "$RUN" || true
		((i % 3)) || AWS_MAX_ATTEMPTS=1 AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 pipeline 2 merge BATCH=10 ||
			AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 pipeline 0 merge BATCH=10
	done
	pipeline 0 refresh BATCH=10
	pipeline 0 merge BATCH=10
	same_rows_as_fresh
	[[ ! -e $WORK/refresh && ! -e $WORK/refresh.part ]]
}

@test "what cannot be refreshed" {
	pipeline 2 refresh BATCH=10 WORK="$TMP/none"
	told "the listing is not complete"
	pipeline 2 refresh BATCH=20
	told "belongs to other settings"
	AWS_SECRET_ACCESS_KEY=wrong pipeline 2 refresh BATCH=10
	told "403" "the listing failed; nothing was changed"
	pipeline 0 verify
	# everything gone is more likely a mistake
	local i
	for i in {00..59}; do s3 rm "$BUCKET" "csvs/0000$i.csv"; done
	pipeline 2 refresh BATCH=10 PRUNE=1
	told "there are no objects"
}
