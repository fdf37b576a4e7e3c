# zone: DNS zones that the test signs itself, and a server for them, on a loopback address. Sourced behind lib/peers.sh.
#
# The script sets before what peers.sh wants. Zones are written as master files, without SOA and NS, into $scratch/NAME.zone:
#
# zone_sign NAME [expired]     signs it (a DS record for the zone above is then in $scratch/NAME.ds)
# zone_forge NAME SED          changes the signed file without signing it again
# zone_plain NAME              is served as it is
# zone_anchor NAME             $scratch/anchors: the keys that a validator is to trust
# zone_serve                   serves all of them at $dns
zone_head() { # NAME
	echo "\$ORIGIN $1."
	echo "\$TTL 60"
	echo "@ IN SOA ns.$1. admin.$1. 1 3600 600 86400 60"
	echo "@ IN NS ns.$1."
	echo "ns IN A ${dns%@*}"
	cat "$scratch/$1.zone"
}

zone_sign() { # NAME [expired]
	zone_head "$1" >"$scratch/$1.whole"
	(
		cd "$scratch" || exit 1
		key=$(ldns-keygen -a ECDSAP256SHA256 -k "$1") || exit 1
		mv "$key.ds" "$1.ds"
		cp "$key.key" "$1.key"
		if [ "${2-}" = expired ]; then
			ldns-signzone -n -i "$(date -u -d '-20 days' +%Y%m%d%H%M%S)" -e "$(date -u -d '-3 days' +%Y%m%d%H%M%S)" \
				-f "$1.served" "$1.whole" "$key"
		else
			ldns-signzone -n -f "$1.served" "$1.whole" "$key"
		fi
	)
}

zone_forge() { # NAME SED
	sed -i "$2" "$scratch/$1.served"
}

zone_plain() { # NAME
	zone_head "$1" >"$scratch/$1.served"
}

zone_anchor() { # NAME
	cat "$scratch/$1.key" >>"$scratch/anchors"
}

zone_serve() {
	{
		cat <<-END
			server:
			ip-address: ${dns%@*}@${dns#*@}
			server-count: 1
			username: ""
			chroot: ""
			zonesdir: "$scratch"
			database: ""
			zonelistfile: "$scratch/nsd.list"
			xfrdfile: "$scratch/nsd.xfrd"
			xfrdir: "$scratch"
			pidfile: ""
			rrl-ratelimit: 0
			do-ip6: no
			remote-control:
			control-enable: no
		END
		for f in "$scratch"/*.served; do
			name=${f##*/}
			cat <<-END
				zone:
				name: "${name%.served}"
				zonefile: "$f"
			END
		done
	} >"$scratch/nsd.conf"
	peers_spawn dns nsd -d -c "$scratch/nsd.conf"
	"$programs/await" port "${dns%@*}:${dns#*@}"
}
