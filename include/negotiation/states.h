/* states: what a negotiation can be in, either role. */
#ifndef NEGOTIATION_STATES_H
#define NEGOTIATION_STATES_H

/* STATE(NAME, text, what it means) */
/* clang-format off */
#define NEGOTIATION_STATES(STATE) \
STATE(NEW, "new", "not connected yet") \
STATE(HEADER, "header", "waiting for the peer's stream header") \
STATE(FEATURES, "features", "initiating: waiting for the peer's features") \
STATE(PROCEED, "proceed", "initiating: asked for TLS, waiting for the answer") \
STATE(TLS, "tls", "the TLS handshake is running; nothing is read or written") \
STATE(CERTIFICATE, "certificate", "waiting for the facts of the peer's certificate") \
STATE(READY, "ready", "receiving: features sent, nothing authorised yet; initiating: ready to verify keys") \
STATE(SASL, "sasl", "waiting for the SASL library") \
STATE(AUTH, "auth", "the next SASL element is the peer's") \
STATE(DIALBACK, "dialback", "initiating: asked for a pair by dialback, waiting for the answer") \
STATE(OPEN, "open", "at least one pair was authorised") \
STATE(CLOSING, "closing", "our closing tag is sent, the peer's is awaited") \
STATE(DEAD, "dead", "over; absorbs everything")
/* clang-format on */

#define NEGOTIATION_STATE_ENUM(name, ...) NEGOTIATION_##name,
enum negotiation_state { NEGOTIATION_STATES(NEGOTIATION_STATE_ENUM) NEGOTIATION_STATE_COUNT };
#undef NEGOTIATION_STATE_ENUM

#endif
