# Tests of the network half: real loops, sockets and libraries, loopback only.
NET_TESTS = \
	tests/net/test_sasl
check_PROGRAMS += $(NET_TESTS)
TESTS += $(NET_TESTS)
NET_LDADD = libtests.a libfedgate_net.a libfedgate_pure.a $(NET_LIBS) $(PURE_LIBS) $(CMOCKA_LIBS)
tests_net_test_sasl_LDADD = $(NET_LDADD) -lpthread
