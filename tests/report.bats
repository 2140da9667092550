#!/usr/bin/env bats
# report: a work folder in, the same numbers out in every format.
load helpers

setup() {
	fresh_environment
	work_folder
}

# 3 batches: done, done after a retry, failed; one program ran 2 s, its GETs took 1 to 8 ms.
work_folder() {
	mkdir -p work/{keys,put,stats,failed}
	printf 'SRC=s3://b/csvs/\nDEST=s3://b/out/\n' > work/settings
	printf 'state=failed\nstarted=2026-11-23T10:00:00Z\nended=2026-11-23T10:00:10Z\njobs=50\n' > work/status
	printf 'objects=2500\nbytes=250000\nbatches=3\nskipped=4\n' > work/keys/complete
	touch work/keys/0000{0,1,2}.tsv
	local n
	for n in 0 1; do
		echo "{\"uri\":\"s3://b/out/merged-0000$n.csv\",\"bytes\":68000,\"etag\":\"e$n\",\"crc32c\":\"0000000$n\",\"parts\":1,\"objects\":1000,\"rows\":1001}" > work/put/0000$n.json
		echo "{\"v\":1,\"program\":\"s3get\",\"start\":\"2026-11-23T10:00:0$n.000Z\",\"wall_ms\":2000,\"user_ms\":30,\"sys_ms\":10,\"maxrss_kb\":12000,\"status\":0,\"objects\":1000,\"failed\":0,\"rejected\":0,\"bytes_in\":100000,\"bytes_out\":100,\"requests\":1005,\"requests_get\":1005,\"requests_put\":0,\"requests_list\":0,\"requests_head\":0,\"requests_other\":0,\"retries\":$n,\"retry_causes\":{\"reset\":$n},\"throttled\":0,\"hedged\":2,\"connections\":8,\"tls_handshakes\":8,\"tls_resumed\":7,\"latency_ms\":{\"n\":1005,\"p50\":1.024,\"p90\":8.192,\"p99\":8.192,\"max\":8.000,\"sum\":3000.000,\"buckets\":[[80,900],[104,105]]}}" > work/stats/0000$n.ndjson
	done
	echo "s3get: s3://b/csvs/x.csv: not found (404 NoSuchKey)" > work/failed/00002
}

@test "text: what matters, in 80 columns, without colour" {
	run_tool 1 report work
	lacks $'\033' out
	/usr/bin/python3 -c 'import sys; assert all(len(l.rstrip("\n")) <= 80 for l in open("out", encoding="utf-8")), "wide"'
	[[ $output == "failed: 2 of 3 batches, 1 failed"* ]]
	[[ $output == *"00002 s3get: s3://b/csvs/x.csv: not found"* ]]
	[[ $output == *"objects  2,000 of 2,500"* && $output == *"4 keys skipped"* && $output == *"rows     2,002"* ]]
	grep -q "alarm: failed>0" err
	grep -q "alarm: errors>5%" err
}

@test "the numbers are the same in JSON, HTML, Prometheus and EMF" {
	for format in json html prometheus emf; do
		run_tool 1 report --format $format -o "$format" work
		[[ ! -e $format.part && ! -s out ]]
	done
	/usr/bin/python3 - <<-'EOP'
	import json, re
	j = json.load(open("json"))
	assert j["schema"] == 1 and j["state"] == "failed" and len(j["batches"]) == 3
	m = {k: v["value"] for k, v in j["metrics"].items()}
	want = {"objects": 2000, "rows": 2002, "objects_listed": 2500, "bytes_out": 136000, "bytes_in": 200000, "done": 2,
	        "failed": 1, "left": 0, "requests": 2010, "retries": 1, "retries_reset": 1, "hedged": 4, "connections": 16,
	        "duration": 3, "busy": 3, "cpu": 0.08, "max_rss": 12000, "latency_max": 0.008, "sequential": 6}
	for k, v in want.items():
	    assert abs(m[k] - v) < 1e-9, (k, m[k], v)
	html = open("html", encoding="utf-8").read()
	inside = json.loads(re.search(r'id="data">(.*?)</script>', html, re.S).group(1))
	assert {k: v["value"] for k, v in inside["metrics"].items()} == m
	emf = json.load(open("emf"))
	names = {x["Name"] for x in emf["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
	assert names == set(m) and all(abs(emf[k] - m[k]) < 1e-9 for k in m)
	prom = dict(re.findall(r'^sheaf_(\w+)\{dest="s3://b/out/"\} (\S+)$', open("prometheus").read(), re.M))
	for k, v in m.items():
	    key = next(p for p in prom if p == k or p.startswith(k + "_") and p[len(k) + 1:] in ("seconds", "bytes", "dollars"))
	    assert abs(float(prom[key]) - v * (1024 if k == "max_rss" else 1)) < 1e-6, (k, prom[key], v)
	EOP
}

@test "alarms: comparisons, percentages, units; what cannot be one" {
	rm work/failed/00002
	run_tool 0 report -q work
	for alarm in 'retries>0' 'retries>=1' 'rows=2002' 'rows!=1' 'left<2' 'left<=1' 'duration>2s' 'bytes_out>100K' 'throttled<1%' \
		'hedged>0.1%'; do
		run_tool 1 report --alarm "$alarm" work
		says "alarm: $alarm"
	done
	for alarm in 'retries>1' 'duration>1m' 'retries>5%' 'retries_timeout>0'; do
		run_tool 0 report --alarm "$alarm" work
	done
	for alarm in 'nothing>0' 'rows' 'rows>' 'rows>x' 'rows=>1x'; do
		run_tool 2 report --alarm "$alarm" work
		says "$alarm"
	done
}

@test "broken and older files are told, the rest is reported" {
	echo 'no json' >> work/stats/00000.ndjson
	echo '{"v":0,"program":"s3get"}' >> work/stats/00001.ndjson
	echo '{' > work/put/00001.json
	run_tool 1 report --no-default-alarms --alarm 'problems>2' work
	[[ $output == *"objects  1,000 of 2,500"* ]]
	grep -q 'work/stats/00000.ndjson: line 2: not a JSON object' err
	grep -q 'work/stats/00001.ndjson: line 2: of another version' err
	grep -q 'work/put/00001.json: not a JSON object' err
}

@test "a folder that is hardly begun, and one that is none" {
	rm -rf work/*
	run_tool 2 report work
	says 'work: not a work folder'
	run_tool 2 report nowhere
	says 'nowhere: No such file'
	printf 'SRC=s3://b/x/\nDEST=s3://b/y/\n' > work/settings
	run_tool 0 report work
	[[ $output == "unknown: 0 of 0 batches"* ]]
	run_tool 0 report --format html work
}

@test "hostile names are shown, never interpreted" {
	printf 's3get: s3://b/\033[31m<script>alert(1)</script>\342\200\250&"\001: broken\n' > work/failed/00002
	printf 'SRC=s3://b/"><img src=x>/\nDEST=s3://b/a"b\\c/\n' > work/settings
	run_tool 1 report work
	lacks $'\033' out
	run_tool 1 report --format html work
	[[ $(grep -o '<script' out | wc -l) == 2 && $(grep -o '<img' out | wc -l) == 0 ]]
	lacks $'\342\200\250' out
	run_tool 1 report --format prometheus work
	grep -qF 'dest="s3://b/a\"b\\c/"' out
	run_tool 1 report --format json work
	/usr/bin/python3 -c 'import json; json.load(open("out"))'
}

@test "misuse, a full device, and what it is linked with" {
	run_tool 2 report --format xml work
	run_tool 2 report work work
	run_shell 1 'report work > /dev/full'
	run_tool 0 ldd "$BIN/report"
	lacks 'libcurl|libcrypto' out
}
