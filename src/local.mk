# Sources. The pure half is one library that links neither sockets nor TLS; the linker enforces it.
PURE_LIBS = $(CRYPTO_LIBS) $(EXPAT_LIBS) $(IDN2_LIBS) $(YAML_LIBS)
PURE_CFLAGS = $(CRYPTO_CFLAGS) $(EXPAT_CFLAGS) $(IDN2_CFLAGS) $(YAML_CFLAGS)

noinst_LIBRARIES += libfedgate_pure.a libfedgate_gateway.a libfedgate_inside.a libfedgate_net.a libfedgate_admin.a
libfedgate_pure_a_CFLAGS = $(AM_CFLAGS) $(PURE_CFLAGS)
libfedgate_pure_a_SOURCES = \
	src/base/buf.c \
	src/base/clock.c \
	src/base/fail.c \
	src/base/log.c \
	src/base/mem.c \
	src/base/random.c \
	src/base/str.c \
	src/xmpp/component_handshake.c \
	src/xmpp/compose.c \
	src/xmpp/dialback_key.c \
	src/xmpp/element.c \
	src/xmpp/element_builder.c \
	src/xmpp/element_builder_int.h \
	src/xmpp/features.c \
	src/xmpp/jid.c \
	src/xmpp/srv.c \
	src/xmpp/stanza.c \
	src/xmpp/stanza_attributes.c \
	src/xmpp/stanza_int.h \
	src/xmpp/stanza_prefixed.c \
	src/xmpp/stanza_tree.c \
	src/xmpp/stanza_writer.c \
	src/xmpp/stanza_writer_int.h \
	src/xmpp/xml_name_int.h \
	src/xmpp/unsent.c \
	src/xmpp/xml_scan.c \
	src/xmpp/xml_scan_int.h \
	src/xmpp/xml_stream.c \
	src/xmpp/xml_text.c \
	src/xmpp/xml_text_int.h \
	src/policy/choose.c \
	src/policy/memory.c \
	src/policy/matrix.c \
	src/policy/partner.c \
	src/policy/targets.c \
	src/trust/cert_facts.c \
	src/trust/cert_name.c \
	src/trust/pin.c \
	src/trust/reason.c \
	src/trust/dane.c \
	src/trust/tlsa.c \
	src/trust/verdict.c \
	src/config/config.c \
	src/config/diag.c \
	src/config/document.c \
	src/config/files.c \
	src/config/load.c \
	src/config/load_check.c \
	src/config/load_files.c \
	src/config/load_int.h \
	src/config/load_lint.c \
	src/config/manual.c \
	src/config/reference.c \
	src/config/schema.c \
	src/config/value.c \
	src/config/value_print.c \
	src/negotiation/classify.c \
	src/negotiation/initiating.c \
	src/negotiation/invariants.c \
	src/negotiation/negotiation.c \
	src/negotiation/negotiation_int.h \
	src/negotiation/pairs.c \
	src/negotiation/receiving.c \
	src/negotiation/table.c \
	src/negotiation/wire.c

NET_LIBS = $(EVENT_LIBS) $(SSL_LIBS) $(SASL_LIBS) $(UNBOUND_LIBS) -lresolv
NET_CFLAGS = $(EVENT_CFLAGS) $(SSL_CFLAGS) $(SASL_CFLAGS) $(UNBOUND_CFLAGS)
libfedgate_net_a_CFLAGS = $(AM_CFLAGS) $(NET_CFLAGS)
libfedgate_net_a_SOURCES = \
	src/net/address.c \
	src/net/address_int.h \
	src/net/connection.c \
	src/net/connection_int.h \
	src/net/connection_io.c \
	src/net/connection_tls.c \
	src/net/dns_answer.c \
	src/net/dns_answer_int.h \
	src/net/listener.c \
	src/net/loop.c \
	src/net/loop_int.h \
	src/net/mailbox.c \
	src/net/resolver.c \
	src/net/sasl.c \
	src/net/tls.c \
	src/net/tls_dane.c \
	src/net/tls_int.h \
	src/net/tls_verify.c \
	src/net/x509.c \
	src/net/x509_int.h

# outside and gateway: what federates, on top of net
libfedgate_gateway_a_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
libfedgate_gateway_a_SOURCES = \
	src/outside/dial.c \
	src/outside/dns_log.c \
	src/outside/expiry.c \
	src/outside/hosts.c \
	src/outside/race.c \
	src/outside/route.c \
	src/outside/seek.c \
	src/outside/snapshot.c \
	src/outside/stream.c \
	src/outside/stream_actions.c \
	src/outside/stream_dane.c \
	src/outside/stream_int.h \
	src/outside/stream_log.c \
	src/outside/tlsa_search.c \
	src/outside/verify.c \
	src/gateway/gateway.c \
	src/gateway/gateway_int.h \
	src/gateway/history.c \
	src/gateway/keeper.c \
	src/gateway/keeper_disk.c \
	src/gateway/keeper_int.h \
	src/gateway/limits.c \
	src/gateway/log_quota.c \
	src/gateway/links.c \
	src/gateway/reload.c \
	src/gateway/remember.c \
	src/gateway/report.c \
	src/gateway/trust_store.c \
	src/gateway/visitors.c \
	src/gateway/worker.c \
	src/gateway/worker_resolver.c

libfedgate_inside_a_CFLAGS = $(AM_CFLAGS)
libfedgate_inside_a_SOURCES = \
	src/inside/component.c \
	src/inside/responder.c

libfedgate_admin_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
libfedgate_admin_a_SOURCES = \
	src/admin/answers.c \
	src/admin/answers_int.h \
	src/admin/answers_json.c \
	src/admin/answers_trust.c \
	src/admin/calendar.c \
	src/admin/command_certificates.c \
	src/admin/command_check_config.c \
	src/admin/command_dns.c \
	src/admin/command_explain.c \
	src/admin/command_matrix.c \
	src/admin/command_pin.c \
	src/admin/command_reference.c \
	src/admin/command_reload.c \
	src/admin/command_status.c \
	src/admin/command_streams.c \
	src/admin/control.c \
	src/admin/control_client.c \
	src/admin/control_file.c \
	src/admin/control_int.h \
	src/admin/daemon.c \
	src/admin/dns_ask.c \
	src/admin/dns_int.h \
	src/admin/explain_daemon.c \
	src/admin/explain_int.h \
	src/admin/files.c \
	src/admin/remote.c \
	src/admin/remote_int.h \
	src/admin/material.c \
	src/admin/report.c \
	src/admin/report_int.h \
	src/admin/secret.c \
	src/admin/supervisor.c

sbin_PROGRAMS += fedgated
fedgated_SOURCES = src/fedgated.c
fedgated_LDADD = libfedgate_admin.a libfedgate_gateway.a libfedgate_inside.a libfedgate_net.a libfedgate_pure.a \
	$(PURE_LIBS) $(NET_LIBS) $(JANSSON_LIBS) $(SQLITE_LIBS) -lpthread

bin_PROGRAMS += fedgatectl
fedgatectl_SOURCES = src/fedgatectl.c
fedgatectl_LDADD = libfedgate_admin.a libfedgate_net.a libfedgate_pure.a $(PURE_LIBS) $(NET_LIBS) $(JANSSON_LIBS)

noinst_HEADERS += \
	include/admin/answers.h \
	include/admin/calendar.h \
	include/admin/command.h \
	include/admin/control.h \
	include/admin/control_client.h \
	include/admin/daemon.h \
	include/admin/files.h \
	include/admin/material.h \
	include/admin/secret.h \
	include/admin/supervisor.h \
	include/base/buf.h \
	include/base/clock.h \
	include/base/fail.h \
	include/base/fail_list.h \
	include/base/log.h \
	include/base/mem.h \
	include/base/random.h \
	include/base/str.h \
	include/gateway/gateway.h \
	include/gateway/history.h \
	include/gateway/keeper.h \
	include/gateway/limits.h \
	include/gateway/trust_entry.h \
	include/gateway/trust_store.h \
	include/gateway/log_quota.h \
	include/config/config.h \
	include/config/diag.h \
	include/config/document.h \
	include/config/schema.h \
	include/config/value.h \
	include/inside/component.h \
	include/inside/responder.h \
	include/negotiation/negotiation.h \
	include/negotiation/states.h \
	include/negotiation/wire.h \
	include/net/address.h \
	include/net/connection.h \
	include/net/listener.h \
	include/net/loop.h \
	include/net/mailbox.h \
	include/net/resolver.h \
	include/net/sasl.h \
	include/net/tls.h \
	include/net/x509.h \
	include/outside/attempt.h \
	include/outside/dial.h \
	include/outside/dns_log.h \
	include/outside/expiry.h \
	include/outside/hosts.h \
	include/outside/lesson.h \
	include/outside/outside.h \
	include/outside/race.h \
	include/outside/route.h \
	include/outside/seek.h \
	include/outside/snapshot.h \
	include/outside/stream.h \
	include/outside/tlsa_search.h \
	include/outside/verify.h \
	include/policy/choose.h \
	include/policy/matrix.h \
	include/policy/memory.h \
	include/policy/partner.h \
	include/policy/targets.h \
	include/trust/cert_facts.h \
	include/trust/cert_name.h \
	include/trust/pin.h \
	include/trust/reason.h \
	include/trust/dane.h \
	include/trust/tlsa.h \
	include/trust/verdict.h \
	include/xmpp/component_handshake.h \
	include/xmpp/compose.h \
	include/xmpp/dialback_key.h \
	include/xmpp/element.h \
	include/xmpp/features.h \
	include/xmpp/jid.h \
	include/xmpp/ns.h \
	include/xmpp/srv.h \
	include/xmpp/stanza.h \
	include/xmpp/stanza_tree.h \
	include/xmpp/unsent.h \
	include/xmpp/xml_stream.h
