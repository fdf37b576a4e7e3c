#!/bin/sh
# The throwaway CA makes what it is asked for, as the TLS library sees it.
top=${top_srcdir:-$(dirname "$0")/..}
dir=$(mktemp -d "${TMPDIR:-/tmp}/fedgate-pki.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
n=0
ok() { # DESCRIPTION COMMAND...
	n=$((n + 1))
	what=$1
	shift
	if "$@" >"$dir/out" 2>&1; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		sed 's/^/# /' "$dir/out"
	fi
}
fails_with() { # TEXT COMMAND...
	text=$1
	shift
	"$@" && return 1
	grep -qF "$text" "$dir/out"
}
pki() { "$top/contrib/pki" "$dir" "$@"; }
verify() { # LEAF [option]...
	leaf=$1
	shift
	openssl verify -CAfile "$dir/ca.pem" "$@" "$dir/$leaf.pem"
}

ok "makes a CA" pki ca
cp "$dir/ca.pem" "$dir/first.pem"
ok "and leaves it alone the second time" pki ca
ok "byte for byte" cmp "$dir/ca.pem" "$dir/first.pem"
ok "another CA beside it" pki ca other
ok "a leaf for its name" pki leaf one.test
ok "a leaf for several, one a wildcard" pki leaf many --name a.test --name '*.a.test'
ok "a leaf of the other CA" pki leaf strange --ca other --name a.test
ok "a leaf that is expired" pki leaf old --expired --name a.test
ok "a leaf that is not yet valid" pki leaf early --not-yet --name a.test
ok "a leaf signed by itself" pki leaf self --self-signed --name a.test
for usage in server client both none; do
	ok "a leaf with usage $usage" pki leaf "$usage" --usage "$usage" --name a.test
done

ok "its name is verified" verify one.test -verify_hostname one.test
ok "no other name is" fails_with "hostname mismatch" verify one.test -verify_hostname two.test
ok "of several names the first" verify many -verify_hostname a.test
ok "and what the wildcard covers" verify many -verify_hostname conference.a.test
ok "the other CA's leaf is not trusted" fails_with "unable to get local issuer" verify strange
ok "but by those who trust that CA" openssl verify -CAfile "$dir/other.pem" "$dir/strange.pem"
ok "the expired one is expired" fails_with "has expired" verify old
ok "the early one is not yet valid" fails_with "not yet valid" verify early
ok "the self-signed one is" fails_with "self-signed" verify self
ok "for servers and clients: as server" verify both -purpose sslserver
ok "for servers and clients: as client" verify both -purpose sslclient
ok "for servers: as server" verify server -purpose sslserver
ok "for servers: not as client" fails_with "unsuitable certificate purpose" verify server -purpose sslclient
ok "for clients: as client" verify client -purpose sslclient
ok "for clients: not as server" fails_with "unsuitable certificate purpose" verify client -purpose sslserver
ok "for nothing in particular: as either" verify none -purpose sslserver
ok "for nothing in particular: as client too" verify none -purpose sslclient
ok "keys are P-256" sh -c "openssl pkey -in '$dir/one.test.key' -noout -text | grep -q 'NIST CURVE: P-256'"
ok "keys are for their owner alone" sh -c "[ \"\$(stat -c %a '$dir/one.test.key')\" = 600 ]"
ok "an unknown option is refused" fails_with "usage:" pki leaf x --unknown
ok "nothing is left behind of signing" sh -c "! ls -d '$dir'/signing.* 2>/dev/null"
echo "1..$n"
