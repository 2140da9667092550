#!/usr/bin/env bats
# csvcat: what is not CSV is refused by the format's name, however it comes, before anything of it is in the output; headers
# that only look like a format are headers.
load helpers

setup() {
	fresh_environment
	printf 'k,v\n1,2\n' > good
	cat > make.py <<-'EOP'
	"""Writes in/FORMAT: the rows of `text` (or something like them) in that format; Python's own, and as published."""
	import bz2, gzip, io, lzma, os, random, struct, zipfile, zlib
	os.makedirs("in", exist_ok=True)
	rnd = random.Random(3)
	text = b"k,v\n" + b"".join(b"%d,%d\n" % (i, rnd.randrange(10 ** 9)) for i in range(40))
	def save(name, data):
	    with open("in/" + name, "wb") as f:
	        f.write(data)
	def zipped():
	    out = io.BytesIO()
	    with zipfile.ZipFile(out, "w") as z:
	        z.writestr("a.csv", text)
	    return out.getvalue()
	def snappy(data):
	    chunk = b"\0\0\0\0" + data  # a chunk that is not compressed; nobody gets as far as its CRC
	    return b"\xff\x06\0\0sNaPpY\x01" + struct.pack("<I", len(chunk))[:3] + chunk
	def zstd(data):  # a frame with one raw block
	    return b"\x28\xb5\x2f\xfd\x04\x58" + struct.pack("<I", len(data) << 3 | 1)[:3] + data
	def lz4(data):
	    return b"\x04\x22\x4d\x18\x64\x40\xa7" + struct.pack("<I", len(data) | 1 << 31) + data + b"\0\0\0\0"
	def lzw(data):  # compress: nine bits a byte
	    bits = sum(b << (9 * i) for i, b in enumerate(data))
	    return b"\x1f\x9d\x90" + bits.to_bytes(len(data) * 9 // 8 + 1, "little")
	save("gzip twice", gzip.compress(gzip.compress(text)))
	save("bzip2", bz2.compress(text, 1))
	save("xz", lzma.compress(text))
	save("LZMA", lzma.compress(text, lzma.FORMAT_ALONE))
	save("zlib", zlib.compress(text))
	save("zstd", zstd(text))
	save("LZ4", lz4(text))
	save("snappy", snappy(text))
	save("compress (.Z)", lzw(text))
	save("ZIP", zipped())
	save("7z", b"7z\xbc\xaf\x27\x1c\0\x04" + text)
	save("RAR", b"Rar!\x1a\x07\x01\0" + text)
	save("Parquet", b"PAR1\x15\0\x15\x1c\x15\x1c" + text + b"PAR1")
	save("ORC", b"ORC\n\x1c\n\x04\x08\x01\x50" + text + b"ORC\x17")
	save("Avro", b"Obj\x01\x04\x16avro.schema\x08null" + text)
	save("Arrow", b"ARROW1\0\0\xff\xff\xff\xff\x78\x01\0\0" + text)
	save("Feather", b"FEA1\0\0\0\0" + text)
	save(".xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + text)
	save("SQLite", b"SQLite format 3\0\x10\0\x01\x01" + text)
	save("PDF", b"%PDF-1.6\r%\xe2\xe3\xcf\xd3\r\n12 0 obj\r" + text)
	save("AppleDouble", bytes.fromhex("0005160700020000") + b"Mac OS X        \0\x02\0\0\0\x09\0\0\0\x32\0\0\0\x0e")
	EOP
	PYTHONPATH=$TMP /usr/bin/python3 -c 'import make'
}

# by_one: standard input, byte by byte
by_one() {
	/usr/bin/python3 -c '
import os, sys
for b in sys.stdin.buffer.read():
    os.write(1, bytes([b]))'
}

# not_csv FORMAT: the last run refused in/FORMAT, and nothing is in the output.
not_csv() {
	says "csvcat: in/$1: not CSV, but " "${1%% twice}"
	[[ ! -s out && $(echo made*) == 'made*' ]] || fail "=> $1: something is in the output"
}

@test "each format is refused by its name: alone, behind others, by name, in tar, in gzip, byte by byte" {
	local path format options
	for path in in/*; do
		format=${path#in/}
		run_tool 1 csvcat "$path"
		not_csv "$format"
		for options in '' --union '--columns v --drop-extra' '--ragged pad'; do
			# shellcheck disable=SC2086 # options are words
			run_tool 1 csvcat $options -o made good "$path" good
			not_csv "$format"
		done
		tar -cf in.tar "$path"
		run_shell 1 'csvcat --tar --union < in.tar'
		not_csv "$format"
		run_shell 1 "$(declare -f by_one); by_one < \"in/\$1\" | csvcat" "$format"
		grep -qF "csvcat: standard input: not CSV, but " err
		[[ ! -s out ]]
		gzip < "$path" > "$path.gz"
		run_tool 1 csvcat -o made good "$path.gz"
		grep -qF "csvcat: $path.gz: not CSV, but " err
		run_tool 3 csvcat --rejects rejects good "$path" good
		[[ $output == $'k,v\n1,2\n1,2' && $(< rejects) == "in/$format"$'\t'"not CSV, but "* ]]
		run_tool 3 csvcat --rejects rejects "$path" good
		[[ $output == $'k,v\n1,2' ]]
		rm "$path.gz"
	done
}

@test "streams of every kind that Python makes are known" {
	/usr/bin/python3 - <<-'EOP'
	import bz2, lzma, os, random, zlib
	rnd = random.Random(5)
	os.mkdir("many")
	n = 0
	for size in (0, 1, 5, 30, 300, 600, 5000, 70000):
	    text = b"id,name\n" + bytes(rnd.choice(b"0123456789,\nabcdef") for _ in range(size))
	    for data in [bz2.compress(text, level) for level in (1, 9)] + [zlib.compress(text, level) for level in (0, 1, 6, 9)] + [
	        lzma.compress(text), lzma.compress(text, lzma.FORMAT_ALONE), bz2.compress(b"")]:
	        with open(f"many/{n:03}", "wb") as f:
	            f.write(data)
	        n += 1
	EOP
	local path
	for path in many/*; do
		run_tool 1 csvcat "$path"
		says "csvcat: $path: not CSV, but compressed by "
	done
}

@test "honest headers: the letters of a format, and no more of it" {
	local header n
	for header in x^2 'x^2,y' PAR1,a PAR1 BZh,b BZh9 'BZh91AY&SY,z' ORC,a ORC Obj PK,name 'xy,z' h H,a 8 '(a)' 7z Rar LZIP ARROW1 FEA1,b SEQ \
		'SQLite format 3' %PDF-1.4 '%PDF-1.4,b' ']' Q 'x\234,a' 'x\332' '(\265/\375,a' '\377\377\377\377,b'; do
		for n in 1 300; do
			printf '%b\n' "${header//\\/\\0}" > file
			for ((; n > 0; n--)); do
				if [[ $header == *,* ]]; then echo 'an honest row,2'; else echo 'an honest row'; fi
			done >> file
			run_tool 0 csvcat file
			same file out
			run_shell 0 "$(declare -f by_one); by_one < file | csvcat"
			same file out
		done
	done
}
