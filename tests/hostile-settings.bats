#!/usr/bin/env bats
# Settings and environment that somebody hostile, or careless, has chosen: nothing in them is ever run; each value works as it
# stands or is refused by name, before anything is listed or made.
# servers: s3d
# time limit: 900
load helpers
load pipeline

# Each would leave $TMP/ran if anything of it were run. %s is a command.
patterns() {
	cat <<-'END'
		$(%s)
		`%s`
		;%s
		&& %s
		| %s
		$(shell %s)
		${shell %s}
		$$(shell %s)
		$(eval X:=$(shell %s))
		$(error stop)
		$(info told)$(shell %s)
		x[$(%s)]
		x[$(%s)]=1
		UID[$(%s)]
		a[`%s`]+1
		'; %s; '
		"; %s; "
		';%s;#
		$((x[$(%s)]))
		${IFS}%s${IFS}
		-e %s
		--to-command=%s
		--use-compress-program=%s
		| %s #
		<(%s)
		>%s
		!%s
		BEGIN{system("%s")}
		{{%s}}
		{= system("%s") =}
		* ? [a-z] {a,b} ~ ~root
		\$(%s) \\ \
		%% %%d %%s%%n
		# %s
		-
		--
		= : :: |
		@$(%s)
		+%s
		1 $(%s)
		0x10
		08
		1e3
		9999999999999999999999999
		é ü 日本 😀
	END
}

# make_values LENGTH: what a pattern becomes, in the array values; some that do not fit a line are added, one of that length.
make_values() {
	local pattern long command="touch $TMP/ran"
	printf -v long %"$1"s ''
	values=()
	while IFS= read -r pattern; do
		# shellcheck disable=SC2059 # that is what it is
		printf -v pattern -- "$pattern" "$command"
		values+=("$pattern")
	done < <(patterns)
	values+=($'a\nb' $'x\n\t'"$command" $'\e[31mred\a' $'tab\tbed' $'\x01' $'\xff\xfe' "${long// /9}")
}

# as_given HOW VALUE: the value that the pipeline must see in $seen: two dollars of make's command line are one.
as_given() {
	seen=$2
	[[ $1 == environment ]] || seen=${2//'$$'/'$'}
}

# give HOW STATUS TARGET [NAME=VALUE...]: make with these settings, in the environment or on its command line.
give() {
	local how=$1 status=$2 target=$3
	shift 3
	if [[ $how == environment ]]; then
		run_tool "$status" env "$@" make -s -f "$ROOT/sheaf.mk" "$target"
	else
		run_tool "$status" make -s -f "$ROOT/sheaf.mk" "$target" "$@"
	fi
	[[ ! -e $TMP/ran ]] || fail "=> it was run: $(printf '%q ' "$@")"
}

# is NAME: what WORK/settings has of it is $seen.
kept() {
	local line
	line=$(grep -a "^$1=" "$WORK/settings")
	[[ ${line#*=} == "$seen" ]] || fail "=> $1 is $(printf %q "${line#*=}"), not $(printf %q "$seen")"
}

@test "settings that are numbers, switches, choices, prefixes: refused by name, all at once, and nothing is made" {
	local how value name strict=(SRC DEST BACKUP BATCH JOBS LIMIT UNION RAGGED REJECTS REJECTS_MAX OVERWRITE PROGRESS DEEP PRUNE ONE
		SOURCE CONNECTIONS PRICE_GET PRICE_PUT N)
	make_values 5000
	((${#values[@]} >= 50))
	for how in environment command; do
		for value in "${values[@]}"; do
			give $how 2 plan "${strict[@]/%/=$value}"
			for name in "${strict[@]}"; do
				[[ $value != 08 || $name != @(N|PRICE_GET|PRICE_PUT) ]] || continue
				told "sheaf: $name"
			done
			! grep -qaP '[\x00-\x09\x0b-\x1f\x7f]' "$TMP/err" || fail "=> control characters are shown: $(printf %q "$value")"
			[[ ! -e $WORK ]] || fail "=> something was made"
		done
	done
	nothing_stored
}

@test "settings that are text: taken as they stand" {
	local how value seen
	make_values 17000
	export AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=1 # plan fails behind its checks, at once
	for how in environment command; do
		for value in "${values[@]}"; do
			rm -rf "$WORK"
			as_given $how "$value"
			give $how 2 plan SRC="s3://$BUCKET/a$value" DEST="s3://$BUCKET/b$value/" SUFFIX="$value" EXCLUDE="$value"
			if [[ $seen == *[$'\1'-$'\10'$'\n'-$'\37']* || ${#seen} -gt 16000 ]]; then
				told "sheaf: SRC" "sheaf: DEST" "sheaf: SUFFIX" "sheaf: EXCLUDE"
				[[ ! -e $WORK ]] || fail "=> something was made"
			elif [[ ! -e $WORK/settings ]]; then # a tab in a prefix, a key that is no UTF-8, a key that is too long
				told "sheaf: SRC"
				[[ ! -e $WORK ]] || fail "=> something was made"
			else
				kept SUFFIX
				kept EXCLUDE
				seen=s3://$BUCKET/a$seen
				kept SRC
			fi
		done
	done
}

@test "the name of the work folder: taken as it stands or refused by name" {
	local how value name
	make_values 300
	export AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=1
	for how in environment command; do
		for value in "${values[@]}"; do
			for name in "$value" "w$value"; do
				give $how 2 plan WORK="$name" SRC="s3://$BUCKET/none/"
				as_given $how "$name"
				if [[ $seen == *[$'\1'-$'\10'$'\n'-$'\37']* ]]; then
					told "sheaf: WORK: must not hold a control character"
				else
					[[ -e ./$seen/settings ]] || told "the work folder cannot be made"
				fi
			done
		done
	done
	[[ ! -e work ]]
}

@test "a merge with settings full of what a shell would run gives the right bytes" {
	local how quoted hostile="\$(touch ran)\`touch ran\`;touch ran;'\"\\ %s #"
	s3 csvs "$BUCKET" 'a $(touch ran)/' 5
	for how in environment command; do
		rm -rf "$WORK"
		give $how 0 merge SRC="s3://$BUCKET/a \$(touch ran)/" DEST="s3://$BUCKET/$how/$hostile/" SOURCE_COLUMN="$hostile" DELIMITER=, \
			EXCLUDE='$(shell touch ran)' S3PUT_FLAGS="--metadata='a=\$(touch ran)' --metadata=\"b=\`touch ran\` ; touch ran\"" \
			CSVCAT_FLAGS="--source-prefix='\$(touch ran)'" S3GET_FLAGS='--hedge "off"' REJECTS=1
		[[ ! -e ran ]]
		get_object "$how/$hostile/merged-00000.csv" > got
		quoted=${hostile//'"'/'""'}
		[[ $(head -n 1 got) == "id,name,value,\"$quoted\"" ]]
		[[ $(sed -n 2p got) == *",\$(touch ran)$BUCKET/a \$(touch ran)/000000.csv" ]]
		[[ $(s3 head "$BUCKET" "$how/$hostile/merged-00000.csv") == *'$(touch ran)'* ]]
		give $how 0 verify DEEP=1 DEST="s3://$BUCKET/$how/$hostile/"
	done
}

@test "*_FLAGS: words, quotes, and a quote that is not closed" {
	local how
	for how in environment command; do
		give $how 2 plan SRC="s3://$BUCKET/a/" DEST="s3://$BUCKET/b/" S3PUT_FLAGS="--metadata='a=b"
		told "sheaf: S3PUT_FLAGS" "quote"
		[[ ! -e $WORK ]]
	done
	export CSVCAT_FLAGS=$'  a\'b  c\'"d\'e"  \'\' $(x) * \\ "\'"\tf '
	run_tool 0 "$ROOT/libexec/with-flags" CSVCAT_FLAGS printf '<%s>' CSVCAT_FLAGS end
	[[ $output == "<ab  cd'e><><\$(x)><*><\\><'><f><end>" ]]
}

@test "the environment: what it says to bash, tar, awk, grep, parallel and the locale changes nothing" {
	s3 csvs "$BUCKET" csvs/ 30
	echo "touch $TMP/ran" > rc
	touch function
	pipeline 0 merge BATCH=10 ONE=1 WORK="$TMP/work1" DEST="s3://$BUCKET/one/"
	mkdir dir
	run_tool 0 env BASH_ENV="$TMP/rc" ENV="$TMP/rc" SHELLOPTS=xtrace:noglob:noexec BASHOPTS=nullglob:failglob CDPATH="$TMP/dir:/" \
		IFS=0 GLOBIGNORE='*' POSIXLY_CORRECT=1 PS4="\$(touch $TMP/ran)" PROMPT_COMMAND="touch $TMP/ran" \
		TAR_OPTIONS="--exclude=*" GZIP=-9 GREP_OPTIONS=-v GREP_COLORS=ms=1 PARALLEL="--dry-run" PARALLEL_HOME="$TMP/dir" \
		PARALLEL_SHELL=/bin/false PARALLEL_ENV="touch $TMP/ran" AWKPATH=/ AWKLIBPATH=/ POSIX_PEDANTIC=1 LC_ALL=tr_TR.UTF-8 LANGUAGE=de \
		LC_NUMERIC=de_DE COLUMNS=7 BLOCK_SIZE=human TIME_STYLE=full-iso XARGS_ARGS=-t MAKELEVEL=7 \
		PERL5OPT=-d PERL5LIB="$TMP" FUNCNEST=1 EXECIGNORE='*' BASH_COMPAT=3.1 TMOUT=1 OPTERR=0 \
		'BASH_FUNC_sync%%=() { touch '"$TMP"'/ran; }' 'BASH_FUNC_printf%%=() { touch '"$TMP"'/ran; }' \
		'BASH_FUNC_[%%=() { touch '"$TMP"'/ran; }' 'BASH_FUNC_make%%=() { touch '"$TMP"'/ran; }' \
		make -s -f "$ROOT/sheaf.mk" merge BATCH=10 ONE=1
	[[ ! -e ran ]] || fail "=> it was run"
	bodies one/ > "$TMP/wanted"
	bodies out/ > "$TMP/found"
	same "$TMP/wanted" "$TMP/found"
	get_object out/_sheaf/ledger.tar.gz | tar -tz | grep -v /$ | sort > members
	get_object one/_sheaf/ledger.tar.gz | tar -tz | grep -v /$ | sort > wanted-members
	same wanted-members members
	mv "$WORK" elsewhere
	run_tool 0 env TAR_OPTIONS="--exclude=*" BASH_ENV="$TMP/rc" make -s -f "$ROOT/sheaf.mk" verify
	[[ ! -e ran ]]
}

@test "a process that provides credentials has the environment of whoever typed make" {
	s3 csvs "$BUCKET" csvs/ 3
	cat > "$HOME/provide" <<-'END'
		#!/bin/bash
		env -0 | sort -z > "$MY_OWN"
		printf '{"Version":1,"AccessKeyId":"test","SecretAccessKey":"testsecret"}\n'
	END
	chmod +x "$HOME/provide"
	mkdir -p "$HOME/.aws"
	printf '[default]\ncredential_process = %s/provide\n' "$HOME" > "$HOME/.aws/config"
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	run_tool 0 env MY_OWN="$TMP/seen" PYTHONPATH=/some/where LC_ALL=C.UTF-8 make -s -f "$ROOT/sheaf.mk" merge
	tr '\0' '\n' < seen > lines
	grep -qx PYTHONPATH=/some/where lines
	grep -qx LC_ALL=C.UTF-8 lines
	lacks '^SHEAF_CALLER' lines
}
