#!/usr/bin/env bats
# servers: s3d
# A server and a network that fail: what passes is tried again and leaves no trace in the output, what does not is named.
load helpers

# faults < RULES: from now on the server fails so (s3d/README.md).
faults() {
	curl --silent --show-error --fail --output /dev/null --data-binary @- "$S3D_URL/_s3d/faults"
}

# asked METHOD STATUS: how many requests of that kind were answered so.
asked() {
	awk -v method="$1" -v status="$2" '$2 == method && $5 == status {n++} END {print n + 0}' "$S3D_LOG"
}

no_end() {
	[[ -n $(tail -c 1024 "$TMP/out" | tr -d '\0') ]] || fail "=> the stream says that it is whole"
}

@test "s3get: faults of the way, each gone at the second try" {
	s3 csvs "$BUCKET" in/ 60
	s3ls "s3://$BUCKET/in/" > keys
	s3get < keys > want
	for action in 'status 500 InternalError' 'status 503 SlowDown' 'status 429 TooManyRequests' reset close garbage \
		'reset-body 10' 'short 10' 'corrupt 3' 'stall-body 100 5' 'long 16'; do
		echo "in/*[05].csv get 1 $action" | faults
		run_tool 0 s3get --stats stats < keys
		silent
		same want out
	done
}

@test "s3get: faults that stay are named, object by object, and the stream has no end" {
	s3 csvs "$BUCKET" in/ 20
	s3ls "s3://$BUCKET/in/" > keys
	export AWS_MAX_ATTEMPTS=2
	for action in 'status 500 InternalError' 'status 503 SlowDown' reset 'short 10' 'corrupt 3'; do
		echo "in/*[05].csv get all $action" | faults
		run_tool 1 s3get < keys
		[[ $(cut -d : -f 1-3 err) == "s3get: s3://$BUCKET/in/000000.csv
s3get: s3://$BUCKET/in/000005.csv
s3get: s3://$BUCKET/in/000010.csv
s3get: s3://$BUCKET/in/000015.csv" ]]
		no_end
		[[ $(tar tf out | wc -l) == 16 ]]
	done
}

@test "s3get: a refusal is not tried again" {
	put_object k x
	for status in '403 AccessDenied' '404 NoSuchKey' '400 InvalidRequest'; do
		: > "$S3D_LOG"
		echo "k get all status $status" | faults
		run_tool 1 s3get --stdout "s3://$BUCKET/k"
		says "s3get: s3://$BUCKET/k: " "$status"
		[[ $(asked GET "${status%% *}") == 1 ]]
	done
}

@test "s3get: a large object goes on from where its connection broke" {
	head -c 9000000 /dev/urandom > file
	s3 put "$BUCKET" big file
	echo 'big get 1-3 reset-body 2000000' | faults
	run_tool 0 s3get --stdout "s3://$BUCKET/big"
	same file out
	echo 'big get all reset-body 100' | faults
	AWS_MAX_ATTEMPTS=2 run_tool 1 s3get "s3://$BUCKET/big"
	grep -qF "s3get: s3://$BUCKET/big: " err
	no_end
	AWS_MAX_ATTEMPTS=2 run_tool 1 s3get -C files "s3://$BUCKET/big"
	[[ -z $(find files -type f) ]]
}

@test "s3get: a large object that is overwritten in the middle is not patched together" {
	head -c 9000000 /dev/zero > old
	head -c 9000000 /dev/urandom > new
	s3 put "$BUCKET" big old
	echo 'big get 1 stall-body 2000 2000000' | faults
	s3get --stdout "s3://$BUCKET/big" > out 2> err < /dev/null 3>&- &
	sleep 0.7
	s3 put "$BUCKET" big new
	status=0
	wait $! || status=$?
	cat err
	if ((status == 0)); then
		cmp -s out old || same out new
	fi
}

@test "s3get: a signal leaves neither half a file nor a .part" {
	local signal status
	head -c 3000000 /dev/zero > file
	s3 put "$BUCKET" big file
	for signal in HUP INT TERM; do
		echo 'big get all stall-body 60000 2000000' | faults
		env --default-signal=HUP,INT,TERM s3get -C files --trace trace --rejects rejects "s3://$BUCKET/big" \
			> out 2> err < /dev/null 3>&- &
		wait_until -s "files/$BUCKET/.sheaf-$!.part"
		[[ -e trace.part && -e rejects.part ]]
		kill -s $signal $!
		status=0
		wait $! || status=$?
		[[ $status == $((128 + $(kill -l $signal))) ]] || fail "=> status $status"
		[[ -z $(find files -type f) && $(echo trace* rejects*) == 'trace* rejects*' ]] || fail "=> left: $(find . -type f)"
	done
}

@test "the server dies in the middle of everything" {
	s3 csvs "$BUCKET" in/ 100
	s3ls "s3://$BUCKET/in/" > keys
	echo 'in/0000[5-9]* get all stall 60000' | faults
	AWS_MAX_ATTEMPTS=2 s3get < keys > out 2> err 3>&- &
	pid=$!
	sleep 1
	kill -9 "$S3D_PID"
	wait "$S3D_PID" || true
	S3D_PID=
	status=0
	wait $pid || status=$?
	cat err
	((status == 1)) || fail "s3get ended with $status"
	no_end
	# what concerns every request is told once
	[[ $(wc -l < err) == 1 ]]
	grep "^s3get: s3://$BUCKET/in/000050.csv: cannot connect " err
}

# Answers that wait for their turn must not hold all connections, or the head of the window finds none for its second try.
@test "s3get: large objects without sizes, whose first fails once; over TLS, whose second waits for its turn" {
	stop_s3d
	start_s3d --make "made/in/:40" --make-bytes 2000000
	use_s3d
	s3ls s3://made/in/ > keys
	echo 'in/00000001.csv get 1 status 500' | faults
	run_shell 0 's3get --connections 8 --stdout < keys | wc -c'
	silent
	[[ $output == 80000000 ]]
	stop_s3d
	"$ROOT/tests/tls" tls
	start_s3d --make "made/in/:4" --make-bytes 2000000 --tls-cert tls/chain.pem --tls-key tls/server.key
	use_s3d
	printf 's3://made/in/00000001.csv\t2000000\ns3://made/in/00000002.csv\n' > keys
	AWS_CA_BUNDLE=tls/ca.pem run_shell 0 's3get --stdout < keys | wc -c'
	silent
	[[ $output == 4000000 ]]
}

# Longer: STORM_SEEDS=$(seq 20) STORM_OBJECTS=20000 bats --filter 'a storm over objects' tests/faults.bats
@test "s3get: a storm over objects, 5 % of all answers faulty: the same bytes for every seed" {
	stop_s3d
	start_s3d --make "made/in/:${STORM_OBJECTS:-2000}" --make-bytes 300
	use_s3d
	s3ls --long s3://made/in/ > keys
	s3get < keys > want
	for seed in ${STORM_SEEDS:-1 2 3}; do
		for action in 'status 500 InternalError' 'status 503 SlowDown' 'status 429' reset 'reset-body 40' 'short 100' long \
			'corrupt 50' 'stall-body 300 100' garbage 'error-200 InternalError' 'redirect 307 eu-west-9' lost; do
			echo "* get p:0.0036:$seed$((RANDOM % 90)) $action"
		done | faults
		TOOL_TIMEOUT=300 run_tool 0 s3get --stats "stats-$seed" < keys
		silent
		same want out || fail "=> seed $seed"
		(($(sed -E 's/.*"retries":([0-9]+).*/\1/' "stats-$seed") > ${STORM_OBJECTS:-2000} / 50)) || fail "=> no storm"
	done
}

@test "a server that closes connections, told or silently, after every request or every tenth" {
	s3 csvs "$BUCKET" in/ 50
	s3 dump "$BUCKET" > before
	for how in 1 10 1:silent 10:silent; do
		stop_s3d
		start_s3d --make "made/in/:200" --close-after $how
		use_s3d
		run_shell 0 's3ls -l s3://made/in/ | s3get --connections 8'
		silent
		[[ $(tar tf out | wc -l) == 200 ]]
	done
}

@test "a server that limits the rate is obeyed, and all objects come" {
	stop_s3d
	start_s3d --make "made/in/:600" --cap 150
	use_s3d
	run_shell 0 's3ls -l s3://made/in/ | s3get --stats stats'
	silent
	[[ $(tar tf out | wc -l) == 600 ]]
}

@test "a shared pace: latency is what the server took, not what an answer waited for the next send" {
	stop_s3d
	start_s3d --make "made/in/:4000" --cap 1000 --latency 20
	use_s3d
	run_shell 0 's3ls -l s3://made/in/ | split -n r/20 - keys. && printf "%s\n" keys.* |
		xargs -P 20 -I % sh -c "s3get --pace pace --stats stats.% < % > out.%"'
	silent
	[[ $(cat out.* | tar --ignore-zeros -tf - | wc -l) == 4000 ]]
	python3 - <<- E
		import glob, json
		p50 = [json.load(open(f))["latency_ms"]["p50"] for f in glob.glob("stats.*")]
		assert len(p50) == 20 and 16 <= sorted(p50)[10] <= 60, p50
	E
}

@test "a pace file of another clock is left alone: another boot, another machine, another time namespace" {
	local -a own=(unshare --time --fork --monotonic 40)
	((EUID == 0)) || own+=(--map-root-user)
	stop_s3d
	start_s3d --make "made/in/:20" --latency 5
	use_s3d
	s3ls --pace pace s3://made/in/ > keys
	cp pace before
	run_shell 0 'for i in 1 2; do "$@" s3get --pace pace --stdout < keys > "all.$i"; done' "${own[@]}"
	silent
	same all.1 all.2
	same before pace
	[[ $(ls pace.*) == pace.*([0-9a-f]) ]] || fail "=> $(ls pace.*)"
}

@test "many requests at once with the wrong clock, or to the wrong region" {
	stop_s3d
	start_s3d --make "made/in/:500" --clock-offset=3600
	use_s3d
	run_shell 0 's3ls -l s3://made/in/ > keys; s3get < keys'
	silent
	[[ $(tar tf out | wc -l) == 500 ]]
	stop_s3d
	start_s3d --make "made/in/:500" --region eu-west-1
	use_s3d
	run_tool 0 s3get < keys
	silent
	[[ $(tar tf out | wc -l) == 500 ]]
}

@test "a clock that is an hour off" {
	for offset in 3600 -3600; do
		stop_s3d
		start_s3d --bucket "$BUCKET" --clock-offset=$offset
		use_s3d
		echo x > file
		run_tool 0 s3put file "s3://$BUCKET/k"
		run_tool 0 s3ls "s3://$BUCKET/"
		run_tool 0 s3get --stdout "s3://$BUCKET/k"
		[[ $output == x ]]
	done
}

@test "s3ls: pages that fail in passing leave no hole and no double" {
	stop_s3d
	start_s3d --make "made/in/:5000"
	use_s3d
	s3ls s3://made/in/ > want
	[[ $(wc -l < want) == 5000 ]]
	for action in 'status 503 SlowDown' reset 'short 100' garbage 'error-200 InternalError' no-keys; do
		echo "* list every:2* $action" | faults
		run_tool 0 s3ls s3://made/in/
		same want out
	done
	for action in 'status 500 InternalError' 'short 100'; do
		echo "* list 3-* $action" | faults
		AWS_MAX_ATTEMPTS=2 run_tool 1 s3ls s3://made/in/
		says "s3ls: s3://made/in/: "
	done
}

# asked_list: how many requests for a page were made.
asked_list() {
	awk '$7 == "list" {n++} END {print n + 0}' "$S3D_LOG"
}

@test "s3ls: a page takes one request, many pages not many more than there are" {
	stop_s3d
	start_s3d --make "made/one/:1000" --make "made/few/:2500" --make "made/many/:100000:##/file-######.csv" --make "made/hex/:64000"
	use_s3d
	for case in one:1:1 few:3:5 many:100:118 hex:64:78; do
		IFS=: read -r prefix least most <<< "$case"
		: > "$S3D_LOG"
		run_tool 0 s3ls "s3://made/$prefix/"
		n=$(asked_list)
		((n >= least && n <= most)) || fail "=> $n requests for $least pages"
	done
}

@test "s3ls: enough is enough, with other pages still under way" {
	stop_s3d
	start_s3d --make "made/in/:200000" --list-latency 20
	use_s3d
	run_tool 0 s3ls --limit 30000 s3://made/in/ s3://made/
	[[ $(wc -l < out) == 30000 ]]
	[[ $(tail -n 1 out) == s3://made/in/00030000.csv ]]
	run_shell 141 's3ls s3://made/in/ | head -n 5000 | tail -n 1'
	silent
	[[ $output == s3://made/in/00005000.csv ]]
}

@test "s3ls: a storm over many pages at once leaves no hole and no double" {
	stop_s3d
	start_s3d --make "made/in/:60000" --make "made/in/x/:20000:#/#/#/####"
	use_s3d
	s3ls --long --connections 1 s3://made/in/ > want
	[[ $(wc -l < want) == 80000 ]]
	for seed in 1 2 3; do
		printf '* list p:0.03:%s* %s\n' "$seed" 'status 503 SlowDown' "$seed" reset "$seed" 'short 100' \
			"$seed" garbage "$seed" 'error-200 InternalError' "$seed" no-keys "$seed" 'stall-body 50 1000' | faults
		run_tool 0 s3ls --long s3://made/in/
		same want out
	done
	# it says that there is no more, in the middle, and names more at the next request
	printf '* list %d* empty-list\n' 7 20 40 60 | faults
	run_tool 0 s3ls --long s3://made/in/
	same want out
	echo '* list 5-* ignore-start-after' | faults
	run_tool 0 s3ls --long s3://made/in/
	same want out
}

@test "s3ls: a page that stays away is an error, and what is written stands before it" {
	stop_s3d
	start_s3d --make "made/in/:60000"
	use_s3d
	s3ls s3://made/in/ > want
	for action in 'status 500 InternalError' reset 'status 403 AccessDenied' garbage; do
		echo "* list 40-* $action" | faults
		AWS_MAX_ATTEMPTS=2 run_tool 1 s3ls s3://made/in/
		says "s3ls: s3://made/in/: "
		n=$(wc -l < out)
		((n < 60000)) || fail "=> all of it"
		head -n "$n" want > beginning
		same beginning out
	done
}

@test "s3ls: a listing that is empty at first is asked for again" {
	put_object in/k x
	echo 'in/ list 1 empty-list' | faults
	run_tool 0 s3ls "s3://$BUCKET/in/"
	[[ $output == "s3://$BUCKET/in/k" ]]
}

@test "s3put: faults of the way, each gone at the second try" {
	printf 'id\n1\n' > small
	head -c 11000000 /dev/urandom > large
	for action in 'status 500 InternalError' 'status 503 SlowDown' reset close garbage lost; do
		printf '%s\n' "small put 1 $action" "large create 1 $action" "large part 2* $action" "large complete 1 $action" | faults
		run_tool 0 s3put small "s3://$BUCKET/small"
		silent
		run_tool 0 s3put --only-writer --part-size 5M large "s3://$BUCKET/large"
		silent
		for name in small large; do
			get_object $name > got
			same $name got
			s3 rm "$BUCKET" $name
		done
	done
}

@test "s3put --if-none-match: an answer that was lost is no foreign object" {
	printf 'id\n1\n' > file
	for method in put complete; do
		[[ $method == put ]] || head -c 11000000 /dev/urandom > file
		echo "k-$method $method 1 lost" | faults
		run_tool 0 s3put --if-none-match --part-size 5M file "s3://$BUCKET/k-$method"
		get_object k-$method > got
		same file got
	done
}

@test "s3put: a fault that stays leaves no object and no open upload" {
	head -c 11000000 /dev/urandom > file
	export AWS_MAX_ATTEMPTS=2
	for method in create part complete; do
		echo "k $method all status 500 InternalError" | faults
		run_tool 1 s3put --part-size 5M file "s3://$BUCKET/k"
		says "s3put: s3://$BUCKET/k: 500 InternalError"
		[[ $(s3 ls "$BUCKET") == '[]' && $(s3 uploads "$BUCKET") == '[]' ]]
	done
	echo "k put all status 500 InternalError" | faults
	run_tool 1 s3put --part-size 20M file "s3://$BUCKET/k"
	says "s3put: s3://$BUCKET/k: 500 InternalError"
	[[ $(s3 ls "$BUCKET") == '[]' ]]
}

# sum NAME FILE: what S3 keeps as x-amz-checksum-NAME. From the algorithms' definitions, bit by bit.
sum() {
	/usr/bin/python3 - "$@" <<-'EOP'
	import base64, hashlib, sys
	name, file = sys.argv[1:]
	data = open(file, "rb").read()
	crcs = {"crc32": (0xEDB88320, 4), "crc32c": (0x82F63B78, 4), "crc64nvme": (0x9A6C9329AC4BC9B5, 8)}
	if name in crcs:
	    poly, size = crcs[name]
	    table = []
	    for i in range(256):
	        for _ in range(8):
	            i = i >> 1 ^ (poly if i & 1 else 0)
	        table.append(i)
	    crc = mask = (1 << 8 * size) - 1
	    for b in data:
	        crc = crc >> 8 ^ table[(crc ^ b) & 255]
	    result = (crc ^ mask).to_bytes(size, "big")
	else:
	    result = hashlib.new(name, data).digest()
	print(base64.b64encode(result).decode())
	EOP
}

@test "s3get: the checksum stored with an object is checked, whichever it is" {
	head -c 5000 /dev/urandom > small
	head -c 1500000 /dev/urandom > large # it is handed on while it comes
	for name in crc32 crc32c crc64nvme sha1 sha256; do
		for file in small large; do
			# with such a key, the ETag is no MD5
			s3 put "$BUCKET" "$name-$file" $file "x-amz-checksum-$name=$(sum $name $file)" x-amz-server-side-encryption=aws:kms
			run_tool 0 s3get --stdout "s3://$BUCKET/$name-$file"
			same $file out
		done
		echo '* get 1 corrupt 4321' | faults
		run_tool 0 s3get --stdout "s3://$BUCKET/$name-small"
		same small out
		echo '* get all corrupt 4321' | faults
		for file in small large; do
			AWS_MAX_ATTEMPTS=1 run_tool 1 s3get "s3://$BUCKET/$name-$file"
			grep -qFx "s3get: s3://$BUCKET/$name-$file: the body's ${name^^} differs from the stored one" err
			[[ ! -s out ]] || no_end
		done
		# broken off, it goes on: the checksum is still of the whole
		echo '* get 1 reset-body 1200000' | faults
		run_tool 0 s3get --stdout "s3://$BUCKET/$name-large"
		same large out
		echo '# none' | faults
	done
}

@test "s3get: of many parts, a checksum of the whole is checked, one of the parts is passed over" {
	head -c 6000000 /dev/urandom > file
	s3 parts "$BUCKET" whole file 5300000 x-amz-checksum-algorithm=CRC32 x-amz-checksum-type=FULL_OBJECT
	s3 parts "$BUCKET" parts file 5300000 x-amz-checksum-algorithm=CRC32 x-amz-checksum-type=COMPOSITE
	for key in whole parts; do
		run_tool 0 s3get --stdout "s3://$BUCKET/$key"
		same file out
	done
	echo 'whole get all corrupt 5999999' | faults
	AWS_MAX_ATTEMPTS=2 run_tool 1 s3get "s3://$BUCKET/whole"
	grep -qFx "s3get: s3://$BUCKET/whole: the body's CRC32 differs from the stored one" err
}
