#!/usr/bin/env bats
# csvcat: each rule of its manual page, for files named as arguments, for a tar stream, and for one that arrives in
# small odd pieces.
load helpers
load csvcat

setup() {
	fresh_environment
}

@test "the header once, rows in the order of the files" {
	gives '' 'a,b\n1,2\n3,4\n5,6\n' 'a,b\n1,2\n3,4\n' 'a,b\n5,6\n'
	gives '' 'a\n1\na\n' 'a\n1\n' 'a\na\n' # a row that equals the header is data
}

@test "line ends: CRLF and CR become LF, a missing one is added, those inside quotes stay" {
	gives '' 'a,b\n1,2\n3,4\n' 'a,b\r\n1,2\r\n' 'a,b\n3,4'
	gives '' 'a,b\n1,2\n3,4\n' 'a,b\r1,2\r3,4\r'
	gives '' 'a,b\n1,"x\r\ny\rz\n"\n' 'a,b\r\n1,"x\r\ny\rz\n"\r\n'
}

@test "blank lines are no rows, empty files give nothing, header-only files no rows" {
	gives '' 'a,b\n1,2\n3,4\n' '\n\na,b\n\n1,2\n\r\n' '' 'a,b\n' '\n\n' 'a,b\n3,4\n'
	gives '' '' '' '\n'
	gives '' 'a,b\n' 'a,b'
}

@test "quotes: escaped ones, delimiters and line breaks inside, stray ones are data" {
	gives '' 'a,b\n"1,""x""",2\n' 'a,b\n"1,""x""",2\n'
	gives '' 'a,b\nx"y,2\n 7" ,3\n"q" ,4\n' 'a,b\nx"y,2\n 7" ,3\n"q" ,4\n'
	gives '' 'a,b\n"",""\n' 'a,b\n"",""\n'
}

@test "headers that differ in quoting, BOM and line end are the same" {
	gives '' 'a,b\n1,2\n3,4\n5,6\n' 'a,b\n1,2\n' '\0357\0273\0277"a",b\r\n3,4\r\n' '\0357\0273\0277a,"b"\n5,6\n'
	gives '' 'a\n' '\0357\0273\0277a\n'
}

@test "other bytes are kept" {
	gives '' 'a\n\0351\0000x\n 7 \n' 'a\n\0351\0000x\n 7 \n'
}

@test "-d, also \\t" {
	gives '-d ;' 'a;b\n1,5;2\n' 'a;b\n1,5;2\n'
	gives '-d \t' 'a\tb\n1\t2\n' 'a\tb\n1\t2\n'
	run_tool 2 csvcat -d ab
	run_tool 2 csvcat -d '"'
}

@test "-u: by name, in the order first seen, missing cells empty, columns of header-only files too" {
	gives -u 'a,b,c\n1,2,\n4,,3\n' 'a,b\n1,2\n' 'c,a\n3,4\n'
	gives -u 'a,b,z\n1,2,\n' 'a,b\n1,2\n' 'z\n'
	gives -u 'a,b\n"x,1",2\n"y\n",3\n' 'a,b\n"x,1",2\n' 'b,a\n3,"y\n"\n'
	gives -u 'a,"b,c"\n1,2\n' 'a,"b,c"\n1,2\n'
	refuses -u "in/f2: line 1: column 'b' appears twice" 'a,b\n1,2\n' 'b,a,b\n1,2,3\n'
}

@test "--columns: exactly these; another is an error, or left out" {
	gives '--columns b,a' 'b,a\n2,1\n,3\n' 'a,b\n1,2\n' 'a\n3\n'
	refuses '--columns a' "column 'b' is not among --columns" 'a,b\n1,2\n'
	gives '--columns a --drop-extra' 'a\n1\n' 'b,a\n2,1\n'
	run_tool 2 csvcat --columns a,a
	run_tool 2 csvcat --drop-extra
}

@test "another header is refused, by the columns that differ" {
	refuses '' "in/f2: line 1: a different header than the files before it: lacks 'b', adds 'c'" 'a,b\n1,2\n' 'a,c\n1,2\n'
	refuses '' "column 1 is 'b', not 'a'" 'a,b\n1,2\n' 'b,a\n1,2\n'
	refuses '' "before it: 1 column, not 2" 'a,a\n1,2\n' 'a\n1\n'
	refuses '' "before it: lacks 'a', lacks 'b', lacks 'c', lacks 'd', lacks 'e' and 2 more, adds '1', adds '2'" \
		'a,b,c,d,e,f,g\n' '1,2\n'
	refuses '' "before it: lacks 'a', adds '1', adds '2', adds '3', adds '4', adds '5' and 1 more" 'a\n' '1,2,3,4,5,6\n'
}

@test "a row of another length is refused, with the line where it starts; --ragged pad fills up" {
	refuses '' 'in/f1: line 4: 3 fields, but the header has 2' 'a,b\n"x\ny",1\n1,2,3\n'
	refuses '' 'in/f2: line 2: 1 field, but the header has 2' 'a,b\n1,2\n' 'a,b\n1'
	gives '--ragged pad' 'a,b,c\n1,,\n2,3,\n' 'a,b,c\n1\n2,3\n'
	refuses '--ragged pad' '3 fields, but the header has 2' 'a,b\n1,2,3\n'
}

@test "an open quote, UTF-16 and damaged gzip are refused by name" {
	refuses '' 'in/f2: line 2: a quote is open at the end of the file' 'a,b\n1,2\n' 'a,b\n"1,2\n'
	refuses '' 'in/f1: UTF-16' '\0377\0376a\0000'
	# without a byte order mark
	refuses '' 'in/f2: line 1: UTF-16' 'a\n1\n' 'a\0000\n\00001\0000\n\0000'
	refuses -u 'in/f1: line 1: UTF-16' '\0000a\0000\n\00001\0000\n' 'a\n1\n'
	gives '' 'ab\n1\0000\n\0000\n' 'ab\n1\0000\n\0000\n'
	refuses '' 'in/f1: gzip' '\0037\0213xxxxxxxxxxxx'
}

@test "gzip is opened, several members as one; cut short it is refused" {
	mkdir in
	printf 'a,b\n1,2\n' > in/f1
	{ printf 'a,b\n3,' | gzip; printf '4\n' | gzip; } > in/f2
	run_tool 0 csvcat in/f1 in/f2
	[[ $output == $'a,b\n1,2\n3,4' ]]
	head -c -6 in/f2 > in/f3
	run_tool 1 csvcat in/f1 in/f3
	says 'in/f3: gzip: cut short'
	local tail
	for tail in x '\nmore' '\0\0x'; do
		{ cat in/f2 && printf '%b' "$tail"; } > in/f4
		run_tool 1 csvcat in/f1 in/f4
		says 'in/f4: gzip: other data follows it'
	done
	for tail in '\0' '\0\0\0'; do # padding
		{ cat in/f2 && printf '%b' "$tail"; } > in/f4
		run_tool 0 csvcat in/f1 in/f4
		[[ $output == $'a,b\n1,2\n3,4' ]]
	done
}

@test "--max-expand bounds what gzip expands to, beyond the first MiB" {
	local value
	{ echo a,b && yes 1,2 | head -n 2000000; } | gzip > bomb.csv.gz # 1 to 500 or so
	{ echo a,b && seq -f '%.0f,7' 500000; } | gzip > honest.csv
	yes 1,2 | head -n 200000 | sed 1ia,b | gzip > small.csv # 800 KB of 1 KB
	tar -cf in.tar small.csv bomb.csv.gz honest.csv
	run_shell 0 'csvcat bomb.csv.gz | wc -l'
	[[ $output == 2000001 ]]
	run_tool 1 csvcat --max-expand 50 -o made small.csv bomb.csv.gz
	says 'csvcat: bomb.csv.gz: gzip: expands to more than 50 times its size' 'raise --max-expand'
	[[ ! -e made ]]
	run_shell 1 'csvcat --tar --max-expand 99 -o made < in.tar'
	says 'csvcat: bomb.csv.gz: gzip: expands to more than 99 times its size'
	[[ ! -e made ]]
	run_shell 3 'csvcat --tar --max-expand 99 --rejects bad < in.tar | wc -l'
	[[ $output == 700001 && $(< bad) == bomb.csv.gz$'\t'"gzip: expands to more than 99 times"* ]]
	run_shell 0 'csvcat --max-expand 1032 bomb.csv.gz | wc -l'
	[[ $output == 2000001 ]]
	run_shell 0 'csvcat --max-expand 1000000 < honest.csv | wc -l'
	for value in 0 -1 '' x 1.5 1e3 '10 ' 0x10 1000001 18446744073709551617; do
		run_tool 2 csvcat --max-expand "$value" honest.csv
		says "--max-expand '$value': not a whole number from 1 to 1000000"
	done
}

@test "--source-column" {
	gives '--source-column file' 'a,file\n1,in/f1\n2,in/f2\n' 'a\n1\n' 'a\n2'
	gives '-u --source-column file' 'a,b,file\n1,,in/f1\n,2,in/f2\n' 'a\n1\n' 'b\n2\n'
	gives '--columns b,a --source-column file' 'b,a,file\n,1,in/f1\n2,,in/f2\n' 'a\n1\n' 'b\r\n2\r\n'
	gives '--source-column x,y' 'a,"x,y"\n1,in/f1\n' 'a\n1\n'
	refuses '--source-column b' "in/f1: line 1: column 'b' exists already (--source-column)" 'a,"b"\n1,2\n'
	refuses '-u --source-column b' "in/f2: line 2: column 'b' exists already (--source-column)" 'a\n' '\nb\n'
}

@test "--source-prefix makes URIs of the members' names" {
	local union
	for union in '' -u '--columns a'; do
		gives "$union --source-column file --source-prefix s3://" 'a,file\n1,s3://in/f1\n2,s3://in/f2\n' 'a\n1\n' 'a\n2'
	done
	gives '--source-column file --source-prefix ,' 'a,file\n1,",in/f1"\n' 'a\n1\n'
	run_tool 2 csvcat --source-prefix s3:// in/f1
	says '--source-prefix needs --source-column'
}

@test "--rejects leaves bad files out whole, names them, and ends with 3" {
	files 'a,b\n1,2\n' 'a,b\n3,4\n5\n' 'x\n' '' 'a,b\n6,7\n'
	tar -cf in.tar in/f*
	for way in 'csvcat in/f*' 'csvcat -t < in.tar' 'csvcat -u in/f1 in/f2 in/f5'; do
		run_shell 3 "$way --rejects bad"
		[[ $output == $'a,b\n1,2\n6,7' ]]
		grep -q $'^in/f2\tline 3: 1 field, but the header has 2$' bad
	done
	# the first file's header does not count when the file is left out
	files 'a,b\n1\n' 'c\n7\n'
	run_tool 3 csvcat --rejects bad in/f1 in/f2
	[[ $output == $'c\n7' ]]
}

@test "--ledger and --about add up to the output" {
	files 'a,b\n1,2\n3,4\n' '' 'a,b\n5,6\n'
	for union in '' -u; do
		run_shell 0 'csvcat $1 --ledger ledger --about about -o all in/f*' "$union"
		cut -f 1-3 ledger > got
		printf 'in/f1\t8\t2\nin/f2\t0\t0\nin/f3\t4\t1\n' > want
		same want got
		grep -q '"rows":3,"bytes":16' about || fail "=> $(cat about)"
		/usr/bin/python3 - <<-'EOP'
		import json
		def crc32c(data):
		    crc = 0xffffffff
		    for byte in data:
		        crc ^= byte
		        for _ in range(8):
		            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
		    return "%08x" % (crc ^ 0xffffffff)
		about = json.load(open("about"))
		assert about["crc32c"] == crc32c(open("all", "rb").read()), about
		assert about["header"] == "a,b" and about["header_bytes"] == 4, about
		rows = [line.rstrip("\n").split("\t") for line in open("ledger")]
		assert [r[3] for r in rows] == [crc32c(b"1,2\n3,4\n"), crc32c(b""), crc32c(b"5,6\n")], rows
		EOP
	done
}

@test "--files-from, by lines and with -0; 20,000 files with few open at once" {
	files 'a\n1\n' 'a\n2\n'
	printf 'in/f1\nin/f2\n' > list
	run_tool 0 csvcat --files-from list
	[[ $output == $'a\n1\n2' ]]
	run_shell 0 'printf "in/f2\0in/f1\0" | csvcat -0 --files-from -'
	[[ $output == $'a\n2\n1' ]]
	for ((i = 0; i < 20000; i++)); do echo in/f1; done > list
	run_shell 0 'ulimit -n 16; csvcat --files-from list | wc -l'
	[[ $output == 20001 ]]
}

@test "a list of names that is read the wrong way is an error" {
	files 'a\n1\n' 'a\n2\n'
	# the second name would be lost
	run_shell 1 'printf "in/f1\0in/f2\0" | csvcat --files-from - -o made'
	says 'csvcat: -: a name contains NUL (--null?)'
	run_shell 1 'printf "in/f1\nin/f2\n" | csvcat --null --files-from - -o made'
	says 'No such file or directory'
	run_shell 1 'head -c 100000 /dev/zero | tr "\0" x | csvcat --files-from - -o made'
	says 'csvcat: -: a name of more than 4096 bytes'
	run_tool 2 csvcat --null in/f1 -o made
	says '--null needs --files-from'
	[[ ! -e made ]]
}

@test "a tar stream that was cut short is refused, wherever" {
	files 'a,b\n1,2\n' 'a,b\n3,4\n'
	tar --format=pax -cf in.tar in/f*
	local size
	for size in 0 1 511 512 600 1000 1024 1500 2047 2048; do
		head -c $size in.tar > cut.tar
		run_shell 1 'csvcat -t -o made < cut.tar'
		says 'tar stream'
		[[ ! -e made && ! -e made.part ]]
	done
	run_shell 1 'echo no tar stream at all, but a line of text that is long enough | csvcat -t'
}


@test "where output cannot go: a full device, a closed one, a reader that has enough" {
	files 'a\n1\n'
	run_shell 1 'csvcat in/f1 > /dev/full'
	says 'standard output: No space left on device'
	run_shell 1 'csvcat in/f1 >&-'
	run_shell 1 'csvcat -o nowhere/x in/f1'
	says 'nowhere/x'
	run_tool 1 csvcat in
	says 'in: is a directory'
	run_tool 1 csvcat missing
	says 'missing: No such file'
	run_shell 0 'yes 1 | head -n 1000000 | sed 1ia | { csvcat; echo $? > status; } | head -n 1; true'
	[[ $(< status) == 141 && ! -s err ]]
}

@test "fields and lines of every size around the edges of buffers" {
	/usr/bin/python3 - <<-'EOP'
	import os
	os.mkdir("in")
	sizes = [n + d for n in (64, 4096, 65536, 262144) for d in (-2, -1, 0, 1, 2)] + [1 << 20]
	with open("in/f1", "w", newline="") as f, open("want", "w", newline="") as w:
	    f.write("a,b\n"); w.write("a,b\n")
	    for n in sizes:
	        for row, out in (("x" * n + ",1\n",) * 2, ('"' + '""' * n + '",1\r\n', '"' + '""' * n + '",1\n'),
	                         ('"' + "\r\n" * n + '",2\n',) * 2, (",\n" * n,) * 2):
	            f.write(row); w.write(out)
	EOP
	run_tool 0 csvcat in/f1
	same want out
	run_shell 0 'tar -c in/f1 | csvcat -t'
	same want out
	run_tool 0 csvcat -u in/f1
	same want out
}

@test "records that straddle the edges of buffers" {
	run_tool 0 /usr/bin/python3 "$ROOT/tests/csvcat_edges.py" "$BIN/csvcat"
}

@test "a header of 100 KiB, 2,000 columns, in order and reversed" {
	local i columns=2000
	for ((i = 0; i < columns; i++)); do
		printf '%s"a long name, of column %036d"' "${comma-}" $i
		comma=,
	done > header
	(($(stat -c %s header) > 102400))
	tr , '\n' < <(seq -s , $columns) | paste -s -d , > row
	cat header <(echo) row > f1
	cp f1 f2
	cat f1 row > want
	run_tool 0 csvcat f1 f2
	same want out
	run_shell 0 'tar -c f1 f2 | csvcat -t -u'
	same want out
	/usr/bin/python3 -c '
import csv, sys
csv.writer(open("f3", "w"), lineterminator="\n").writerows(r[::-1] for r in csv.reader(open("f1")))'
	run_tool 0 csvcat -u f1 f3
	same want out
	sed 's/,2000$//' f1 > f4
	run_tool 1 csvcat f1 f4
	says 'f4: line 2: '
}

@test "random files, against Python's csv module" {
	run_tool 0 /usr/bin/python3 "$ROOT/tests/csvcat_diff.py" "$BIN/csvcat" "${CSVCAT_DIFF:-400}"
}

@test "random bytes that are hardly CSV, against the rules written down once more" {
	run_tool 0 /usr/bin/python3 "$ROOT/tests/csvcat_soup.py" "$BIN/csvcat" "${CSVCAT_DIFF:-400}"
}

@test "it starts without libcurl and libcrypto" {
	run_tool 0 ldd "$BIN/csvcat"
	lacks 'libcurl|libcrypto|libssl' out
}

@test "a file that somebody writes while it is read is an error that names it" {
	local change
	yes 1,2 | head -n 500000 > rows
	for change in 'echo 3,4 >> f' 'truncate -s 1000000 f' 'printf 9 | dd of=f conv=notrunc seek=1 bs=1'; do
		{ echo a,b && cat rows; } > f
		# the pipe holds 64 KiB; until its reader begins csvcat waits inside of the file
		run_shell 1 'csvcat f | { sleep 0.3; eval "$1"; cat > /dev/null; }' "$change"
		grep -qx 'csvcat: f: changed while it was read' err || fail "=> $change"
	done
	run_tool 0 csvcat /proc/loadavg # whose size is 0
}

@test "the output is no input, and the list of names no file" {
	printf 'a,b\n1,2\n' > x.csv
	run_shell 1 'csvcat x.csv all.csv > all.csv'
	says 'csvcat: all.csv: is also the output'
	run_shell 0 'csvcat x.csv -o all.csv; csvcat x.csv all.csv -o all.csv'
	[[ $(< all.csv) == $'a,b\n1,2\n1,2' ]]
	run_shell 1 'printf "x.csv\n-\n" | csvcat --files-from - -o none'
	says 'csvcat: -: standard input is the list of names, so it cannot be a file'
	[[ ! -e none ]]
	# what is appended to is never read to its end
	{ echo a,b && yes 1,2 | head -n 300000; } > big.csv
	cp big.csv all.csv
	run_shell 1 'ulimit -f 100000; csvcat < all.csv >> all.csv'
	says 'csvcat: standard input: is also the output'
	same big.csv all.csv
	tar -cf all.tar big.csv
	run_shell 1 'csvcat --tar < all.tar >> all.tar'
	says 'csvcat: standard input: is also the output'
	# what a killed run has left is about to be written
	cp x.csv new.csv.part
	run_tool 1 csvcat x.csv new.csv.part -o new.csv
	says 'csvcat: new.csv.part: is also the output'
	[[ ! -e new.csv ]]
}

@test "two outputs are not one file" {
	local clash
	printf 'a,b\n1,2\n' > x.csv
	for clash in '-o s --ledger s' '-o s --about s' '-o s --rejects s' '-o s --stats s' '--ledger s --about s' '--ledger -'; do
		# shellcheck disable=SC2086 # options are words
		run_tool 2 csvcat x.csv $clash
		says 'are the same'
		[[ ! -e s && ! -s out ]] || fail "=> $clash"
	done
	run_tool 0 csvcat x.csv -o /dev/null --ledger /dev/null --about /dev/null --rejects /dev/null
	run_tool 0 csvcat x.csv -o all.csv --ledger -
	[[ $output == x.csv$'\t4\t1\t'* ]]
}

@test "an output that cannot be is told before anything is read" {
	printf 'a,b\n1,2\n' > x.csv
	local option
	for option in --output --ledger --about --rejects; do
		run_tool 1 csvcat missing $option none/x
		says 'csvcat: none/x.part: No such file or directory'
	done
}

@test "a stdin that was read from already, in part" {
	printf 'first line\na,b\n1,2\n' > x.csv
	run_shell 0 '{ read -r _; csvcat; } < x.csv'
	[[ $output == $'a,b\n1,2' ]]
	run_tool 0 csvcat - - < <(echo a && echo 1) # all of it, then nothing
	[[ $output == $'a\n1' ]]
}

@test "no space: for the output, for what waits, for help" {
	local program
	printf 'a,b\n1,2\n' > x.csv
	printf 'b,a\n1,2\n' > y.csv
	run_shell 1 'csvcat x.csv > /dev/full'
	says 'csvcat: standard output: No space left on device'
	run_tool 1 csvcat x.csv --output /dev/full/x
	run_tool 1 csvcat x.csv --ledger /dev/full
	for program in s3ls s3get csvcat s3put report verify; do
		run_shell 1 "$program --help > /dev/full"
		says "$program: standard output: No space left on device"
		run_shell 1 "$program --version > /dev/full"
	done
	# rows of a union wait in a temporary file; with 64 KiB of room for it there is no result
	yes 1,2 | head -n 500000 >> y.csv
	run_shell 1 'ulimit -f 64; trap "" XFSZ; csvcat --union x.csv y.csv | cat > /dev/null'
	grep -q '^csvcat: .*File too large' err
	run_tool 1 env TMPDIR="$TMP/none" csvcat --union x.csv y.csv
	says "csvcat: $TMP/none: no temporary file: No such file or directory"
	# whoever reads has enough
	run_shell 141 'csvcat y.csv | head -n 1'
	silent
}

@test "what cannot be read is an error that names it, and no output is left" {
	local as_user=()
	# root may read everything, unless it gives that up
	((EUID != 0)) || as_user=(setpriv '--bounding-set=-dac_override,-dac_read_search')
	mkdir folder
	printf 'a,b\n1,2\n' > x.csv
	cp x.csv secret.csv
	chmod 000 secret.csv
	run_tool 1 "${as_user[@]}" "$BIN/csvcat" x.csv secret.csv -o made
	says 'csvcat: secret.csv: Permission denied'
	run_tool 1 csvcat x.csv /proc/self/mem -o made
	says 'csvcat: /proc/self/mem: Input/output error'
	run_tool 1 csvcat x.csv folder -o made
	says 'csvcat: folder: is a directory'
	# a file that cannot be read is no bad CSV
	run_tool 1 csvcat x.csv folder --rejects rejects -o made
	run_shell 1 'csvcat --tar -o made < folder'
	says 'csvcat: standard input: is a directory'
	run_shell 1 'csvcat -o made < folder'
	says 'csvcat: standard input: is a directory'
	run_shell 1 'csvcat --files-from folder -o made'
	says 'csvcat: folder: Is a directory'
	run_tool 1 csvcat --files-from missing -o made
	says 'csvcat: missing: No such file'
	[[ $(echo made* rejects*) == 'made* rejects*' ]] || fail "=> left: $(echo made* rejects*)"
}

@test "no temporary space: for rows of a union, for a file that may be left out, for a record to be moved" {
	local way long='{ printf "b,a\n\""; head -c 6000000 /dev/zero | tr "\0" x; printf "\",1\n"; }'
	printf 'a,b\n1,2\n' > x.csv
	{ echo b,a && yes 1,2 | head -n 1500000; } > big.csv
	tar -cf big.tar x.csv big.csv
	export TMP
	for way in 'csvcat -u x.csv big.csv' 'csvcat -tu < big.tar' 'csvcat --rejects rejects big.csv' "$long | csvcat --columns a,b"; do
		in_small_disk "! TMPDIR=$TMP/disk timeout 60 bash -c '$way -o made' 2> \"$TMP/messages\""
		[[ $(< messages) == "csvcat: $TMP/disk: temporary file: No space left on device" ]] || fail "=> $way: $(< messages)"
		[[ $(echo made* rejects*) == 'made* rejects*' ]] || fail "=> left: $(echo made* rejects*)"
	done
}

@test "a reader that has enough: no message, whatever is read" {
	{ echo a,b && yes 1,2 | head -n 500000; } > big.csv
	{ echo b,a && yes 2,1 | head -n 10; } > other.csv
	tar -cf big.tar big.csv other.csv
	local way
	for way in 'csvcat big.csv' 'csvcat -u big.csv other.csv' 'csvcat --rejects rejects big.csv' 'csvcat -t < big.tar' \
		'csvcat -tu < big.tar' 'csvcat --columns b,a big.csv'; do
		run_shell 141 "$way | head -n 1"
		silent
	done
}
