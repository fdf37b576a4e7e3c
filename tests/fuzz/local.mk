# Fuzz targets. With --enable-fuzzing libFuzzer drives them; else a main of ours replays the corpus.
if FUZZING
FUZZ_MAIN =
else
FUZZ_MAIN = tests/fuzz/replay.c
endif
FUZZ_LIBS = $(LDADD) $(FUZZ_LDFLAGS)

check_PROGRAMS += \
	tests/fuzz/fuzz_cert_name \
	tests/fuzz/fuzz_dns_answer \
	tests/fuzz/fuzz_config \
	tests/fuzz/fuzz_jid \
	tests/fuzz/fuzz_negotiation \
	tests/fuzz/fuzz_pair \
	tests/fuzz/fuzz_xml_stream
tests_fuzz_fuzz_cert_name_SOURCES = tests/fuzz/fuzz_cert_name.c tests/fuzz/fuzz_input.h $(FUZZ_MAIN)
tests_fuzz_fuzz_cert_name_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c tests/fuzz/fuzz_input.h $(FUZZ_MAIN)
tests_fuzz_fuzz_config_LDADD = $(FUZZ_LIBS)
# of the network half
tests_fuzz_fuzz_dns_answer_SOURCES = tests/fuzz/fuzz_dns_answer.c tests/fuzz/fuzz_input.h $(FUZZ_MAIN)
tests_fuzz_fuzz_dns_answer_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/src/net
tests_fuzz_fuzz_dns_answer_LDADD = libfedgate_net.a $(FUZZ_LIBS) $(NET_LIBS)
tests_fuzz_fuzz_jid_SOURCES = tests/fuzz/fuzz_jid.c tests/fuzz/fuzz_input.h $(FUZZ_MAIN)
tests_fuzz_fuzz_jid_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_negotiation_SOURCES = tests/fuzz/fuzz_negotiation.c tests/fuzz/fuzz_input.h $(FUZZ_MAIN)
tests_fuzz_fuzz_negotiation_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_pair_SOURCES = tests/fuzz/fuzz_pair.c tests/fuzz/fuzz_input.h $(FUZZ_MAIN)
tests_fuzz_fuzz_pair_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_xml_stream_SOURCES = tests/fuzz/fuzz_xml_stream.c tests/fuzz/fuzz_input.h $(FUZZ_MAIN)
tests_fuzz_fuzz_xml_stream_LDADD = $(FUZZ_LIBS)

if !FUZZING
TESTS += tests/fuzz/replay.sh
endif
