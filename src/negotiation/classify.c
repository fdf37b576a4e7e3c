/* Names of states, events and actions; and which event an element is. */
#include <stddef.h>
#include <string.h>

#include "negotiation/negotiation.h"
#include "xmpp/ns.h"

const char *negotiation_role_str(enum negotiation_role role)
{
	return role == ROLE_INITIATING ? "initiating" : "receiving";
}

#define STATE_STR(name, text, meaning) [NEGOTIATION_##name] = text,
#define STATE_TEXT(name, text, meaning) [NEGOTIATION_##name] = meaning,
#define EVENT_STR(name, text) [EVENT_##name] = text,
#define ACTION_STR(name, text) [ACTION_##name] = text,

const char *negotiation_state_str(enum negotiation_state state)
{
	static const char *const names[] = { NEGOTIATION_STATES(STATE_STR) };

	return names[state];
}

const char *negotiation_state_text(enum negotiation_state state)
{
	static const char *const texts[] = { NEGOTIATION_STATES(STATE_TEXT) };

	return texts[state];
}

const char *negotiation_event_str(enum negotiation_event_type type)
{
	static const char *const names[] = { NEGOTIATION_EVENTS(EVENT_STR) };

	return names[type];
}

const char *negotiation_action_str(enum negotiation_action_type type)
{
	static const char *const names[] = { NEGOTIATION_ACTIONS(ACTION_STR) };

	return names[type];
}

const char *dialback_outcome_str(enum dialback_outcome outcome)
{
	static const char *const names[] = {
		[DIALBACK_VALID] = "valid",	    [DIALBACK_INVALID] = "invalid",
		[DIALBACK_NOT_FOUND] = "not-found", [DIALBACK_UNREACHABLE] = "unreachable",
		[DIALBACK_TIMEOUT] = "timeout",	    [DIALBACK_OVERLOAD] = "overload",
	};
	return names[outcome];
}

struct name {
	const char *ns;
	const char *name;
	enum negotiation_event_type type;
};

static const struct name elements[] = {
	{ NS_STREAM, "features", EVENT_FEATURES },
	{ NS_STREAM, "error", EVENT_STREAM_ERROR },
	{ NS_TLS, "starttls", EVENT_STARTTLS },
	{ NS_TLS, "proceed", EVENT_PROCEED },
	{ NS_TLS, "failure", EVENT_TLS_FAILURE },
	{ NS_SASL, "auth", EVENT_AUTH },
	{ NS_SASL, "challenge", EVENT_CHALLENGE },
	{ NS_SASL, "response", EVENT_RESPONSE },
	{ NS_SASL, "success", EVENT_SUCCESS },
	{ NS_SASL, "failure", EVENT_SASL_FAILURE },
	{ NS_SASL, "abort", EVENT_ABORT },
	{ NS_DIALBACK, "result", EVENT_RESULT },
	{ NS_DIALBACK, "verify", EVENT_VERIFY_REQUEST },
};

enum negotiation_event_type negotiation_classify(const struct element *e)
{
	enum negotiation_event_type type = EVENT_ELEMENT;
	size_t i;

	for (i = 0; i < sizeof(elements) / sizeof(*elements); i++)
		if (element_is(e, elements[i].ns, elements[i].name))
			type = elements[i].type;
	/* a type makes an answer of either [XEP-0220 2.1] */
	if (type == EVENT_RESULT && element_attribute(e, "type"))
		return EVENT_RESULT_ANSWER;
	if (type == EVENT_VERIFY_REQUEST && element_attribute(e, "type"))
		return EVENT_VERIFY_ANSWER;
	return type;
}
