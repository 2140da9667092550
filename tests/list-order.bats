#!/usr/bin/env bats
# servers: s3d
# time limit: 600
# Servers that list in another order than that of the UTF-8 bytes, that know no ListObjectsV2, or give no continuation tokens.
load helpers
load hostile

# What the scripts of this suite have: keys that sort otherwise by UTF-16, without case, by folder, and as they were made.
KEYS='keys = ["p/%s%s.csv" % (a, b) for a in ("m", "M", "z/", "z", "é", "～", "😀", "B", "\ufb01") for b in ("", "1", "-9", "a/b", "😀", "～", "C")]
keys += ["p/run%d/part-%04d.csv" % (i % 3, i) for i in range(200)]
objects = {key: b"id,key\n%d,%s\n" % (i, key.encode()) for i, key in enumerate(keys)}
utf_16 = lambda key: key.encode("utf-16-be")
no_case = lambda key: (key.lower(), key)
folders = lambda key: [(part, i + 1 < key.count("/") + 1) for i, part in enumerate(key.split("/"))]
rank = {key: i for i, key in enumerate(keys)}
made = lambda key: (rank.get(key, -1), key)
backwards = lambda key: [-byte for byte in key.encode()] + [0]'

# serve ANSWER...: a server with those objects; ANSWER are the arguments of store() behind them.
serve() {
	hostile <<< "$KEYS
answer = store(objects, $1)"
	/usr/bin/python3 -c "$KEYS
print(*sorted('s3://bkt/' + key for key in objects), sep='\n')" > want
}

@test "whatever the order and the pages of the server, s3ls lists every key once, in the order of the bytes" {
	local order page
	for order in utf_16 no_case folders made backwards; do
		for page in 1000 70 7; do
			serve "order=$order, page=$page"
			run_tool 0 s3ls s3://bkt/p/
			says "s3ls: s3://bkt/p/" "order" "does not list in UTF-8 byte order"
			same want out
			run_tool 0 s3ls --order sort s3://bkt/p/
			silent
			same want out
		done
	done
}

@test "a server that lists in order is not asked twice" {
	serve "page=50"
	run_tool 0 s3ls --order sort s3://bkt/p/
	silent
	same want out
	[[ $(requests) == 6 ]]
	serve "page=1000"
	run_tool 0 s3ls s3://bkt/p/
	silent
	[[ $(requests) == 1 ]]
}

@test "without continuation tokens, or without ListObjectsV2: by ListObjects, after the last key of each page" {
	local v2 marker
	for v2 in none ignored '501 Not Implemented' '400 Invalid Argument' '405 Method Not Allowed'; do
		for marker in key next; do
			serve "v2='$v2', marker='$marker', page=40"
			run_tool 0 s3ls s3://bkt/p/
			silent
			same want out
			grep -q "marker=" "$LOG"
			run_tool 0 s3ls --connections 1 --start-after 'p/m1.csv' s3://bkt/p/
			awk '$0 > "s3://bkt/p/m1.csv"' want > rest
			same rest out
		done
	done
}

@test "by ListObjects in another order: all keys" {
	local marker order
	for order in utf_16 no_case folders made backwards; do
		for marker in key next; do
			serve "order=$order, v2='ignored', marker='$marker', page=45"
			run_tool 0 s3ls s3://bkt/p/
			same want out
		done
	done
}

@test "pages that leave out keys, as the server continues in another order than it lists, are an error" {
	local order v2
	for order in made backwards; do
		for v2 in tokens none ignored; do
			serve "order=$order, v2='$v2', marker='bytes', page=45"
			run_tool 1 s3ls s3://bkt/p/
			grep -qF "its pages may leave out keys, so it cannot be listed" err
			[[ ! -s out ]]
		done
	done
}

@test "markers that do not advance are an error" {
	for v2 in none ignored; do
		serve "v2='$v2', marker='ignored', page=45"
		run_tool 1 s3ls s3://bkt/p/
		grep -qF "s3ls: s3://bkt/p/: the listing never ends: its continuation tokens repeat" err
		(($(requests) < 10))
	done
	hostile <<- 'E'
		def answer(r):
		    marker = "ab"[r.n % 2]
		    return reply(f"<ListBucketResult><IsTruncated>true</IsTruncated><NextMarker>{marker}</NextMarker></ListBucketResult>".encode())
	E
	run_tool 1 s3ls s3://bkt/
	says "the listing never ends"
	(($(requests) < 20))
}

@test "a refusal that is not about ListObjectsV2 is not asked again by ListObjects" {
	local code
	for code in '403 Access Denied' '404 No Such Bucket' '400 Expired Token'; do
		serve "v2='$code'"
		run_tool 1 s3ls s3://bkt/p/
		says "s3ls: s3://bkt/p/: ${code%% *}"
		grep -v 'list-type=2' "$LOG" > others || true
		[[ ! -s others ]]
	done
}

@test "once objects were written, another order is an error with a status of its own; --order listed writes at once" {
	hostile <<- 'E'
		objects = {"p/%05d/%s.csv" % (i, "k" * 200): b"1" for i in range(15000)}
		objects |= {"p/a.csv": b"1", "p/B.csv": b"2", "p/c.csv": b"3"}
		answer = store(objects, order=lambda key: (key.lower(), key))
	E
	run_tool 4 s3ls --connections 1 s3://bkt/p/
	says "s3ls: s3://bkt/p/B.csv: listed out of order, after 'p/a.csv'"
	says "the server does not list in UTF-8 byte order; list it with --order sort"
	n=$(wc -l < out)
	((n == 15000)) || fail "=> $n objects"
	run_tool 0 s3ls --order sort s3://bkt/p/
	silent
	LC_ALL=C sort -c out
	[[ $(wc -l < out) == 15003 ]]
	serve "order=made, page=100"
	run_tool 4 s3ls --order listed s3://bkt/p/
	says "the server does not list in UTF-8 byte order"
}

@test "--order is one of three, and a limit counts the sorted keys" {
	local order
	for order in '' utf-8 SORT sorted 1; do
		run_tool 2 s3ls --order "$order" s3://bkt/
		says "--order $order: not auto, listed or sort"
	done
	serve "order=backwards, page=90"
	run_tool 0 s3ls --limit 17 s3://bkt/p/
	head -n 17 want > first
	same first out
	run_tool 0 s3ls --start-after 'p/z.csv' s3://bkt/p/
	awk '$0 > "s3://bkt/p/z.csv"' want > rest
	same rest out
	printf 's3://bkt/p/%s\n' m.csv M.csv > skipped
	run_tool 0 s3ls --show-skipped --exclude 'p/[mM].csv' s3://bkt/p/
	grep -vxFf skipped want > kept
	grep -v '^-' out > got
	same kept got
	sort skipped > want
	sed -n 's/^-\t//p' out | sort > got
	same want got
}

@test "an object that is listed twice is printed once, as it was listed last" {
	hostile <<- 'E'
		def answer(r):
		    if "continuation-token" in r.query:
		        return listing(item("p/a", 9, '"new"'), item("p/c"))
		    return listing(item("p/a", 5, '"old"'), item("p/b"), item("p/b"), token="t")
	E
	run_tool 0 s3ls --long s3://bkt/p/
	[[ $(cut -f 1-3 out) == $'s3://bkt/p/a\t9\tnew\ns3://bkt/p/b\t4\te-1\ns3://bkt/p/c\t4\te-1' ]]
}

# merged_right: all rows are in the objects at DEST, once.
merged_right() {
	s3ls --order sort s3://bkt/out/merged- | s3get | csvcat --tar | tail -n +2 | sort > got.rows
	/usr/bin/python3 -c "$KEYS
print(*sorted(body.decode().split('\n')[1] for body in objects.values()), sep='\n')" > want.rows
	same want.rows got.rows
}

# merge STATUS TARGET [SETTING...]
merge() {
	run_tool "$1" make -s -f "$ROOT/pipeline.mk" "$2" SRC=s3://bkt/p/ DEST=s3://bkt/out/ WORK=work BATCH=30 JOBS=3 "${@:3}"
}

@test "a merge from a server with another order: all rows, once; refresh and verify see no change" {
	local order page
	for order in no_case made; do
		for page in 1000 40; do
			rm -rf work
			serve "order=$order, page=$page"
			merge 0 merge
			[[ $(grep -c 'does not list in UTF-8 byte order' err) == 1 ]]
			[[ -e work/unordered ]]
			merge 0 verify DEEP=1 SOURCE=1
			merged_right
			merge 0 refresh
			grep -q '^0 new objects, 0 changed, 0 gone' out
		done
	done
}

@test "batches that were cut before another order showed stay, and their objects are in no other" {
	# a page in order, then keys that belong before it
	hostile <<- E
		$KEYS
		front = ["p/run%d/part-%04d.csv" % (i % 3, i) for i in range(200)]
		rank = {key: i for i, key in enumerate(sorted(front) + [key for key in reversed(keys) if key not in front])}
		answer = store(objects, order=lambda key: rank.get(key, -1), page=100)
	E
	merge 0 merge
	[[ $(head -qn 1 work/keys/00000.tsv) == s3://bkt/p/run0/* ]]
	cat work/keys/*.tsv | cut -f 1 | sort | uniq -d > double
	[[ ! -s double ]]
	merge 0 verify DEEP=1 SOURCE=1
	merged_right
}

@test "an interrupted listing of a server with another order begins at its start, and nothing is lost" {
	serve "order=no_case, page=40"
	# the third page, and what follows it, is refused while the file exists
	cat >> "$TMP/hostile.script" <<- 'E'

		import os
		whole = answer
		def answer(r):
		    if "prefix" in r.query and os.path.exists("refuse") and len(open("refuse").read()) <= r.n:
		        return reply(b"<Error><Code>AccessDenied</Code></Error>", "403 Forbidden")
		    return whole(r)
	E
	cp "$TMP/hostile.script" script
	for n in 1 3 6; do
		rm -rf work
		printf '%*s' "$n" '' > refuse
		hostile < script
		merge 2 merge
		rm refuse
		merge 0 merge
		merge 0 verify DEEP=1
		merged_right
	done
	# killed once all is sorted and some of it is cut
	rm -rf work
	hostile < script
	merge 0 merge
	rm work/keys/complete work/keys/000{04..08}.tsv work/{put,merged,ledger,about}/000{04..08}.*
	: > "$LOG"
	merge 0 merge OVERWRITE=1
	grep 'list-type' "$LOG" | head -n 1 > first
	lacks 'start-after' first
	merged_right
}

@test "LIMIT takes so many objects, whatever the order" {
	serve "order=made, page=40"
	merge 0 merge LIMIT=45
	cat work/keys/*.tsv | cut -f 1 | sort -u > planned
	[[ $(wc -l < planned) == 45 ]]
	grep -qx 'objects=45' work/keys/complete
}

@test "objects without a time, an ETag or with an offset are merged, and seen as they are" {
	hostile <<- E
		$KEYS
		def plain(key, size, etag):
		    n = keys.index(key) if key in keys else 0
		    return item(key, size, "" if n % 3 == 1 else etag, [None, "2026-02-03T04:05:06+00:00", "2026-02-03T05:05:06+01:00"][n % 3])
		answer = store(objects, page=60, item=plain)
	E
	merge 0 merge
	merged_right
	cut -f 4 work/keys/*.tsv | sort -u > listed.times
	[[ $(< listed.times) == $'\n2026-02-03T04:05:06Z' ]]
	merge 0 verify
}

@test "of objects without an ETag size and time stand for it" {
	# the times of this server come from the bodies: those of a changed one differ
	hostile <<- E
		$KEYS
		def plain(key, size, etag):
		    n, body = keys.index(key) if key in keys else 0, objects[key]
		    return item(key, size, "" if n % 2 else etag, "2026-02-03T04:05:%02dZ" % (sum(body) % 60 if b"later" not in body else 0))
		answer = store(objects, page=60, item=plain)
	E
	merge 0 merge
	merge 0 refresh
	[[ $output == "0 new objects, 0 changed, 0 gone; make merge will make 0 batches" ]]
	merge 0 verify SOURCE=1
	silent
	local key
	for key in run1/part-0001 run0/part-0003; do # odd numbers among the keys: without an ETag
		s3get --stdout "s3://bkt/p/$key.csv" | sed '$s/part/pbrt/' > body
		s3put body "s3://bkt/p/$key.csv" > put.out
	done
	printf 'id,key\n1,later\n' > body
	s3put body s3://bkt/p/new-one.csv > put.out
	merge 2 verify SOURCE=1
	grep '^verify: ' err > told
	same told <(printf 'verify: s3://bkt/p/%s since %s\n' 'new-one.csv: was added' 'the listing' \
		'run0/part-0003.csv: was changed' 'it was listed' 'run1/part-0001.csv: was changed' 'it was listed')
	merge 0 refresh
	[[ $output == "1 new objects, 2 changed, 0 gone; "* ]]
	merge 0 merge
	merge 0 verify SOURCE=1 DEEP=1
}
