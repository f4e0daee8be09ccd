/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as what comes over the control socket, the ring, or out of the store: JSON, a value a
 * line. What can be read is written as the same bytes again and again; a record that is
 * understood, written and read once more is the same record; a message that is packed can be
 * unpacked, and with one bit of it turned it is refused.
 */
#include "ha/base/text.h"
#include "ha/model/codec.h"
#include "ha/model/codec_view.h"
#include "quorum/wire.h"
#include "tests/fuzz/fuzz.h"

static const char policy_text[] =
    "cluster home\nnode alpha\nnode beta\nnode gamma\nfencing { watchdog 5s }\n"
    "service ocf:db { agent a:b }\nservice ocf:web { agent a:b; try on alpha, then beta }\n";

static const struct policy *policy;
static struct roster roster;

unsigned fuzz_language(const uint8_t *bytes, size_t length, size_t *at)
{
    (void)bytes;
    (void)length;
    (void)at;
    return 0;
}

static void begin(void)
{
    static const char *const names[] = {"alpha", "beta", "gamma"};
    struct fuzz_reading reading = fuzz_read(arena_new(), policy_text, strlen(policy_text));

    assert(reading.is_right);
    policy = reading.policy;
    roster.n_nodes = 3;
    for (unsigned i = 0; i < 3; i++) {
        text_copy(roster.nodes[i].name, NODE_NAME_MAX, names[i]);
        roster.nodes[i].nodeid = i + 1;
    }
}

/* A reader and the writer that belongs to it; NULL: it cannot be read. */
typedef json_t *again_fn(const json_t *from);

static json_t *again_node(const json_t *from)
{
    struct node node = {0};
    struct err err = {.text = ""};

    if (!codec_read_node(from, policy, &node, &err)) {
        assert(err.text[0]);
        return NULL;
    }
    return codec_node(&node, policy);
}

static json_t *again_service(const json_t *from)
{
    struct service service = {0};
    struct err err = {.text = ""};

    if (!codec_read_service(from, policy, &service, &err)) {
        assert(err.text[0]);
        return NULL;
    }
    return codec_service(&service, policy);
}

static json_t *again_cluster(const json_t *from)
{
    /* Megabytes, of which the record is a few words. */
    static struct ha_state state;
    struct err err = {.text = ""};
    json_t *json = codec_read_cluster(from, &state, &err) ? codec_cluster(&state) : NULL;

    assert(json || err.text[0]);
    return json;
}

static json_t *again_command(const json_t *from)
{
    struct command command = {0};
    struct err err = {.text = ""};

    if (!codec_read_command(from, policy, &command, &err)) {
        assert(err.text[0]);
        return NULL;
    }
    return codec_command(&command, policy);
}

static json_t *again_row(const json_t *from)
{
    struct report_row row = {0};
    struct err err = {.text = ""};

    if (!codec_read_report_row(from, policy, &row, &err)) {
        assert(err.text[0]);
        return NULL;
    }
    return codec_report_row(&row, policy);
}

static json_t *again_reason(const json_t *from)
{
    struct reason reason = {0};

    return codec_read_reason(from, policy, &reason) ? codec_reason(&reason, policy) : NULL;
}

static json_t *again_view(const json_t *from)
{
    struct node_view view = {0};
    struct err err = {.text = ""};

    return codec_read_node_view(from, &view, &err) ? codec_node_view(&view) : NULL;
}

static json_t *again_beat(const json_t *from)
{
    struct beat beat;
    struct err err = {.text = ""};

    if (!wire_beat_read(&roster, from, &beat, &err)) {
        assert(err.text[0]);
        return NULL;
    }
    return wire_beat(&roster, &beat);
}

static json_t *again_ages(const json_t *from)
{
    struct lease_ages ages;
    struct err err = {.text = ""};

    if (!wire_ages_read(&roster, from, &ages, &err)) {
        assert(err.text[0]);
        return NULL;
    }
    return wire_ages(&roster, &ages);
}

static void check_record(const json_t *from, again_fn *again)
{
    json_t *once = again(from), *twice;
    char *first, *second;

    if (!once)
        return;
    twice = again(once);
    assert(twice);
    first = json_write(once);
    second = json_write(twice);
    assert(strcmp(first, second) == 0);
    free(first);
    free(second);
    json_decref(once);
    json_decref(twice);
}

static void check_json(const json_t *value)
{
    char *once = json_write(value), *twice;
    json_t *again =
        json_is_object(value) || json_is_array(value) ? json_read(once, strlen(once), NULL) : NULL;

    if (again) {
        twice = json_write(again);
        assert(strcmp(once, twice) == 0 && json_equal(value, again));
        free(twice);
    }
    assert(again || !(json_is_object(value) || json_is_array(value)));
    json_decref(again);
    free(once);
}

static void check_message(const json_t *body, unsigned salt)
{
    struct wire_message message;
    struct err err = {.text = ""};
    size_t length;
    unsigned char *bytes = wire_pack(1 + salt % (WIRE_KINDS - 1), salt, body, &length);

    assert(wire_unpack(bytes, length, &message, &err));
    assert(json_equal(message.body, body) && message.view == salt);
    json_decref(message.body);
    bytes[salt % length] ^= (unsigned char)(1u << salt / length % 8);
    assert(!wire_unpack(bytes, length, &message, &err) && err.text[0]);
    free(bytes);
}

static void check_line(const char *text, size_t length)
{
    static again_fn *const all[] = {again_node,    again_service, again_cluster,
                                    again_command, again_row,     again_reason,
                                    again_view,    again_beat,    again_ages};
    struct err err = {.text = ""};
    json_t *value = json_read(text, length, &err);
    node_set nodes;

    assert(value || err.text[0]);
    if (!value)
        return;
    check_json(value);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        check_record(value, all[i]);
    wire_nodes_read(&roster, value, &nodes, &err);
    if (json_is_object(value))
        check_message(value, wire_crc32c(text, length));
    json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const char *at = (const char *)bytes, *end = at + length;
    struct wire_message message = {.body = NULL};
    struct err err = {.text = ""};

    if (!policy)
        begin();
    if (wire_unpack(bytes, length, &message, &err))
        json_decref(message.body);
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;

        check_line(at, (size_t)(stop - at));
        at = stop + 1;
    }
    return 0;
}
