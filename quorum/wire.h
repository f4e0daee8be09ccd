/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages between members: a header of 24 bytes (magic, version, kind, length,
 * CRC-32C, view; big endian) and a JSON object. The view is the group that the
 * sender was in; a message of another view counts for nothing.
 */
#pragma once

#include "ha/base/json.h"
#include "quorum/lease.h"

#define WIRE_HEADER_BYTES 24

/*
 * The protocol of the ring. Agents of another major count as if they were not there. A minor adds
 * kinds of messages and records, and members of both, that older ones pass over and carry on
 * unharmed; see PROTOCOL.md. Of this build, in an object of their own:
 */
extern const uint16_t wire_major, wire_minor;

enum wire_kind {
    WIRE_BEAT = 1, /* I am here, and heard you */
    WIRE_HELLO,    /* the exchange: what I have and what I know */
    WIRE_CHUNK,    /* a piece of the newest records, for those behind */
    WIRE_READY,    /* I have the newest records, and have them on disk */
    WIRE_PATCH,    /* the leader's next change */
    WIRE_ACK,      /* I have applied everything up to this */
    WIRE_STORED,   /* and have it on disk up to this */
    WIRE_TELL,     /* something opaque */
    WIRE_SKIP,     /* do not wait for these, they are silent */
    WIRE_AGAIN,    /* everybody tells once more: a round of that number */
    WIRE_READ,     /* who is still in this view? somebody reads */
    WIRE_HEARD,    /* I am: the answer to the read of that node and number */
    WIRE_SETTLE,   /* whoever is absent is off for sure, and all who are here are ready */
    WIRE_KINDS     /* and above: of a newer minor, for others than us */
};

struct wire_message {
    enum wire_kind kind;
    uint64_t view;
    json_t *body; /* an object, the caller's to release; NULL: of a kind that we do not know */
};

/* Bytes to send; the caller frees. */
void *wire_pack(enum wire_kind kind, uint64_t view, const json_t *body, size_t *length);
/* The major of who sent it; 0: this is no message at all. */
uint16_t wire_major_of(const void *bytes, size_t length);
/* false and words: cut short, changed on the way, of another version, or not ours at all. */
bool wire_unpack(const void *bytes, size_t length, struct wire_message *message, struct err *err);

uint32_t wire_crc32c(const void *bytes, size_t length);

/* Values that JSON carries as signed words. */
json_t *wire_word(uint64_t word);
bool wire_need_word(const json_t *object, const char *key, uint64_t *word, struct err *err);

json_t *wire_beat(const struct roster *roster, const struct beat *beat);
bool wire_beat_read(const struct roster *roster, const json_t *body, struct beat *beat,
                    struct err *err);
json_t *wire_ages(const struct roster *roster, const struct lease_ages *ages);
bool wire_ages_read(const struct roster *roster, const json_t *body, struct lease_ages *ages,
                    struct err *err);
json_t *wire_nodes(const struct roster *roster, node_set nodes);
bool wire_nodes_read(const struct roster *roster, const json_t *list, node_set *nodes,
                     struct err *err);
