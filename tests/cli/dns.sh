#!/bin/sh
# fedgatectl dns: where a domain would be dialled, in which order, and why. Without a daemon; a name server of its own.
. "$top_srcdir/tests/cli/lib.sh"

mkfifo where
"$build_tree/tests/lib/zone" >where <<'END' &
_xmpps-server._tcp.both.example SRV 5 0 5270 a.both.example
_xmpp-server._tcp.both.example SRV 10 0 5269 b.both.example
_xmpp-server._tcp.both.example SRV 20 0 5269 gone.both.example
a.both.example AAAA 2001:db8::1
a.both.example A 192.0.2.1
_xmpp-server._tcp.both.example SRV 15 0 5269 own.both.example
b.both.example AAAA 2001:db8::2
b.both.example A 10.0.0.1
own.both.example A 127.9.9.9
_xmpp-server._tcp.drawn.example SRV 1 0 5269 one.drawn.example
_xmpp-server._tcp.drawn.example SRV 1 65535 5269 two.drawn.example
one.drawn.example A 192.0.2.3
two.drawn.example A 192.0.2.4
_xmpps-server._tcp.none.example SRV 0 0 0 .
_xmpp-server._tcp.none.example SRV 0 0 0 .
plain.example A 192.0.2.5
_xmpp-server._tcp.private.example SRV 1 0 5269 in.private.example
in.private.example A 10.0.0.1
in.private.example AAAA fd00::1
_xmpp-server._tcp.broken.example fails
_xmpps-server._tcp.broken.example fails
host.example A 10.0.0.7
END
server=$!
trap 'kill "$server"; rm -rf "$scratch"' EXIT
read -r address <where

configuration() { # MORE-OF-DNS
	cat <<-END
		gateway: { listen: ["127.9.9.9:5269"], dialback-secret-file: dialback.secret }
		tls: { trust-anchors: anchors.pem }
		dns: { servers: ["$address"], timeout: 5s$1 }
		domains: { chat.example.com: {} }
		partners:
		  both.example: { sasl: optional }
		  drawn.example: { sasl: optional }
		  none.example: { sasl: optional }
		  plain.example: { tls: not-supported, sasl: not-supported }
		  private.example: { sasl: optional, direct-tls: never }
		  broken.example: { sasl: optional }
		  192.0.2.9: { sasl: optional }
		  proxied.example: { sasl: optional, proxy-fqdn: "tls://host.example:5270" }
		  lost.example: { sasl: optional, proxy-fqdn: "2001:db8::9" }
	END
}
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout /dev/null -out anchors.pem 2>/dev/null
configuration "" >open.yml
configuration ", refuse-private-addresses: true" >closed.yml

prints dns-both fedgatectl dns both.example -c open.yml
prints dns-both-json fedgatectl dns --json both.example -c open.yml
fedgatectl dns --json both.example -c open.yml >both.json
is_json both.json
prints dns-both-closed fedgatectl dns both.example -c closed.yml
prints dns-none fedgatectl dns none.example -c open.yml
prints dns-plain fedgatectl dns plain.example -c open.yml
prints dns-private fedgatectl dns private.example -c open.yml
prints dns-private-closed fedgatectl dns private.example -c closed.yml
prints dns-broken fedgatectl dns broken.example -c open.yml
prints dns-address fedgatectl dns 192.0.2.9 -c open.yml
prints dns-proxied fedgatectl dns proxied.example -c closed.yml
prints dns-lost fedgatectl dns lost.example -c closed.yml
prints dns-refused fedgatectl dns stranger.example -c open.yml
prints dns-local fedgatectl dns chat.example.com -c open.yml
prints dns-not-a-domain fedgatectl dns user@both.example -c open.yml
fedgatectl dns drawn.example -c open.yml >drawn
grep -q 'drawn by their weight' drawn
ok "two of one priority: it is said that chance decides"
finish
