#!/usr/bin/env bats
# csvcat --tar and s3get against GNU tar and Python's tarfile, both ways.
load helpers

setup() {
	fresh_environment
}

# files: CSV files of many kinds in the folder in, each with its name in a row.
files() {
	mkdir -p in/folder
	local i long
	long=$(printf 'd%.0s' {1..90})
	mkdir -p "in/$long/$long/$long"
	for i in a "b c" é "n
l" ".hidden" "folder/x" "$long/y" "$long/$long/$long/z"; do
		printf 'name,n\n"%s",1\n' "$i" > "in/$i"
	done
	: > in/empty
	(cd in && find . -type f -print0 | sort -z > ../names0)
}

@test "every format that GNU tar writes gives what the files give" {
	files
	(cd in && csvcat --null --files-from ../names0) > want
	[[ $(wc -l < want) -ge 8 ]]
	local format options=(--null --no-recursion --files-from names0)
	for format in gnu oldgnu pax posix ustar v7; do
		# names of over 100 bytes are not for all of them
		if [[ $format == v7 || $format == ustar ]]; then
			(cd in && find . -type f ! -path '*/dddd*/dddd*' ! -path './dddd*' -print0 | sort -z) > names0
			(cd in && csvcat --null --files-from ../names0) > want
		fi
		tar -C in --format=$format "${options[@]}" -cf archive
		run_tool 0 csvcat --tar < archive
		same want out
		# with folders and a symbolic link among them
		ln -sf a in/link
		tar -C in --format=$format --no-recursion -rf archive folder link
		run_tool 0 csvcat --tar --ledger ledger < archive
		[[ $(grep -c link ledger) == 0 ]]
		rm in/link
	done
}

@test "what GNU tar reads of s3get's archive is what the server has" {
	use_server
	local key
	key=$(printf 'k%.0s' {1..1000})
	for i in a.csv "b c" "sub/x" é "$key"; do
		put_object "$i" "id
$i"
	done
	s3ls "s3://$BUCKET/" | s3get > archive
	mkdir unpacked
	tar -C unpacked -xf archive 2> err || grep -q 'File name too long' err
	for i in a.csv "b c" "sub/x" é; do
		[[ $(< "unpacked/$BUCKET/$i") == "id
$i" ]]
	done
	/usr/bin/python3 - archive "$BUCKET" "$key" << 'END'
import sys, tarfile
archive, bucket, key = sys.argv[1:]
with tarfile.open(archive) as t:
    body = {m.name: t.extractfile(m).read() for m in t}
assert body[f"{bucket}/{key}"] == b"id\n" + key.encode(), body.keys()
assert len(body) == 5
END
	run_tool 0 csvcat --tar < archive
	[[ $(wc -l < out) == 6 ]]
}

@test "an archive that is cut short at any byte is an error" {
	printf 'a,b\n1,2\n' > x.csv
	printf 'a,b\n3,4\n' > "$(printf 'l%.0s' {1..120}).csv"
	tar --format=gnu --blocking-factor=1 -cf archive ./*.csv
	local size n
	size=$(stat -c %s archive)
	# beside each byte of a block's beginning and end, one in 37
	for ((n = 0; n < size - 512; n++)); do
		((n % 512 < 3 || n % 512 > 509 || n % 37 == 0)) || continue
		head -c $n archive | csvcat --tar -o merged 2> err && fail "=> $n bytes are taken for whole"
		[[ ! -e merged ]]
		grep -q 'standard input: ' err || fail "=> $n bytes: $(< err)"
	done
}

@test "what follows the end of an archive: zeros, or it is an error" {
	printf 'a,b\n1,2\n' > x.csv
	printf 'a,b\n3,4\n' > y.csv
	tar --blocking-factor=1 -cf one.tar x.csv
	tar --blocking-factor=200 -cf two.tar y.csv
	# the second one's rows would be lost
	run_shell 1 'cat one.tar two.tar | csvcat --tar -o merged'
	says 'csvcat: standard input: the tar stream goes on after its end-of-archive'
	run_shell 1 '{ cat two.tar && printf "\0\0x"; } | csvcat --tar -o merged'
	says 'the tar stream goes on after its end-of-archive'
	[[ ! -e merged ]]
	run_shell 0 '{ cat one.tar && head -c 1000001 /dev/zero; } | csvcat --tar'
	[[ $output == $'a,b\n1,2' ]]
}

@test "a member's name of 64 KiB, and one of more" {
	local n
	for n in 65536 65537 1000000; do
		/usr/bin/python3 - $n <<-'EOP'
		import io, sys, tarfile
		for kind in "GNU", "PAX":
		    with tarfile.open(f"{kind}.tar", "w", format=getattr(tarfile, f"{kind}_FORMAT")) as t:
		        info = tarfile.TarInfo("n" * int(sys.argv[1]))
		        info.size = 8
		        t.addfile(info, io.BytesIO(b"a,b\n1,2\n"))
		EOP
		if ((n > 65536)); then
			run_tool 1 csvcat --tar < GNU.tar
			says 'csvcat: standard input: a name of over 64 KiB in the tar stream'
			run_tool 1 csvcat --tar < PAX.tar
			says 'csvcat: standard input: a name of over 64 KiB in the tar stream'
		else
			run_shell 0 'csvcat --tar --source-column n < GNU.tar | wc -c'
			[[ $output == $((6 + 4 + 1 + n + 1 - 1)) ]]
			run_shell 0 'csvcat --tar --source-column n < PAX.tar | wc -c'
			[[ $output == $((6 + 4 + n + 1)) ]]
		fi
	done
}

@test "a hard link and a sparse file are errors that name the member" {
	printf 'a,b\n1,2\n' > x.csv
	ln x.csv y.csv
	tar -cf archive x.csv y.csv
	run_tool 1 csvcat --tar -o merged < archive
	says "csvcat: y.csv: is a hard link, so its rows are not here (tar --hard-dereference puts them here)"
	[[ ! -e merged ]]
	run_tool 3 csvcat --tar --rejects rejects < archive
	[[ $output == $'a,b\n1,2' && $(< rejects) == y.csv$'\t'"is a hard link"* ]]
	tar --hard-dereference -cf archive x.csv y.csv
	run_tool 0 csvcat --tar < archive
	[[ $output == $'a,b\n1,2\n1,2' ]]
	truncate -s 1M s.csv
	printf '3,4\n' >> s.csv
	for format in gnu pax; do
		tar --sparse --format=$format -cf archive x.csv s.csv
		run_tool 1 csvcat --tar < archive
		says "s.csv: is stored as a sparse file"
	done
}

@test "members and files compressed by gzip" {
	printf 'a,b\n1,2\n' | gzip > x.csv.gz
	(printf 'a,b\n3,4\n' | gzip && printf '5,6\n' | gzip) > y.csv
	tar -cf archive x.csv.gz y.csv
	run_tool 0 csvcat --tar < archive
	[[ $output == $'a,b\n1,2\n3,4\n5,6' ]]
	tar -czf archive.tgz x.csv.gz
	run_tool 1 csvcat --tar < archive.tgz
	says "standard input: the tar stream is compressed by gzip: decompress it first"
	head -c 100000 /dev/urandom | gzip > archive.tgz
	run_tool 1 csvcat --tar < archive.tgz
	says "standard input: the tar stream is compressed by gzip: decompress it first"
}
