#!/usr/bin/env bats
# time limit: 600
# report: what a run did, from its work folder alone; the same numbers in every format, and alarms.
load helpers

setup() {
	fresh_environment
}

teardown() {
	[[ -z ${HOLDER-} ]] || kill "$HOLDER" 2> /dev/null || true
}

# fixture KIND [BATCHES]: the folder `work`, always the same.
fixture() {
	rm -rf work
	"$ROOT/tests/report-fixture" "$1" work "${@:2}"
}

# The lock, as a run has it.
hold_lock() {
	flock --no-fork work/.lock sleep 1000 3>&- &
	HOLDER=$!
	wait_until -e /proc/$HOLDER
	for _ in {1..100}; do
		flock --nonblock work/.lock true || return 0
		sleep 0.05
	done
	return 1
}

# status_of KIND: what report ends with.
status_of() {
	[[ $1 == failed || $1 == hostile || $1 == interrupted ]] && echo 1 || echo 0
}

# all_formats STATUS: into report.FORMAT.
all_formats() {
	local format
	for format in text json html prometheus emf; do
		run_tool "$1" report --format "$format" -o "report.$format" work
		[[ ! -s out ]]
	done
}

# What differs from run to run: the time, the version.
steady() {
	sed -E 's/("made": ?)"[^"]*"/\1"T"/; s/("Timestamp":)[0-9]+/\10/; s/("sheaf": ?)"[^"]*"/\1"V"/'
}

check() {
	run_tool 0 "$ROOT/tests/report-check" "$@"
}

# number NAME: its value in the JSON of `work`.
number() {
	report --quiet --format json work 2> /dev/null | /usr/bin/python3 -c \
		'import json, sys; print(json.load(sys.stdin)["metrics"][sys.argv[1]]["value"])' "$1"
}

# ---- the formats ----------------------------------------------------------------------------------------------

@test "every format is as it was (tests/report; UPDATE=1 writes them anew)" {
	for kind in 'done' failed; do
		fixture $kind
		all_formats "$(status_of $kind)"
		"$ROOT/tests/report-check" embedded report.html > report.embedded
		for format in text json prometheus emf embedded; do
			steady < report.$format > got
			[[ ${UPDATE-} != 1 ]] || cp got "$ROOT/tests/report/$kind.$format"
			same "$ROOT/tests/report/$kind.$format" got
		done
	done
}

@test "the numbers agree: text, JSON, HTML, Prometheus, EMF, and batches with their sums" {
	for kind in 'done' failed interrupted hostile; do
		fixture $kind
		all_formats "$(status_of $kind)"
		check agree .
	done
}

@test "the JSON is as docs/report.schema.json says" {
	for kind in 'done' failed interrupted running hostile; do
		fixture $kind
		report --quiet --format json work > $kind.json 2> err || true
	done
	rm -rf work
	mkdir -p work/keys
	report --quiet --format json work > none.json 2> err || true
	check schema "$ROOT/docs/report.schema.json" done.json failed.json interrupted.json running.json hostile.json none.json
}

@test "the metrics are as promtool wants them, EMF as CloudWatch does" {
	for kind in 'done' failed hostile; do
		fixture $kind
		report --format prometheus --alarm 'requests>"1' work > report.prom 2> err || true
		report --format prometheus work > report.prom 2> err || true
		run_shell 0 'promtool check metrics < report.prom'
		silent
		report --format emf work > report.emf 2> err || true
		check emf report.emf
	done
}

@test "the text fits 80 columns, and a good run a screen" {
	for kind in 'done' failed interrupted hostile; do
		fixture $kind
		report work > text 2> err || true
		/usr/bin/python3 - <<-'EOP'
		import unicodedata
		for line in open("text", encoding="utf-8").read().splitlines():
		    width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)
		    assert width <= 80, (width, line)
		EOP
		[[ $kind != "done" ]] || (($(wc -l < text) <= 24))
	done
}

@test "colour on a terminal only, and not with NO_COLOR" {
	fixture failed
	run_tool 1 report work
	lacks $'\x1b' out
	run_shell 1 'script --quiet --return --command "report work" /dev/null < /dev/null | cat'
	grep -q $'^\x1b\\[31mfailed\x1b\\[0m' out
	export NO_COLOR=1
	run_shell 1 'script --quiet --return --command "report work" /dev/null < /dev/null | cat'
	lacks $'\x1b' out
}

@test "the man page names every number" {
	fixture "done"
	for name in $(report --format json work | /usr/bin/python3 -c 'import json, sys; print(*json.load(sys.stdin)["metrics"])'); do
		grep -qF "Li $name" "$ROOT/tools/report.1" || fail "$name is missing"
	done
}

# ---- alarms ---------------------------------------------------------------------------------------------------

@test "the default alarms: errors, failed batches, throttling, time" {
	fixture "done"
	run_tool 0 report work
	silent
	fixture failed
	run_tool 1 report work
	grep -qxF "report: alarm: errors>5%: it is 8.696%" err
	grep -qxF "report: alarm: failed>0: it is 3" err
	lacks 'throttled|duration' err
	run_tool 0 report --no-default-alarms work
	silent
	fixture "done"
	echo '{"v":1,"program":"s3get","start":"2026-09-21T14:13:30.000Z","wall_ms":5500000,"requests":100,"throttled":40}' >> work/stats/00000.ndjson
	run_tool 1 report work
	grep -qxF "report: alarm: throttled>1%: it is 1.584%" err
	grep -qxF "report: alarm: duration>90m: it is 91.83m" err
}

@test "alarms on any number, in any of its units" {
	fixture failed
	while read -r status expression; do
		run_tool "$status" report --no-default-alarms --alarm "$expression" work
		if [[ $status == 1 ]]; then
			says "report: alarm: $expression: it is "
		else
			silent
		fi
	done <<-'END'
		1 batches_done=21
		0 batches_done!=21
		1 batches_done != 20
		1 batches_done>=21
		0 batches_done>21
		1 batches_done<=21
		0 batches_done<21
		1 batches_done>83.9%
		0 batches_done>84%
		1 duration>10s
		0 duration>11s
		0 duration>1m
		1 duration < 0.1h
		1 duration<0.001d
		1 latency_p99>77ms
		0 latency_p99>78ms
		1 bytes_in>216K
		0 bytes_in>217K
		1 max_rss<1G
		1 cost>0.001
		0 cost>1
		0 tls_resumed<75%
		1 retries_checksum=70
		0 skipped>3.5
	END
	run_tool 1 report -q --no-default-alarms --alarm 'rows>0' --alarm 'rows<0' --alarm 'rows>1' --alarm 'rows>1' work
	(($(grep -c ALARM out) == 2))
	silent
}

@test "an alarm that makes no sense is misuse, before anything is written" {
	fixture "done"
	while IFS= read -r expression; do
		run_tool 2 report --alarm "$expression" -o new work
		says "report: alarm '$expression': "
		[[ ! -e new && ! -s out ]]
	done <<-'END'
		nothing>1
		rows
		rows>
		rows>x
		rows>-1
		rows>1e3
		rows>0x10
		rows>nan
		rows>5%
		rows>5s
		duration>5K
		bytes_in>5m
		duration>5 m m
		rows>>1
		rows==1
		rows=>1
		>1
	END
	run_tool 2 report --alarm '' work
}

# ---- states ---------------------------------------------------------------------------------------------------

@test "a run under way: how long, how far, and alarms on it" {
	fixture running
	hold_lock
	run_tool 0 report work
	grep -qE '^running for 1 min 4[0-9] s, about [0-9]+ ms left: 6 of 8 batches listed so far done, 1 begun$' out
	grep -qE '^  idle     1 min 3[0-9] s since a program last ended$' out
	run_tool 1 report --alarm 'duration>90s' --alarm 'idle>90' work
	grep -q 'alarm: duration>90s: it is 10' err
	grep -q 'alarm: idle>90: it is 9' err
}

@test "a run that was killed is no run under way: it fired the alarm" {
	fixture running
	run_tool 1 report work
	grep -qxF "report: alarm: failed>0: it is 1" err
	grep -qxF "report: alarm: missing>0: it is 200" err
	[[ $output == "killed: 6 of 8 batches"* ]]
}

@test "asking does not stand in the way of a run that begins" {
	fixture running
	run_shell 0 'for i in {1..30}; do report work > /dev/null 2>&1; done & for i in {1..30}; do flock --timeout 5 work/.lock true || exit 9; done; wait'
}

@test "a run that had nothing to do still tells how long the one before took" {
	fixture "done"
	before=$(number duration)
	sed -i 's/^started=.*/started=2026-09-22T00:00:00Z/; s/^ended=.*/ended=2026-09-22T00:00:00Z/' work/status
	[[ $(number duration) == "$before" && $before == 7.* ]]
}

@test "a nightly run is measured by itself" {
	fixture failed
	[[ $(number duration) == 10.6* && $(number busy) == 14.5* ]]
	run_tool 1 report work
	[[ $output == *"in all 2 sessions 14.5 s"* ]]
}

@test "objects that a run neither merged nor left out fire, whatever the run says of itself" {
	fixture "done"
	complete() { # a plan with what is in each batch
		for n in {00000..00023}; do echo "$n=100 00000000"; done > work/keys/complete
		printf 'objects=2400\nbytes=240000\nbatches=24\nskipped=3\n' >> work/keys/complete
	}
	complete
	run_tool 0 report work
	[[ ${output%%$'\n'*} == "done: 24 of 24 batches" ]]
	# left out, and said so
	sed -i 's/"objects": 100/"objects": 98/' work/put/00007.json
	printf 's3://bucket/csvs/%s.csv\tbad\n' a b > work/reject/00007.tsv
	run_tool 0 report work
	[[ ${output%%$'\n'*} == "done: 24 of 24 batches, 2 objects left out" ]]
	# one more in another batch does not make up for it
	printf 's3://bucket/csvs/c.csv\tbad\n' > work/reject/00009.tsv
	sed -i 1d work/reject/00007.tsv
	run_tool 1 report work
	says "alarm: missing>0: it is 1"
	[[ ${output%%$'\n'*} == "done: 24 of 24 batches, 2 objects left out, 1 object missing" ]]
	run_tool 0 report --no-default-alarms work
	# a batch that is planned and has left no trace
	fixture "done"
	complete
	rm work/*/00011.* work/keys/00023.tsv
	run_tool 1 report work
	says "alarm: missing>0: it is 100"
	[[ ${output%%$'\n'*} == "done: 23 of 24 batches" && $output == *work/keys/00011.tsv:*missing* && $output == *work/keys/00023.tsv:*missing* ]]
	# by the totals alone, as older folders have them
	fixture "done"
	rm work/put/00011.json
	run_tool 1 report work
	says "alarm: missing>0: it is 100"
	# before the plan is complete
	fixture interrupted
	run_tool 1 report work
	says "alarm: missing>0: it is 200"
	# a plan that was damaged
	fixture "done"
	complete
	truncate -s 100 work/keys/complete
	report work > out 2> err || true
	grep -q "problem  work/keys/complete: is damaged" out
	# a newer folder says what this one cannot know
	sed -i 1iversion=3 work/settings
	run_tool 2 report work
	says "work/settings: version=3: a newer sheaf made this work folder" "use the newer one, or another WORK"
}

@test "nothing has run yet" {
	mkdir -p work/{keys,stats,put}
	printf 'SRC=s3://b/s/\nDEST=s3://b/d/\nBATCH=10\n' > work/settings
	run_tool 0 report work
	[[ ${output%%$'\n'*} == "nothing has run yet" ]]
	for format in json html prometheus emf; do
		run_tool 0 report --format $format work
		silent
	done
	mkdir work/keys/complete.part
	printf 'objects=15\nbytes=1500\nbatches=2\nskipped=0\n' > work/keys/complete
	: > work/keys/00000.tsv
	: > work/keys/00001.tsv
	run_tool 1 report work
	[[ ${output%%$'\n'*} == "nothing has run yet; planned: 2 batches" ]]
	grep -qxF 'report: alarm: missing>0: it is 15' err
}

@test "a listing that failed, and nothing else, fires" {
	fixture interrupted
	sed -i 's/interrupted/failed/' work/status
	echo 's3ls: s3://bucket/csvs/: 403 AccessDenied' > work/failed/listing
	run_tool 1 report work
	[[ $output == *"failed   listing: s3ls: s3://bucket/csvs/: 403 AccessDenied"* ]]
	rm work/failed/listing
	run_tool 1 report work
	grep -qxF 'report: alarm: failed>0: it is 1' err
}

@test "what the single object took counts, what make verify took does not" {
	fixture "done"
	before=$(number requests)
	sed 1q work/stats/listing.ndjson > work/stats/verify.ndjson
	[[ $(number requests) == "$before" ]]
	grep -h '"s3put"' work/stats/00000.ndjson > work/stats/one.ndjson
	(($(number requests) == before + 1))
	run_tool 0 report work
	silent
}

@test "prices are settings" {
	fixture "done"
	[[ $(number requests_get) == 2400 && $(number requests_put) == 24 && $(number requests_list) == 2 ]]
	[[ $(number cost) == 0.00109 ]]
	run_tool 0 report --price-get 1 --price-put 10 --price-list 100 work
	[[ $output == *'for $2.8400 on'* ]]
	run_tool 2 report --price-get x work
	run_tool 2 report --price-get 1.2.3 work
	run_tool 2 report --price-get -1 work
}

# ---- broken folders -------------------------------------------------------------------------------------------

@test "what is no work folder is misuse, and said" {
	mkdir empty
	: > file
	ln -s nowhere link
	for work in empty file link missing file/below; do
		run_tool 2 report "$work"
		says "report: $work: "
		[[ ! -s out ]]
	done
	run_tool 2 report
	says "report: work: No such file or directory"
}

# problem TEXT: the report says it, in the text and on standard error of another format, and tells the rest.
problem() {
	run_tool "${STATUS-0}" report work
	[[ $(tr -s ' \n' ' ' < out) == *"$1"* ]] || fail "=> not told: $1"
	[[ $output == *" of 24 batches"* ]]
	run_tool "${STATUS-0}" report --format json work
	[[ $output == *"$1"* ]]
	grep -qF -- "$1" err
	cp out problem.json
	check schema "$ROOT/docs/report.schema.json" problem.json
}

@test "a broken line is told, the others count" {
	fixture "done"
	total=$(number requests)
	echo 'garbage' >> work/stats/00000.ndjson
	echo '{"v":1,"program":"s3get"' >> work/stats/00000.ndjson
	problem "work/stats/00000.ndjson: line 4 and 1 more: the first is not a JSON object"
	[[ $(number requests) == "$total" ]]
	fixture "done"
	printf '{"v":1,"program":"s3get","requ' >> work/stats/00003.ndjson
	problem "work/stats/00003.ndjson: line 4 is cut short"
	fixture "done"
	head -c 5000 /dev/urandom | tr -d '\n' > work/stats/00003.ndjson
	problem "work/stats/00003.ndjson: line 1 is cut short"
	[[ $(number batches_done) == 24 ]]
	problem "1 batches are done but have no stats"
}

@test "files of another version are told, the others count" {
	fixture "done"
	sed -i 's/"v":1/"v":2/' work/stats/00007.ndjson
	problem "work/stats/00007.ndjson: line 1 and 2 more: the first is of a version unknown to this report"
	fixture "done"
	sed -i 's/s3get/s3fetch/' work/stats/00007.ndjson
	problem "work/stats/00007.ndjson: line 1 is of a program unknown to this report"
	fixture "done"
	echo '{"uri":"s3://bucket/merged-csvs/merged-00002.csv","bytes":9000}' > work/put/00002.json
	problem "work/put/00002.json: etag is missing or of the wrong type"
	fixture "done"
	sed -i 's/=done/=celebrating/' work/status
	problem "work/status: state=celebrating: unknown to this version"
	sed -i 's/=celebrating/=done/; s/^jobs=.*/jobs=many/; s/^batches/batches/; 5s/=/:/' work/status
	problem "work/status: jobs=many: not a number"
	problem "work/status: line 5 is not NAME=value"
}

@test "half-written, missing and misplaced files" {
	fixture "done"
	rm work/settings
	problem "work/settings: missing"
	fixture "done"
	: > work/put/00005.json
	problem "work/put/00005.json: not a receipt: not a JSON object: batch 00005 counts as done"
	fixture "done"
	rm work/stats/0000[0-4].ndjson
	problem "5 batches are done but have no stats: their requests and times are not counted"
	fixture "done"
	rm work/stats/00001.ndjson
	mkdir work/stats/00001.ndjson
	problem "work/stats/00001.ndjson: not a regular file"
	fixture "done"
	rm -r work/log work/failed work/reject work/ledger work/about work/merged work/status work/keys/complete
	run_tool 0 report work
	[[ $output == "unknown: 24 of 24 batches listed so far done"* && $output == *"work/status: missing"* ]]
	fixture "done"
	echo x > work/stats/000000000000000000000.ndjson
	echo x > work/stats/verify.ndjson
	echo x > work/put/notes.json
	echo x > work/failed/00003.part
	run_tool 0 report work
	silent
	lacks problem out
}

@test "a hundred things broken: the first are told, all are counted" {
	fixture "done"
	for i in {00000..00023} {00100..00299}; do
		echo broken > "work/stats/$i.ndjson"
	done
	run_tool 0 report work
	[[ $output == *"and 220 more"* && $(number problems) == 225 ]]
	report --format json work > big.json 2> err
	check schema "$ROOT/docs/report.schema.json" big.json
}

@test "numbers that cannot be" {
	fixture "done"
	{
		echo '{"v":1,"program":"s3get","start":"2026-09-21T14:13:21.000Z","wall_ms":-5,"requests":-1,"retries":1e300,"retry_causes":[1],"latency_ms":{"max":1e300,"sum":-1,"buckets":[[999,1],[-1,1],["x"],[3,-7],7]}}'
		echo '{"v":1,"program":"s3get","start":"yesterday","wall_ms":"long","latency_ms":[],"bytes_in":99999999999999999999}'
		echo '{"v":1,"program":"s3get","start":"0001-01-01T00:00:00Z","wall_ms":9223372036854775807}'
		echo '{"v":1,"program":"s3get","start":"9999-12-31T23:59:59.999Z","wall_ms":9223372036854775807,"maxrss_kb":9223372036854775807}'
	} >> work/stats/00000.ndjson
	all_formats 1
	check schema "$ROOT/docs/report.schema.json" report.json
}

# ---- hostile text ---------------------------------------------------------------------------------------------

@test "keys cannot play with a terminal, or with any format" {
	fixture hostile
	run_tool 1 report work
	lacks $'[\x01-\x09\x0b-\x1f\x7f]' out
	lacks $'[\x01-\x09\x0b-\x1f\x7f]' err
	for format in json html prometheus emf; do
		run_tool 1 report --format $format work
		lacks $'\x1b' out
	done
	run_tool 1 report --format html work
	# the page's own, and nothing from outside
	(($(grep -c '<script' out) == 2))
	lacks '<img|<plaintext|<i>' out
}

@test "a folder that somebody else wrote: names of files, values and links cannot play with any format" {
	local esc=$'\x1b[31m' csi=$'\xc2\x9b2J' rlo=$'\xe2\x80\xae'
	fixture "done"
	echo "boom $esc$csi$rlo" > "work/failed/${esc}x"
	printf 'SRC=s3://b/%s"}\\\nDEST=s3://d/%s</script><script>\nX=1\n' "$csi$rlo" "$csi" > work/settings
	printf 's3://b/%s\t%s<img>\n' "$esc" "$csi" > work/reject/00003.tsv
	echo "{\"time\":\"$csi\",\"level\":\"\\u001b[2J\",\"uri\":\"s3://b/\\u009b\",\"message\":\"$rlo\"}" >> work/log/00001.ndjson
	echo "state=$csi" > work/status
	for format in text json html prometheus emf; do
		run_tool 1 report --format $format work
		lacks $'\x1b' out
		! LC_ALL=C grep -qaP '\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]|[\x00-\x09\x0b-\x1f\x7f]' <(sed 's/\t//g' out) || fail "$format has a control character"
		LC_ALL=C lacks $'\x1b' err
	done
	run_tool 1 report --format json work
	cp out hostile.json
	check schema "$ROOT/docs/report.schema.json" hostile.json
	run_tool 1 report --format html work
	(($(grep -c '<script' out) == 2))
	for file in settings status keys/complete put/00002.json stats/00002.ndjson reject/00003.tsv; do
		fixture failed
		[[ -e work/$file ]] || continue
		mv "work/$file" moved
		ln -s "$PWD/moved" "work/$file"
		run_tool 1 report --format text work
		[[ $(tr -s ' \n' ' ' < out) == *"work/$file: is, or is below, a symbolic link, which is not followed"* ]]
	done
	fixture "done"
	rm -f work/log/00003.ndjson
	mkdir -p work/log
	mkfifo work/log/00003.ndjson
	rm -r work/put
	ln -s /etc work/put
	run_tool 1 report work
	[[ $output == *"work/put: not a folder, or a symbolic link"* ]]
}

@test "the page in a browser: no complaint, tables sort and filter, a batch opens, light, dark, phone, print" {
	fixture failed
	run_tool 1 report --format html -o page.html work
	mkdir pictures
	run_tool 0 "$ROOT/tests/report-page" page.html pictures
	cp out seen.json
	report --format json work > report.json 2> err || true
	/usr/bin/python3 - <<-'EOP'
	import json
	seen, data = json.load(open("seen.json")), json.load(open("report.json"))
	assert seen["title"] == "sheaf report: failed"
	assert [p.split(":")[0] for p in seen["pictures"]] == ["Batches over time", "Objects per second", "Batches at once", "Retries", "GET latency"]
	took = lambda b: b["end_ms"] - b["start_ms"] if b["start_ms"] else -1
	def shown(ms):
	    return "" if ms < 0 else f"{ms} ms" if ms < 999.5 else f"{ms / 1000:.1f} s"
	down = sorted(map(took, data["batches"]), reverse=True)
	assert seen["sorted_down"] == [shown(ms) for ms in down] and seen["sorted_down_aria"] == "descending", seen["sorted_down"]
	assert seen["sorted_up"] == [shown(ms) for ms in down[::-1]] and seen["sorted_up_aria"] == "ascending"
	assert sorted(seen["filtered"]) == [b["batch"] for b in data["batches"] if "0001" in b["batch"]], seen["filtered"]
	assert seen["unfiltered"] == 25 and seen["chosen"] == ["failed"] * 2
	assert "403 AccessDenied" in seen["dialog"] and "log/00021.ndjson" in seen["links"] and seen["closed"] is True
	numbers = seen["numbers"]
	assert list(numbers) == list(data["metrics"])
	for name, m in data["metrics"].items():
	    if m["unit"] == "":
	        assert numbers[name][0] == f"{m['value']:,}", name
	    if "percent" in m:
	        assert abs(float(numbers[name][1].removesuffix(" %")) - m["percent"]) <= .005, name
	assert numbers["duration"][0] == "10.6 s" and numbers["bytes_in"][0] == "216.8 KiB" and numbers["cost"][0] == "$0.0012"
	EOP
	[[ -s pictures/light.png && -s pictures/dark.png && -s pictures/phone.png && -s pictures/print.pdf ]]
}

@test "a page with hostile keys shows them and interprets nothing" {
	fixture hostile
	run_tool 1 report --format html -o page.html work
	run_tool 0 "$ROOT/tests/report-page" page.html
	cp out seen.json
	/usr/bin/python3 - <<-'EOP'
	import json
	seen = json.load(open("seen.json"))
	assert seen["title"] == "sheaf report: failed"
	assert not {"script", "img", "b", "plaintext"} & set(seen["elements"]), seen["elements"]
	for text in ("</script><script>document.title='owned'</script>\\u001b]0;owned\\u0007", "\\u2028\\u202e&amp;\"'日本.csv",
	             "<b>AccessDenied</b>", "<img src=x onerror=", "<plaintext>", "<i>@SUM(1)</i>"):
	    assert text in seen["text"], text
	for line in seen["text"].splitlines():
	    for cell in line.split("\t"):
	        assert cell[:1] not in "=+@-\t" or not cell, f"a formula: {cell}"
	EOP
}

# ---- size -----------------------------------------------------------------------------------------------------

@test "30,000 batches: little memory, a page below 5 MB that opens" {
	fixture big 30000
	for format in text json html; do
		# the sanitizers take memory of their own
		/usr/bin/python3 - "$format" <<-'EOP'
		import os, resource, subprocess, sys
		what = sys.argv[1]
		ended = subprocess.run(["report", "--quiet", "--format", what, "-o", f"report.{what}", "work"])
		used = resource.getrusage(resource.RUSAGE_CHILDREN)
		print(f"{what}: {used.ru_maxrss} KB")
		assert ended.returncode == 1
		assert "asan" in os.environ["BUILD"] or used.ru_maxrss < 100_000
		EOP
	done
	(($(stat -c %s report.html) < 5000000))
	for format in prometheus emf; do
		report --format $format work > report.$format 2> err || true
	done
	check agree .
	run_tool 0 "$ROOT/tests/report-page" report.html
	/usr/bin/python3 -c 'import json; seen = json.load(open("out")); assert seen["unfiltered"] == 25 and seen["loaded_s"] < 60, seen["loaded_s"]'
}

# ---- the program ----------------------------------------------------------------------------------------------

@test "usage" {
	run_tool 0 report --help
	[[ $output == usage:* ]]
	run_tool 0 report --version
	fixture "done"
	for arguments in '--nonsense' '--format xml' 'work work' '--alarm' '--price-get'; do
		# shellcheck disable=SC2086
		run_tool 2 report $arguments
		[[ ! -s out && -s err ]]
	done
}

@test "a report that cannot be written is an error, and leaves nothing behind" {
	fixture "done"
	run_shell 1 'report work > /dev/full'
	says "No space left on device"
	run_shell 1 'report work >&-'
	run_tool 1 report -o no/such/folder work
	says "report: no/such/folder"
	run_shell 1 'report --help > /dev/full'
	trap '' XFSZ # so that the limit is an error, as a full disk is
	ulimit -f 1
	for format in json html; do
		run_tool 1 report --format $format -o new work
		[[ ! -e new && ! -e new.part ]]
	done
}

@test "it needs neither curl nor TLS" {
	run_shell 0 'ldd "$(command -v report)"'
	lacks 'libcurl|libssl|libcrypto' out
}
