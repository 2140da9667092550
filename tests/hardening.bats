#!/usr/bin/env bats
# sanitized: no
# time limit: 600
# How the programs are built, in both ways of linking the libraries, read from the files as checksec does; and that those
# linked with the shared libraries do the same.
load helpers

setup() {
	fresh_environment
	export TOOL_TIMEOUT=500
}

programs='csvcat report s3get s3ls s3put verify sheaf-work'

# hardened PROGRAM: position-independent, nothing both writable and executable, all relocations read-only from the start.
hardened() {
	local program=$1 name=${1##*/}
	readelf --wide --file-header --program-headers "$program" > headers
	readelf --wide --dynamic "$program" > dynamic
	grep -q 'Type: *DYN' headers || fail "=> $name is not position-independent"
	grep -q 'FLAGS_1.*PIE' dynamic || fail "=> $name is not a PIE"
	grep -qE 'GNU_STACK .* RW +0x' headers || fail "=> $name has an executable stack"
	! grep -E '^ +[A-Z_]+ .* (RWE|WE) +0x' headers || fail "=> $name has a segment that is writable and executable"
	grep -q GNU_RELRO headers || fail "=> $name has no RELRO"
	grep -qE '\(FLAGS\).*BIND_NOW' dynamic || fail "=> $name binds lazily, so its RELRO is partial"
	! grep -E '\((RPATH|RUNPATH|TEXTREL)\)' dynamic || fail "=> $name searches for libraries, or changes its code"
	nm "$program" | grep -q ' __stack_chk_fail' || fail "=> $name has no stack protector"
	nm "$program" | grep -qE ' __[a-z]+_chk(@|$)' || fail "=> $name has no fortified function"
}

@test "every program is hardened" {
	local program
	for program in $programs; do
		hardened "$BIN/$program"
	done
}

@test "every file of ours is compiled with stack protector, FORTIFY and, on x86, CET" {
	local object objects=("$BUILD"/lib/*/*.o "$BUILD"/lib/*/*/*.o "$BUILD"/tools/*.o)
	((${#objects[@]} > 90))
	for object in "${objects[@]}"; do
		readelf --debug-dump=info "$object" | grep -m 1 DW_AT_producer > producer
		grep -q -- '-fstack-protector-strong' producer || fail "=> $object: $(< producer)"
		grep -q -- '-fstack-clash-protection' producer || fail "=> $object: $(< producer)"
		grep -q -- '-fPIE' producer || fail "=> $object: $(< producer)"
		[[ $(uname -m) != x86_64 ]] || readelf --wide --notes "$object" | grep -q 'x86 feature: IBT, SHSTK' ||
			fail "=> $object has no CET note"
	done
	nm --undefined-only "${objects[@]}" > undefined
	(($(grep -c '__stack_chk_fail$' undefined) > 60))
	(($(grep -cE '__[a-z]+_chk$' undefined) > 10)) || fail "=> fortified calls: $(grep -cE '__[a-z]+_chk$' undefined)"
}

@test "programs that need no network are linked with the C library, the others ask for nothing else" {
	local program
	for program in csvcat report verify sheaf-work; do
		readelf --wide --program-headers --dynamic "$BIN/$program" > headers
		lacks 'INTERP|NEEDED' headersers
	done
	for program in s3get s3ls s3put; do
		readelf --wide --dynamic "$BIN/$program" | grep NEEDED > needed
		lacks 'NEEDED.*\[(lib[^cm]|libc[^.]|libm[^.])' needed
	done
}

@test "--version names the libraries that are linked in" {
	run_tool 0 csvcat --version
	[[ $(tail -n 1 out) =~ ^'zlib '[0-9.]+', glibc '[0-9.]+$ ]]
	local program
	for program in report verify; do
		run_tool 0 "$program" --version
		[[ $(tail -n 1 out) =~ ^'jansson '[0-9.]+', glibc '[0-9.]+$ ]]
	done
}

@test "linked with the shared libraries they are hardened too, and do the same" {
	local program
	mkdir built
	cp -a "$BUILD/lib" "$BUILD/tools" "$BUILD/libsheaf.a" built
	run_tool 0 make -C "$ROOT" -j2 BUILD="$TMP/built" LIBCURL=-lcurl build
	lacks '^  CC' out # the same objects
	for program in $programs; do
		hardened "built/bin/$program"
	done
	readelf --wide --dynamic built/bin/s3get | grep -q 'NEEDED.*libcurl\.so'
	export PATH=$TMP/built/bin:$PATH
	[[ $(command -v s3get) == "$TMP/built/bin/s3get" ]]
	SERVER=s3d use_server
	put_object a/1.csv $'id,v\n1,x\n'
	put_object a/2.csv $'id,v\n2,y\n'
	gzip < <(printf 'id,v\n3,z\n') | put_object a/3.csv.gz
	run_shell 0 's3ls --long "s3://$1/a/" | s3get | csvcat --tar --ledger ledger --about about --output all.csv' "$BUCKET"
	[[ $(< all.csv) == $'id,v\n1,x\n2,y\n3,z' && $(wc -l < ledger) == 3 ]]
	run_tool 0 s3put --about about all.csv "s3://$BUCKET/all.csv"
	[[ $(get_object all.csv) == $'id,v\n1,x\n2,y\n3,z' ]]
	run_tool 1 s3get "s3://$BUCKET/none.csv"
	says 'NoSuchKey'
	for program in $programs; do
		run_tool 0 "$program" --version
	done
}
