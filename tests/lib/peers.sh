# peers: real servers in a scratch folder, for tests and the demo. Sourced by a shell script.
#
# Everything runs on loopback addresses 127.N.M.x that belong to the script's process id, so runs do not meet; nothing needs
# root. Whatever was started is stopped by peers_stop. The script sets before:
#   top        the source tree
#   programs   the folder of the test programs component, ask and await
#   scratch    an empty folder, its own
#
# dns_domain DOMAIN HOST; dns_start              the zone: SRV and A
# prosody_start ID HOST [option]... DOMAIN...    servers; each DOMAIN is one that a component may attach for
# ejabberd_start, jabberd2_start                 the same
# component_start ID ADDRESS:PORT DOMAIN...      attaches an echoing component for each DOMAIN
# peers_wait ID                                  until its components are attached
# Options: tls=yes|no|required, certificate=NAME (of contrib/pki in $scratch/pki), secure=yes (Prosody: certificates required),
# direct=yes (direct TLS alone, port 5270), log=LEVEL. What $wrap says stands before the command of whatever is started:
# taskset, say.
#
# An ID is a name in the scratch folder: $scratch/ID.log, ID.pid. A HOST is the last number of its address. A server's
# component port is 5347, its federation port 5269, both on its own address.
net=127.$((16 + $$ / 250 % 200)).$((1 + $$ % 250))
secret=throwaway
dns=$net.53@5353

# A process of ours, with its output in $scratch/ID.log
peers_spawn() { # ID COMMAND...
	spawned=$1
	shift
	: >>"$scratch/$spawned.log"
	${wrap-} "$@" >>"$scratch/$spawned.log" 2>&1 </dev/null &
	echo $! >"$scratch/$spawned.pid"
}

# Ends it and waits for the end; its exit status
peers_end() { # ID
	pid=$(cat "$scratch/$1.pid")
	kill "$pid" 2>/dev/null
	rm -f "$scratch/$1.pid"
	wait "$pid" 2>/dev/null
}

# Ends all of them; an Erlang that is told to end while it starts may not hear it, so there is an end to waiting
peers_stop() {
	left=
	for f in "$scratch"/*.pid; do
		[ -e "$f" ] || continue
		left="$left $(cat "$f")"
		rm -f "$f"
	done
	[ -n "$left" ] || return 0
	# shellcheck disable=SC2086
	kill $left 2>/dev/null
	# shellcheck disable=SC2086
	sh -c 'sleep 20; kill -9 "$@"' - $left >/dev/null 2>&1 </dev/null &
	watchdog=$!
	for pid in $left; do
		wait "$pid" 2>/dev/null
	done
	kill $watchdog 2>/dev/null
	wait $watchdog 2>/dev/null
}

# ---- names ----

# ejabberd asks the system for the address of an SRV target, whatever Erlang is told; one that reads like an address is not
# asked for. So with "literal" the target is named like its address, and has that address for everyone else.
dns_domain() { # DOMAIN HOST [literal] [direct]: with direct, by direct TLS alone
	target=xmpp.$1 service=_xmpp-server port=5269
	for word in "${3-}" "${4-}"; do
		case $word in
		literal) target=$net.$2 ;;
		direct) service=_xmpps-server port=5270 ;;
		esac
	done
	cat >>"$scratch/zone" <<-END
		local-data: "$service._tcp.$1. 60 IN SRV 0 0 $port $target."
		local-data: "$target. 60 IN A $net.$2"
	END
}

dns_start() {
	cat >"$scratch/unbound.conf" <<-END
		server:
		directory: "$scratch"
		chroot: ""
		username: ""
		pidfile: ""
		use-syslog: no
		logfile: ""
		do-daemonize: no
		interface: ${dns%@*}@${dns#*@}
		access-control: 127.0.0.0/8 allow
		module-config: "iterator"
		local-zone: "test." static
		include: "$scratch/zone"
		remote-control:
		control-enable: no
	END
	peers_spawn dns unbound -d -c "$scratch/unbound.conf"
	"$programs/await" port "${dns%@*}:${dns#*@}"
}

# ---- servers ----

peers_options() { # [option]... DOMAIN...: sets tls, certificate, secure, direct, log, domains
	tls=yes certificate='' secure=no direct=no log=debug domains=
	for option; do
		case $option in
		tls=*) tls=${option#*=} ;;
		certificate=*) certificate=${option#*=} ;;
		secure=*) secure=${option#*=} ;;
		direct=*) direct=${option#*=} ;;
		log=*) log=${option#*=} ;;
		*) domains="$domains $option" ;;
		esac
	done
}

prosody_start() { # ID HOST [option]... DOMAIN...
	id=$1 address=$net.$2
	shift 2
	peers_options "$@"
	mkdir -p "$scratch/$id"
	{
		cat <<-END
			daemonize = false
			run_as_root = true
			pidfile = "$scratch/$id/pid"
			data_path = "$scratch/$id"
			log = { $log = "*console" }
			interfaces = { "$address" }
			component_interfaces = { "$address" }
			component_ports = { 5347 }
			s2s_ports = {$([ "$direct" = yes ] || echo " 5269 ")}
			c2s_ports = {}
			s2s_direct_tls_ports = {$([ "$direct" = no ] || echo " 5270 ")}
			modules_enabled = { "dialback", "s2s", "ping", "version"$([ "$tls" = no ] || echo ', "tls", "saslauth"') }
			modules_disabled = { "offline", "c2s", "s2s_bidi"$([ "$tls" != no ] || echo ', "tls"') }
			s2s_require_encryption = $([ "$tls" = required ] && echo true || echo false)
			s2s_secure_auth = $([ "$secure" = yes ] && echo true || echo false)
			unbound = {
				resolvconf = false, hoststxt = false, forward = "$dns",
				options = { ["do-not-query-localhost:"] = "no", ["local-zone:"] = "test. transparent" }
			}
		END
		if [ "$tls" != no ]; then
			cat <<-END
				ssl = {
					certificate = "$scratch/pki/$certificate.pem", key = "$scratch/pki/$certificate.key",
					cafile = "$scratch/pki/ca.pem"
				}
			END
		fi
		echo "VirtualHost \"host.$id.test\""
		for domain in $domains; do
			echo "Component \"$domain\""
			echo "	component_secret = \"$secret\""
		done
	} >"$scratch/$id/prosody.cfg.lua"
	peers_spawn "$id" prosody -F $([ "$(id -u)" != 0 ] || echo --root) --config "$scratch/$id/prosody.cfg.lua"
}

# A name look-up without the system's resolver: Erlang's own, told where to ask
ejabberd_start() { # ID HOST [option]... DOMAIN...
	id=$1 address=$net.$2
	shift 2
	peers_options "$@"
	mkdir -p "$scratch/$id/mnesia"
	listen="port: 5269"
	[ "$direct" = no ] || listen="port: 5270, tls: true"
	cat >"$scratch/$id/inetrc" <<-END
		{lookup, [dns]}.
		{resolv_conf, ""}.
		{hosts_file, ""}.
		{nameserver, {$(echo "${dns%@*}" | tr . ,)}, ${dns#*@}}.
	END
	{
		cat <<-END
			loglevel: $log
			hosts: ["host.$id.test"]
			s2s_use_starttls: $(case $tls in yes) echo optional ;; no) echo false ;; *) echo required ;; esac)
			ca_file: "$scratch/pki/ca.pem"
			listen:
			  - { $listen, ip: "$address", module: ejabberd_s2s_in, backlog: 128 }
			  - port: 5347
			    ip: "$address"
			    module: ejabberd_service
			    access: all
			    hosts:
		END
		for domain in $domains; do
			echo "      \"$domain\": { password: \"$secret\" }"
		done
		cat <<-END
			acl: { local: { user_regexp: "" } }
			modules:
			  mod_s2s_dialback: {}
			  mod_ping: {}
			  mod_version: {}
		END
		if [ "$tls" != no ]; then
			cat "$scratch/pki/$certificate.pem" "$scratch/pki/$certificate.key" >"$scratch/$id/both.pem"
			echo "certfiles: [\"$scratch/$id/both.pem\"]"
		fi
	} >"$scratch/$id/ejabberd.yml"
	peers_spawn "$id" env HOME="$scratch/$id" ERL_LIBS="$(echo /usr/lib/*/ejabberd-[0-9]* | tr ' ' :)" \
		ERL_INETRC="$scratch/$id/inetrc" EJABBERD_CONFIG_PATH="$scratch/$id/ejabberd.yml" \
		EJABBERD_LOG_PATH="$scratch/$id/ejabberd.log" ERL_CRASH_DUMP=/dev/null \
		erl -noinput -mnesia dir "\"$scratch/$id/mnesia\"" -s ejabberd
}

# Router and s2s alone; it cannot do SASL
jabberd2_start() { # ID HOST [option]...
	id=$1 address=$net.$2
	shift 2
	peers_options "$@"
	mkdir -p "$scratch/$id"
	cat >"$scratch/$id/users.xml" <<-END
		<users><user><name>jabberd</name><secret>$secret</secret></user></users>
	END
	echo '<filter/>' >"$scratch/$id/filter.xml"
	cat >"$scratch/$id/router.xml" <<-END
		<router>
		<id>router</id>
		<log type='stdout'/>
		<local>
			<ip>$address</ip><port>5347</port>
			<users>$scratch/$id/users.xml</users><secret>$secret</secret>
		</local>
		<io><max_fds>1024</max_fds></io>
		<aci><acl type='all'><user>jabberd</user></acl><filter>$scratch/$id/filter.xml</filter></aci>
		</router>
	END
	[ "$tls" = no ] || cat "$scratch/pki/$certificate.pem" "$scratch/pki/$certificate.key" >"$scratch/$id/both.pem"
	cat >"$scratch/$id/s2s.xml" <<-END
		<s2s>
		<id>s2s</id>
		<router>
			<ip>$address</ip><port>5347</port><user>jabberd</user><pass>$secret</pass>
			<retry><init>10</init><sleep>1</sleep></retry>
		</router>
		<log type='stdout'/>
		<local>
			<ip>$address</ip><port>5269</port>
			$([ "$tls" = no ] || echo "<pemfile>$scratch/$id/both.pem</pemfile>")
		</local>
		<io><max_fds>1024</max_fds></io>
		<check><interval>1</interval><queue>5</queue></check>
		<lookup><srv>xmpp-server</srv></lookup>
		<security>$([ "$tls" != required ] || echo "<require_tls/>")</security>
		</s2s>
	END
	peers_spawn "$id-router" jabberd2-router -c "$scratch/$id/router.xml"
	"$programs/await" port "$address:5347"
	peers_spawn "$id" env NAMESERVERS="${dns%@*}" RES_OPTIONS="port:${dns#*@}" \
		jabberd2-s2s -c "$scratch/$id/s2s.xml"
}

# ---- what is attached to them ----

component_start() { # ID ADDRESS:PORT DOMAIN...
	id=$1
	shift
	at=$1
	shift
	peers_spawn "$id" "$programs/component" "$scratch/$id.socket" "$at" "$secret" "$@"
}

# until a line of $scratch/ID.log matches; prints it; false when the time is over
peers_wait_for() { # ID PATTERN [MILLISECONDS]
	"$programs/await" line "$scratch/$1.log" "$2" "${3:-120000}"
}

peers_wait() { # ID...
	for id; do
		peers_wait_for "$id" '^ready ' >/dev/null || {
			echo "# $id did not get ready:"
			tail -n 20 "$scratch/$id.log" | sed 's/^/# /'
			return 1
		}
	done
}

ask() { # ID [KIND FROM TO [MILLISECONDS]], see ask.c
	asked=$1
	shift
	"$programs/ask" "$scratch/$asked.socket" "$@"
}
