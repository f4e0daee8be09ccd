/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Committed records, pending patches and a window of the recent past; see ledger.h. */
#include "quorum/ledger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"

/* What a joiner is told of the past: enough for a timeline, small beside the records. */
#define RECENT_MAX 256
#define RECENT_BYTES_MAX (1024 * 1024)

struct recent {
    json_t *patch;
    size_t bytes;
};

struct ledger {
    struct ledger_head head; /* of the tip */
    uint64_t committed;
    json_t *records; /* at committed */
    /* Patches up to the tip, oldest first; the last (head.version - committed) are pending. */
    struct recent *recent;
    int n_recent, recent_size;
    size_t bytes;
};

static void forget_oldest(struct ledger *ledger)
{
    ledger->bytes -= ledger->recent[0].bytes;
    json_decref(ledger->recent[0].patch);
    ledger->n_recent--;
    memmove(ledger->recent, ledger->recent + 1, (size_t)ledger->n_recent * sizeof(struct recent));
}

static void remember(struct ledger *ledger, json_t *patch, size_t bytes)
{
    uint64_t pending = ledger->head.version - ledger->committed;

    while (ledger->n_recent > 0 && (uint64_t)ledger->n_recent > pending &&
           (ledger->n_recent >= RECENT_MAX || ledger->bytes > RECENT_BYTES_MAX))
        forget_oldest(ledger);
    /* Pending ones are all kept, however many: a slow disk here must not end this agent. */
    if (ledger->n_recent == ledger->recent_size) {
        ledger->recent_size = ledger->recent_size ? 2 * ledger->recent_size : 16;
        ledger->recent =
            xrealloc(ledger->recent, (size_t)ledger->recent_size * sizeof(*ledger->recent));
    }
    ledger->recent[ledger->n_recent] = (struct recent){json_incref(patch), bytes};
    ledger->bytes += bytes;
    ledger->n_recent++;
}

static size_t patch_bytes(const json_t *patch)
{
    return json_dumpb(patch, NULL, 0, JSON_COMPACT);
}

/* Only a past that leads up to the head without a gap is of use. */
static void take_history(struct ledger *ledger, const json_t *history)
{
    size_t count = json_array_size(history), at;
    int64_t first = (int64_t)ledger->head.version + 1 - (int64_t)count;
    json_t *patch;

    json_array_foreach(history, at, patch)
    {
        if (json_int(patch, "version", -1) != first + (int64_t)at)
            return;
    }
    json_array_foreach(history, at, patch) remember(ledger, patch, patch_bytes(patch));
}

struct ledger *ledger_new(const json_t *records, const struct ledger_head *head,
                          const json_t *history)
{
    struct ledger *ledger = xcalloc(1, sizeof(*ledger));

    ledger->records = records ? json_copy((json_t *)records) : json_object();
    ledger->head = *head;
    ledger->committed = head->version;
    take_history(ledger, history);
    return ledger;
}

static void clear(struct ledger *ledger)
{
    json_decref(ledger->records);
    for (int i = 0; i < ledger->n_recent; i++)
        json_decref(ledger->recent[i].patch);
    ledger->n_recent = 0;
    ledger->bytes = 0;
}

void ledger_free(struct ledger *ledger)
{
    if (!ledger)
        return;
    clear(ledger);
    free(ledger->recent);
    free(ledger);
}

struct ledger_head ledger_head(const struct ledger *ledger)
{
    return ledger->head;
}

uint64_t ledger_committed(const struct ledger *ledger)
{
    return ledger->committed;
}

const json_t *ledger_records(const struct ledger *ledger)
{
    return ledger->records;
}

void ledger_set_epoch(struct ledger *ledger, struct ring_id epoch)
{
    ledger->head.epoch = epoch;
}

/*
 * FNV-1a over the canonical bytes, chained: it tells two histories apart, it does not stop a liar.
 */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    hash ^= 0xcbf29ce484222325u;
    for (const char *at = text; *at; at++) {
        hash ^= (unsigned char)*at;
        hash *= 0x100000001b3u;
    }
    return hash;
}

uint64_t ledger_hash_next(uint64_t hash, const json_t *patch)
{
    return ledger_link(hash, patch).after;
}

void ledger_patch_apply(json_t *records, const json_t *patch)
{
    json_t *set = json_object_get(patch, "set"), *value;
    json_t *delete = json_object_get(patch, "delete");
    const char *key;
    size_t at;

    json_array_foreach(delete, at, value) json_object_del(records, json_string_value(value));
    json_object_foreach(set, key, value) json_object_set(records, key, value);
}

bool ledger_patch_is_valid(const json_t *patch, struct err *err)
{
    json_t *set = json_object_get(patch, "set"), *value;
    json_t *delete = json_object_get(patch, "delete");
    const char *key;
    size_t at;

    if (!json_is_object(patch))
        return err_set(err, "a change of the records must be a JSON object");
    if ((set && !json_is_object(set)) || (delete &&!json_is_array(delete)))
        return err_set(err, "a change needs \"set\" as an object and \"delete\" as a list");
    json_object_foreach(set, key, value)
    {
        if (!json_is_string(value))
            return err_set(err, "the record \"%s\" is not text", key);
    }
    json_array_foreach(delete, at, value)
    {
        if (!json_is_string(value))
            return err_set(err, "\"delete\" holds something that is no key");
    }
    return true;
}

struct ledger_link ledger_link(uint64_t before, const json_t *patch)
{
    char *text = json_write(patch);
    struct ledger_link link = {before, hash_text(before, text), strlen(text)};

    free(text);
    return link;
}

void ledger_append(struct ledger *ledger, json_t *patch, const struct ledger_link *known)
{
    struct ledger_link link = known && known->before == ledger->head.hash
                                  ? *known
                                  : ledger_link(ledger->head.hash, patch);

    ledger->head.hash = link.after;
    remember(ledger, patch, link.bytes);
    ledger->head.version++;
}

static int index_of(const struct ledger *ledger, uint64_t version)
{
    uint64_t behind = ledger->head.version - version;

    if (version == 0 || version > ledger->head.version || behind >= (uint64_t)ledger->n_recent)
        return -1;
    return ledger->n_recent - 1 - (int)behind;
}

const json_t *ledger_find(const struct ledger *ledger, uint64_t version)
{
    int at = index_of(ledger, version);

    return at < 0 ? NULL : ledger->recent[at].patch;
}

uint64_t ledger_oldest(const struct ledger *ledger)
{
    return ledger->n_recent ? ledger->head.version + 1 - (uint64_t)ledger->n_recent : 0;
}

const json_t *ledger_commit(struct ledger *ledger)
{
    const json_t *patch;

    assert(ledger->committed < ledger->head.version);
    patch = ledger_find(ledger, ledger->committed + 1);
    assert(patch);
    ledger_patch_apply(ledger->records, patch);
    ledger->committed++;
    return patch;
}

json_t *ledger_tip_records(const struct ledger *ledger)
{
    json_t *tip = json_copy(ledger->records);

    for (uint64_t version = ledger->committed + 1; version <= ledger->head.version; version++)
        ledger_patch_apply(tip, ledger_find(ledger, version));
    return tip;
}

static json_t *patches_between(const struct ledger *ledger, uint64_t after, uint64_t upto)
{
    json_t *list = json_array();

    for (int i = 0; i < ledger->n_recent; i++) {
        uint64_t version = ledger_oldest(ledger) + (uint64_t)i;

        if (version > after && version <= upto)
            json_array_append(list, ledger->recent[i].patch);
    }
    return list;
}

json_t *ledger_history(const struct ledger *ledger)
{
    return patches_between(ledger, 0, ledger->head.version);
}

json_t *ledger_past(const struct ledger *ledger)
{
    return patches_between(ledger, 0, ledger->committed);
}

/* Two histories part once: from the first patch that differs on, all of it is lost. */
json_t *ledger_lost(const struct ledger *ledger, const json_t *past)
{
    json_t *lost = NULL, *patch;
    size_t at;

    json_array_foreach(past, at, patch)
    {
        uint64_t version = (uint64_t)json_int(patch, "version", 0);
        const json_t *same = ledger_find(ledger, version);
        bool is_unknown = json_flag(patch, "damaged", false) || json_flag(same, "damaged", false) ||
                          ledger->n_recent == 0 || version < ledger_oldest(ledger);
        bool is_there = version <= ledger->head.version && (is_unknown || json_equal(same, patch));

        if (!lost && !is_there)
            lost = json_array();
        if (lost)
            json_array_append(lost, patch);
    }
    return lost;
}

char *ledger_write(const struct ledger *ledger)
{
    autojson *all = json_pack(
        "{s:I, s:I, s:I, s:O, s:o, s:o}", "committed", (json_int_t)ledger->committed, "version",
        (json_int_t)ledger->head.version, "hash", (json_int_t)ledger->head.hash, "records",
        ledger->records, "history", patches_between(ledger, 0, ledger->committed), "pending",
        patches_between(ledger, ledger->committed, ledger->head.version));

    return json_write(all);
}

static bool are_patches(const json_t *list, struct err *err)
{
    json_t *patch;
    size_t at;

    if (!json_is_array(list))
        return err_set(err, "a list of changes is missing");
    json_array_foreach(list, at, patch)
    {
        if (!ledger_patch_is_valid(patch, err))
            return false;
    }
    return true;
}

/* Whether it can be taken as a whole: half of it would be worse than nothing. */
static bool is_whole(const json_t *all, const struct ledger_head *wanted, struct err *err)
{
    json_t *records = json_object_get(all, "records"), *value;
    json_t *pending = json_object_get(all, "pending");
    int64_t committed, version, hash;
    const char *key;

    if (!json_need_int(all, "committed", &committed, err) ||
        !json_need_int(all, "version", &version, err) || !json_need_int(all, "hash", &hash, err) ||
        !are_patches(pending, err) || !are_patches(json_object_get(all, "history"), err))
        return false;
    if ((uint64_t)version != wanted->version || (uint64_t)hash != wanted->hash)
        return err_set(err, "they are not those that were agreed on");
    if (!json_is_object(records) || committed < 0 || committed > version ||
        version - committed != (int64_t)json_array_size(pending))
        return err_set(err, "they do not fit together");
    json_object_foreach(records, key, value)
    {
        if (!json_is_string(value))
            return err_set(err, "the record \"%s\" is not text", key);
    }
    return true;
}

bool ledger_read(struct ledger *ledger, const char *text, size_t length,
                 const struct ledger_head *wanted, struct err *err)
{
    autojson *all = json_read(text, length, err);
    json_t *pending = json_object_get(all, "pending");

    if (!all || !is_whole(all, wanted, err))
        return err_in(err, "the records of another member");
    clear(ledger);
    ledger->records = json_incref(json_object_get(all, "records"));
    ledger->committed = (uint64_t)json_int(all, "committed", 0);
    ledger->head.version = ledger->committed;
    take_history(ledger, json_object_get(all, "history"));
    for (size_t at = 0; at < json_array_size(pending); at++) {
        json_t *patch = json_array_get(pending, at);

        remember(ledger, patch, patch_bytes(patch));
        ledger->head.version++;
    }
    ledger->head.hash = wanted->hash;
    return true;
}
