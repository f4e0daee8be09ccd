/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A thin cover over jansson: strict reading (duplicates, bad UTF-8 and junk
 * behind the value are errors) and canonical writing (sorted keys, compact,
 * integers only), so that equal values are equal bytes.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ha/base/err.h"

/* A new reference, or NULL and err says line and column. */
json_t *json_read(const char *text, size_t length, struct err *err);
/* Canonical bytes, NUL-terminated; the caller frees. */
char *json_write(const json_t *value);

/* Members with a fallback; a member of another type counts as absent. */
const char *json_text(const json_t *object, const char *key, const char *fallback);
int64_t json_int(const json_t *object, const char *key, int64_t fallback);
bool json_flag(const json_t *object, const char *key, bool fallback);

/* Members that must be there; false and err names the key and what it should be. */
bool json_need_text(const json_t *object, const char *key, const char **value, struct err *err);
bool json_need_int(const json_t *object, const char *key, int64_t *value, struct err *err);

/* Members that may be left out; false and err if one is there and is something else. */
bool json_want_text(const json_t *object, const char *key, const char **value, struct err *err);
bool json_want_int(const json_t *object, const char *key, int64_t *value, struct err *err);
bool json_want_flag(const json_t *object, const char *key, bool *value, struct err *err);

/* Sets a member, unless it is what an absent one counts as: 0, or false. */
void json_put_int(json_t *object, const char *key, int64_t number);
void json_put_flag(json_t *object, const char *key, bool is_set);

static inline void json_release(json_t **value)
{
    json_decref(*value);
}
#define autojson __attribute__((cleanup(json_release))) json_t
