#!/usr/bin/env bats
# servers: s3d rgw
# s3ls: what it lists, in which order, in which form.
load helpers

@test "one URI a line, in the order of the UTF-8 bytes" {
	# in UTF-16, as some sort, the emoji would stand before the full-width letter
	s3 load "$BUCKET" <<< '{"b": "", "a": "", "a/b": "", "a b": "", "B": "", "é": "", "e\u0301": "", "～": "", "😀": "", "日本": ""}'
	run_tool 0 s3ls "s3://$BUCKET/"
	silent
	list_keys | sed "s|^|s3://$BUCKET/|" > want
	same want out
	LC_ALL=C sort -c out
	[[ $(tail -n 1 out) == "s3://$BUCKET/😀" ]]
}

@test "a bucket is listed with and without the slash behind it" {
	put_object k ''
	run_tool 0 s3ls "s3://$BUCKET"
	[[ $output == "s3://$BUCKET/k" ]]
	run_tool 0 s3ls "s3://$BUCKET/"
	[[ $output == "s3://$BUCKET/k" ]]
}

@test "-l: URI, size, ETag and time, as the second client sees them" {
	put_object a.csv 'id\n1'
	put_object empty ''
	run_tool 0 s3ls -l "s3://$BUCKET/"
	silent
	for key in a.csv empty; do
		s3 head "$BUCKET" "$key" > properties
		/usr/bin/python3 - "s3://$BUCKET/$key" <<-'EOP' >> want
		import email.utils, json, sys
		head = json.load(open("properties"))
		time = email.utils.parsedate_to_datetime(head["last-modified"])
		print(sys.argv[1], head["ContentLength"], head["ETag"].strip('"'), time.strftime("%Y-%m-%dT%H:%M:%S"), sep="\t")
		EOP
	done
	# a listing may know fractions of the second
	sed -E 's/(\.[0-9]+)?Z$//' out > got
	same want got
	lacks '[^Z]$' out
}

@test "a prefix is a string, not a folder" {
	s3 load "$BUCKET" <<< '{"csv": "", "csv-merged/x": "", "csv/a": "", "cs": "", "CSV/a": ""}'
	run_tool 0 s3ls "s3://$BUCKET/csv"
	[[ $output == "s3://$BUCKET/csv
s3://$BUCKET/csv-merged/x
s3://$BUCKET/csv/a" ]]
	run_tool 0 s3ls "s3://$BUCKET/csv/"
	[[ $output == "s3://$BUCKET/csv/a" ]]
}

@test "prefixes are encoded on their way" {
	s3 load "$BUCKET" <<< '{"a+b&c=d %2F?#é/1": "", "a+b&c=d %2F?#é/2": "", "a b": "", "a+b": ""}'
	run_tool 0 s3ls "s3://$BUCKET/a+b&c=d %2F?#é/"
	[[ $(wc -l < out) == 2 ]]
	run_tool 0 s3ls "s3://$BUCKET/a b"
	[[ $output == "s3://$BUCKET/a b" ]]
}

@test "several prefixes are listed one after another, as given" {
	s3 load "$BUCKET" <<< '{"a/1": "", "b/1": "", "c/1": ""}'
	run_tool 0 s3ls "s3://$BUCKET/c/" "s3://$BUCKET/a/"
	[[ $output == "s3://$BUCKET/c/1
s3://$BUCKET/a/1" ]]
}

@test "more keys than a page has" {
	/usr/bin/python3 -c 'import json; print(json.dumps({f"p/{i * 7919 % 2100:x} é+": "" for i in range(2100)}))' > objects
	s3 load "$BUCKET" < objects
	run_tool 0 s3ls "s3://$BUCKET/p/"
	list_keys p/ | sed "s|^|s3://$BUCKET/|" > want
	[[ $(wc -l < want) == 2100 ]]
	same want out
	for order in auto listed sort; do
		run_tool 0 s3ls --order "$order" "s3://$BUCKET/p/"
		silent
		same want out
	done
	run_tool 0 s3ls --limit 1500 "s3://$BUCKET/"
	head -n 1500 want > first
	same first out
	run_tool 0 s3ls --start-after "$(sed -n "1234s|^s3://$BUCKET/||p" want)" "s3://$BUCKET/p/"
	tail -n +1235 want > rest
	same rest out
}

@test "many pages at once: keys of many kinds, each once and in order" {
	# numbers, hexadecimal, one key the beginning of the next, one dense folder, scripts, control characters, emoji
	/usr/bin/python3 -c 'import hashlib, json
keys = [f"p/n/{i:08}.csv" for i in range(1500)] + [f"p/h/{hashlib.md5(str(i).encode()).hexdigest()}" for i in range(1500)]
keys += ["p/" + "a" * i for i in range(1, 500)] + [f"p/z/{i % 7}/{i}\u65e5\u672c" for i in range(500)]
keys += [f"p/{chr(c)}{chr(d)}" for c in (1, 9, 33, 0xe9, 0x7ff, 0xffee, 0x10fffd, 0x1f600) for d in range(0x2500, 0x253e)]
print(json.dumps({k: "" for k in keys}))' > objects
	s3 load "$BUCKET" < objects
	run_tool 0 s3ls --verbose -0 "s3://$BUCKET/p/"
	tr '\0' '\n' < out > got
	list_keys p/ | sed "s|^|s3://$BUCKET/|" > want
	grep -q 'objects, [0-9]* requests (.*), [0-9]* ranges$' err
	same want got
	(($(sed -n 's/.* \([0-9]*\) ranges$/\1/p' err) > 1)) || fail "=> one range only"
	run_tool 0 s3ls --connections 1 -0 "s3://$BUCKET/p/"
	tr '\0' '\n' < out > got
	same want got
	run_tool 0 s3ls -0 --start-after "p/h/8" "s3://$BUCKET/p/"
	tr '\0' '\n' < out > got
	LC_ALL=C awk -v after="s3://$BUCKET/p/h/8" '$0 > after' want > rest
	same rest got
}

@test "--suffix and --exclude choose, --suffix more than once" {
	s3 load "$BUCKET" <<< '{"a.csv": "", "b.csv.gz": "", "c.txt": "", "dir/": "", "dir/_SUCCESS": "", "dir/tmp/x.csv": "", "dir/y.csv": ""}'
	run_tool 0 s3ls --suffix .csv --suffix .csv.gz "s3://$BUCKET/"
	[[ $output == "s3://$BUCKET/a.csv
s3://$BUCKET/b.csv.gz
s3://$BUCKET/dir/tmp/x.csv
s3://$BUCKET/dir/y.csv" ]]
	run_tool 0 s3ls --suffix .csv --exclude 'dir/tmp*' "s3://$BUCKET/"
	[[ $output == "s3://$BUCKET/a.csv
s3://$BUCKET/dir/y.csv" ]]
	run_tool 0 s3ls --exclude '*.csv*' --exclude '*/' "s3://$BUCKET/"
	[[ $output == "s3://$BUCKET/c.txt
s3://$BUCKET/dir/_SUCCESS" ]]
}

@test "an empty listing is an error that names the prefix, unless allowed" {
	put_object other ''
	run_tool 1 s3ls --retry-empty 0 "s3://$BUCKET/none/"
	says "s3ls: s3://$BUCKET/none/: "
	[[ ! -s out ]]
	run_tool 0 s3ls --allow-empty "s3://$BUCKET/none/"
	silent
	[[ ! -s out ]]
	run_tool 0 s3ls --start-after z "s3://$BUCKET/"
	silent
	[[ ! -s out ]]
}

@test "one prefix that fails does not keep the others from being listed" {
	put_object a/1 ''
	run_tool 1 s3ls --retry-empty 0 s3://no-such-bucket/ "s3://$BUCKET/none/" "s3://$BUCKET/a/"
	[[ $output == "s3://$BUCKET/a/1" ]]
	[[ $(wc -l < err) == 2 ]]
	grep -qF "s3ls: s3://no-such-bucket/: 404 NoSuchBucket" err
	grep -qF "s3ls: s3://$BUCKET/none/: " err
}

@test "-0: keys of any kind; without it a tab or a line feed is an error that names the key" {
	s3 load "$BUCKET" <<< '{"a\tb": "", "c\nd": "", "e": ""}'
	run_tool 0 s3ls -0 "s3://$BUCKET/"
	printf "s3://$BUCKET/%b\0" 'a\tb' 'c\nd' e > want
	same want out
	for key in 'a\tb' 'c\nd'; do
		s3 rm "$BUCKET" $'a\tb' $'c\nd'
		put_object "$(printf '%b' "$key")" ''
		run_tool 1 s3ls "s3://$BUCKET/"
		says "s3ls: s3://$BUCKET/${key:0:1}" "${key:3:1}"
	done
}

@test "nothing is written in part when the disk is full or standard output closed" {
	put_object k ''
	run_shell 1 's3ls "$1" > /dev/full' "s3://$BUCKET/"
	says "s3ls: standard output: No space left on device"
	run_shell 1 's3ls "$1" >&-' "s3://$BUCKET/"
	says "s3ls: standard output: "
}

@test "a closed standard input or standard error is no matter" {
	put_object k ''
	run_shell 0 's3ls "$1" <&-' "s3://$BUCKET/"
	[[ $output == "s3://$BUCKET/k" ]]
	run_shell 0 's3ls "$1" 2>&-' "s3://$BUCKET/"
	[[ $output == "s3://$BUCKET/k" ]]
}

@test "a reader that has enough ends it quietly" {
	/usr/bin/python3 -c 'import json; print(json.dumps({"k" * 900 + str(i): "" for i in range(200)}))' | s3 load "$BUCKET"
	run_shell 141 's3ls "$1" | head -n 1' "s3://$BUCKET/"
	silent
	[[ $(wc -l < out) == 1 ]]
}
