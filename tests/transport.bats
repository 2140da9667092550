#!/usr/bin/env bats
# servers: s3d
# The way to the server: proxies, TLS and who is trusted, a way that others can read, regions, who pays.
load helpers

teardown() {
	[[ -z ${PROXY_PID-} ]] || kill "$PROXY_PID" 2> /dev/null || true
	[[ -z ${OTHER_PID-} ]] || kill "$OTHER_PID" 2> /dev/null || true
	[[ -z ${FRONT_PID-} ]] || kill "$FRONT_PID" 2> /dev/null || true
	stop_s3d
}

# start_proxy [STATUS]: to the s3d started last; $PROXY is its URL, $PROXY_LOG what it was asked for.
start_proxy() {
	[[ -z ${PROXY_PID-} ]] || kill "$PROXY_PID"
	PROXY_LOG=$TMP/proxy.log
	rm -f "$TMP/proxy.ready"
	: > "$PROXY_LOG"
	"$ROOT/tests/proxy.py" "$TMP/proxy.ready" "$PROXY_LOG" "${S3D_URL#*://}" "$@" < /dev/null > "$TMP/proxy.out" 2>&1 3>&- &
	PROXY_PID=$!
	wait_until -e "$TMP/proxy.ready" || fail "the proxy does not start: $(< "$TMP/proxy.out")"
	PROXY=http://$(< "$TMP/proxy.ready")
}

# start_front: TLS in front of the proxy; $FRONT is its URL.
start_front() {
	[[ -z ${FRONT_PID-} ]] || kill "$FRONT_PID"
	rm -f front.ready
	"$ROOT/tests/tls-front.py" front.ready "${PROXY#*://}" tls/chain.pem tls/server.key < /dev/null > front.out 2>&1 3>&- &
	FRONT_PID=$!
	wait_until -e front.ready || fail "it does not start: $(< front.out)"
	FRONT=https://$(< front.ready)
}

# openssl_conf NAME VALUE...: prints a configuration of OpenSSL that gives TLS these settings.
openssl_conf() {
	printf 'openssl_conf = c\n[c]\nssl_conf = s\n[s]\nsystem_default = d\n[d]\n'
	printf '%s = %s\n' "$@"
}

# start_openssl OLDEST NEWEST [CONF]: speaks these versions of TLS and answers everything with the name of the cipher. CONF
# is a configuration file; without, OpenSSL's own defaults hold, whatever the machine has.
start_openssl() {
	"$ROOT/tests/tls" tls
	cat > openssl.py <<-'EOP'
	import os, socket, ssl, sys, warnings
	warnings.simplefilter("ignore")
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
	context.set_ciphers("ALL:@SECLEVEL=0")
	context.minimum_version, context.maximum_version = (ssl.TLSVersion[name] for name in sys.argv[1:3])
	context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
	context.load_cert_chain("tls/chain.pem", "tls/server.key")
	listener = socket.create_server(("127.0.0.1", 0))
	open("openssl.part", "w").write("%s:%d" % listener.getsockname())
	os.rename("openssl.part", "openssl.ready")
	while True:
	    connection, _ = listener.accept()
	    try:
	        with context.wrap_socket(connection, server_side=True) as c:
	            c.recv(65536)
	            name = c.cipher()[0]
	            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(name), name.encode()))
	    except OSError:
	        connection.close()
	EOP
	OPENSSL_CONF=${3-/dev/null} /usr/bin/python3 openssl.py "$@" < /dev/null > openssl.out 2>&1 3>&- &
	OTHER_PID=$!
	wait_until -e openssl.ready || fail "the server does not start: $(< openssl.out)"
	AWS_ENDPOINT_URL_S3=https://$(< openssl.ready)
	export AWS_CA_BUNDLE=$TMP/tls/ca.pem
}

# asked_for TEXT: the proxy has seen it.
asked_for() {
	grep -qF -- "$1" "$PROXY_LOG" || fail "=> the proxy was not asked for $1: $(head -c 2000 "$PROXY_LOG")"
}

with_tls() {
	"$ROOT/tests/tls" tls
	stop_s3d
	start_s3d --bucket "$BUCKET" --tls-cert tls/chain.pem --tls-key tls/server.key "$@"
	use_s3d
	export AWS_CA_BUNDLE=$TMP/tls/ca.pem
}

# all_programs: list, get, put and put in parts, all of which must succeed.
all_programs() {
	echo new > file
	head -c 6000000 /dev/urandom > large
	run_tool 0 s3ls --long "$@" "s3://$BUCKET/"
	run_tool 0 s3get "$@" --stdout "s3://$BUCKET/k"
	[[ $output == body ]]
	run_tool 0 s3put "$@" file "s3://$BUCKET/new"
	run_tool 0 s3put "$@" --part-size 5M large "s3://$BUCKET/large"
}

@test "http_proxy: every request goes through it, and it looks the host up" {
	put_object k body
	start_proxy
	real=$AWS_ENDPOINT_URL_S3
	export http_proxy=$PROXY AWS_ENDPOINT_URL_S3=http://s3.example.invalid
	all_programs
	asked_for "GET http://s3.example.invalid/$BUCKET?"
	asked_for "GET http://s3.example.invalid/$BUCKET/k HTTP/1.1"
	asked_for "PUT http://s3.example.invalid/$BUCKET/new HTTP/1.1"
	asked_for "PUT http://s3.example.invalid/$BUCKET/large?partNumber=2&uploadId="
	# as curl reads them: not the upper-case name, which a web server sets from a request's header
	unset http_proxy
	HTTP_PROXY=$PROXY run_tool 1 s3ls "s3://$BUCKET/"
	grep -q "cannot find the host" err
	AWS_ENDPOINT_URL_S3=$real
	get_object large > got
	same large got
}

@test "https_proxy, HTTPS_PROXY and all_proxy: a tunnel, in which certificates are looked at as without" {
	with_tls
	put_object k body
	start_proxy
	for name in https_proxy HTTPS_PROXY all_proxy; do
		export "$name=$PROXY"
		: > "$PROXY_LOG"
		all_programs
		asked_for "CONNECT ${S3D_URL#https://} HTTP/1.1"
		lacks '^(GET|PUT|POST)' "$PROXY_LOG"
		unset "$name"
	done
	(
		unset AWS_CA_BUNDLE
		https_proxy=$PROXY run_tool 1 s3get "s3://$BUCKET/k"
	)
	says "not trusted" AWS_CA_BUNDLE
}

# resumed NUMBER: so many of the connections of the last program resumed a session.
resumed() {
	local last
	last=$(tail -n 1 stats)
	[[ $last =~ '"tls_resumed":'$1[,}] ]] || fail "=> not $1 resumed: $last"
}

# share: $SHEAF_SESSIONS is a file without a name, as make merge opens it.
share() {
	local mask
	mask=$(umask)
	umask 077
	exec {SHEAF_SESSIONS}<> sessions
	umask "$mask"
	rm sessions
	echo 'sheaf TLS sessions' >&"$SHEAF_SESSIONS"
	export SHEAF_SESSIONS
}

@test "TLS sessions that processes share: for one server, and for what was trusted" {
	with_tls
	put_object k body
	get=(s3get --stats stats --stdout "s3://$BUCKET/k")
	share
	run_tool 0 "${get[@]}"
	resumed 0
	run_tool 0 "${get[@]}"
	resumed 1
	[[ $output == body ]]
	cp tls/ca.pem same.pem
	AWS_CA_BUNDLE=$TMP/same.pem run_tool 0 "${get[@]}"
	resumed 0
	(
		unset AWS_CA_BUNDLE
		run_tool 1 "${get[@]}"
	)
	says "not trusted" AWS_CA_BUNDLE
	touch tls/ca.pem
	run_tool 0 "${get[@]}"
	resumed 0
	run_tool 0 "${get[@]}"
	resumed 1
	# the same server by another name, which its certificate has too
	AWS_ENDPOINT_URL_S3=https://localhost:${S3D_URL##*:} run_tool 0 "${get[@]}"
	resumed 0
	# a server that knows nothing of the session looks like one that never met us
	port=${S3D_URL##*:}
	with_tls --port "$port"
	put_object k again
	run_tool 0 "${get[@]}"
	resumed 0
	[[ $output == again ]]
	run_tool 0 "${get[@]}"
	resumed 1
	# what is no session is passed over
	dd if=/dev/urandom of="/proc/self/fd/$SHEAF_SESSIONS" bs=1M count=5 seek=4096 oflag=seek_bytes conv=notrunc
	run_tool 0 "${get[@]}"
	resumed 0
	run_tool 0 "${get[@]}"
	resumed 1
}

@test "TLS sessions are shared in nothing but a file that is for them" {
	with_tls
	put_object k body
	echo 'sheaf TLS sessions' > named
	chmod 600 named
	echo 'sheaf TLS sessions' > open
	chmod 640 open
	echo 'somebody else has this' > other
	chmod 600 other
	exec {named}<> named {open}<> open {other}<> other
	rm open other
	for number in "$named" "$open" "$other" 1 99 no -1 ''; do
		for _ in 1 2; do
			SHEAF_SESSIONS=$number run_tool 0 s3get --stats stats --stdout "s3://$BUCKET/k"
			resumed 0
		done
	done
	[[ $(cat named "/proc/self/fd/$open" "/proc/self/fd/$other" | wc -c) == $((2 * 19 + 23)) ]]
}

@test "a proxy that is spoken to over TLS: a tunnel for https://, whole URLs for http://" {
	with_tls
	put_object k body
	start_proxy
	start_front
	export https_proxy=$FRONT
	all_programs
	asked_for "CONNECT ${S3D_URL#https://} HTTP/1.1"
	lacks '^(GET|PUT|POST)' "$PROXY_LOG"
	(
		unset AWS_CA_BUNDLE
		run_tool 1 s3get "s3://$BUCKET/k"
	)
	says "not trusted" AWS_CA_BUNDLE
	unset https_proxy
	get_object large > got
	same large got
	stop_s3d
	start_s3d --bucket "$BUCKET"
	use_s3d
	put_object k body
	start_proxy
	start_front
	http_proxy=$FRONT all_programs
	asked_for "GET $S3D_URL/$BUCKET/k HTTP/1.1"
}

@test "a server that accepts connections and never answers the handshake" {
	/usr/bin/python3 -c '
import os, socket, time
listener = socket.create_server(("127.0.0.1", 0))
open("old.part", "w").write("%s:%d" % listener.getsockname())
os.rename("old.part", "old.ready")
kept = []
while True:
    kept.append(listener.accept())
' < /dev/null > old.out 2>&1 3>&- &
	OTHER_PID=$!
	wait_until -e old.ready || fail "the server does not start: $(< old.out)"
	AWS_MAX_ATTEMPTS=1 AWS_ENDPOINT_URL_S3=https://$(< old.ready) run_tool 1 s3get --stdout "s3://$BUCKET/k"
	says "s3get: s3://$BUCKET/k: cannot connect" "handshake"
}

@test "over TLS, what follows an answer in the same bytes is not the next answer" {
	"$ROOT/tests/tls" tls
	cat > stray.py <<-'EOP'
	import os, socket, ssl, threading
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
	context.load_cert_chain("tls/chain.pem", "tls/server.key")
	def serve(raw):
	    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
	    tls = context.wrap_bio(inward, outward, server_side=True)
	    def step(call):
	        while True:
	            try:
	                return call()
	            except ssl.SSLWantReadError:
	                raw.sendall(outward.read())
	                data = raw.recv(65536)
	                if not data:
	                    raise OSError
	                inward.write(data)
	    step(tls.do_handshake)
	    while True:
	        head = b""
	        while b"\r\n\r\n" not in head:
	            head += step(lambda: tls.read(65536))
	        for body in (head.split()[1][-1:], b"stray"):  # two records, sent at once
	            tls.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
	        raw.sendall(outward.read())
	def guarded(raw):
	    try:
	        serve(raw)
	    except OSError:
	        raw.close()
	listener = socket.create_server(("127.0.0.1", 0))
	open("old.part", "w").write("%s:%d" % listener.getsockname())
	os.rename("old.part", "old.ready")
	while True:
	    threading.Thread(target=guarded, args=(listener.accept()[0],), daemon=True).start()
	EOP
	/usr/bin/python3 stray.py < /dev/null > old.out 2>&1 3>&- &
	OTHER_PID=$!
	wait_until -e old.ready || fail "the server does not start: $(< old.out)"
	AWS_ENDPOINT_URL_S3=https://$(< old.ready)
	export AWS_CA_BUNDLE=$TMP/tls/ca.pem AWS_MAX_ATTEMPTS=1
	run_tool 0 s3get --connections 1 --stdout "s3://$BUCKET/a" "s3://$BUCKET/b" "s3://$BUCKET/c"
	[[ $output == abc ]]
}

@test "no_proxy: these hosts are asked directly" {
	put_object k body
	start_proxy
	export http_proxy=$PROXY
	no_proxy=example.com,127.0.0.1 run_tool 0 s3get --stdout "s3://$BUCKET/k"
	NO_PROXY='*' run_tool 0 s3get --stdout "s3://$BUCKET/k"
	[[ ! -s $PROXY_LOG ]]
	no_proxy=example.com run_tool 0 s3get --stdout "s3://$BUCKET/k"
	[[ -s $PROXY_LOG ]]
}

@test "a proxy that refuses, and one that is not there" {
	with_tls
	put_object k body
	export AWS_MAX_ATTEMPTS=2
	start_proxy 407
	https_proxy=$PROXY run_tool 1 s3get "s3://$BUCKET/k"
	says "s3get: s3://$BUCKET/k: " "CONNECT tunnel failed, response 407"
	start_proxy 502
	https_proxy=$PROXY run_tool 1 s3put /dev/null "s3://$BUCKET/new"
	says "s3put: s3://$BUCKET/new: " "CONNECT tunnel failed, response 502"
	https_proxy=http://127.0.0.1:9 run_tool 1 s3get "s3://$BUCKET/k"
	says "s3get: s3://$BUCKET/k: cannot connect" "127.0.0.1 port 9"
	https_proxy=http://no-such-proxy.invalid run_tool 1 s3get "s3://$BUCKET/k"
	says "s3get: s3://$BUCKET/k: cannot find the host" no-such-proxy.invalid
	https_proxy=http://bücher.invalid run_tool 1 s3get "s3://$BUCKET/k"
	says "s3get: s3://$BUCKET/k: cannot find the host"
}

@test "requester pays, and nobody: what the requests say" {
	put_object k body
	start_proxy
	export http_proxy=$PROXY
	all_programs --request-payer
	requests=$(grep -c '^[A-Z]* http://' "$PROXY_LOG")
	[[ $(grep -ci '^x-amz-request-payer: requester' "$PROXY_LOG") == "$requests" ]]
	[[ $(grep -i '^authorization:' "$PROXY_LOG" | grep -c 'SignedHeaders=[a-z0-9;-]*x-amz-request-payer') == "$requests" ]]
	unset http_proxy
	stop_s3d
	start_s3d --bucket "$BUCKET" --anonymous
	use_s3d
	put_object k body
	start_proxy
	export http_proxy=$PROXY
	all_programs --no-sign-request
	lacks '^([Aa]uthorization|[Xx]-[Aa]mz-([Dd]ate|[Cc]ontent))' "$PROXY_LOG"
}

@test "virtual-host addressing, where the profile asks for it" {
	put_object k body
	start_proxy
	mkdir "$HOME/.aws"
	printf '[default]\ns3 =\n  addressing_style = virtual\n' > "$HOME/.aws/config"
	AWS_ENDPOINT_URL_S3=http://s3.localhost:${S3D_URL##*:} http_proxy=$PROXY run_tool 1 s3get --stdout "s3://$BUCKET/k"
	# the server knows buckets before "localhost" only, so this one is another's
	asked_for "GET http://$BUCKET.s3.localhost:${S3D_URL##*:}/k HTTP/1.1"
	AWS_ENDPOINT_URL_S3=http://localhost:${S3D_URL##*:} run_tool 0 s3get --stdout "s3://$BUCKET/k"
	[[ $output == body ]]
}

@test "a server that speaks nothing newer than TLS 1.1 is refused" {
	start_openssl TLSv1 TLSv1_1
	# it does speak
	curl --silent --fail --cacert tls/ca.pem --tlsv1.1 --tls-max 1.1 --ciphers 'ALL:@SECLEVEL=0' "$AWS_ENDPOINT_URL_S3/" > got
	[[ $(< got) == *-SHA ]]
	export AWS_MAX_ATTEMPTS=2
	for command in "s3get --stdout" s3ls "s3put /dev/null"; do
		# shellcheck disable=SC2086
		run_tool 1 $command "s3://$BUCKET/k"
		says "${command%% *}: s3://$BUCKET/k: cannot connect" "protocol version"
		[[ ! -s out ]]
	done
	# nor with OpenSSL told to allow all
	openssl_conf MinProtocol TLSv1 CipherString ALL:@SECLEVEL=0 > lax.cnf
	OPENSSL_CONF=$TMP/lax.cnf run_tool 1 s3get --stdout "s3://$BUCKET/k"
	says "cannot connect" "protocol version"
}

@test "AES-128 is asked for first, unless the system's configuration says otherwise" {
	start_openssl TLSv1_3 TLSv1_3
	OPENSSL_CONF=/dev/null run_tool 0 s3get --stdout "s3://$BUCKET/k"
	[[ $output == TLS_AES_128_GCM_SHA256 ]]
	for suites in TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384; do
		openssl_conf Ciphersuites "$suites" > own.cnf
		OPENSSL_CONF=$TMP/own.cnf run_tool 0 s3get --stdout "s3://$BUCKET/k"
		[[ $output == "${suites%%:*}" ]]
	done
}

@test "a server without AES-128 is served all the same" {
	openssl_conf Ciphersuites TLS_CHACHA20_POLY1305_SHA256 > other.cnf
	start_openssl TLSv1_3 TLSv1_3 "$TMP/other.cnf"
	OPENSSL_CONF=/dev/null run_tool 0 s3get --stdout "s3://$BUCKET/k"
	[[ $output == TLS_CHACHA20_POLY1305_SHA256 ]]
}

@test "a certificate of an authority that is not known, or for another name: told with what to set" {
	with_tls --bind 0.0.0.0
	AWS_ENDPOINT_URL_S3=https://127.0.0.1:${S3D_URL##*:}
	put_object k body
	(
		unset AWS_CA_BUNDLE
		run_tool 1 s3get "s3://$BUCKET/k"
	)
	says "s3get: s3://$BUCKET/k: the server's certificate is not trusted" AWS_CA_BUNDLE
	AWS_ENDPOINT_URL_S3=https://127.0.0.2:${S3D_URL##*:} run_tool 1 s3get "s3://$BUCKET/k"
	says "s3get: s3://$BUCKET/k: the server's certificate is not trusted" 127.0.0.2
	[[ ! -s out ]]
}

@test "a way that others can read is warned of, once a program, and never on loopback" {
	put_object k body
	run_tool 0 s3get --stdout "s3://$BUCKET/k"
	silent
	export AWS_ENDPOINT_URL_S3=http://0.0.0.0:${S3D_URL##*:}
	run_tool 0 s3get --stdout "s3://$BUCKET/k" "s3://$BUCKET/k"
	says "s3get: endpoint http://0.0.0.0:" "not encrypted"
	run_tool 0 s3ls "s3://$BUCKET/"
	says "s3ls: endpoint http://0.0.0.0:" "not encrypted"
	run_tool 0 s3put /dev/null "s3://$BUCKET/k2"
	says "s3put: endpoint http://0.0.0.0:" "not encrypted"
	run_tool 0 s3put --quiet /dev/null "s3://$BUCKET/k2"
	silent
}

@test "a way that others can read is warned of once in a run of the pipeline" {
	s3 csvs "$BUCKET" in/ 30
	AWS_ENDPOINT_URL_S3=http://0.0.0.0:${S3D_URL##*:} TOOL_TIMEOUT=120 run_tool 0 make -s -C "$ROOT" BUILD="${BIN%/bin}" merge \
		SRC="s3://$BUCKET/in/" DEST="s3://$BUCKET/out/" WORK="$TMP/work" BATCH=10 JOBS=2
	[[ $(cat out err | grep -c "not encrypted") == 1 ]]
	lacks "not encrypted" <(cat "$TMP"/work/log/*.ndjson)
}

@test "another region: followed, for every kind of request" {
	stop_s3d
	start_s3d --region eu-west-1 --bucket "$BUCKET"
	use_s3d
	AWS_REGION=eu-west-1 put_object k body
	# 400 AuthorizationHeaderMalformed, with the region
	all_programs
	[[ $(grep -c AuthorizationHeaderMalformed "$S3D_LOG") == 4 ]]
	AWS_REGION=eu-west-1 get_object large > got
	same large got
	# by a redirect
	: > "$S3D_LOG"
	for status in 301 307; do
		curl --silent --fail --output /dev/null --data-binary "* * 1* redirect $status eu-west-1" "$S3D_URL/_s3d/faults"
		run_tool 0 s3get --stdout "s3://$BUCKET/k"
		[[ $output == body ]]
	done
}

@test "a region that leads nowhere: an end, and told" {
	put_object k body
	for rule in '* * every:2 redirect 301 eu-west-1
* * all redirect 301 eu-west-2' '* * all redirect 301 us-east-1'; do
		curl --silent --fail --output /dev/null --data-binary "$rule" "$S3D_URL/_s3d/faults"
		for command in "s3get --stdout" s3ls "s3put /dev/null"; do
			# shellcheck disable=SC2086
			run_tool 1 $command "s3://$BUCKET/k"
			says "${command%% *}: s3://$BUCKET/k: 301 PermanentRedirect"
		done
	done
}

@test "301 that does not say which region" {
	cat > moved.py <<-'EOP'
	import http.server, os
	class Moved(http.server.BaseHTTPRequestHandler):
	    protocol_version = "HTTP/1.1"
	    def do_GET(self):
	        self.rfile.read(int(self.headers.get("Content-Length", 0)))
	        body = (b"<Error><Code>PermanentRedirect</Code><Message>Use the specified endpoint.</Message>"
	                b"<Endpoint>b.s3.eu-west-1.amazonaws.com</Endpoint><Bucket>b</Bucket></Error>")
	        self.send_response(301)
	        self.send_header("Content-Length", str(len(body)))
	        self.end_headers()
	        self.wfile.write(body)
	    do_PUT = do_POST = do_GET
	    def log_message(self, *_): pass
	server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Moved)
	open("moved.part", "w").write("%s:%d" % server.server_address)
	os.rename("moved.part", "old.ready")
	server.serve_forever()
	EOP
	/usr/bin/python3 moved.py < /dev/null > old.out 2>&1 3>&- &
	OTHER_PID=$!
	wait_until -e old.ready || fail "the server does not start: $(< old.out)"
	AWS_ENDPOINT_URL_S3=http://$(< old.ready)
	for command in "s3get --stdout" s3ls "s3put /dev/null"; do
		# shellcheck disable=SC2086
		run_tool 1 $command s3://b/k
		says "${command%% *}: s3://b/k: 301 PermanentRedirect: Use the specified endpoint." b.s3.eu-west-1.amazonaws.com
	done
}

@test "buckets that are something else: refused before anything is asked, by name" {
	for uri in s3://arn:aws:s3:us-west-2:123456789012:accesspoint/ap/k s3://bucket--usw2-az1--x-s3/k \
		s3://ap--usw2-az1--xa-s3/k s3://arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-01/accesspoint/ap/k \
		s3://arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/ap/k; do
		run_tool 2 s3ls "$uri"
		says "s3ls: $uri: " "not supported"
		run_tool 2 s3get --stdout "$uri"
		says "s3get: $uri: " "not supported"
		run_tool 2 s3put /dev/null "$uri"
		says "s3put: $uri: " "not supported"
	done
	[[ $(grep -c -v ' create-bucket\|bucket-create' "$S3D_LOG") == 0 ]]
}

# other_authority: other/ca.pem, with which the server has nothing to do
other_authority() {
	mkdir other
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout other/key.pem -out other/ca.pem -days 2 \
		-subj '/CN=another authority' 2> openssl.err
}

@test "SSL_CERT_FILE and SSL_CERT_DIR say whom to trust, where AWS_CA_BUNDLE does not" {
	with_tls
	put_object k body
	unset AWS_CA_BUNDLE
	printf 'x' > file
	mkdir folder
	cp tls/ca.pem "folder/$(openssl x509 -in tls/ca.pem -noout -hash).0"
	{ # a bundle with other things in it
		echo '# authorities of ours'
		other_authority
		cat other/ca.pem tls/ca.pem
	} > bundle.pem
	for setting in "SSL_CERT_FILE=$TMP/tls/ca.pem" "SSL_CERT_FILE=$TMP/bundle.pem" "SSL_CERT_DIR=$TMP/folder" \
		"SSL_CERT_DIR=$TMP/none:$TMP/folder"; do
		run_tool 0 env "$setting" s3ls "s3://$BUCKET/"
		run_tool 0 env "$setting" s3get --stdout "s3://$BUCKET/k"
		run_tool 0 env "$setting" s3put file "s3://$BUCKET/stored"
	done
	run_shell 0 'AWS_CA_BUNDLE=<(cat tls/ca.pem) s3ls "$1"' "s3://$BUCKET/"
	# each by itself is enough, also beside one of no use, and empty ones do not count
	SSL_CERT_FILE=$TMP/other/ca.pem SSL_CERT_DIR=$TMP/folder run_tool 0 s3ls "s3://$BUCKET/"
	SSL_CERT_FILE=$TMP/tls/ca.pem SSL_CERT_DIR=$TMP/other run_tool 0 s3ls "s3://$BUCKET/"
	SSL_CERT_FILE=$TMP/tls/ca.pem SSL_CERT_DIR='' AWS_CA_BUNDLE='' run_tool 0 s3ls "s3://$BUCKET/"
	SSL_CERT_FILE=$TMP/other/ca.pem run_tool 1 s3ls "s3://$BUCKET/"
	says "not trusted" AWS_CA_BUNDLE SSL_CERT_FILE
	# AWS_CA_BUNDLE excludes the others, unless it is what is trusted anyway
	AWS_CA_BUNDLE=$TMP/other/ca.pem SSL_CERT_FILE=$TMP/tls/ca.pem SSL_CERT_DIR=$TMP/folder run_tool 1 s3ls "s3://$BUCKET/"
	says "not trusted"
	AWS_CA_BUNDLE=$TMP/tls/ca.pem SSL_CERT_FILE=$TMP/other/ca.pem run_tool 0 s3ls "s3://$BUCKET/"
	AWS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt SSL_CERT_FILE=$TMP/tls/ca.pem run_tool 0 s3ls "s3://$BUCKET/"
	AWS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt run_tool 1 s3ls "s3://$BUCKET/"
}

@test "a TLS session is shared only by those who trust the same, by whatever variable" {
	with_tls
	put_object k body
	unset AWS_CA_BUNDLE
	share
	get=(s3get --stats stats --stdout "s3://$BUCKET/k")
	SSL_CERT_FILE=$TMP/tls/ca.pem run_tool 0 "${get[@]}"
	resumed 0
	SSL_CERT_FILE=$TMP/tls/ca.pem run_tool 0 "${get[@]}"
	resumed 1
	other_authority
	SSL_CERT_FILE=$TMP/other/ca.pem run_tool 1 "${get[@]}"
	says "not trusted"
	SSL_CERT_FILE=$TMP/tls/ca.pem SSL_CERT_DIR=$TMP/other run_tool 0 "${get[@]}"
	resumed 0
}

@test "a merge trusts whom SSL_CERT_FILE says" {
	with_tls
	s3 csvs "$BUCKET" csvs/ 12
	unset AWS_CA_BUNDLE
	export SSL_CERT_FILE=$TMP/tls/ca.pem
	run_tool 0 make -s -f "$ROOT/sheaf.mk" merge SRC="s3://$BUCKET/csvs/" DEST="s3://$BUCKET/out/" WORK=work BATCH=4
	run_tool 0 make -s -f "$ROOT/sheaf.mk" verify SRC="s3://$BUCKET/csvs/" DEST="s3://$BUCKET/out/" WORK=work DEEP=1
}
