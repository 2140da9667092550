#!/usr/bin/env bats
# sanitized: no
# The rules of structure (tests/rooms): each is broken once, in a copy of the sources, and refused by name. And that names in
# documents exist (tests/names).
load helpers

setup() {
	fresh_environment
	mkdir build
	cp -a "$ROOT"/{lib,tools} .
	cp -a "$BUILD/lib" build
	mkdir -p tests/unit
	cp -a "$ROOT/tests/rooms" tests
}

# compile FILE: as make does, as far as names go.
compile() {
	gcc -std=c11 -D_GNU_SOURCE -Ilib -c -o "build/${1%.c}.o" "$1"
}

# refused TEXT...: tests/rooms fails, and one of its lines begins with `rooms: TEXT`, or with each of them.
refused() {
	run_tool 1 tests/rooms
	local text
	for text; do
		[[ $(< "$TMP/err") == *"rooms: $text"* ]] || fail "no word of: $text"
	done
}

# not_refused FILE: nothing is said of it.
not_refused() {
	tests/rooms 2> "$TMP/err" || true
	lacks "$1" "$TMP/err"
}

# lines N: a function of that many lines.
lines() {
	printf 'int\nlong_one(void)\n{\n'
	yes $'\t;' | head -n $(($1 - 4))
	printf '}\n'
}

@test "lint runs the rules" {
	cd "$ROOT"
	run_tool 0 make -n lint BUILD="$BUILD"
	grep -qF "tests/rooms $BUILD" "$TMP/out"
	grep -qE 'tests/names .*docs/architecture\.md' "$TMP/out"
}

@test "an include may go down, not up and not sideways; a header is named by room and file" {
	not_refused lib/csv/csv.h
	echo '#include "report/render.h"' >> lib/work/ledger.h
	echo '#include "csv/csv.h"' >> lib/archive/tar.c
	echo '#include "err.h"' >> lib/base/num.c
	refused "lib/work/ledger.h:$(wc -l < lib/work/ledger.h): an include that goes up or sideways: report/render.h" \
		"lib/archive/tar.c:$(wc -l < lib/archive/tar.c): an include that goes up or sideways: csv/csv.h" \
		"lib/base/num.c:$(wc -l < lib/base/num.c): no header of lib/ by room and file: \"err.h\""
}

@test "a call may not go up either, where an include is avoided" {
	printf '%s\n' 'void fetch_free(void *);' 'int num_x(void); int num_x(void) { fetch_free(0); return 0; }' >> lib/base/num.c
	compile lib/base/num.c
	refused "lib/base/num.c: a call that goes up or sideways: fetch_free of lib/http/fetch.c"
}

@test "no circle of headers" {
	echo '#include "archive/unpack.h"' >> lib/archive/tar.h
	echo '#include "archive/tar.h"' >> lib/archive/unpack.h
	refused 'lib/archive/tar.h: a circle by includes:
  lib/archive/tar.h -> lib/archive/unpack.h
  lib/archive/unpack.h -> lib/archive/tar.h'
}

@test "no circle of calls, be it of three files" {
	local a b
	set -- err buf num
	while (($# > 0)); do
		a=$1 b=${2-err}
		printf '%s\n' "int ${b}_zz(void); int ${a}_zz(void); int ${a}_zz(void) { return ${b}_zz(); }" >> "lib/base/$a.c"
		compile "lib/base/$a.c"
		shift
	done
	refused 'lib/base/buf: a circle by calls:'
	grep -qF '  lib/base/num -> lib/base/err: err_zz' "$TMP/err"
}

@test "exported names begin with the file's name, or as the room's row says" {
	printf '%s\n' 'int digest(void); int digest(void) { return 0; }' 'int crc32c_; int crc32cx;' 'static int odd(void) { return odd(); }' \
		>> lib/sums/crc32c.c
	compile lib/sums/crc32c.c
	refused "lib/sums/crc32c.c: exports digest, which" "lib/sums/crc32c.c: exports crc32cx, which"
	lacks 'exports (odd|crc32c_?),' "$TMP/err"
	sed -i '/`sums\/`/s/|$/ `digest` `crc32cx` |/' lib/README.md
	not_refused lib/sums/crc32c.c
}

@test "no file of more than 600 lines, no function of more than 60" {
	yes '/* */' | head -n 600 > lib/base/full.h
	lines 60 > tests/unit/full.c
	not_refused full
	yes '/* */' | head -n 601 > lib/base/full.h
	lines 61 > tests/unit/full.c
	refused "lib/base/full.h: 601 lines, more than 600" "tests/unit/full.c:1: long_one has 61 lines, more than 60"
}

@test "every room has a row, every row a room; what an exception lists is there" {
	mkdir lib/cellar
	touch lib/cellar/wine.c
	sed -i '/`report\/`/s/report/repoart/' lib/README.md
	sed -i 's|^LONG_FILES = {|&"lib/base/gone.c": "it was long",|' tests/rooms
	refused "lib/README.md: no row for lib/cellar/" "lib/README.md: no row for lib/report/" \
		"lib/README.md: a row for lib/repoart/, which has no C file" "lib/cellar/wine.c: build/lib/cellar/wine.o is missing; run make" \
		"tests/rooms: LONG_FILES: lib/base/gone.c is not needed any more"
}

@test "files and functions that documents name exist" {
	cd "$ROOT"
	printf '%s\n' 'The `s3_start()` of `lib/s3/s3.c`, `s3_get.c`, `lib/sums/`, `lib/creds/creds_NAME.c`, `keys/N.tsv`, `-lm`.' > "$TMP/good.md"
	run_tool 0 tests/names "$TMP/good.md"
	silent
	printf '%s\n' 'All is well.' 'See `s3_did()` or `lib/s3/gone.c`,' '`gone.h`, `lib/attic/`.' > "$TMP/bad.md"
	run_tool 1 tests/names "$TMP/bad.md"
	[[ $(< "$TMP/err") == "$TMP/bad.md:2: no such function: s3_did()
$TMP/bad.md:2: no such file: lib/s3/gone.c
$TMP/bad.md:3: no such file: gone.h
$TMP/bad.md:3: no such file: lib/attic/" ]]
}
