#!/usr/bin/env bats
# The pipeline from SRC to DEST, and what stops it, on both servers.
# servers: s3d rgw
# time limit: 900
load helpers
load pipeline

@test "5,000 objects become 50, with all rows in the order of the keys, and the same bytes again" {
	s3 csvs "$BUCKET" csvs/ 5000
	pipeline 0 merge BATCH=100
	[[ $(list_keys out/merged- | wc -l) == 50 ]]
	[[ $(list_keys out/_sheaf/) == $'out/_sheaf/ledger.tar.gz\nout/_sheaf/run.json' ]]
	merged_right
	status_is 'done'
	pipeline 0 verify DEEP=1
	[[ $output == "5000 objects, 0 left out, 5000 rows and "* ]]
	pipeline 0 merge BATCH=100 WORK="$TMP/work2" DEST="s3://$BUCKET/ou2/"
	bodies out/ > "$TMP/one"
	bodies ou2/ > "$TMP/two"
	same "$TMP/one" "$TMP/two"
}

@test "the bytes do not depend on how many batches are made at once" {
	s3 csvs "$BUCKET" csvs/ 300
	local jobs
	for jobs in 1 7 50; do
		pipeline 0 merge BATCH=20 JOBS=$jobs WORK="$TMP/work$jobs" DEST="s3://$BUCKET/out$jobs/"
		bodies out$jobs/ > "$TMP/$jobs"
	done
	same "$TMP/1" "$TMP/7"
	same "$TMP/1" "$TMP/50"
}

@test "a killed group's orphans and the same command at once: the same bytes, nothing done twice" {
	s3 csvs "$BUCKET" csvs/ 3000
	start_run BATCH=50 JOBS=4
	wait_for_receipts 5
	kill -KILL -"$RUN"
	wait "$RUN" || true
	receipts > "$TMP/done"
	(($(wc -l < "$TMP/done") < 60)) || fail "it was done before it was killed"
	(cd "$WORK/put" && xargs -I{} stat -c '%n %Y.%i' {}.json < "$TMP/done") > "$TMP/before"
	pipeline 0 merge BATCH=50 JOBS=4
	(cd "$WORK/put" && xargs -I{} stat -c '%n %Y.%i' {}.json < "$TMP/done") > "$TMP/after"
	same "$TMP/before" "$TMP/after"
	merged_right
	pipeline 0 verify DEEP=1
	pipeline 0 merge BATCH=50 JOBS=4 WORK="$TMP/work2" DEST="s3://$BUCKET/ou2/"
	bodies out/ > "$TMP/one"
	bodies ou2/ > "$TMP/two"
	same "$TMP/one" "$TMP/two"
}

@test "a signal ends the run and all that it started, and says how to go on" {
	s3 csvs "$BUCKET" csvs/ 3000
	local signal n=0
	for signal in INT TERM HUP; do
		start_run_at_terminal BATCH=50 JOBS=3
		wait_for_receipts $((n + 2))
		kill -"$signal" -"$RUN"
		wait "$RUN" && fail "it ended with 0"
		n=$(receipts | wc -l)
		((n < 60)) || fail "it was done before it was stopped"
		status_is interrupted
		grep -q "interrupted: $n of [0-9]* batches are done; run the same command again" "$TMP/run.err"
		ends_session "$RUN"
	done
	pipeline 0 merge BATCH=50 JOBS=50
	merged_right
}

@test "a finished run has nothing to do, and asks nothing of the server" {
	s3 csvs "$BUCKET" csvs/ 30
	pipeline 0 merge BATCH=10
	cp "$WORK/status" "$TMP/before"
	sleep 1
	AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 pipeline 0 merge BATCH=10
	same "$TMP/before" "$WORK/status"
	status_is 'done'
}

@test "keys of every kind go through" {
	local key n=0
	while IFS= read -r key; do
		printf 'id,key\n%s,x\n' $((n++)) | put_object "csvs/$key"
	done << 'END'
a b.csv
+%&=?#.csv
'".csv
<>;:@~\.csv
double//slash.csv
./dot.csv
../up.csv
é.csv
日本.csv
😀.csv
$(id).csv
`id`.csv
*.csv
-rf.csv
{}.csv
\t\n.csv
END
	put_object $'csvs/e\xcc\x81.csv' $'id,key\ndecomposed,x\n'
	printf 'id,key\nlong,x\n' | put_object "csvs/$(printf '%01015d' 0).csv"
	pipeline 0 merge BATCH=3
	merged_right
	pipeline 0 verify DEEP=1
	[[ $output == "18 objects, "* ]]
}

@test "a SRC and a DEST of every kind" {
	export SRC="s3://$BUCKET/a b\$x'\"#/" DEST="s3://$BUCKET/out/ü \$(id)"
	put_object "a b\$x'\"#/1.csv" $'a\n1\n'
	pipeline 0 merge
	pipeline 0 verify DEEP=1
	[[ $(list_keys out/) == *$'\nout/ü $(id)/_sheaf/run.json\nout/ü $(id)/merged-00000.csv' ]]
	[[ $(get_object "${DEST#s3://*/}/merged-00000.csv") == $'a\n1' ]]
}

@test "SUFFIX, EXCLUDE and LIMIT choose, and what is left out is counted" {
	s3 csvs "$BUCKET" csvs/ 12
	put_object csvs/_SUCCESS ''
	put_object csvs/folder/ ''
	put_object csvs/readme.txt text
	put_object csvs/zz.csv.gz "$(printf 'id,name,value\n12,z,1\n' | gzip | base64 -w 0)" # not gzip: must be excluded
	pipeline 0 plan EXCLUDE='*.gz *0.csv'
	[[ $output == *"10 (6 more were left out by SUFFIX and EXCLUDE)"* ]]
	pipeline 0 merge EXCLUDE='*.gz *0.csv'
	[[ $(rows out/ | wc -l) == 10 ]]
	pipeline 0 merge EXCLUDE='*.gz' LIMIT=5 BATCH=2 WORK="$TMP/work2" DEST="s3://$BUCKET/ou2/"
	[[ $(rows ou2/ | wc -l) == 5 ]]
	[[ $(list_keys ou2/merged- | wc -l) == 3 ]]
	pipeline 0 merge SUFFIX=.txt WORK="$TMP/work3" DEST="s3://$BUCKET/ou3/"
	[[ $(get_object ou3/merged-00000.csv) == text ]]
}

@test "a number of objects that is a multiple of BATCH, and one object" {
	s3 csvs "$BUCKET" csvs/ 20
	pipeline 0 merge BATCH=10
	[[ $(list_keys out/merged- | wc -l) == 2 ]]
	merged_right
	grep -qx batches=2 "$WORK/keys/complete"
	pipeline 0 merge BATCH=10 LIMIT=1 WORK="$TMP/work2" DEST="s3://$BUCKET/ou2/"
	[[ $(list_keys ou2/merged- | wc -l) == 1 ]]
}

@test "an object that vanished fails its batch alone, and is named" {
	s3 csvs "$BUCKET" csvs/ 40
	pipeline 0 plan BATCH=10
	get_object csvs/000012.csv > "$TMP/saved"
	s3 rm "$BUCKET" csvs/000012.csv
	pipeline 2 merge BATCH=10
	told "sheaf: batch 00001 failed: s3get: s3://$BUCKET/csvs/000012.csv: not found (404" "3 of 4 batches are done"
	[[ $(list_keys out/merged-) == $'out/merged-00000.csv\nout/merged-00002.csv\nout/merged-00003.csv' ]]
	[[ ! -e $WORK/merged/00001.csv && -s $WORK/failed/00001 ]]
	status_is failed
	pipeline 0 status
	s3 put "$BUCKET" csvs/000012.csv "$TMP/saved"
	pipeline 0 merge BATCH=10
	merged_right
	[[ ! -e $WORK/failed/00001 ]]
}

@test "an object that changed fails its batch" {
	s3 csvs "$BUCKET" csvs/ 20
	pipeline 0 plan BATCH=10
	put_object csvs/000012.csv $'id,name,value\n12,other,1\n'
	pipeline 2 merge BATCH=10
	told "batch 00001 failed: s3get: s3://$BUCKET/csvs/000012.csv: "
	[[ $(list_keys out/merged-) == out/merged-00000.csv ]]
}

@test "a bad object fails its batch, and the message names file and line" {
	s3 csvs "$BUCKET" csvs/ 20
	put_object csvs/000005.csv $'id,name,value\n5,a,b,c\n'
	pipeline 2 merge BATCH=10
	told "batch 00000 failed: csvcat: $BUCKET/csvs/000005.csv"
	[[ $(list_keys out/merged-) == out/merged-00001.csv ]]
}

@test "batches with different headers are told, unless UNION=1" {
	s3 csvs "$BUCKET" csvs/ 30
	local i
	for i in 0 1 2 3 4 5 6 7 8 9; do
		put_object csvs/00001$i.csv $'id,name,price\n'"$i"$',a,b\n'
	done
	pipeline 2 merge BATCH=10
	told "different headers" "batch 00001" price
	status_is failed
	pipeline 2 verify
	told merged-00001.csv
	pipeline 0 merge BATCH=10 UNION=1 WORK="$TMP/work2" DEST="s3://$BUCKET/ou2/"
	pipeline 0 verify WORK="$TMP/work2" DEST="s3://$BUCKET/ou2/"
	for i in a b; do
		put_object "semi/$i.csv" "id;$i"$'\n1;2\n'
	done
	pipeline 2 merge SRC="s3://$BUCKET/semi/" DEST="s3://$BUCKET/ou3/" WORK="$TMP/work3" BATCH=1 DELIMITER=';'
	told "different headers" "batch 00001" "lacks 'a', adds 'b'"
}

@test "a foreign object at DEST is not touched, but with OVERWRITE=1" {
	s3 csvs "$BUCKET" csvs/ 30
	put_object out/merged-00001.csv mine
	pipeline 2 merge BATCH=10
	told "batch 00001 failed: s3put: $DEST""merged-00001.csv: "
	[[ $(get_object out/merged-00001.csv) == mine ]]
	pipeline 0 merge BATCH=10 OVERWRITE=1
	merged_right
}

@test "an upload whose receipt was lost is recognised" {
	s3 csvs "$BUCKET" csvs/ 20
	pipeline 0 merge BATCH=10
	rm "$WORK/put/00001.json"
	pipeline 0 merge BATCH=10
	rm "$WORK/put/00001.json" "$WORK/merged/00001.csv" "$WORK/claim.json"
	pipeline 0 merge BATCH=10
	pipeline 0 verify DEEP=1
}

@test "a DEST belongs to one run, a work folder to its settings" {
	s3 csvs "$BUCKET" csvs/ 20
	pipeline 0 merge BATCH=10
	bodies out/ > "$TMP/before"
	pipeline 2 merge BATCH=10 WORK="$TMP/work2"
	told "DEST=$DEST: belongs to another run"
	pipeline 2 merge BATCH=20 SUFFIX=.csv
	told "belongs to other settings" "BATCH=20 (it has 10)" "SUFFIX=.csv (it has .csv .csv.gz)"
	pipeline 2 merge BATCH=10 COLUMNS=id
	told "COLUMNS=id (it has )"
	COLUMNS=77 pipeline 0 merge BATCH=10 # a terminal's width
	bodies out/ > "$TMP/after"
	same "$TMP/before" "$TMP/after"
}

@test "two runs in one work folder at once: the second is refused" {
	s3 csvs "$BUCKET" csvs/ 20
	mkdir "$WORK"
	exec 7> "$WORK/.lock"
	flock 7
	pipeline 2 merge
	told "$WORK: another run is under way here"
	pipeline 2 plan
	exec 7>&-
	pipeline 0 merge
}

@test "DEST inside SRC, and what SRC would list of DEST" {
	s3 csvs "$BUCKET" csvs/ 2
	local dest
	for dest in csvs/ csvs csvs/merged csvs/a/b/; do
		pipeline 2 merge DEST="s3://$BUCKET/$dest"
		told "sheaf: DEST=s3://$BUCKET/$dest" "would be listed by SRC"
	done
	pipeline 2 merge SRC="s3://$BUCKET"
	pipeline 2 merge SRC="s3://$BUCKET/out/mer"
	pipeline 2 merge SRC="s3://$BUCKET/csv" DEST="s3://$BUCKET/csv-merged/"
	[[ $(list_keys | wc -l) == 2 ]]
	[[ ! -e $WORK ]]
	pipeline 0 merge DEST="s3://$BUCKET/" # SRC inside DEST harms nobody
	pipeline 0 verify DEEP=1 DEST="s3://$BUCKET/"
}

@test "wrong settings: one line, and nothing is made" {
	local setting
	for setting in SRC= SRC=csvs SRC=s3:// SRC=/etc SRC=http://x/y DEST= DEST=s3:///x/ BATCH=0 BATCH=x BATCH=-1 \
		JOBS=0 JOBS=x LIMIT=x LIMIT=0; do
		pipeline 2 merge "$setting"
		told "sheaf: ${setting%%=*}" "must be"
		[[ ! -e $WORK ]]
	done
	nothing_stored
}

@test "wrong secret, no credentials, unknown host, missing buckets, no objects: one line that says so" {
	s3 csvs "$BUCKET" csvs/ 2
	AWS_SECRET_ACCESS_KEY=wrong pipeline 2 merge
	told "sheaf: the listing failed: s3ls: $SRC: 403 "
	AWS_ACCESS_KEY_ID='' AWS_SECRET_ACCESS_KEY='' pipeline 2 merge
	told "sheaf: the listing failed: s3ls: no credentials"
	AWS_MAX_ATTEMPTS=1 AWS_ENDPOINT_URL_S3=http://no-such-host.invalid pipeline 2 merge
	told "sheaf: the listing failed: s3ls: " no-such-host.invalid
	pipeline 2 merge SRC="s3://$BUCKET-none/x/"
	told "the listing failed: s3ls: s3://$BUCKET-none/x/: 404 NoSuchBucket"
	pipeline 2 merge SRC="s3://$BUCKET/none/"
	told "the listing failed: s3ls: s3://$BUCKET/none/: there are no objects"
	pipeline 2 merge SUFFIX=.txt
	told "the listing failed: s3ls: $SRC: none of 2 objects matches"
	pipeline 2 merge DEST="s3://$BUCKET-none/x/"
	told "sheaf: DEST=s3://$BUCKET-none/x/: s3put: " "404 NoSuchBucket"
	status_is failed
	nothing_stored
	pipeline 0 merge # none of these attempts is in the way
}

@test "a work folder that cannot be made or written, a full disk: one line, nothing partial" {
	s3 csvs "$BUCKET" csvs/ 20
	pipeline 2 merge WORK=/proc/none
	told "sheaf: /proc/none: the work folder cannot be made"
	touch "$TMP/file"
	pipeline 2 merge WORK="$TMP/file"
	told "sheaf: $TMP/file: the work folder cannot be made"
	nothing_stored
	# the rows of this batch meet a full disk
	instead_of csvcat '[[ $* != *00001* ]] || set -- "${@/%*.held//dev/full}"; exec "$REAL" "$@"'
	BUILD=$TMP/build pipeline 2 merge BATCH=10
	told "batch 00001 failed: csvcat: " "No space left on device" "1 of 2 batches are done"
	[[ ! -e $WORK/merged/00001.csv && ! -e $WORK/put/00001.json ]]
	[[ $(list_keys out/merged-) == out/merged-00000.csv ]]
	pipeline 0 merge BATCH=10
	merged_right
}

@test "a stream cut short anywhere never becomes an object" {
	s3 csvs "$BUCKET" csvs/ 20
	local n=0 name script
	while read -r name script; do
		instead_of "$name" "$script"
		BUILD=$TMP/build pipeline 2 merge WORK="$TMP/work$n" DEST="s3://$BUCKET/out$n/" BATCH=10
		[[ $(list_keys out$n/) == out$n/_sheaf/run.json ]] || fail "=> $name: $script"
		((++n))
	done << 'END'
s3get "$REAL" "$@" | head -c 3000; kill -KILL $$
s3get "$REAL" "$@" | head -c 3000
s3get "$REAL" "$@" | head -c 10240; kill -KILL $$
s3get "$REAL" "$@"; exit 1
s3get "$REAL" "$@" > /dev/null
csvcat head -c 3000 > /dev/null; kill -KILL $$
csvcat "$REAL" "$@"; kill -KILL $$
csvcat exit 1
s3put [[ $* == *run.json* ]] && exec "$REAL" "$@"; kill -KILL $$
s3put [[ $* == *run.json* ]] && exec "$REAL" "$@"; head -c 100 "${@: -2:1}" > short; exec "$REAL" "${@:1:$#-2}" short "${@: -1}"
END
	((n == 10))
}

@test "a DEST reaches s3put as it is, with or without a shell between" {
	local code c
	mkdir -p "$WORK/keys" "$WORK/merged"
	touch "$WORK/keys/00001.tsv" "$WORK/merged/00001.csv"
	export GOT=$TMP/got
	instead_of s3put 'printf %s "${@: -1}" > "$GOT"; exit 1'
	for code in 9 {32..126} 252; do
		printf -v c %b "\\x$(printf %x "$code")"
		[[ $c != [0-9A-Za-z] ]] || continue
		DEST="s3://b/a${c}b/" BUILD=$TMP/build run_tool 2 make -s -f "$ROOT/pipeline.mk" "$WORK/put/00001.json"
		[[ $(< "$GOT") == "s3://b/a${c}b/merged-00001.csv" ]] || fail "=> $c: $(< "$GOT")"
		rm "$GOT"
	done
}

@test "make -n is dry, and shows the rules of one batch" {
	run_tool 0 make -n -C "$ROOT" -o build -j5 merge BUILD="$BUILD" WORK="$TMP/none"
	[[ $output == *"s3get "*" < $TMP/none/keys/N.tsv | csvcat "*"s3put "*"merged-N.csv"* ]]
	run_tool 0 make -n -f "$ROOT/pipeline.mk" WORK="$TMP/none" "$TMP/none/put/00007.json"
	[[ $output == *"s3get "*" < $TMP/none/keys/00007.tsv | csvcat "* ]]
	pipeline 0 -n merge plan status verify WORK="$TMP/none"
	[[ ! -e $TMP/none ]]
	[[ -z $(list_keys) ]]
}

@test "make -q and make -t run nothing" {
	s3 csvs "$BUCKET" csvs/ 4
	local flag
	for flag in q qs; do
		run_tool 1 make "-$flag" -f "$ROOT/sheaf.mk" merge
	done
	run_tool 0 make -t -f "$ROOT/sheaf.mk" merge plan refresh verify
	run_tool 1 make -q -f "$ROOT/pipeline.mk" merge
	run_tool 2 make -t -f "$ROOT/pipeline.mk" merge
	run_tool 2 make -t -f "$ROOT/pipeline.mk" "$WORK/put/00000.json"
	told "make -t does nothing here"
	[[ ! -e $WORK && ! -e merge && ! -e plan ]]
	nothing_stored
}

@test "JOBS is the N of make -jN, else 50" {
	s3 csvs "$BUCKET" csvs/ 4
	local top=(make -C "$ROOT" -o build BUILD="$BUILD")
	run_tool 0 "${top[@]}" -j7 merge
	grep -qx jobs=7 "$WORK/status"
	rm "$WORK/put/00000.json" # so that there is something to do
	run_tool 0 "${top[@]}" merge
	grep -qx jobs=50 "$WORK/status"
	rm "$WORK/put/00000.json"
	run_tool 0 "${top[@]}" -j merge
	grep -qx jobs=50 "$WORK/status"
	rm "$WORK/put/00000.json"
	run_tool 0 "${top[@]}" -j7 merge JOBS=3
	grep -qx jobs=3 "$WORK/status"
}

@test "one target of the work folder can be made by hand" {
	s3 csvs "$BUCKET" csvs/ 30
	pipeline 0 "$WORK/put/00001.json" BATCH=10
	[[ $(receipts) == 00001 ]]
	[[ $(rows out/) == "$(rows csvs/ | sed -n 11,20p)" ]]
	pipeline 2 "$WORK/put/00003.json" BATCH=10
	told "SRC has fewer batches"
	pipeline 0 merge BATCH=10
	merged_right
}

@test "progress: lines elsewhere, one line on a terminal, none with PROGRESS=0" {
	s3 csvs "$BUCKET" csvs/ 30
	pipeline 0 merge BATCH=10
	told "30 of 30 objects (100 %)"
	[[ $(grep -c objects "$TMP/err") == 1 ]]
	pipeline 0 merge BATCH=10 PROGRESS=0 WORK="$TMP/work2" DEST="s3://$BUCKET/ou2/"
	silent
	export TERM=xterm
	run_tool 0 script -qec "stty cols 30; make -s -f '$ROOT/pipeline.mk' merge BATCH=10 WORK=$TMP/work3 DEST=s3://$BUCKET/ou3/" /dev/null
	[[ $output == *$'\r30/30 100 %'*$'\e[J'* ]]
	# right after a resume
	rm "$WORK/put/00001.json"
	pipeline 0 merge BATCH=10
	told "30 of 30 objects (100 %)"
}

@test "progress counts what was left out and what was sent again; parallel's complaint about a slow machine is not told" {
	s3 csvs "$BUCKET" csvs/ 30
	put_object csvs/000012.csv $'id,name,value\n12,other,1\n'
	mkdir bin
	cat > bin/parallel <<-'END'
		#!/bin/bash
		printf 'parallel: Warning: %s\n' 'Starting 50 processes took > 2 sec.' 'Consider adjusting -j. Press CTRL-C to stop.' 'It rains.' >&2
		exec /usr/bin/parallel "$@"
	END
	chmod +x bin/parallel
	export PATH=$TMP/bin:$PATH
	pipeline 0 merge BATCH=10 REJECTS=1
	told "30 of 30 objects (100 %)" "parallel: Warning: It rains."
	lacks 'took|adjusting' "$TMP/err"
	rm "$WORK/put/00002.json" "$WORK/merged/00002.csv"
	echo '{"v":1,"program":"s3get","retries":9}' >> "$WORK/stats/00002.ndjson"
	pipeline 0 merge BATCH=10 REJECTS=1
	told "30 of 30 objects (100 %)"
	lacks retr "$TMP/err"
}

@test "status, logs" {
	s3 csvs "$BUCKET" csvs/ 30
	pipeline 2 status
	told "no run has used this work folder"
	pipeline 0 plan BATCH=10
	pipeline 0 status BATCH=10
	[[ $output == *"batches    3"*"done       0"*"make merge makes 3 batches"* ]]
	put_object csvs/000012.csv $'id,name,value\n12,other,1\n'
	pipeline 2 merge BATCH=10
	pipeline 0 status
	[[ $output == *"last run   failed"*"done       2"*"failed     1"*"make merge makes 1 batches"* ]]
	pipeline 0 logs
	[[ $output == *'"batch":"00001"'*000012.csv* ]]
	for n in 00001 1 001; do
		pipeline 0 logs N=$n
		[[ $output == *000012.csv* ]]
	done
	pipeline 0 logs N=0
	[[ -z $output && ! -e $WORK/log/00000.ndjson ]] # nothing happened there
	pipeline 2 logs N=3
	told "there is no batch 00003"
}

@test "REJECTS=1 leaves bad objects out, and says which and why" {
	s3 csvs "$BUCKET" csvs/ 40
	put_object 'csvs/000005\.csv' $'id,name,value\n5,a,b,c\n'
	put_object csvs/000033.csv.gz 'not gzip'
	pipeline 0 plan BATCH=10
	s3 rm "$BUCKET" csvs/000012.csv
	put_object csvs/000013.csv $'id,name,value\n13,changed,1\n'
	pipeline 2 merge BATCH=10
	[[ $(list_keys out/merged- | wc -l) == 2 ]]
	pipeline 0 merge BATCH=10 REJECTS=1 REJECTS_MAX=10%
	told "sheaf: 4 objects were left out"
	[[ $(cut -f 1 "$WORK/rejects.tsv" | sort) == "s3://$BUCKET/csvs/000005\\.csv
s3://$BUCKET/csvs/000012.csv
s3://$BUCKET/csvs/000013.csv
s3://$BUCKET/csvs/000033.csv.gz" ]]
	[[ $(grep -c $'\t.' "$WORK/rejects.tsv") == 4 ]]
	[[ $(rows out/ | wc -l) == 38 ]]
	pipeline 0 verify DEEP=1
	[[ $output == "38 objects, 4 left out (REJECTS_MAX=10%), 38 rows"* ]]
	# a failed connection is no reason to leave anything out
	AWS_MAX_ATTEMPTS=1 AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 pipeline 2 merge BATCH=10 REJECTS=1 WORK="$TMP/work2"
	[[ ! -e $TMP/work2/put/00000.json ]]
}

@test "a work folder whose settings were lost: that is told, and nothing is merged with others" {
	s3 csvs "$BUCKET" csvs/ 30
	pipeline 0 merge BATCH=10
	rm "$WORK/settings"
	local target
	for target in merge plan refresh status; do
		pipeline 2 $target BATCH=15
		told "sheaf: $WORK/settings: is missing"
	done
	run_tool 2 env -u DEST make -s -f "$ROOT/pipeline.mk" verify
	told "sheaf: $WORK/settings: is missing"
	[[ ! -e $WORK/settings ]]
	pipeline 2 status WORK="$TMP/none"
	told "sheaf: $TMP/none: no run has used this work folder"
}

# A plan of 200 objects, of which three are left out, one by s3get.
three_bad_of_200() {
	s3 csvs "$BUCKET" csvs/ 200
	put_object csvs/000000.csv $'id,name,value\n0,a,b,c\n'
	put_object csvs/000001.csv $'id,name,value\n1,"a\n'
	pipeline 0 plan BATCH=50 "$@"
	s3 rm "$BUCKET" csvs/000170.csv
}

@test "REJECTS_MAX: with more left out the run ends with an error, and nothing is stored of all batches together" {
	three_bad_of_200
	[[ $output == *$'\n'"left out   none: a bad object fails its batch; REJECTS=1 leaves out up to 2 (REJECTS_MAX=1%)"$'\n'* ]]
	export REJECTS=1 ONE=1 BACKUP=s3://$BUCKET/backup/
	pipeline 0 plan BATCH=50 REJECTS_MAX=0.5%
	[[ $output == *$'\n'"left out   up to 1 bad objects (REJECTS_MAX=0.5%)"$'\n'* ]]
	pipeline 2 merge BATCH=50
	told "sheaf: 3 of 200 objects were left out, and REJECTS_MAX=1% allows 2: " "with REJECTS_MAX=3" "see $WORK/rejects.tsv"
	lacks 'run the same command again' "$TMP/err"
	status_is failed
	local prefix
	for prefix in out backup; do
		[[ $(list_keys $prefix/) == "$prefix/_sheaf/run.json"$(printf "\n$prefix/merged-%s.csv" 0000{0,1,2,3}) ]]
	done
	[[ ! -e $WORK/one.json && ! -e $WORK/published.json ]]
	pipeline 0 status
	[[ $output == *"left out   3 of at most 2 (REJECTS_MAX=1%)"*"next       too many are left out"*"REJECTS_MAX=3"* ]]
	pipeline 2 report
	[[ $output == *"failed   rejects: 3 of 200 objects were left out, and REJECTS_MAX=1% allows 2"*"left out 3 of 200 objects (REJECTS_MAX=1%)"* ]]
	[[ $(report --format json "$WORK") == *'"REJECTS_MAX":"1%"'* ]]
	pipeline 2 verify
	told "verify: 3 of 200 objects were left out, and REJECTS_MAX=1% allows 2"
	pipeline 2 verify DEEP=1
	# what the run was told counts, unless verify is told something else
	pipeline 0 verify REJECTS_MAX=3
	[[ $output == "197 objects, 3 left out (REJECTS_MAX=3), "* ]]
	pipeline 2 verify WORK="$TMP/none"
	told "no finished merge has stored its ledgers there"
	# the same again ends in the same way, also without REJECTS
	REJECTS='' pipeline 2 merge BATCH=50
	told "3 of 200 objects were left out, and REJECTS_MAX=1% allows 2"
	[[ -z $(list_keys out/merged.csv) ]]
}

@test "REJECTS_MAX: a larger one finishes the run" {
	three_bad_of_200
	export REJECTS=1 ONE=1 BACKUP=s3://$BUCKET/backup/
	pipeline 2 merge BATCH=50 REJECTS_MAX=0
	told "3 of 200 objects were left out, and REJECTS_MAX=0 allows 0"
	pipeline 0 merge BATCH=50 REJECTS_MAX=1.5%
	status_is 'done'
	[[ $(get_object out/merged.csv | wc -l) == 198 && $(get_object backup/merged.csv | wc -l) == 198 ]]
	pipeline 0 verify DEEP=1
	[[ $output == "197 objects, 3 left out (REJECTS_MAX=1.5%), "* ]]
	pipeline 0 status
	[[ $output == *"left out   3 of at most 3 (REJECTS_MAX=1.5%)"*"nothing to do"* ]]
	pipeline 0 report
	[[ $output == *"left out 3 of 200 objects (REJECTS_MAX=1.5%)"* ]]
	mv "$WORK" elsewhere
	pipeline 0 verify
	[[ $output == *"197 objects, 3 left out"* ]]
	pipeline 2 verify REJECTS_MAX=2
	told "verify: 3 of 200 objects were left out, and REJECTS_MAX=2 allows 2"
	mv elsewhere "$WORK"
	# an object that was mended is merged, and the default is enough
	put_object csvs/000000.csv $'id,name,value\n0,mended,1\n'
	pipeline 0 refresh BATCH=50
	pipeline 0 merge BATCH=50
	pipeline 0 verify DEEP=1
	[[ $output == "198 objects, 2 left out (REJECTS_MAX=1%), "* ]]
}

@test "what is no CSV is named, and what to do: a NUL in the header, a stray that sorts first" {
	s3 csvs "$BUCKET" csvs/ 20
	printf 'id,na\0me,value\n5,a,b\n' | put_object csvs/000000.csv
	pipeline 2 merge BATCH=20
	told "$BUCKET/csvs/000000.csv: line 1: a NUL in the header"
	put_object csvs/000000.csv $'Do not delete these files.\n'
	pipeline 2 merge BATCH=20 REJECTS=1 WORK="$TMP/work2" DEST="s3://$BUCKET/out2/"
	told "$BUCKET/csvs/000000.csv: no other file has its header, and 19 files agree in another"
	[[ -z $(list_keys out/merged-; list_keys out2/merged-) ]]
}

@test "BACKUP gets the same objects, and verify looks at both" {
	s3 csvs "$BUCKET" csvs/ 30
	pipeline 0 merge BATCH=10
	pipeline 0 merge BATCH=10 BACKUP="s3://$BUCKET/backup"
	bodies out/ > "$TMP/one"
	bodies backup/ > "$TMP/two"
	same "$TMP/one" "$TMP/two"
	pipeline 0 verify
	s3 rm "$BUCKET" backup/merged-00001.csv
	pipeline 2 verify
	told "s3://$BUCKET/backup/merged-00001.csv: is missing"
	local backup
	for backup in out/ out/x csvs/; do
		pipeline 2 merge BATCH=10 BACKUP="s3://$BUCKET/$backup"
		told "BACKUP=s3://$BUCKET/$backup"
	done
	pipeline 0 merge BATCH=10 BACKUP="s3://$BUCKET/b2/" WORK="$TMP/work2" DEST="s3://$BUCKET/out2"
	pipeline 0 verify WORK="$TMP/work2" DEST="s3://$BUCKET/out2" DEEP=1
}

@test "verify from another machine needs nothing but DEST" {
	s3 csvs "$BUCKET" csvs/ 30
	pipeline 0 merge BATCH=10
	mv "$WORK" "$TMP/elsewhere"
	pipeline 0 verify DEEP=1
	[[ $output == *"stored at $DEST"*"30 objects, 0 left out, 30 rows"* ]]
	put_object out/merged-00001.csv other
	pipeline 2 verify
	told "s3://$BUCKET/out/merged-00001.csv: has 5 bytes"
	pipeline 2 verify DEST="s3://$BUCKET/none/"
	told "no finished merge has stored its ledgers there"
	[[ ! -e $WORK ]]
}

@test "ONE=1: all in one object too, with the size and the checksum that the ledgers predict" {
	s3 csvs "$BUCKET" csvs/ 35
	pipeline 0 merge BATCH=10
	pipeline 0 merge BATCH=10 ONE=1
	{
		echo id,name,value
		cat "$WORK"/merged/*.csv | grep -v '^id,name,value$'
	} > "$TMP/wanted"
	get_object out/merged.csv > "$TMP/found"
	same "$TMP/wanted" "$TMP/found"
	pipeline 0 verify DEEP=1
	mv "$WORK" "$TMP/elsewhere"
	pipeline 0 verify
	mv "$TMP/elsewhere" "$WORK"
	# it goes to BACKUP as well, whose verdict is its own
	pipeline 0 merge BATCH=10 ONE=1 BACKUP="s3://$BUCKET/backup/"
	get_object backup/merged.csv > "$TMP/found"
	same "$TMP/wanted" "$TMP/found"
	pipeline 0 verify DEEP=1
	s3 rm "$BUCKET" backup/merged.csv
	pipeline 2 verify
	told "s3://$BUCKET/backup/merged.csv: is missing"
	put_object out/merged.csv other
	pipeline 2 verify
	told "out/merged.csv: has 5 bytes"
	# made again after a refresh, and not from what is not what the ledgers say
	pipeline 0 merge BATCH=10 ONE=1 WORK="$TMP/work2" DEST="s3://$BUCKET/ou2/"
	put_object csvs/000007.csv $'id,name,value\n7,changed,1\n'
	pipeline 0 refresh BATCH=10 WORK="$TMP/work2" DEST="s3://$BUCKET/ou2/"
	pipeline 0 merge BATCH=10 ONE=1 WORK="$TMP/work2" DEST="s3://$BUCKET/ou2/"
	get_object ou2/merged.csv | grep -qx 7,changed,1
	rm "$TMP/work2/one.json"
	s3 rm "$BUCKET" ou2/merged.csv
	echo 99,more,1 >> "$TMP/work2/merged/00003.csv"
	pipeline 2 merge BATCH=10 ONE=1 WORK="$TMP/work2" DEST="s3://$BUCKET/ou2/"
	told "sheaf: the single object was not stored: s3put: "
	[[ -z $(list_keys ou2/merged.csv) ]]
}

@test "ONE=1 with UNION=1" {
	put_object csvs/1.csv $'a,b\n1,2\n'
	put_object csvs/2.csv $'b,c\n3,4\n'
	pipeline 0 merge BATCH=1 ONE=1 UNION=1
	[[ $(get_object out/merged.csv) == $'a,b,c\n1,2,\n,3,4' ]]
	pipeline 0 verify
}
