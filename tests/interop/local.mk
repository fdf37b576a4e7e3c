# Federation with real servers, started from scratch folders; without contrib/packages --interop these are skipped.
check_PROGRAMS += tests/lib/component tests/lib/ask tests/lib/await
INTEROP_TESTS = tests/interop/prosody.sh tests/interop/ejabberd.sh tests/interop/ejabberd_usage.sh \
	tests/interop/jabberd2.sh tests/interop/direct_tls.sh
TESTS += $(INTEROP_TESTS)
dist_check_SCRIPTS += $(INTEROP_TESTS)
EXTRA_DIST += tests/lib/peers.sh tests/lib/interop.sh tests/lib/ejabberd_interop.sh tests/lib/prosody_interop.sh
