#!/usr/bin/env bats
# sanitized: no
# time limit: 600
# The Makefile: building, installing, and what it says.
load helpers

setup() {
	fresh_environment
	cd "$ROOT" || return
	export TOOL_TIMEOUT=250
}

programs='csvcat report s3get s3ls s3put verify'

@test "gcc does not warn" {
	run_tool 0 make -j2 BUILD="$TMP/gcc" CC=gcc CFLAGS='-O2 -Werror' test-programs
	silent
}

@test "clang does not warn" {
	run_tool 0 make -j2 BUILD="$TMP/clang" CC=clang CFLAGS='-O1 -Werror' test-programs
	silent
}

# starts_alone PROGRAM: with the C library and nothing else, or with nothing at all.
starts_alone() {
	run_tool 0 ldd "$1"
	[[ $output == *libc.so* || $output == *'statically linked'* ]]
	! grep -vE '/lib[cm]\.so|linux-vdso|/ld-linux|statically linked' "$TMP/out" || fail "=> $1 needs more than the C library"
}

@test "programs start with the C library alone; LIBCURL=-lcurl brings the shared libraries" {
	local program s3get=$TMP/built/bin/s3get
	for program in $programs; do
		starts_alone "$BIN/$program"
	done
	run_tool 0 make -j2 BUILD="$TMP/built" LIBCURL=-lcurl "$s3get"
	run_tool 0 ldd "$s3get"
	[[ $output == *libcurl.so* && $output == *ldap* && $output == *libcrypto.so* ]]
	run_tool 0 make BUILD="$TMP/built" "$s3get"
	starts_alone "$s3get"
}

# like_cc: $TMP/cc, whose libcurl.a is $TMP/lib/libcurl.a.
like_cc() {
	mkdir -p "$TMP/link" "$TMP/lib"
	printf '#!/bin/bash\n[[ $1 != -print-file-name=* ]] || { echo "%s"; exit; }\nexec cc "$@"\n' "$TMP/lib/libcurl.a" > "$TMP/cc"
	chmod +x "$TMP/cc"
}

@test "a libcurl.a of another TLS library, one that does not link, or none: the shared ones are linked, and why is told" {
	like_cc
	echo 'int ldap_init(void), gnutls_init(void); int f(void); int f(void) { return ldap_init() + gnutls_init(); }' |
		cc -c -o "$TMP/lib/f.o" -x c -
	ar rcs "$TMP/lib/libcurl.a" "$TMP/lib/f.o"
	local lost="warning: shared libraries are linked, and each start of a program takes some 5 ms longer, as"
	CC=$TMP/cc run_tool 0 deps/libraries "$TMP/link/f"
	[[ $(< "$TMP/err") == "$lost libcurl.a wants gnutls_init" ]]
	[[ $(paste -sd " " "$TMP/link/f") == "-lcurl -lssl -lcrypto -lexpat -ljansson -lz" ]]
	echo "no archive" > "$TMP/lib/libcurl.a"
	CC=$TMP/cc run_tool 0 deps/libraries "$TMP/link/f"
	[[ $(< "$TMP/err") == "$lost libcurl.a and what it needs cannot be linked in here" ]]
	rm "$TMP/lib/libcurl.a"
	CC=$TMP/cc run_tool 0 deps/libraries "$TMP/link/f"
	[[ $(< "$TMP/err") == "$lost there is no libcurl.a" ]]
}

@test "another libcurl.a, even an older one, is linked anew; a build folder may be named ./" {
	like_cc
	cp -p "$(cc -print-file-name=libcurl.a)" "$TMP/lib/libcurl.a"
	cp -a Makefile sheaf.mk libexec lib tools deps "$TMP/link"
	cd "$TMP/link"
	run_tool 0 make -j2 CC="$TMP/cc" BUILD=./out ./out/bin/s3get
	run_tool 0 make CC="$TMP/cc" BUILD=./out ./out/bin/s3get
	[[ $output == *"up to date"* ]]
	cp "$TMP/lib/libcurl.a" "$TMP/lib/new.a"
	touch -d 2020-01-01 "$TMP/lib/new.a"
	sleep 1.1 # what tells them apart has seconds
	mv "$TMP/lib/new.a" "$TMP/lib/libcurl.a"
	run_tool 0 make CC="$TMP/cc" BUILD=./out ./out/bin/s3get
	[[ $output == *"LD out/bin/s3get"* ]]
}

@test "nothing is built again when nothing has changed" {
	run_tool 0 make BUILD="$BUILD" build
	[[ $output == *"Nothing to be done"* ]]
}

@test "help names every target that people type, in lines of a terminal's width" {
	run_tool 0 make help
	for target in build demo plan merge status report verify logs settings check check-sanitize lint deps install uninstall \
		clean help; do
		grep -qE "^$target  *[^ ]" "$TMP/out" || fail "$target is missing"
	done
	lacks '^.{101}' "$TMP/out"
}

@test "install puts programs and man pages into DESTDIR, uninstall leaves nothing" {
	run_tool 0 make BUILD="$BUILD" install DESTDIR="$TMP/stage" PREFIX=/opt/sheaf
	cd "$TMP/stage/opt/sheaf"
	[[ $(cd bin && echo *) == "$programs" ]]
	for program in $programs; do
		run_tool 0 "bin/$program" --version
		[[ $output == "$program (sheaf) "* ]]
		run_tool 0 "bin/$program" --help
		[[ $output == "usage: $program "* ]]
		run_tool 0 man --local-file "share/man/man1/$program.1"
		[[ $output == *NAME*"$program"*"EXIT STATUS"* ]]
		[[ $(stat -c %a "bin/$program" "share/man/man1/$program.1") == $'755\n644' ]]
	done
	cd "$ROOT"
	run_tool 0 make BUILD="$BUILD" uninstall DESTDIR="$TMP/stage" PREFIX=/opt/sheaf
	[[ -z $(find "$TMP/stage" -type f) ]]
}

@test "one version: of every program, of the installed man pages, and of CHANGELOG.md's latest entry" {
	local version program
	version=$(sed -n 's/^#define SHEAF_VERSION "\(.*\)"$/\1/p' lib/base/version.h)
	[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]
	run_tool 0 make BUILD="$BUILD" install PREFIX="$TMP/prefix"
	for program in $programs; do
		run_tool 0 "$program" --version
		[[ $(head -n 1 "$TMP/out") == "$program (sheaf) $version"* ]]
		[[ $(grep -c "^\.Os sheaf $version\$" "$TMP/prefix/share/man/man1/$program.1") == 1 ]]
	done
	[[ $(grep -m 1 '^## ' CHANGELOG.md) == "## [$version] - "* ]]
}

@test "the pipeline runs from where it is installed, in any folder" {
	SERVER=s3d use_server
	s3 csvs "$BUCKET" in/ 25
	local prefix="$TMP/My Programs/#1, 50% o'f \$x"
	run_tool 0 make BUILD="$BUILD" install PREFIX="${prefix/\$/\$\$}"
	mkdir "$TMP/elsewhere"
	cd "$TMP/elsewhere"
	export PATH=${PATH#"$BIN:"}
	run_tool 0 make -f "$prefix/share/sheaf/Makefile" -j3 merge SRC="s3://$BUCKET/in/" DEST="s3://$BUCKET/out/" BATCH=10
	[[ $(list_keys out/merged) == "out/merged-00000.csv
out/merged-00001.csv
out/merged-00002.csv" ]]
	run_tool 0 make -f "$prefix/share/sheaf/Makefile" verify SRC="s3://$BUCKET/in/" DEST="s3://$BUCKET/out/" BATCH=10
	run_tool 0 make -f "$prefix/share/sheaf/Makefile" help
	[[ $output == *merge* && $output != *lint* ]]
	cd "$ROOT"
	run_tool 0 make BUILD="$BUILD" uninstall PREFIX="${prefix/\$/\$\$}"
	[[ -z $(find "$prefix" -type f) ]]
}

@test "every option of --help is in the man page" {
	for program in $programs; do
		run_tool 0 "$program" --help
		grep -oE -- '--[a-z0-9-]+' "$TMP/out" | sort -u > "$TMP/options"
		cat tools/{"$program",s3get}.1 | sed 's/Fl -/--/g; s/ , -/ , --/; s/\\-/-/g' > "$TMP/page"
		while read -r option; do
			grep -qF -- "$option" "$TMP/page" || fail "$program.1 lacks $option"
		done < "$TMP/options"
	done
}

@test "deps installs nothing where nothing is missing" {
	run_tool 0 deps/install build
	[[ $output == "deps: everything for build is installed" ]]
}

@test "deps names the packages on a system without apt-get" {
	mkdir "$TMP/bin"
	for command in bash env grep sed sort paste fold tail; do
		ln -s "$(command -v $command)" "$TMP/bin"
	done
	run_tool 0 env PATH="$TMP/bin" deps/install build run
	[[ $output == *libcurl4-openssl-dev* && $output == *parallel* ]]
	run_tool 2 env PATH="$TMP/bin" deps/install build 'r.n'
	says "deps: r.n: no such kind"
}

@test "deps takes the packages of the release, or of the newest one that is known" {
	mkdir "$TMP/bin"
	for command in bash env grep sed sort paste fold tail; do
		ln -s "$(command -v $command)" "$TMP/bin"
	done
	export OS_RELEASE=$TMP/os-release
	for release in 12 13 '"14"' 22.04 ''; do
		echo "VERSION_ID=$release" > "$OS_RELEASE"
		run_tool 0 env PATH="$TMP/bin" deps/install test
		tr "\n" " " < "$TMP/out" > "$TMP/out-$release"
	done
	[[ $(< "$TMP/out-12") == *"Debian 12:"*" libclang-rt-14-dev "* && $(< "$TMP/out-12") != *" libclang-rt-dev "* ]]
	for release in 13 '"14"' 22.04 ''; do
		[[ $(< "$TMP/out-$release") == *"Debian 13:"*" libclang-rt-dev "* && $(< "$TMP/out-$release") != *-14-dev* ]]
	done
}

@test "deps asks apt-get for what is missing, and for nothing else" {
	mkdir "$TMP/bin"
	printf '#!/bin/sh\necho "make installed"; echo "gcc installed"\n' > "$TMP/bin/dpkg-query"
	# shellcheck disable=SC2016
	printf '#!/bin/sh\necho "$@" >> "%s"\n' "$TMP/asked" > "$TMP/bin/apt-get"
	printf '#!/bin/sh\nexec env "$@"\n' > "$TMP/bin/sudo"
	chmod +x "$TMP"/bin/*
	run_tool 0 env PATH="$TMP/bin:$PATH" deps/install build
	[[ $(tail -n 1 "$TMP/asked") == *" install libc6-dev libcurl4-openssl-dev "* ]]
	lacks '\b(gcc|make)\b' "$TMP/asked"
}
