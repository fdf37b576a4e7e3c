# prosody_interop: what interop.sh asks of a Prosody's log. Sourced behind it.
# A session's lines begin with its name, which may be used again after it was destroyed
prosody_says() { # ID
	awk -v gateway="$gateway" '
		{ session = $1; at = 0 }
		session !~ /^s2s(in|out)/ { next }
		/Destroying (incoming|outgoing) session/ { delete tls[session]; delete sasl[session]; next }
		/Stream encrypted/ { tls[session] = 1 }
		/(Received|Sending)\[s2s(in|out)_unauthed\]: <auth .*EXTERNAL/ { sasl[session] = 1 }
		/(Received|Sending)\[s2s(in|out)_unauthed\]: <(db:)?result / { sasl[session] = 0 }
		/(Incoming|Outgoing) s2s connection .* complete/ {
			split($0, part, /->| connection | complete/)
			peer = part[2] == gateway ? part[3] : part[2]
			print (/Incoming/ ? "out" : "in"), peer, sasl[session] ? "sasl" : tls[session] ? "tls" : "tcp"
		}
	' "$scratch/$1.log"
}
