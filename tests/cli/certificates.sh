# Sourced: certificates made for a test, with a key each. Nothing of them is kept.

# ca.pem, ca.key
make_authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem \
		-days 3650 -subj "/CN=Test authority" >openssl.log 2>&1 || { cat openssl.log; exit 99; }
}

# DOMAIN NAME [DAYS [EXTENSIONS]]: NAME.pem and NAME.key, for servers and clients unless said otherwise
make_certificate() {
	usage=${4-extendedKeyUsage=serverAuth,clientAuth}
	printf 'subjectAltName=DNS:%s\n%s\n' "$1" "$usage" >extensions
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$2.key" -out request.pem \
		-subj "/CN=$1" >openssl.log 2>&1 &&
		openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days "${3-30}" \
			-extfile extensions -out "$2.pem" >>openssl.log 2>&1 || { cat openssl.log; exit 99; }
	chmod 600 "$2.key"
}
