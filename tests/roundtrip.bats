#!/usr/bin/env bats
# servers: s3d rgw
# Through all programs: keys of every kind, bytes of every kind, a second client at either end, and what is left when
# one of the programs dies.
load helpers

# The keys of keys.json, and one of 1,024 bytes; each body is its key.
load_keys() {
	/usr/bin/python3 -c '
import json, sys
keys = json.load(open(sys.argv[1])) + ["é" * 500 + "/" + "x" * 23]
assert len(keys[-1].encode()) == 1024
print(json.dumps({k: k.encode().decode("latin-1") for k in keys}))' "$ROOT/tests/keys.json" | s3 load "$BUCKET"
}

@test "keys of every kind: list, get, put, list" {
	load_keys
	run_tool 0 s3ls -0 "s3://$BUCKET/"
	silent
	cp out keys
	[[ $(tr -dc '\0' < keys | wc -c) == "$(s3 ls "$BUCKET" | /usr/bin/python3 -c 'import json, sys; print(len(json.load(sys.stdin)))')" ]]

	run_tool 0 s3get -0 < keys
	silent
	cp out tar
	# the bodies, each as a file of its number
	mkdir bodies
	/usr/bin/python3 - <<-'EOP'
	import tarfile
	keys = open("keys", "rb").read().decode().split("\0")[:-1]
	members = tarfile.open("tar", encoding="utf-8").getmembers()
	assert len(members) == len(keys)
	for i, (m, key) in enumerate(zip(members, keys)):
	    assert "s3://" + m.name == key, (m.name, key)
	    open(f"bodies/{i}", "wb").write(tarfile.open("tar").extractfile(m).read())
	EOP

	source=$BUCKET
	new_bucket
	n=0
	while IFS= read -r -d '' uri; do
		s3put "bodies/$n" "s3://$BUCKET/${uri#"s3://$source/"}" > put.out || fail "$uri"
		n=$((n + 1))
	done < keys
	s3 dump "$source" > want
	s3 dump "$BUCKET" > got
	same want got
	run_tool 0 s3ls -0 "s3://$BUCKET/"
	sed -z "s|^s3://$source/|s3://$BUCKET/|" keys > want
	same want out
}

@test "keys of every kind: GNU tar shows the names" {
	load_keys
	s3 rm "$BUCKET" trailing/ trailing// # which it takes for folders
	s3ls -0 "s3://$BUCKET/" > keys
	run_tool 0 s3get -0 < keys
	tar --quoting-style=literal --absolute-names -tf out > names
	tr '\0' '\n' < keys | sed 's|^s3://||' > want
	# a line feed in a key is one in its name
	same want names
}

@test "keys of every kind, each listed alone by its own prefix and got alone" {
	load_keys
	s3ls -0 "s3://$BUCKET/" > keys
	while IFS= read -r -d '' uri; do
		# the gateway repeats a prefix as it is, also where XML has no such character
		if [[ $SERVER != rgw || $uri != *$'\001'* ]]; then
			run_tool 0 s3ls -0 --limit 1 "$uri" < /dev/null
			printf '%s\0' "$uri" > want
			same want out
		fi
		run_tool 0 s3get --stdout "$uri" < /dev/null
		printf '%s' "${uri#"s3://$BUCKET/"}" > want
		same want out
	done < keys
}

@test "the AWS CLI writes a folder, we get it; we put a folder, the AWS CLI gets it" {
	mkdir -p up/a/b "up/c d"
	printf 'id\n1\n' > up/a/b/one.csv
	head -c 9000000 /dev/urandom > "up/c d/big+x.bin"
	: > up/empty
	printf 'é\r\n\0' > 'up/a/é=1&2.csv'
	aws=(/usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL_S3" s3 cp --only-show-errors --recursive)
	"${aws[@]}" up "s3://$BUCKET/p/"
	run_shell 0 's3ls -l "$1" | s3get -C files' "s3://$BUCKET/p/"
	diff -r up "files/$BUCKET/p"
	(cd up && find . -type f -printf '%P\0') | while IFS= read -r -d '' file; do
		s3put --part-size 5M "up/$file" "s3://$BUCKET/q/$file" < /dev/null
	done
	"${aws[@]}" "s3://$BUCKET/q/" down
	diff -r up down
}

# ---- a program that dies ---------------------------------------------------------------------------------------

# merge COMMAND...: the composition of the manual, with one program replaced by what the test wants.
merge() {
	run_shell "$1" 's3ls -l "$1" | '"$2"' | '"$3"' && s3put all.csv "$2"' "s3://$BUCKET/in/" "s3://$BUCKET/all.csv"
}

nothing_is_merged() {
	[[ ! -e all.csv ]] || fail "=> a part of the output was left under its name"
	[[ -z $(list_keys all) ]] || fail "=> a part was uploaded"
}

@test "the composition of the manual: every row arrives" {
	s3 csvs "$BUCKET" in/ 300
	merge 0 s3get 'csvcat -t -o all.csv'
	silent
	get_object all.csv > got
	/usr/bin/python3 -c '
import csv
rows = list(csv.reader(open("got")))
assert rows[0] == ["id", "name", "value"] and len(rows) == 301
assert [r[0] for r in rows[1:]] == [str(i) for i in range(300)]'
}

@test "s3get is killed: nothing is uploaded" {
	s3 csvs "$BUCKET" in/ 300
	for bytes in 0 1 512 1023 100000 200000; do
		# what comes through is cut short there, as by the death of its writer
		merge 1 "(s3get | head -c $bytes)" 'csvcat -t -o all.csv'
		nothing_is_merged
	done
	# the last moment: all members are there, the end-of-archive is not
	s3ls "s3://$BUCKET/in/" | s3get > all.tar
	size=$(stat -c %s all.tar)
	merge 1 "(s3get > x; head -c $((size - 1024)) all.tar)" 'csvcat -t -o all.csv'
	nothing_is_merged
	# for real, when all objects have come but more might
	merge 1 '{ cat; sleep 1; } | { s3get <&0 & sleep 0.5; kill -9 $!; wait $!; }' 'csvcat -t -o all.csv'
	nothing_is_merged
	grep -q '^csvcat: ' err
}

@test "csvcat is killed: nothing is uploaded" {
	s3 csvs "$BUCKET" in/ 300
	merge 137 's3get | { head -c 100000; sleep 1; cat; }' '{ csvcat -t -o all.csv <&0 & sleep 0.5; kill -9 $!; wait $!; }'
	nothing_is_merged
	lacks '^csvcat: ' err
}

@test "one object is missing: nothing is uploaded" {
	s3 csvs "$BUCKET" in/ 20
	merge 1 "(cat; echo s3://$BUCKET/in/none) | s3get" 'csvcat -t -o all.csv'
	nothing_is_merged
	grep -qF "s3get: s3://$BUCKET/in/none: " err
}

@test "the disk is full: nothing is uploaded" {
	s3 csvs "$BUCKET" in/ 300
	merge 1 s3get 'csvcat -t -o /dev/full'
	nothing_is_merged
	grep -q "No space left on device" err
}

@test "the listing ends too early: nothing is uploaded" {
	s3 csvs "$BUCKET" in/ 20
	run_shell 1 '(s3ls -l "$1"; exit 1) | s3get | csvcat -t -o all.csv && s3put all.csv "$2"' "s3://$BUCKET/in/" \
		"s3://$BUCKET/all.csv"
	[[ -z $(list_keys all) ]]
}
