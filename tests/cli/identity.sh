#!/bin/sh
# Certificates and keys as OpenSSL makes them, in every state in which one finds them.
. "$top_srcdir/tests/cli/lib.sh"
. "$texts/certificates.sh"
make_authority
make_certificate chat.example.com good
make_certificate chat.example.com other
make_certificate chat.example.com expired -1
make_certificate chat.example.com again -1
make_certificate elsewhere.example.com elsewhere
make_certificate chat.example.com server 30 extendedKeyUsage=serverAuth
make_certificate chat.example.com client 30 extendedKeyUsage=clientAuth
make_certificate chat.example.com signer 30 extendedKeyUsage=codeSigning
make_certificate '*.example.com' wildcard
cat good.pem ca.pem >chain.pem
make_certificate_of_2099 chat.example.com future
cp ca.key lasting.key
openssl req -x509 -key lasting.key -out brief.pem -days 1 -subj "/CN=Test authority" 2>/dev/null
cat good.pem brief.pem >brief-chain.pem
for n in 1 2 3 4 5 6 7 8 9 10; do cat chain.pem chain.pem; done >many.pem
cat good.pem other.pem >jumbled.pem
openssl ec -in good.key -aes128 -passout pass:secret -out encrypted.key 2>/dev/null
openssl x509 -in good.pem -outform DER -out good.der
sed 's/[a-m]/A/' good.pem >broken.pem
sed 3d good.key >broken.key
: >empty.pem
mkdir directory
openssl req -x509 -newkey rsa:1024 -nodes -keyout weak.key -out weak.pem -subj "/CN=x" \
	-addext subjectAltName=DNS:chat.example.com 2>/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout self.key -out self.pem -subj "/CN=x" \
	-addext subjectAltName=DNS:chat.example.com 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -keyout rsa.key -out rsa.pem -subj "/CN=x" \
	-addext subjectAltName=DNS:chat.example.com 2>/dev/null
chmod 600 ./*.key
cp good.key open.key
chmod 644 open.key

identity() { # TEXT-NAME CERTIFICATE KEY
	cat >fedgate.yml <<-END
		gateway: { dialback-secret-file: dialback.secret }
		tls: { trust-anchors: ${4-ca.pem} }
		domains:
		  chat.example.com: { certificate: $2, private-key: $3, inside: app }
		inside:
		  app: { type: component-listener, listen: "127.0.0.1:5347", secret-file: good.key }
		partners:
		  example.org: { sasl: optional }
	END
	fedgatectl check-config fedgate.yml >out
	status=$?
	# dates are of today
	sed -e "s/ on [0-9]*-[0-9]*-[0-9]*/ on DATE/" out >out.fixed
	prints "identity-$1" sh -c "cat out.fixed; exit $status"
}

identity good good.pem good.key
identity good chain.pem good.key
identity good wildcard.pem wildcard.key
identity good self.pem self.key
identity another-key good.pem other.key
identity expired expired.pem expired.key
identity not-yet-valid future.pem future.key
identity brief-chain brief-chain.pem good.key
identity too-many many.pem good.key
identity no-key good.pem ca.pem
identity names-another elsewhere.pem elsewhere.key
identity server-only server.pem server.key
identity client-only client.pem client.key
identity no-usage signer.pem signer.key
identity jumbled jumbled.pem good.key
identity weak weak.pem weak.key
identity encrypted-key good.pem encrypted.key
identity der good.der good.key
identity broken broken.pem good.key
identity broken-key good.pem broken.key
identity swapped good.key good.pem
identity empty empty.pem good.key
identity directory directory good.key
identity missing none.pem none.key
identity two-kinds '[good.pem, rsa.pem]' '[good.key, rsa.key]'
identity same-kind '[good.pem, other.pem]' '[good.key, other.key]'
identity one-expired '[expired.pem, rsa.pem]' '[expired.key, rsa.key]'
identity all-expired '[expired.pem, again.pem]' '[expired.key, again.key]'
identity open-key good.pem open.key

partner() { # TEXT-NAME SETTINGS
	cat >partner.yml <<-END
		gateway: { dialback-secret-file: dialback.secret }
		tls: { trust-anchors: ca.pem }
		domains:
		  chat.example.com: { certificate: good.pem, private-key: good.key, inside: app }
		inside:
		  app: { type: component-listener, listen: "127.0.0.1:5347", secret-file: good.key }
		partners:
		  example.org: { sasl: optional, $2 }
	END
	fedgatectl check-config partner.yml >out
	status=$?
	sed -e 's/ on [0-9]*-[0-9]*-[0-9]*/ on DATE/' out >out.fixed
	prints "identity-$1" sh -c "cat out.fixed; exit $status"
}

make_list good.crl
sed 's/[a-m]/A/' good.crl >broken.crl
cat good.crl broken.crl >half.crl
partner settings 'trust-anchors: ca.pem, crl-files: good.crl, crl-check: hard, ciphers: "ECDHE+AESGCM:TLS_AES_128_GCM_SHA256"'
partner crl-broken 'crl-files: [broken.crl, half.crl, good.pem, none.crl]'
partner ciphers-unknown 'ciphers: TLS_AES_128'
partner anchors-broken 'trust-anchors: broken.pem'
partner outbound 'outbound-certificate: client.pem, outbound-private-key: client.key'
partner outbound-server 'outbound-certificate: server.pem, outbound-private-key: server.key'
partner outbound-expired 'outbound-certificate: expired.pem, outbound-private-key: expired.key'

identity no-anchors good.pem good.key empty.pem
identity anchors-are-a-key good.pem good.key good.key
identity anchors-missing good.pem good.key none.pem
finish
