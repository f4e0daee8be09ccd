/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The frame of a message and its checks, and the bodies that speak of leases; see wire.h. */
#include "quorum/wire.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"
#include "ha/base/text.h"

#define MAGIC 0x54454e55u /* "TENU" */
/* The longest span anybody may announce: a day. Beyond it sums of times would be at risk. */
#define SPAN_MS_MAX (24 * 3600 * 1000)

struct header {
    uint32_t magic;
    uint16_t version, kind;
    uint32_t length, crc;
    uint64_t view;
};
_Static_assert(sizeof(struct header) == WIRE_HEADER_BYTES, "the header has no holes");

#define CRC_STEP 8
static uint32_t crc_table[CRC_STEP][256];

/* Castagnoli's polynomial, bit by bit. Before main: two threads use it. */
__attribute__((constructor)) static void make_crc_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t word = i;

        for (int bit = 0; bit < 8; bit++)
            word = (word >> 1) ^ (word & 1 ? 0x82f63b78u : 0);
        crc_table[0][i] = word;
    }
    for (int step = 1; step < CRC_STEP; step++) {
        for (int i = 0; i < 256; i++) {
            uint32_t word = crc_table[step - 1][i];

            crc_table[step][i] = (word >> 8) ^ crc_table[0][word & 0xff];
        }
    }
}

/* Eight bytes at a time: each has a table that knows how many bytes come behind it. */
uint32_t wire_crc32c(const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    uint32_t crc = 0xffffffffu;

    for (; length >= CRC_STEP; length -= CRC_STEP, at += CRC_STEP) {
        uint32_t next = 0;

        for (int i = 0; i < CRC_STEP; i++)
            next ^= crc_table[CRC_STEP - 1 - i][at[i] ^ (i < 4 ? (crc >> (8 * i)) & 0xff : 0)];
        crc = next;
    }
    while (length-- > 0)
        crc = (crc >> 8) ^ crc_table[0][(crc ^ *at++) & 0xff];
    return ~crc;
}

/* Covers the header too: a kind or view that flips on the way must not pass. */
static uint32_t seal(const struct header *header, const void *body, size_t length)
{
    struct header bare = *header;

    bare.crc = 0;
    return wire_crc32c(&bare, sizeof(bare)) ^ (wire_crc32c(body, length) * 2654435761u);
}

void *wire_pack(enum wire_kind kind, uint64_t view, const json_t *body, size_t *length)
{
    char *text = json_write(body);
    size_t text_length = strlen(text);
    char *bytes = xcalloc(1, sizeof(struct header) + text_length);
    struct header header = {
        .magic = htobe32(MAGIC),
        .version = htobe16(wire_major),
        .kind = htobe16((uint16_t)kind),
        .length = htobe32((uint32_t)text_length),
        .view = htobe64(view),
    };

    header.crc = htobe32(seal(&header, text, text_length));
    memcpy(bytes, &header, sizeof(header));
    memcpy(bytes + sizeof(header), text, text_length);
    free(text);
    *length = sizeof(header) + text_length;
    return bytes;
}

uint16_t wire_major_of(const void *bytes, size_t length)
{
    struct header header;

    if (length < sizeof(header))
        return 0;
    memcpy(&header, bytes, sizeof(header));
    return be32toh(header.magic) == MAGIC ? be16toh(header.version) : 0;
}

bool wire_unpack(const void *bytes, size_t length, struct wire_message *message, struct err *err)
{
    struct header header;
    const char *body = (const char *)bytes + sizeof(header);

    memset(message, 0, sizeof(*message));
    if (length < sizeof(header))
        return err_set(err, "a message of %zu bytes is cut short", length);
    memcpy(&header, bytes, sizeof(header));
    if (be32toh(header.magic) != MAGIC)
        return err_set(err, "a message that is not tenuto's");
    if (be16toh(header.version) != wire_major)
        return err_set(err,
                       "a message of protocol %d, and we speak %d: run the same release "
                       "of tenuto on all nodes",
                       be16toh(header.version), wire_major);
    if (be32toh(header.length) != length - sizeof(header))
        return err_set(err, "a message says that it is %u bytes long and is %zu",
                       be32toh(header.length), length - sizeof(header));
    if (be32toh(header.crc) != seal(&header, body, length - sizeof(header)))
        return err_set(err, "a message was changed on the way (its checksum is wrong)");
    message->view = be64toh(header.view);
    if (be16toh(header.kind) == 0)
        return err_set(err, "a message of no kind");
    message->kind = be16toh(header.kind) < WIRE_KINDS ? be16toh(header.kind) : WIRE_KINDS;
    if (message->kind == WIRE_KINDS)
        return true;
    message->body = json_read(body, length - sizeof(header), err);
    if (!message->body)
        return err_in(err, "a message");
    if (!json_is_object(message->body)) {
        json_decref(message->body);
        message->body = NULL;
        return err_set(err, "a message that is no JSON object");
    }
    return true;
}

json_t *wire_word(uint64_t word)
{
    return json_integer((json_int_t)word);
}

bool wire_need_word(const json_t *object, const char *key, uint64_t *word, struct err *err)
{
    int64_t value;

    if (!json_need_int(object, key, &value, err))
        return false;
    *word = (uint64_t)value;
    return true;
}

static bool need_span(const json_t *object, const char *key, struct duration *span, struct err *err)
{
    int64_t ms;

    if (!json_need_int(object, key, &ms, err))
        return false;
    if (ms < 0 || ms > SPAN_MS_MAX)
        return err_set(err, "\"%s\" is no span of at most a day: %lld ms", key, (long long)ms);
    *span = duration_ms(ms);
    return true;
}

static bool need_boot_id(const json_t *object, char *boot_id, struct err *err)
{
    const char *text;

    if (!json_need_text(object, "boot", &text, err))
        return false;
    return text_copy(boot_id, BOOT_ID_MAX, text) || err_set(err, "\"boot\" is too long");
}

/* ---- beats ----------------------------------------------------------------------------------- */

json_t *wire_beat(const struct roster *roster, const struct beat *beat)
{
    json_t *acks = json_array();

    for (int i = 0; i < roster->n_nodes; i++) {
        const struct beat_ack *ack = &beat->acks[i];

        if (ack->incarnation)
            json_array_append_new(acks,
                                  json_pack("[IoI]", (json_int_t)roster->nodes[i].nodeid,
                                            wire_word(ack->incarnation), (json_int_t)ack->number));
    }
    return json_pack("{s:[Io], s:o, s:I, s:o, s:s, s:b, s:I, s:I, s:o}", "ring",
                     (json_int_t)beat->ring.seq, json_integer(beat->ring.node), "roster",
                     wire_word(beat->roster), "number", (json_int_t)beat->number, "incarnation",
                     wire_word(beat->incarnation), "boot", beat->boot_id, "armed",
                     (int)beat->is_armed, "watchdog", (json_int_t)beat->watchdog.ms, "lease",
                     (json_int_t)beat->lease.ms, "acks", acks);
}

static bool read_acks(const struct roster *roster, const json_t *list, struct beat *beat,
                      struct err *err)
{
    const json_t *entry;
    size_t at;

    if (!json_is_array(list))
        return err_set(err, "\"acks\" is missing or no list");
    json_array_foreach(list, at, entry)
    {
        json_int_t nodeid, incarnation, number;
        node_id node;

        if (json_unpack((json_t *)entry, "[III!]", &nodeid, &incarnation, &number) != 0)
            return err_set(err, "\"acks\" holds something that is no acknowledgement");
        node = roster_find(roster, (uint32_t)nodeid);
        if (node != NODE_NONE)
            beat->acks[node] = (struct beat_ack){(uint64_t)incarnation, (uint64_t)number};
    }
    return true;
}

bool wire_beat_read(const struct roster *roster, const json_t *body, struct beat *beat,
                    struct err *err)
{
    json_int_t seq, node;

    memset(beat, 0, sizeof(*beat));
    if (json_unpack((json_t *)body, "{s:[II!]}", "ring", &seq, &node) != 0)
        return err_set(err, "\"ring\" is missing or no ring");
    beat->ring = (struct ring_id){(uint64_t)seq, (uint32_t)node};
    beat->is_armed = json_flag(body, "armed", true);
    return wire_need_word(body, "roster", &beat->roster, err) &&
           wire_need_word(body, "number", &beat->number, err) &&
           wire_need_word(body, "incarnation", &beat->incarnation, err) &&
           need_boot_id(body, beat->boot_id, err) &&
           need_span(body, "watchdog", &beat->watchdog, err) &&
           need_span(body, "lease", &beat->lease, err) &&
           read_acks(roster, json_object_get(body, "acks"), beat, err);
}

/* ---- ages ------------------------------------------------------------------------------------ */

json_t *wire_ages(const struct roster *roster, const struct lease_ages *ages)
{
    json_t *list = json_array();

    for (int i = 0; i < roster->n_nodes; i++) {
        const struct lease_age *age = &ages->of[i];

        if (!age->is_heard && !age->incarnation && !age->boot_id[0])
            continue;
        json_array_append_new(
            list, json_pack("{s:I, s:b, s:b, s:b, s:I, s:I, s:I, s:s, s:o, s:I}", "node",
                            (json_int_t)roster->nodes[i].nodeid, "heard", (int)age->is_heard,
                            "vouched", (int)age->is_vouched, "armed", (int)age->is_armed, "age",
                            (json_int_t)age->age.ms, "watchdog", (json_int_t)age->watchdog.ms,
                            "lease", (json_int_t)age->lease.ms, "boot", age->boot_id, "incarnation",
                            wire_word(age->incarnation), "number", (json_int_t)age->number));
    }
    return json_pack("{s:o, s:o, s:o}", "base", wire_word(ages->base), "path",
                     wire_word(ages->path), "of", list);
}

static bool read_age(const json_t *entry, struct lease_age *age, struct err *err)
{
    int64_t ms;

    if (!json_need_int(entry, "age", &ms, err))
        return false;
    if (ms < 0)
        return err_set(err, "\"age\" is below zero");
    age->age = duration_ms(ms);
    age->is_heard = json_flag(entry, "heard", false);
    age->is_vouched = json_flag(entry, "vouched", false);
    age->is_armed = json_flag(entry, "armed", true);
    return need_span(entry, "watchdog", &age->watchdog, err) &&
           need_span(entry, "lease", &age->lease, err) && need_boot_id(entry, age->boot_id, err) &&
           wire_need_word(entry, "incarnation", &age->incarnation, err) &&
           wire_need_word(entry, "number", &age->number, err);
}

bool wire_ages_read(const struct roster *roster, const json_t *body, struct lease_ages *ages,
                    struct err *err)
{
    const json_t *list = json_object_get(body, "of"), *entry;
    size_t at;

    memset(ages, 0, sizeof(*ages));
    if (!json_is_array(list))
        return err_set(err, "\"of\" is missing or no list");
    json_array_foreach(list, at, entry)
    {
        node_id node = roster_find(roster, (uint32_t)json_int(entry, "node", 0));

        if (node != NODE_NONE && !read_age(entry, &ages->of[node], err))
            return false;
    }
    return wire_need_word(body, "base", &ages->base, err) &&
           wire_need_word(body, "path", &ages->path, err);
}

json_t *wire_nodes(const struct roster *roster, node_set nodes)
{
    json_t *list = json_array();

    NODE_SET_EACH(node, nodes)
    json_array_append_new(list, json_integer(roster->nodes[node].nodeid));
    return list;
}

bool wire_nodes_read(const struct roster *roster, const json_t *list, node_set *nodes,
                     struct err *err)
{
    const json_t *entry;
    size_t at;

    *nodes = 0;
    if (!json_is_array(list))
        return err_set(err, "a list of nodes is missing");
    json_array_foreach(list, at, entry) *nodes |=
        node_bit(roster_find(roster, (uint32_t)json_integer_value(entry)));
    return true;
}
