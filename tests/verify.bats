#!/usr/bin/env bats
# make verify finds what was done to a finished merge, by name, and nothing on one that is whole.
# servers: s3d
# time limit: 600
load helpers
load pipeline

setup() {
	fresh_environment
	BUCKET=sheaf
	start_s3d --bucket "$BUCKET" --make sheaf/csvs/:100
	use_s3d
	use_prefixes
	pipeline 0 merge BATCH=10
	s3 dump "$BUCKET" out/ > "$TMP/dest"
	cp -a "$WORK" "$TMP/work-whole"
}

# Everything as it was after the merge.
restore() {
	s3ls --allow-empty "$DEST" | while IFS= read -r uri; do
		s3 rm "$BUCKET" "${uri#s3://*/}"
	done
	s3 load "$BUCKET" < <(/usr/bin/python3 -c '
import json, sys
print(json.dumps({k: v for line in sys.stdin for k, v in json.loads(line).items()}))' < "$TMP/dest")
	rm -rf "$WORK"
	cp -a "$TMP/work-whole" "$WORK"
}

# finds DEEP TEXT...: verify ends with 2 (make's) and tells each TEXT. Then all is made whole again.
finds() {
	local deep=$1
	shift
	pipeline 2 verify DEEP="$deep"
	told "$@"
	restore
}

# rewrite KEY SED-SCRIPT: changes an object at DEST.
rewrite() {
	get_object "$1" | sed "$2" > "$TMP/rewritten"
	s3 put "$BUCKET" "$1" "$TMP/rewritten"
}

@test "nothing is found where nothing is wrong" {
	pipeline 0 verify
	silent
	[[ $output == "100 objects, 0 left out, 100 rows and 7120 bytes in 10 merged objects: nothing is missing" ]]
	pipeline 0 verify DEEP=1
	silent
	restore
	pipeline 0 verify DEEP=1
	put_object out/ ''
	put_object out/_sheaf/ '' # folders, as consoles make them
	pipeline 0 verify DEEP=1
	silent
	put_object out/_sheaf/ 'x' # or as servers show theirs
	pipeline 0 verify
	silent
	put_object out/x/ x
	finds 0 "s3://sheaf/out/x/: is not part of this merge"
}

@test "sabotage at DEST" {
	s3 rm sheaf out/merged-00003.csv
	finds 0 "s3://sheaf/out/merged-00003.csv: is missing"
	s3 rm sheaf out/merged-00003.csv
	finds 1 "s3://sheaf/out/merged-00003.csv: is missing"

	get_object out/merged-00003.csv | head -c -1 | put_object out/merged-00003.csv
	finds 0 "s3://sheaf/out/merged-00003.csv: has 711 bytes, but had 712 when it was stored"
	get_object out/merged-00003.csv | head -c -1 | put_object out/merged-00003.csv
	finds 1 "s3://sheaf/out/merged-00003.csv: it ends inside the rows of s3://sheaf/csvs/00000040.csv"

	rewrite out/merged-00003.csv '3s/customer/kustomer/'
	finds 0 "s3://sheaf/out/merged-00003.csv: has the ETag "
	rewrite out/merged-00003.csv '3s/customer/kustomer/'
	finds 1 "s3://sheaf/out/merged-00003.csv: the rows of s3://sheaf/csvs/00000032.csv are not what was written"
	rewrite out/merged-00003.csv '1s/id/ID/'
	finds 1 "s3://sheaf/out/merged-00003.csv: the header is not what was written"

	rewrite out/merged-00003.csv 3d
	finds 0 "s3://sheaf/out/merged-00003.csv: has "
	rewrite out/merged-00003.csv 3d
	finds 1 "the rows of s3://sheaf/csvs/00000032.csv are not what was written"
	rewrite out/merged-00003.csv 3p
	finds 1 "the rows of s3://sheaf/csvs/00000033.csv are not what was written"
	rewrite out/merged-00003.csv 11p
	finds 1 "s3://sheaf/out/merged-00003.csv: it is longer than its ledger says"

	get_object out/merged-00004.csv | put_object out/merged-00003.csv
	finds 0 "s3://sheaf/out/merged-00003.csv: has the ETag "
	get_object out/merged-00004.csv | put_object out/merged-00003.csv
	finds 1 "the rows of s3://sheaf/csvs/00000031.csv are not what was written"

	put_object out/other.csv x
	finds 0 "s3://sheaf/out/other.csv: is not part of this merge"
	put_object out/merged-00010.csv x
	finds 0 "s3://sheaf/out/merged-00010.csv: is not part of this merge"
	put_object out/merged-3.csv x
	finds 0 "s3://sheaf/out/merged-3.csv: is not part of this merge"
}

@test "sabotage in the work folder" {
	sed -i '3s/\t1\t/\t2\t/' "$WORK/ledger/00003.tsv"
	finds 0 "batch 00003: the ledger has 11 rows, the receipt 10"
	sed -i '3s/.$/0/; 4s/.$/0/' "$WORK/ledger/00003.tsv"
	finds 0 "batch 00003: the CRC32C is "
	sed -i 3d "$WORK/ledger/00003.tsv"
	finds 0 "s3://sheaf/csvs/00000033.csv: is planned in batch 00003 but missing from its ledger" \
		"batch 00003: the ledger has 9 objects, the receipt 10"
	sed -i 3p "$WORK/ledger/00003.tsv"
	finds 0 "s3://sheaf/csvs/00000033.csv: is in the ledger of batch 00003 but not planned there"
	sed -i '3s/33.csv/34.csv/' "$WORK/ledger/00003.tsv"
	finds 0 "s3://sheaf/csvs/00000033.csv: is planned in batch 00003 but missing from its ledger"
	sed -i '3s/\t/ /' "$WORK/ledger/00003.tsv"
	finds 0 "$WORK/ledger/00003.tsv: line 3 does not have 4 fields"
	truncate -s -1 "$WORK/ledger/00003.tsv"
	finds 0 "$WORK/ledger/00003.tsv: line 10 is cut short"
	rm "$WORK/ledger/00003.tsv"
	finds 0 "$WORK/ledger/00003.tsv: No such file"

	# an object is moved to another batch: there it has no rows
	sed -n 3p "$WORK/keys/00003.tsv" >> "$WORK/keys/00004.tsv"
	sed -i 3d "$WORK/keys/00003.tsv"
	finds 0 "s3://sheaf/csvs/00000033.csv: is planned in batch 00004 but missing from its ledger" \
		"s3://sheaf/csvs/00000033.csv: is in the ledger of batch 00003 but not planned there"
	sed -n 3p "$WORK/keys/00003.tsv" >> "$WORK/keys/00004.tsv"
	finds 0 "s3://sheaf/csvs/00000033.csv: is planned twice, in batches 00003 and 00004"

	rm "$WORK/put/00003.json"
	finds 0 "batch 00003: is not done: it has no receipt"
	echo '{}' > "$WORK/put/00003.json"
	finds 0 "$WORK/put/00003.json: not a receipt"
	sed -i 's/"rows":10/"rows":9/' "$WORK/put/00003.json"
	finds 0 "batch 00003: the ledger has 10 rows, the receipt 9"
	sed -i 's/"crc32c":"......../"crc32c":"00000000/' "$WORK/put/00003.json"
	finds 0 "batch 00003: the CRC32C is "
	rm "$WORK/keys/complete"
	finds 0 "the listing is not complete"
}

@test "a work folder that somebody else wrote: keys are shown, links not followed, numbers bounded" {
	echo precious > outside
	sed -i $'3s/00000033/\x1b]0;OWNED\x07\xc2\x9b31m/' "$WORK/ledger/00003.tsv"
	sed -i $'5s/^/s3:\\/\\/sheaf\\/csvs\\/\x1b[2J\t1\te\tt\\n/' "$WORK/keys/00004.tsv"
	run_tool 1 verify "$WORK"
	grep -qF 'csvs/\x1b]0;OWNED\x07\xc2\x9b31m.csv: is in the ledger of batch 00003 but not planned there' err
	grep -qF 's3://sheaf/csvs/\x1b[2J: is planned in batch 00004 but missing from its ledger' err
	lacks $'[\x01-\x09\x0b-\x1f\x7f]' err
	for file in settings keys/complete keys/00001.tsv ledger/00001.tsv put/00001.json; do
		rm -rf "$WORK"
		cp -a "$TMP/work-whole" "$WORK"
		mv "$WORK/$file" "$TMP/moved"
		ln -s "$TMP/moved" "$WORK/$file"
		run_tool 1 verify "$WORK"
		told "$WORK/$file: is, or is below, a symbolic link, which is not followed"
	done
	for folder in keys put ledger; do
		rm -rf "$WORK" "$TMP/moved-folder"
		cp -a "$TMP/work-whole" "$WORK"
		mv "$WORK/$folder" "$TMP/moved-folder"
		ln -s "$TMP/moved-folder" "$WORK/$folder"
		run_tool 1 verify "$WORK"
		told "symbolic link, which is not followed"
	done
	rm -rf "$WORK"
	cp -a "$TMP/work-whole" "$WORK"
	# as version 1 had it, and as it is
	for batches in '' "$(grep '^[0-9]' "$WORK/keys/complete")"$'\n'; do
		printf '%sobjects=100\nbytes=8370\nbatches=4000000000\nskipped=0\n' "$batches" > "$WORK/keys/complete"
		run_tool 1 /usr/bin/time --quiet -o rss -f %M verify "$WORK"
		told "$WORK/keys/complete: is damaged: it"
		(($(tail -n 1 rss) < 200000))
		for value in '10[$(touch no)]' -1 '' 1e3 ' 5' 010; do
			sed -i "s/^batches=.*/batches=$value/" "$WORK/keys/complete"
			run_tool 1 verify "$WORK"
			told "$WORK/keys/complete: is damaged: line " " (batches) must be a number; delete it"
		done
	done
	cp "$TMP/work-whole/keys/complete" "$WORK/keys"
	yes | tr -d '\n' | head -c 3000000 > "$WORK/ledger/00002.tsv"
	run_tool 1 /usr/bin/time --quiet -o rss -f %M verify "$WORK"
	told "$WORK/ledger/00002.tsv: line 1 is too long"
	[[ $(< outside) == precious && ! -e no ]]
}

@test "SOURCE=1 names what was added, changed and removed since" {
	pipeline 0 verify SOURCE=1
	put_object csvs/00000050.csv changed
	put_object csvs/00000050a.csv added
	s3 rm sheaf csvs/00000051.csv
	put_object csvs/_SUCCESS ''
	pipeline 2 verify SOURCE=1
	told "s3://sheaf/csvs/00000050.csv: was changed since it was listed" \
		"s3://sheaf/csvs/00000050a.csv: was added since the listing" \
		"s3://sheaf/csvs/00000051.csv: was removed since it was listed"
	run ! grep _SUCCESS "$TMP/err"
	pipeline 0 verify
}

@test "verify asked for what it cannot do" {
	run_tool 2 verify
	run_tool 2 verify --no-such-option "$WORK"
	run_tool 2 verify "$WORK" "$WORK"
	run_tool 1 verify "$TMP/none"
	told "verify: $TMP/none: No such file"
	run_tool 0 verify --help
	run_tool 0 verify --version
	run_shell 1 "verify '$WORK' > /dev/full"
	run_shell 1 "head -c 1000 /dev/urandom | verify --deep '$WORK'"
	run_shell 1 "verify --deep '$WORK' < /dev/null"
	pipeline 2 verify WORK="$TMP/none" DEST=
	told "$TMP/none: no run has used this work folder"
}
