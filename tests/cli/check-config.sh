#!/bin/sh
# fedgatectl check-config and fedgated --check on good and bad files.
. "$top_srcdir/tests/cli/lib.sh"
. "$texts/certificates.sh"
make_authority
make_certificate chat.example.com chat
printf 'not-so-secret-at-all\n' >app.secret
chmod 600 app.secret

cat >good.yml <<'END'
gateway: { dialback-secret-file: dialback.secret }
tls: { trust-anchors: ca.pem }
domains:
  chat.example.com: { certificate: chat.pem, private-key: chat.key, inside: app }
inside:
  app: { type: component-listener, listen: "127.0.0.1:5347", secret-file: app.secret }
partners:
  example.org: { sasl: optional }
  example.net: { dialback: false }
  with-a-rather-long-name.department.example.net: { tls: required, sasl: not-supported }
  "*": { sasl: optional, dialback: false }
END
prints check-config-good fedgatectl check-config good.yml
prints check-config-good fedgatectl check-config -c good.yml
prints check-config-good fedgatectl -c good.yml check-config
prints check-config-good-json fedgatectl check-config --json good.yml
fedgatectl check-config --json good.yml >good.json
is_json good.json
[ -z "$(fedgated --check -c good.yml 2>&1 | grep -v ': note: ')" ]
ok "fedgated --check is silent where all is well, but for notes"
exits 0 fedgated --check -c good.yml
[ ! -e dialback.secret ]
ok "checking makes no secret"

cat >warnings.yml <<'END'
gateway: { dialback-secret-file: dialback.secret, log-message-bodies: true }
tls: { trust-anchors: ca.pem }
domains:
  chat.example.com: { certificate: chat.pem, private-key: chat.key, inside: app }
  other.example.com: { inside: app }
inside:
  app: { type: component-listener, listen: "0.0.0.0:5347", secret-file: app.secret }
partners:
  example.org:
  example.net: { tls: optional, sasl: optional }
END
prints check-config-warnings fedgatectl check-config warnings.yml
exits 0 fedgated --check -c warnings.yml

cat >bad.yml <<'END'
gateway:
  worker: 4
  max-stanza-size: 9999
  dialback-secret-file: dialback.secret
tls: { trust-anchors: ca.pem }
domains:
  chat.example.com: { certificate: chat.pem, private-key: other.key, inside: ap }
inside:
  app: { type: component-listener, listen: "127.0.0.1:5347", secret-file: app.secret }
partners:
  example.org: { tls: not-supported, dialback: false }
  chat.example.com: { sasl: optional }
  example.net: { sasl: optionl }
END
prints check-config-bad fedgatectl check-config bad.yml
prints check-config-bad-json fedgatectl check-config --json bad.yml
fedgatectl check-config --json bad.yml >bad.json
is_json bad.json
prints check-config-bad-daemon fedgated --check -c bad.yml
prints check-config-bad-start fedgated -c bad.yml

mkdir conf.d
cat >include.yml <<'END'
include: conf.d/*.yml
gateway: { dialback-secret-file: dialback.secret }
tls: { trust-anchors: ca.pem }
END
cat >conf.d/10-domains.yml <<'END'
domains:
  chat.example.com: { certificate: ../chat.pem, private-key: ../chat.key, inside: app }
inside:
  app: { type: component-listener, listen: "127.0.0.1:5347", secret-file: ../app.secret }
END
cat >conf.d/20-partners.yml <<'END'
partners:
  example.org: { sasl: optional }
END
prints check-config-include fedgatectl check-config include.yml
ln -s ../include.yml conf.d/30-loop.yml
prints check-config-loop fedgatectl check-config include.yml
rm -r conf.d
mkdir directory

# what a new user does first
prints check-config-no-file fedgatectl check-config fedgat.yml
prints check-config-directory fedgatectl check-config directory
: >empty.yml
prints check-config-under-a-file fedgatectl check-config empty.yml/fedgate.yml
printf 'tls: { trust-anchors: ca.pem }\ngateway: { dialback-secret-file: dialback.secret }\n' >nothing.yml
prints check-config-nothing fedgatectl check-config nothing.yml
exits 0 fedgatectl check-config empty.yml
head -c 3000 "$build_tree/fedgatectl" >binary.yml
prints check-config-binary fedgatectl check-config binary.yml
prints check-config-certificate fedgatectl check-config chat.key
dd if=/dev/zero of=large.yml bs=1024 count=1025 2>/dev/null
prints check-config-large fedgatectl check-config large.yml
printf 'gateway:\n\tworkers: 4\n' >tab.yml
prints check-config-tab fedgatectl check-config tab.yml

# as the user that the daemon runs as, who cannot read everything
cp good.yml locked.yml
chmod 0 locked.yml
as_user=
if [ "$(id -u)" = 0 ]; then
	as_user="setpriv --reuid=65534 --regid=65534 --clear-groups"
	cp -L fedgatectl fedgatectl-copy
	chmod 711 . && chmod 755 fedgatectl-copy
	$as_user ./fedgatectl-copy --version >/dev/null 2>&1 || as_user=no
fi
if [ "$as_user" = no ]; then
	number=$((number + 1))
	echo "ok $number - a file that may not be read # SKIP no other user can run the tool here"
else
	[ -e fedgatectl-copy ] || cp -L fedgatectl fedgatectl-copy
	# shellcheck disable=SC2086
	prints check-config-locked $as_user ./fedgatectl-copy check-config locked.yml
fi

# the reference configuration is a good one where its files are there
sed 's|/etc/ssl/certs/ca-certificates.crt|ca.pem|' "$source_tree/conf/fedgate.yml" >reference.yml
cp ca.pem example.org-ca.pem
make_list example.org-ca.crl
make_certificate chat.example.com chat-client 30 extendedKeyUsage=clientAuth
prints check-config-reference fedgatectl check-config reference.yml
finish
