#!/usr/bin/env bats
# sanitized: no
# Each header of lib/ is whole: it compiles alone, without a warning.
load helpers

setup() {
	fresh_environment
}

alone() {
	local header
	for header in "$ROOT"/lib/{*/,*/*/}*.h; do
		run_tool 0 "$@" -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Werror -Wno-unused-function \
			-I"$ROOT/lib" -fsyntax-only -x c - <<< "#include \"$header\"
extern int declared;" # a header may have macros only
	done
}

@test "with gcc" {
	alone gcc
}

@test "with clang" {
	alone clang
}
