# Tests of the network half: real loops, sockets and libraries, loopback only.
NET_TESTS = \
	tests/net/test_address \
	tests/net/test_certificates \
	tests/net/test_component \
	tests/net/test_connection \
	tests/net/test_listener \
	tests/net/test_loop \
	tests/net/test_mailbox \
	tests/net/test_partial \
	tests/net/test_peers \
	tests/net/test_race \
	tests/net/test_resolver \
	tests/net/test_sasl \
	tests/net/test_tls \
	tests/net/test_verification
check_PROGRAMS += $(NET_TESTS) tests/net/look
TESTS += $(NET_TESTS)

check_LIBRARIES += libnettests.a
libnettests_a_CFLAGS = $(AM_CFLAGS) $(NET_CFLAGS) -I$(top_srcdir)/tests/net
libnettests_a_SOURCES = \
	tests/net/ends.c \
	tests/net/ends.h \
	tests/net/links.c \
	tests/net/links.h \
	tests/net/party.c \
	tests/net/party.h \
	tests/net/pki.c \
	tests/net/pki.h \
	tests/net/raw.c \
	tests/net/raw.h \
	tests/net/responder.c \
	tests/net/responder.h

NET_LDADD = libnettests.a libtests.a libfedgate_inside.a libfedgate_net.a libfedgate_pure.a $(NET_LIBS) $(PURE_LIBS) \
	$(CMOCKA_LIBS) -lpthread
tests_net_look_LDADD = libfedgate_net.a libfedgate_pure.a $(NET_LIBS) $(PURE_LIBS)
tests_net_test_address_LDADD = $(NET_LDADD)
tests_net_test_certificates_LDADD = $(NET_LDADD)
tests_net_test_component_LDADD = $(NET_LDADD)
tests_net_test_connection_LDADD = $(NET_LDADD)
tests_net_test_listener_LDADD = $(NET_LDADD)
tests_net_test_loop_LDADD = $(NET_LDADD)
tests_net_test_mailbox_LDADD = $(NET_LDADD)
tests_net_test_resolver_LDADD = $(NET_LDADD)
tests_net_test_partial_LDADD = $(NET_LDADD)
tests_net_test_peers_LDADD = $(NET_LDADD)
tests_net_test_race_LDADD = libfedgate_gateway.a $(NET_LDADD)
tests_net_test_sasl_LDADD = $(NET_LDADD)
tests_net_test_tls_LDADD = $(NET_LDADD)
tests_net_test_verification_LDADD = $(NET_LDADD)
