/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Strict reading and canonical writing of JSON; see json.h. */
#include "ha/base/json.h"

#include <stdlib.h>

json_t *json_read(const char *text, size_t length, struct err *err)
{
    json_error_t problem;
    json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES, &problem);

    if (!value)
        err_set(err, "not JSON at line %d, column %d: %s", problem.line, problem.column,
                problem.text);
    return value;
}

char *json_write(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

    if (!text)
        abort();
    return text;
}

const char *json_text(const json_t *object, const char *key, const char *fallback)
{
    const char *value = json_string_value(json_object_get(object, key));

    return value ? value : fallback;
}

int64_t json_int(const json_t *object, const char *key, int64_t fallback)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

bool json_flag(const json_t *object, const char *key, bool fallback)
{
    const json_t *value = json_object_get(object, key);

    return json_is_boolean(value) ? json_is_true(value) : fallback;
}

bool json_need_text(const json_t *object, const char *key, const char **value, struct err *err)
{
    *value = json_string_value(json_object_get(object, key));
    return *value ? true : err_set(err, "\"%s\" is missing or not text", key);
}

bool json_need_int(const json_t *object, const char *key, int64_t *value, struct err *err)
{
    const json_t *member = json_object_get(object, key);

    if (!json_is_integer(member))
        return err_set(err, "\"%s\" is missing or not a whole number", key);
    *value = json_integer_value(member);
    return true;
}

bool json_want_text(const json_t *object, const char *key, const char **value, struct err *err)
{
    return !json_object_get(object, key) || json_need_text(object, key, value, err);
}

bool json_want_int(const json_t *object, const char *key, int64_t *value, struct err *err)
{
    return !json_object_get(object, key) || json_need_int(object, key, value, err);
}

bool json_want_flag(const json_t *object, const char *key, bool *value, struct err *err)
{
    const json_t *member = json_object_get(object, key);

    if (member && !json_is_boolean(member))
        return err_set(err, "\"%s\" is neither true nor false", key);
    if (member)
        *value = json_is_true(member);
    return true;
}

void json_put_int(json_t *object, const char *key, int64_t number)
{
    if (number)
        json_object_set_new(object, key, json_integer(number));
}

void json_put_flag(json_t *object, const char *key, bool is_set)
{
    if (is_set)
        json_object_set_new(object, key, json_true());
}
