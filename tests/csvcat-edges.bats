#!/usr/bin/env bats
# csvcat where its buffers end: what it looks for at each offset around their edges, long fields, lines and headers, many
# columns; as arguments, as tar, and in writes of odd sizes. What must come out is made by Python, field by field.
load helpers

setup() {
	fresh_environment
	cat > make.py <<-'EOP'
	"""table NAME HEADER ROWS [END]: in/NAME, and what csvcat makes of it: strict/NAME, and moved/NAME with the columns turned
	round. lines/NAME: the number of the line behind it."""
	import os
	import re
	for folder in ("in", "strict", "moved", "lines"):
	    os.makedirs(folder, exist_ok=True)

	def table(name, header, rows, end="\n", last=True):
	    def save(folder, lines, end):
	        with open(f"{folder}/{name}", "w", newline="") as f:
	            f.write(end.join(",".join(line) for line in lines) + (end if last or end == "\n" and folder != "in" else ""))
	    save("in", [header] + rows, end)
	    save("strict", [header] + rows, "\n")
	    save("moved", [header[::-1]] + [row[::-1] for row in rows], "\n")
	    with open(f"in/{name}", newline="") as f, open(f"lines/{name}", "w") as w:
	        # a CR alone is a line end where it ends the header
	        w.write(str(1 + len(re.findall("\r\n|\r|\n" if end == "\r" else "\n", f.read()))))
	EOP
}

tables() {
	PYTHONPATH=$TMP /usr/bin/python3 -
}

# writes N...: standard input in pieces of N bytes, in turn
writes() {
	/usr/bin/python3 -c '
import itertools, os, sys
data = sys.stdin.buffer.read()
at = 0
for n in itertools.cycle(map(int, sys.argv[1:])):
    if at >= len(data):
        break
    at += os.write(1, data[at:at + n])' "$@"
}

# gives: csvcat of each table is what it must be: as it is, and with another file that wants the columns turned round.
gives() {
	local table sizes
	for table in in/*; do
		table=${table##*/}
		tar -cf in.tar "in/$table"
		run_tool 0 csvcat "in/$table"
		same "strict/$table" out
		run_shell 0 'csvcat --tar < in.tar'
		same "strict/$table" out
		head -n 1 "moved/$table" > first
		tar -cf both.tar first "in/$table"
		run_tool 0 csvcat --union first "in/$table"
		same "moved/$table" out
		for sizes in "$@"; do
			run_shell 0 "$(declare -f writes); writes $sizes < in.tar | csvcat --tar"
			same "strict/$table" out
			run_shell 0 "$(declare -f writes); writes $sizes < both.tar | csvcat --tar --union"
			same "moved/$table" out
		done
	done
}

@test "what is looked for, at each offset around the edge of a word and of a buffer" {
	tables <<-'EOP'
	from make import table
	# what is looked for is at offset 2 of the field, or at its ends
	fields = ['"a"",b"', '"a""\r\nb"', '"a"""', '"a,b"', '"a\r\nb"', '"a\nb"', '"a\rb"', '"a"', '"a" ', 'a"b', '""",a"', '""']
	n = 0
	for edge in (64, 128, 65536, 131072, 262144):
	    for end in ("\n", "\r\n", "\r"):
	        for field in fields if edge > 64 else fields * 2:
	            rows = []
	            at = len("id,v,w" + end)
	            for shift in range(-len(field) - 4, 5):
	                # the field begins shift bytes from the next edge, behind a filler
	                goal = (at // edge + (2 if edge < 1000 else 1)) * edge + shift
	                filler = "x" * (goal - at - 1)
	                rows.append([filler, field, "z"])
	                at += len(",".join(rows[-1]) + end)
	                if edge > 1000 and len(rows) == 3:
	                    break
	            table(f"{n:03}", ["id", "v", "w"], rows, end)
	            n += 1
	EOP
	local table
	# as they are, and the columns turned round; all in one tar in writes of odd sizes
	for table in in/*; do
		table=${table##*/}
		csvcat "in/$table" | cmp - "strict/$table" || fail "=> $table"
		head -n 1 "moved/$table" > first
		csvcat --union first "in/$table" | cmp - "moved/$table" || fail "=> --union $table"
		! { cat "in/$table" && printf short; } | csvcat > out 2> err || fail "=> $table: a short row is not seen"
		says "standard input: line $(< "lines/$table"): 1 field, but the header has 3"
	done
	tar -cf in.tar in/*
	for table in 65536 '65535 1' '4093 1 1 63' 262143; do
		run_shell 0 "$(declare -f writes); writes $table < in.tar | csvcat --tar"
		csvcat in/* | cmp - out || fail "=> writes of $table bytes"
	done
}

@test "fields of 64 KiB, one byte less and one more; lines of 1 MiB" {
	tables <<-'EOP'
	from make import table
	for n in (65535, 65536, 65537):
	    for end in ("\n", "\r\n"):
	        quoted = '"' + ('""' * n)[: (n - 2) // 2 * 2] + "y" * (n % 2) + '"'
	        table(f"field-{n}-{len(end)}", ["id", "v"], [["1", "x" * n], ["x" * n, "2"], [quoted, "3"], ["4", quoted],
	              ["5", '"' + (",\n" * n)[: n - 2] + '"']], end)
	n = 1 << 20
	for d in (-1, 0, 1):
	    table(f"line-{d}", ["a", "b", "c"], [["1", "x" * (n + d - 6), "2"], ["x" * (n // 2), "2", '"' + "\r\n" * (n // 4) + '"']] * 2)
	EOP
	gives '65535 3' '1 65536 4096'
}

@test "a header of 100 KiB, and one whose names are quoted; without rows too" {
	tables <<-'EOP'
	from make import table
	names = [f"column {i:03} " + "n" * 500 for i in range(200)]
	table("plain", names, [[str(i) for i in range(200)]] * 3)
	for end in ("\n", "\r\n", "\r"):
	    table(f"two-{len(end)}{ord(end[0])}", ['"' + "x" * 100000 + ',"', "b"], [["1", "2"]], end)
	    table(f"none-{len(end)}{ord(end[0])}", ["x" * 102400, "b"], [], end)
	table("last", ["x" * 102400, "b"], [["1", "2"]], last=False)
	EOP
	gives '4095 1 2' '511 7 65536'
}

@test "2,000 columns" {
	tables <<-'EOP'
	from make import table
	names = [f"c{i}" for i in range(2000)]
	rows = [[str(i * k) if k % 2 else f'"{i},""{k}"' for i in range(2000)] for k in range(20)]
	table("many", names, rows)
	table("empty", names, [[""] * 2000] * 50, "\r\n")
	EOP
	gives '1999 1 3' '63 65 1'
	# one too few, one too many
	{ head -n 2 in/many && tail -n 1 in/many | sed 's/,[^,]*$//'; } > short
	run_tool 1 csvcat short
	says 'csvcat: short: line 3: 1999 fields, but the header has 2000'
	run_tool 0 csvcat --ragged pad short
	[[ $(tail -n 1 out | tr -cd , | wc -c) -ge 1999 && $(tail -c 2 out) == , ]]
	{ head -n 1 in/many && tail -n 1 in/many | sed 's/$/,/'; } > wide
	run_tool 1 csvcat wide
	says 'csvcat: wide: line 2: 2001 fields, but the header has 2000'
	# each file with another of its columns missing
	run_tool 0 csvcat --union <(cut -d , -f -1999 in/empty) <(printf 'c1999\n7\n')
	[[ $(head -n 1 out) == "$(head -n 1 in/empty | tr -d '\r')" && $(tail -n 1 out | tr -d ,) == 7 ]]
}

@test "the line of a record that begins in one piece and is wrong in another" {
	/usr/bin/python3 - <<-'EOP'
	edge = 262144
	for name, end in ("lf", "\n"), ("crlf", "\r\n"), ("cr", "\r"):
	    head = "a,b" + end
	    rows = ("1,2" + end) * 1000
	    text = head + rows
	    # what is wrong begins 40 bytes before the edge, and has line ends on both sides of it
	    text += "x" * (edge - 40 - len(text) - len(",y" + end)) + ",y" + end
	    record = '"' + end * 10 + "z" * 40 + end * 10
	    with open(name + ".wide", "w", newline="") as f:
	        f.write(text + record + '",1,2' + end)
	    with open(name + ".open", "w", newline="") as f:
	        f.write(text + record + "never closed" + end)
	EOP
	local end options
	for end in lf crlf cr; do
		for options in '' -u '--columns b,a'; do
			# shellcheck disable=SC2086 # options are words
			run_tool 1 csvcat $options $end.wide
			says "$end.wide: line 1003: 3 fields, but the header has 2"
			# shellcheck disable=SC2086
			run_tool 1 csvcat $options $end.open
			says "$end.open: line 1003: a quote is open at the end of the file"
		done
	done
}

# takes KIB COMMAND...: at most; its output goes to out, what it says to err. Sanitizers take memory of their own.
takes() {
	local most=$1 kib
	shift
	/usr/bin/time --quiet --output peak --format %M "$@" > out 2> err || true
	kib=$(tail -n 1 peak)
	[[ $BIN == *asan* ]] || ((kib <= most)) || fail "=> $kib KiB: $*"
}

@test "the longest header, 1 MiB, as it is and moved; one byte more is refused by name" {
	# of names of three bytes there are more than of longer ones
	/usr/bin/python3 - <<-'EOP'
	import itertools
	letters = [bytes([b]) for b in range(1, 256) if b not in b'",\r\n']
	names = letters + [a + b for a in letters for b in letters]
	names += [a + b + c for a, b, c in itertools.islice(itertools.product(letters, repeat=3), 220000)]
	names = b",".join(names)[: (1 << 20) - 20].split(b",")[:-1]
	names.append(b"x" * ((1 << 20) - len(b",".join(names)) - 1))
	assert len(b",".join(names)) == 1 << 20 and len(set(names)) == len(names) > 250000
	rows = b",".join(b"%d" % (i % 7) for i in range(len(names))) + b"\n" + b"," * (len(names) - 1) + b"\n"
	turned = lambda line: b",".join(line.split(b",")[::-1])
	def save(name, *parts):
	    with open(name, "wb") as f:
	        f.write(b"".join(parts))
	header = b",".join(names)
	save("whole", header, b"\n", rows)
	save("twice", header, b"\n", rows, rows)
	save("quoted", b'"', names[0], b'"', header[len(names[0]) : -2], b"\n", rows)
	save("short", names[0], header[len(names[0]) : -2], b"\n", rows)
	save("turned", turned(header), b"\n", b"".join(turned(line) + b"\n" for line in rows.splitlines()))
	save("other", header[:-1], b"y\n", rows)
	save("over", header, b"x\n", rows)
	save("open", b'a,"b\n', b"1,2\n" * 1000000)
	save("one", b"one more\n1\n")
	EOP
	takes 8000 csvcat whole whole
	same twice out
	takes 8000 csvcat short quoted
	[[ ! -s err ]]
	takes 8000 csvcat --rejects rejects whole other quoted short over open whole
	same twice out
	grep -q "^other.line 1: a different header than the files before it: column [0-9]* is 'x*y', not 'x*'" rejects
	grep -q "^short.line 1: a different header than the files before it: " rejects
	grep -q '^over.the header has more than 1048576 bytes$' rejects
	grep -q '^open.the header has more than 1048576 bytes; is a quote left open?$' rejects
	takes 64000 csvcat --union whole turned
	same twice out
	takes 64000 csvcat --rejects rejects --union whole turned one over
	same twice out
	grep -q '^one.line 1: the columns of all files take more than 1048576 bytes together$' rejects
	cp whole again # the same file again would be a hard link
	tar -cf in.tar whole again
	run_shell 0 "$(declare -f writes); writes 4093 1 65536 < in.tar | csvcat --tar"
	same twice out
	! csvcat -o made whole over 2> err || fail '=> a header that is too long is taken'
	says 'csvcat: over: the header has more than 1048576 bytes'
	[[ ! -e made ]]
}

@test "10,000 files, each with its columns in another order, and one with each another column" {
	/usr/bin/python3 - <<-'EOP'
	import os, random
	rnd = random.Random(7)
	os.mkdir("in")
	names = [f"column {i}" for i in range(30)]
	want = open("want", "w")
	want.write(",".join(names) + "\n")
	want.write(",".join("0" for _ in names) + "\n")
	with open("in/00000", "w") as f:
	    f.write(",".join(names) + "\n" + ",".join("0" for _ in names) + "\n")
	for i in range(1, 10000):
	    order = list(range(30))
	    rnd.shuffle(order)
	    with open(f"in/{i:05}", "w") as f:
	        f.write(",".join(names[k] for k in order) + "\n" + ",".join(f"{i}.{k}" for k in order) + "\n")
	    want.write(",".join(f"{i}.{k}" for k in range(30)) + "\n")
	os.mkdir("more")
	for i in range(3000):
	    with open(f"more/{i:05}", "w") as f:
	        f.write(f"id,c{i}\n{i},x\n")
	with open("wider", "w") as f:
	    f.write("id," + ",".join(f"c{i}" for i in range(3000)) + "\n")
	    for i in range(3000):
	        f.write(f"{i}," + "," * i + "x" + "," * (2999 - i) + "\n")
	EOP
	takes 16000 csvcat --union in/*
	same want out
	takes 16000 csvcat --union more/*
	same wider out
}

# big: big.csv, 32 MB of rows that are all different, and wrong.csv, the same with a short row at its end.
big() {
	{ echo number,square && seq 1 3200000 | sed 's/$/,x/'; } > big.csv
	{ cat big.csv && echo 1; } > wrong.csv
}

@test "a large output: to files, devices and pipes, on one processor too, with the sums of what is there" {
	big
	local crc
	run_tool 0 csvcat big.csv
	same big.csv out
	run_tool 0 csvcat -o made --about about --ledger ledger --stats stats big.csv
	same big.csv made
	run_tool 0 taskset --cpu-list "$(taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/')" csvcat big.csv --about about1 --ledger ledger1
	same big.csv out
	same about about1
	same ledger ledger1
	crc=$(sed 's/.*"crc32c":"\([0-9a-f]*\)".*/\1/' about)
	grep -q '"rows":3200000,"bytes":'"$(stat -c %s big.csv)," about
	grep -q "\"crc32c\":\"$crc\"" stats
	[[ ! -e made.part ]]
	# behind what is there, and before what comes
	run_shell 0 '{ echo first; csvcat big.csv; echo last; } > all; csvcat big.csv >> all'
	{ echo first && cat big.csv && echo last && cat big.csv; } | cmp - all
	run_shell 0 'csvcat big.csv | cmp - big.csv && csvcat big.csv > /dev/null'
	# many small rows, moved
	run_tool 0 csvcat --columns square,number big.csv -o made
	awk -F , '{ print $2 "," $1 }' big.csv | cmp - made
	takes 8000 csvcat big.csv
}

@test "no space in the middle of a large output: told once, nothing is left of --output" {
	big
	local to
	run_shell 1 'ulimit -f 20000; trap "" XFSZ; csvcat big.csv > made'
	says 'csvcat: standard output: File too large'
	head -c 20480000 big.csv | cmp - made
	rm made
	run_shell 1 'ulimit -f 20000; trap "" XFSZ; csvcat big.csv --ledger ledger --about about -o made'
	says 'csvcat: made: File too large'
	[[ $(echo made* ledger* about*) == 'made* ledger* about*' ]] || fail "=> left: $(echo made* ledger* about*)"
	# SIGXFSZ
	run_shell 153 'ulimit -c 0; ulimit -f 20000; csvcat big.csv > made'
	# the last bytes
	run_shell 1 'ulimit -f $(($(stat -c %s big.csv) / 1024)); trap "" XFSZ; csvcat big.csv -o made2'
	says 'csvcat: made2: File too large'
	[[ $(echo made2*) == 'made2*' ]]
	export TMP
	for to in "> $TMP/disk/made" "-o $TMP/disk/made"; do
		disk_size=16m in_small_disk "! timeout 60 csvcat big.csv $to 2> \"$TMP/messages\"
			ls $TMP/disk > \"$TMP/left\"; [[ ! -e $TMP/disk/made ]] || cmp $TMP/disk/made <(head -c 16777216 big.csv)"
		[[ $(< messages) == "csvcat: "*": No space left on device" && $(wc -l < messages) == 1 ]] || fail "=> $(< messages)"
	done
	[[ ! -s left ]] || fail "=> left: $(< left)"
}

@test "what is wrong behind many MB: standard output has what came before, --output nothing" {
	big
	run_tool 1 csvcat wrong.csv
	says 'csvcat: wrong.csv: line 3200002: 1 field, but the header has 2'
	cp out first
	cmp first <(head -c "$(stat -c %s first)" big.csv)
	(($(stat -c %s first) > 30000000))
	run_tool 1 taskset --cpu-list "$(taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/')" csvcat wrong.csv
	same first out
	run_tool 1 csvcat big.csv wrong.csv missing -o made
	says 'csvcat: wrong.csv: line 3200002: 1 field, but the header has 2'
	run_tool 1 csvcat big.csv missing -o made
	says 'csvcat: missing: No such file or directory'
	run_shell 1 'tar -c big.csv | head -c 20000000 | csvcat --tar -o made'
	[[ $(echo made*) == 'made*' ]] || fail "=> left: $(echo made*)"
	run_tool 3 csvcat big.csv wrong.csv --rejects rejects -o made
	same big.csv made
	# both: the disk is full, and then something is wrong
	run_shell 1 'ulimit -f 29900; trap "" XFSZ; csvcat wrong.csv > made'
	grep -qx 'csvcat: standard output: File too large' err
}
