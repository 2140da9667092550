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

# refused TEXT...: merge does nothing but say each TEXT; so do status and verify, and WORK/status says failed.
refused() {
	reset_requests
	pipeline 2 merge BATCH=10
	told "$@"
	status_is failed
	requests_are list=0 get=0 put=0
	pipeline 2 status
	told "$@"
	grep -qx 'batches    6' out
	pipeline 2 verify
	told "$@"
	pipeline 2 report
}

@test "a plan with a hole is refused by name, and mended: with its own objects nothing is made again" {
	rm "$WORK/keys/00002.tsv" "$WORK/keys/00005.tsv"
	refused "$WORK/keys/00002.tsv: is missing; make refresh" "$WORK/keys/00005.tsv: is missing; make refresh"
	reset_requests
	pipeline 0 refresh BATCH=10
	[[ $output == "batch 00002 has its own objects again
batch 00005 has its own objects again
0 new objects, 0 changed, 0 gone; make merge will make 0 batches" ]]
	pipeline 0 merge BATCH=10
	requests_are get=0 list=1 put=0
	same_rows_as_fresh
	# changed, cut in the middle of a line, and another batch's
	sed -i 1d "$WORK/keys/00000.tsv"
	truncate -s -7 "$WORK/keys/00003.tsv"
	cp "$WORK/keys/00001.tsv" "$WORK/keys/00004.tsv"
	refused "$WORK/keys/00000.tsv: has 9 objects, and 10 were planned; make refresh" "$WORK/keys/00003.tsv: " \
		"$WORK/keys/00004.tsv: is not what was planned; make refresh"
	pipeline 0 refresh BATCH=10
	[[ $output == *"make merge will make 0 batches" ]]
	pipeline 0 merge BATCH=10
	same_rows_as_fresh
	# one too many
	cp "$WORK/keys/00001.tsv" "$WORK/keys/00006.tsv"
	refused "$WORK/keys/00006.tsv: is not in the plan; delete it"
	pipeline 2 refresh BATCH=10
	told "$WORK/keys/00006.tsv: is not in the plan; delete it"
	rm "$WORK/keys/00006.tsv"
	pipeline 0 merge BATCH=10
	same_rows_as_fresh
}

@test "a batch that was lost while other objects came and went is planned anew, and no row is there twice" {
	rm "$WORK/keys/00001.tsv" "$WORK/keys/00004.tsv"
	put_object csvs/000003a.csv $'id,name,value\n3a,new,1\n'
	put_object csvs/000046.csv $'id,name,value\n46,changed,1\n'
	s3 rm "$BUCKET" csvs/000017.csv csvs/000033.csv
	pipeline 2 merge BATCH=10
	pipeline 0 refresh BATCH=10 PRUNE=1
	told "s3://sheaf/csvs/000033.csv: is gone"
	[[ $output == *"make merge will make 3 batches" ]]
	pipeline 0 merge BATCH=10
	same_rows_as_fresh
	# all that is left of a plan is what the server has
	rm "$WORK"/keys/*.tsv
	pipeline 2 merge BATCH=10
	told "$WORK/keys/00003.tsv: is missing"
	pipeline 0 refresh BATCH=10
	pipeline 0 merge BATCH=10
	same_rows_as_fresh
	rm "$WORK"/keys/*
	pipeline 2 verify
	told "the listing is not complete; make merge continues it"
}

@test "what a refresh has prepared is taken over whole, or refused" {
	prepare() {
		mkdir -p "$WORK/refresh"
		head -n 9 "$TMP/work-whole/keys/00005.tsv" > "$WORK/refresh/00005.tsv"
		head -n 8 "$TMP/work-whole/keys/00002.tsv" > "$WORK/refresh/00002.tsv"
		sheaf-work plan-write "$WORK" refresh
	}
	cp -a "$WORK" "$TMP/work-whole"
	for file in 00002.tsv 00005.tsv complete; do
		for how in 'rm' 'truncate -s 0' 'truncate -s -1' "sed -i 3d"; do
			prepare
			$how "$WORK/refresh/$file"
			pipeline 2 merge BATCH=10
			told "$WORK/refresh: is damaged; delete it, then make refresh prepares it again"
			[[ -e $WORK/put/00002.json && -e $WORK/put/00005.json ]]
			cmp "$WORK/keys/complete" "$TMP/work-whole/keys/complete"
		done
	done
	rm -r "$WORK/refresh"
	pipeline 0 merge BATCH=10
	same_rows_as_fresh
	prepare
	# killed while it was taken over: the first batch is through
	mv "$WORK/put/00002.json" "$WORK/old/put/"
	rm "$WORK"/{merged/00002.csv,ledger/00002.tsv,about/00002.json}
	mv "$WORK/refresh/00002.tsv" "$WORK/keys/00002.tsv"
	pipeline 0 merge BATCH=10
	[[ $(rows out/ | wc -l) == 57 && ! -e $WORK/refresh ]]
	pipeline 0 verify DEEP=1
	pipeline 0 refresh BATCH=10
	[[ $output == "3 new objects, 0 changed, 0 gone; make merge will make 1 batches" ]]
}

@test "what cannot be refreshed" {
	pipeline 2 refresh BATCH=10 WORK="$TMP/none"
	told "the listing is not complete"
	pipeline 2 refresh BATCH=20
	told "belongs to other settings"
	AWS_SECRET_ACCESS_KEY=wrong pipeline 2 refresh BATCH=10
	told "403" "the listing failed; nothing was changed"
	pipeline 0 verify
	sed -i 's/^version=.*/version=9/' "$WORK/settings"
	for target in merge refresh plan verify status report; do
		pipeline 2 $target BATCH=10
		told "$WORK/settings: version=9: a newer sheaf made this work folder" "use the newer one, or another WORK"
	done
	sed -i 's/^version=.*/version=2/' "$WORK/settings"
	# everything gone is more likely a mistake
	local i
	for i in {00..59}; do s3 rm "$BUCKET" "csvs/0000$i.csv"; done
	pipeline 2 refresh BATCH=10 PRUNE=1
	told "there are no objects"
}
