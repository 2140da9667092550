#!/usr/bin/env bats
# servers: s3d rgw
# s3get: many objects, in the order asked for, as tar, as bodies, or as files; whole or told.
load helpers

# members: the tar stream in $TMP/out as `s3 dump` prints a bucket, in its own order.
members() {
	/usr/bin/python3 - "$BUCKET" "$TMP/out" <<-'EOP'
	import json, sys, tarfile
	bucket, path = sys.argv[1:]
	for m in tarfile.open(path):
	    assert m.isreg() and m.name.startswith(bucket + "/"), m.name
	    body = tarfile.open(path).extractfile(m).read() if m.size else b""
	    print(json.dumps({m.name[len(bucket) + 1:]: body.decode("latin-1")}, sort_keys=True))
	EOP
}

# Whether the stream in $TMP/out has its end-of-archive: two blocks of zeros.
is_ended() {
	(($(stat -c %s "$TMP/out") >= 1024)) && [[ -z $(tail -c 1024 "$TMP/out" | tr -d '\0') ]]
}

@test "a tar stream of what is listed, in order" {
	s3 load "$BUCKET" <<< '{"a.csv": "id\n1\n", "b/c.csv": "id\n2\n", "empty": "", "\u00ff": "\u0000\u00ff\r\n"}'
	run_shell 0 's3ls "$1" | s3get' "s3://$BUCKET/"
	silent
	is_ended
	members > got
	s3 dump "$BUCKET" > want
	same want got
	tar tf out > names
	list_keys | sed "s|^|$BUCKET/|" > want
	tar --quoting-style=literal -tf out > names
	same want names
}

@test "objects come in the order asked for, twice where asked for twice" {
	s3 load "$BUCKET" <<< '{"a": "1", "b": "2", "c": "3"}'
	run_tool 0 s3get "s3://$BUCKET/c" "s3://$BUCKET/a" "s3://$BUCKET/c" "s3://$BUCKET/b"
	tar tf out > names
	printf "$BUCKET/%s\n" c a c b > want
	same want names
	run_tool 0 s3get --stdout "s3://$BUCKET/c" "s3://$BUCKET/a" "s3://$BUCKET/c" "s3://$BUCKET/b"
	[[ $output == 3132 ]]
}

@test "a thousand objects over many connections, and over one" {
	s3 csvs "$BUCKET" in/ 1000
	run_shell 0 's3ls -l "$1" | s3get' "s3://$BUCKET/in/"
	silent
	members > got
	s3 dump "$BUCKET" > want
	same want got
	cp out many
	run_shell 0 's3ls -l "$1" | s3get --connections 1' "s3://$BUCKET/in/"
	same many out
}

@test "sizes around what is held, and what is passed on" {
	/usr/bin/python3 - > objects <<-'EOP'
	import json, random
	random.seed(1)
	sizes = [1, 511, 512, 513, 65535, 65536, 65537, 1048575, 1048576, 1048577, 5000000, 20000000]
	print(json.dumps({f"{i:02}": random.randbytes(n).decode("latin-1") for i, n in enumerate(sizes)}))
	EOP
	s3 load "$BUCKET" < objects
	run_shell 0 's3ls -l "$1" | s3get' "s3://$BUCKET/"
	silent
	is_ended
	members | sha256sum > got
	s3 dump "$BUCKET" | sha256sum > want
	same want got
}

@test "an object that was uploaded in parts, whose ETag is no MD5" {
	head -c 20000000 /dev/urandom > big
	/usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL_S3" s3 cp --only-show-errors big "s3://$BUCKET/big"
	run_tool 0 s3ls -l "s3://$BUCKET/big"
	[[ $output == *-[0-9]*$'\t'* ]]
	run_shell 0 's3ls -l "$1" | s3get --stdout' "s3://$BUCKET/"
	silent
	same big out
}

@test "--no-md5: the same stream, and the listed ETag still counts" {
	s3 load "$BUCKET" <<< '{"a": "1", "b": "", "c": "345"}'
	s3ls -l "s3://$BUCKET/" > keys
	s3get < keys > want
	run_tool 0 s3get --no-md5 < keys
	silent
	same want out
	put_object c 678
	run_tool 3 s3get --no-md5 --rejects rejects < keys
	[[ $(< rejects) == "s3://$BUCKET/c	changed since it was listed" ]]
}

@test "-C: files, and nothing outside of the folder" {
	s3 load "$BUCKET" <<< '{"a.csv": "1", "d/e/f.csv": "2", "empty": "", "dir/": "", "dir/x": "3"}'
	run_shell 0 's3ls "$1" | s3get -C files' "s3://$BUCKET/"
	silent
	(cd "files/$BUCKET" && find . -type f | sort) > got
	printf './%s\n' a.csv d/e/f.csv dir/x empty > want
	same want got
	[[ $(cat "files/$BUCKET"/{a.csv,d/e/f.csv,dir/x,empty}) == 123 ]]

	s3 load "$BUCKET" <<< '{"../out-1": "bad", "x/../../../out-2": "bad", "/abs": "bad", "a//b": "bad", "./c": "bad"}'
	mkdir in
	for key in ../out-1 x/../../../out-2 /abs a//b ./c; do
		run_tool 1 s3get -C other "s3://$BUCKET/$key"
		says "s3get: s3://$BUCKET/$key: "
	done
	[[ -z $(find . /abs -path './home' -prune -o -type f -newer in -print0 2> /dev/null | xargs -0 -r grep -lx bad) ]]
}

@test "-C does not follow a symbolic link out of the folder" {
	mkdir -p "files/$BUCKET" outside
	ln -s ../../outside "files/$BUCKET/link"
	put_object link/x bad
	run_tool 1 s3get -C files "s3://$BUCKET/link/x"
	says "s3://$BUCKET/link/x: "
	[[ -z $(ls outside) ]]
}

@test "a missing object is named, the others come, and the stream has no end" {
	s3 load "$BUCKET" <<< '{"a": "1", "c": "3"}'
	run_tool 1 s3get "s3://$BUCKET/a" "s3://$BUCKET/b" "s3://$BUCKET/c"
	says "s3get: s3://$BUCKET/b: " 404 NoSuchKey
	if is_ended; then
		fail "=> the stream says that it is whole"
	fi
	members > got
	s3 dump "$BUCKET" > want
	same want got
	run_tool 1 s3get --stdout "s3://$BUCKET/a" "s3://$BUCKET/b" "s3://$BUCKET/c"
	says "s3get: s3://$BUCKET/b: "
	[[ $output == 13 ]]
}

@test "--rejects: what is missing or changed is listed, the stream is whole, status 3" {
	s3 load "$BUCKET" <<< '{"a": "1", "changed": "2", "gone": "3", "z": "4"}'
	s3ls -l "s3://$BUCKET/" > keys
	s3 rm "$BUCKET" gone
	put_object changed 5
	run_tool 1 s3get < keys
	[[ $(wc -l < err) == 2 ]]
	grep -F "s3get: s3://$BUCKET/changed: " err
	grep -F "s3get: s3://$BUCKET/gone: " err
	run_tool 3 s3get --rejects rejects < keys
	is_ended
	[[ $(tar tf out) == "$BUCKET/a
$BUCKET/z" ]]
	cut -f 1 rejects > got
	printf "s3://$BUCKET/%s\n" changed gone > want
	same want got
	lacks '	$' rejects
	run_shell 0 'head -n 1 keys | s3get --rejects rejects' x
	[[ -f rejects && ! -s rejects ]]
}

@test "a wrong size in the listing is noticed" {
	put_object a 12345
	run_tool 1 s3get <<< "s3://$BUCKET/a	4"
	says "s3get: s3://$BUCKET/a: "
	run_tool 0 s3get --stdout <<< "s3://$BUCKET/a	5"
	[[ $output == 12345 ]]
}

@test "no objects: an empty archive" {
	run_tool 0 s3get < /dev/null
	silent
	is_ended
	[[ -z $(tar tf out) ]]
	run_tool 0 s3get --stdout < /dev/null
	[[ ! -s out ]]
}

@test "-0: names that end with a NUL" {
	s3 load "$BUCKET" <<< '{"a\nb": "1", "c\td": "2"}'
	run_shell 0 's3ls -0 "$1" | s3get -0 --stdout' "s3://$BUCKET/"
	[[ $output == 12 ]]
	run_shell 0 's3ls -0l "$1" | s3get -0 --stdout' "s3://$BUCKET/"
	[[ $output == 12 ]]
}

@test "a line that is no URI is named" {
	put_object a 1
	run_tool 1 s3get --stdout <<< "s3://$BUCKET/a
nonsense"
	says nonsense
}

@test "--trace: one line an object" {
	s3 load "$BUCKET" <<< '{"a": "1", "b": "22"}'
	run_tool 1 s3get --trace trace "s3://$BUCKET/a" "s3://$BUCKET/none" "s3://$BUCKET/b"
	cut -f 1-4 trace > got
	printf "s3://$BUCKET/%s\t%s\t1\t%s\n" a 200 1 none 404 0 b 200 2 > want
	sed -i -E 's/(none\t404\t1\t).*/\10/' got
	same want got
	# whoever reads the stream sees by its end whether all went well
	mkdir folder
	run_shell 1 's3get --trace folder "$1" > x.tar' "s3://$BUCKET/a"
	says "s3get: folder: Is a directory"
	run_shell 1 'csvcat --tar < x.tar'
	says "cut short"
}

@test "standard output full, closed, or no longer read" {
	put_object a 1
	run_shell 1 's3get "$1" > /dev/full' "s3://$BUCKET/a"
	says "s3get: standard output: No space left on device"
	run_shell 1 's3get "$1" >&-' "s3://$BUCKET/a"
	says "s3get: standard output: "
	run_shell 1 's3get --rejects /dev/full "$@" > x' "s3://$BUCKET/none"
	says "s3get: /dev/full: No space left on device"
	s3 csvs "$BUCKET" many/ 300
	run_shell 141 's3ls "$1" | s3get | head -c 600 | wc -c' "s3://$BUCKET/many/"
	silent
	[[ $output == 600 ]]
}

@test "standard input closed" {
	run_shell 1 's3get <&-'
	says "s3get: standard input: "
	put_object a 1
	run_shell 0 's3get --stdout "$1" <&-' "s3://$BUCKET/a"
	[[ $output == 1 ]]
}

@test "a tar stream is not written to a terminal" {
	put_object a 1
	run_tool 2 script --quiet --return --command "s3get s3://$BUCKET/a" /dev/null
	[[ $output == *"s3get: "*terminal* ]]
}

@test "a folder that cannot be made" {
	put_object a 1
	echo x > plain
	for dir in plain plain/below; do
		run_tool 2 s3get -C "$dir" "s3://$BUCKET/a"
		says "s3get: $dir: Not a directory"
	done
}
