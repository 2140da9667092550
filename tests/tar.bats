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
		# with a folder among them
		tar -C in --format=$format --no-recursion -rf archive folder
		run_tool 0 csvcat --tar --ledger ledger < archive
		[[ $(grep -cE '^(\./)?folder/?	' ledger) == 0 && $(grep -c folder/x ledger) == $(grep -zc folder/x names0) ]]
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

@test "a symbolic link, a FIFO and a device are errors that name the member" {
	printf 'a,b\n1,2\n' > x.csv
	ln -s x.csv y.csv
	mkfifo z.csv
	tar -cf archive x.csv y.csv
	run_tool 1 csvcat --tar -o merged < archive
	says "csvcat: y.csv: is a symbolic link, so its rows are not here (tar --dereference --hard-dereference puts them here)"
	tar --dereference --hard-dereference -cf archive x.csv y.csv
	run_tool 0 csvcat --tar < archive
	[[ $output == $'a,b\n1,2\n1,2' ]]
	tar -cf archive x.csv z.csv
	run_tool 1 csvcat --tar -o merged < archive
	says 'csvcat: z.csv: is a device or a FIFO, which has no rows'
	tar -C / -cf archive dev/null
	run_tool 1 csvcat --tar -o merged < archive
	says 'csvcat: dev/null: is a device or a FIFO, which has no rows'
	[[ ! -e merged ]]
}

# headers TEXT...: tar streams made of blocks that no tar writes. In Python: member(NAME, type=, size=, body=) is a member,
# record(TYPE, BODY) a pax or GNU record, END the end-of-archive.
headers() {
	/usr/bin/python3 - "$@" <<-'EOP'
	import sys
	def member(name, type=b"0", size=None, body=b""):
	    size = b"%011o\0" % len(body) if size is None else size
	    head = bytearray(name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + size.ljust(12, b"\0")
	                     + b"00000000000\0" + b" " * 8 + type).ljust(512, b"\0")
	    head[257:265] = b"ustar\00000"
	    head[148:156] = b"%06o\0 " % sum(head)
	    return bytes(head) + body + b"\0" * (-len(body) % 512)
	def record(type, body):
	    return member(b"record", type, body=body)
	CSV = b"a,b\n1,2\n"
	END = b"\0" * 1024
	for i, text in enumerate(sys.argv[1:]):
	    open(f"hostile{i}.tar", "wb").write(eval(text))
	EOP
}

@test "hostile headers are refused, each with its reason, and nothing is left" {
	local damaged='csvcat: standard input: the tar stream is damaged: '
	local i cases=(
		'member(b"x", size=b"\xff" * 12) + END' "${damaged}the size of a member is not a valid number"
		'member(b"x", size=b"\x80" + b"\xff" * 11) + END' "${damaged}the size of a member is not a valid number"
		'member(b"x", size=b"12-4") + END' "${damaged}the size of a member is not a valid number"
		'member(b"x", size=b"7" * 12, body=CSV) + END' 'csvcat: standard input: the tar stream ends without its end-of-archive'
		'member(b"x", size=b"\x80" + b"\0" * 3 + b"\x7f" + b"\xff" * 7) + END' 'ends without its end-of-archive'
		'record(b"x", b"30 size=18446744073709551615\n") + member(b"x", body=CSV) + END' "${damaged}"
		'record(b"x", b"99999999999999999999 path=a\n") + member(b"x", body=CSV) + END' "${damaged}a pax record is wrong"
		'record(b"x", b"0 path=a\n") + member(b"x", body=CSV) + END' "${damaged}a pax record is wrong"
		'record(b"x", b"12 path=a\0b\n") + member(b"x", body=CSV) + END' "${damaged}a NUL in a name"
		'record(b"L", b"a\0b\0") + member(b"x", body=CSV) + END' "${damaged}a NUL in a name"
		'record(b"x", b"10 path=a\n10 path=b\n") + member(b"x", body=CSV) + END' "${damaged}a member with two names"
		'record(b"L", b"a\0") + record(b"x", b"10 path=b\n") + member(b"x", body=CSV) + END' "${damaged}a member with two names"
		'record(b"x", b"9 size=8\n9 size=0\n") + member(b"x", body=CSV) + END' "${damaged}a member with two sizes"
		'record(b"x", b"10 path=b\n") + END' "${damaged}an extended header without a member"
		'record(b"g", b"10 path=b\n") + member(b"x", body=CSV) + END' 'a global header of the tar stream sets path or size'
		'record(b"x", b"7000010 path=" + b"n" * 6999996 + b"\n") + member(b"x") + END' "${damaged}a name record of over 1 MiB"
		'record(b"x", b"70010 path=" + b"n" * 69998 + b"\n") + member(b"x") + END' 'a name of over 64 KiB in the tar stream'
		'member(b"", body=CSV) + END' "${damaged}a member without a name"
		'member(b"x", b"Z", body=CSV) + END' 'csvcat: x: is of a type that is not supported'
		'member(b"x", b"S", body=CSV) + END' 'csvcat: x: is stored as a sparse file'
		'member(b"x", b"2", size=b"00000000010") + CSV.ljust(512) + END' 'csvcat: x: is a symbolic link'
	)
	local texts=()
	for ((i = 0; i < ${#cases[@]}; i += 2)); do texts+=("${cases[i]}"); done
	headers "${texts[@]}"
	for ((i = 0; i < ${#texts[@]}; i++)); do
		run_shell 1 'csvcat --tar --ledger ledger -o merged < "$1"' "hostile$i.tar"
		says "${cases[2 * i + 1]}"
		[[ $(echo merged* ledger*) == 'merged* ledger*' ]] || fail "=> ${texts[i]} leaves something"
	done
	# names that are only odd are shown so that a terminal does not obey them
	headers 'member(b"x\x1b[2J\n", body=b"a,b\n1\n") + END'
	run_shell 1 'csvcat --tar < hostile0.tar'
	says 'csvcat: x\x1b[2J\x0a: line 2: 1 field, but the header has 2'
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
