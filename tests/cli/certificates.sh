# Sourced: certificates made for a test, with a key each. Nothing of them is kept.

# ca.pem, ca.key
make_authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem \
		-days 3650 -subj "/CN=Test authority" >openssl.log 2>&1 || { cat openssl.log; exit 99; }
}

# DOMAIN NAME: one that is valid in the year 2099 alone
make_certificate_of_2099() {
	make_certificate "$1" "$2"
	: >database
	echo 01 >serial
	printf '%s\n' '[ca]' default_ca=one '[one]' database=database serial=serial new_certs_dir=. default_md=sha256 policy=any \
		'[any]' commonName=supplied >ca.cnf
	openssl ca -batch -config ca.cnf -notext -in request.pem -cert ca.pem -keyfile ca.key \
		-startdate 20990101000000Z -enddate 20991231235959Z -extfile extensions -out "$2.pem" \
		>openssl.log 2>&1 || { cat openssl.log; exit 99; }
}

# NAME: a list of the authority's that revokes nothing
make_list() {
	: >database
	printf '%s\n' '[ca]' default_ca=one '[one]' database=database default_md=sha256 default_crl_days=30 >list.cnf
	openssl ca -gencrl -config list.cnf -cert ca.pem -keyfile ca.key -out "$1" >openssl.log 2>&1 ||
		{ cat openssl.log; exit 99; }
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
