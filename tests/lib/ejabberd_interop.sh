# ejabberd_interop: what interop.sh asks of a server, for ejabberd. Sourced behind it.
start_server() { # KIND HOST DOMAIN...
	kind=$1 at=$2
	shift 2
	case $kind in
	open | stranger) ejabberd_start "ejabberd-$kind" "$at" tls=yes certificate="ejabberd-$kind" "$@" ;;
	clear) ejabberd_start "ejabberd-$kind" "$at" tls=no "$@" ;;
	strict) ejabberd_start "ejabberd-$kind" "$at" tls=required certificate="ejabberd-$kind" "$@" ;;
	esac
}

ejabberd_says() { # ID
	sed -n 's/.* (\(tls\|tcp\)|[^)]*) Accepted \(inbound\|outbound\) s2s \([^ ]*\) authentication \([^ ]*\) -> \([^ ]*\) .*/\1 \2 \3 \4 \5/p' \
		"$scratch/$1.log" | while read -r transport way method from to; do
		[ "$method" = EXTERNAL ] && transport=sasl
		if [ "$way" = inbound ]; then echo "out $to $transport"; else echo "in $from $transport"; fi
	done
}

server_says() { # KIND
	ejabberd_says "ejabberd-$1"
}
