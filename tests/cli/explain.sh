#!/bin/sh
# fedgatectl explain: which row a domain gets, why, from which line, and what an attacker could make of it.
. "$top_srcdir/tests/cli/lib.sh"
. "$texts/certificates.sh"
make_authority
make_certificate chat.example.com chat
make_list ca.crl
printf 'not-so-secret-at-all\n' >app.secret
chmod 600 app.secret

cat >closed.yml <<'END'
gateway: { dialback-secret-file: dialback.secret }
tls: { trust-anchors: ca.pem }
domains:
  chat.example.com: { certificate: chat.pem, private-key: chat.key, inside: app }
  bare.example.com:
inside:
  app: { type: component-listener, listen: "127.0.0.1:5347", secret-file: app.secret }
partners:
  example.org:
    sasl: optional
    additional-domains: [conference.example.org, "*.chat.example.org", "*.a.chat.example.org"]
    proxy-fqdn: "xmpp.example.org:5270"
    description: "Example Org, federation@example.org"
  strict.example: { dialback: false, certificate-check: strict, proxy-fqdn: "2001:db8::1" }
  row1.example:
  old.example: { tls: optional, sasl: not-supported }
  clear.example: { tls: not-supported, sasl: not-supported }
  direct.example: { sasl: optional, proxy-fqdn: "tls://xmpp.direct.example:5270" }
  prefers.example: { sasl: optional, direct-tls: prefer }
  never.example: { sasl: optional, direct-tls: never }
END
sed '$a\  "*": { tls: optional, sasl: optional }' closed.yml >open.yml

cat >settings.yml <<'END'
gateway: { dialback-secret-file: dialback.secret }
tls: { trust-anchors: ca.pem }
partners:
  own.example:
    trust-anchors: ca.pem
    tls-min-version: "1.3"
    ciphers: TLS_AES_256_GCM_SHA384
    crl-files: [ca.crl]
    crl-check: hard
    outbound-certificate: chat.pem
    outbound-private-key: chat.key
END

prints explain-own fedgatectl explain example.org -c closed.yml
prints explain-own fedgatectl explain EXAMPLE.org. -c closed.yml
prints explain-own fedgatectl -c closed.yml explain example.org
prints explain-additional fedgatectl explain conference.example.org -c closed.yml
prints explain-pattern fedgatectl explain b.chat.example.org -c closed.yml
prints explain-longest-pattern fedgatectl explain x.y.a.chat.example.org -c closed.yml
prints explain-strict fedgatectl explain strict.example -c closed.yml
prints explain-warning fedgatectl explain row1.example -c closed.yml
prints explain-settings fedgatectl explain own.example -c settings.yml
prints explain-note fedgatectl explain old.example -c closed.yml
prints explain-clear fedgatectl explain clear.example -c closed.yml
prints explain-direct fedgatectl explain direct.example -c closed.yml
prints explain-prefers fedgatectl explain prefers.example -c closed.yml
prints explain-never fedgatectl explain never.example -c closed.yml
prints explain-refused fedgatectl explain chat.example.org -c closed.yml
prints explain-refused-suffix fedgatectl explain evilexample.org -c closed.yml
prints explain-everyone fedgatectl explain chat.example.org -c open.yml
prints explain-local fedgatectl explain chat.example.com -c open.yml
prints explain-local-bare fedgatectl explain bare.example.com -c open.yml

for name in example.org b.chat.example.org row1.example chat.example.org chat.example.com; do
	prints "explain-json-$name" fedgatectl explain --json "$name" -c closed.yml
	fedgatectl explain --json "$name" -c closed.yml >"$name.json"
	is_json "$name.json"
done
prints explain-json-everyone fedgatectl explain chat.example.org -c open.yml --json

prints explain-u-label fedgatectl explain bücher.example -c closed.yml
prints explain-not-a-domain fedgatectl explain user@example.org -c closed.yml
prints explain-not-a-domain-star fedgatectl explain '*' -c closed.yml
prints explain-no-file fedgatectl explain example.org -c none.yml
printf 'partners:\n  example.org: { dialback: maybe }\n' >bad.yml
prints explain-bad-file fedgatectl explain example.org -c bad.yml
finish
