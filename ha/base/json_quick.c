/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A reader and a writer for what is common in JSON; see json_quick.h. */
#include "ha/base/json_quick.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"

/* Far below jansson's own, and far above what we write. */
#define DEPTH_MAX 32
/* Members of an object that is written here: their order is worked out on the stack. */
#define MEMBERS_MAX 64
/* So many digits are a number of 64 bits without a sign, whatever they are. */
#define DIGITS_MAX 19

/* ---- reading --------------------------------------------------------------------------------- */

struct reader {
    const char *at, *end;
    int depth;
};

static json_t *read_value(struct reader *reader);

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' ||
                                        *reader->at == '\t' || *reader->at == '\r'))
        reader->at++;
}

static bool take(struct reader *reader, char what)
{
    skip_blanks(reader);
    if (reader->at == reader->end || *reader->at != what)
        return false;
    reader->at++;
    return true;
}

/* What stands behind a backslash, in one byte; 0: more than that. */
static char unescaped(char letter)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char *at = letter ? strchr(names, letter) : NULL;

    return at ? values[at - names] : '\0';
}

/* The end of a run that stands for itself. */
static const char *plain_end(const char *at, const char *end)
{
    while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= ' ')
        at++;
    return at;
}

/* From behind the first quote; buffer has room for all there is. NULL: not for us. */
static char *unescape(struct reader *reader, char *buffer)
{
    char *to = buffer;

    while (reader->at < reader->end) {
        const char *end = plain_end(reader->at, reader->end);

        memcpy(to, reader->at, (size_t)(end - reader->at));
        to += end - reader->at;
        reader->at = end;
        if (end == reader->end || (unsigned char)*end < ' ')
            return NULL;
        reader->at++;
        if (*end == '"')
            return to;
        *to = reader->at < reader->end ? unescaped(*reader->at++) : '\0';
        if (!*to++)
            return NULL;
    }
    return NULL;
}

/* Where the text ends that begins here, escapes and all, as far as can be told at a glance. */
static size_t length_at_most(const struct reader *reader)
{
    const char *at = reader->at;

    while ((at = plain_end(at, reader->end)) < reader->end && *at == '\\')
        at += reader->end - at > 1 ? 2 : 1;
    return (size_t)(at - reader->at);
}

static json_t *read_string(struct reader *reader)
{
    const char *plain = plain_end(reader->at, reader->end);
    json_t *string = NULL;
    char *buffer, *end;

    /* jansson looks whether it is UTF-8. */
    if (plain < reader->end && *plain == '"') {
        string = json_stringn(reader->at, (size_t)(plain - reader->at));
        reader->at = plain + 1;
        return string;
    }
    buffer = xcalloc(1, length_at_most(reader) + 1);
    end = unescape(reader, buffer);
    if (end)
        string = json_stringn(buffer, (size_t)(end - buffer));
    free(buffer);
    return string;
}

static json_t *read_number(struct reader *reader)
{
    bool is_negative = *reader->at == '-';
    const char *first;
    uint64_t number = 0;

    reader->at += is_negative;
    first = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9' &&
           reader->at - first < DIGITS_MAX)
        number = 10 * number + (uint64_t)(*reader->at++ - '0');
    /* No digits, a zero before others, a longer one, a fraction: jansson knows what that is. */
    if (reader->at == first || (*first == '0' && reader->at - first > 1) ||
        reader->at == reader->end || !strchr(",]} \n\t\r", *reader->at) || number > INT64_MAX)
        return NULL;
    return json_integer(is_negative ? -(json_int_t)number : (json_int_t)number);
}

static json_t *read_word(struct reader *reader)
{
    static const char *const words[] = {"true", "false", "null"};
    json_t *values[] = {json_true(), json_false(), json_null()};
    size_t left = (size_t)(reader->end - reader->at);

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t length = strlen(words[i]);

        if (left <= length || memcmp(reader->at, words[i], length) != 0 ||
            !strchr(",]} \n\t\r", reader->at[length]))
            continue;
        reader->at += length;
        return values[i];
    }
    return NULL;
}

static bool read_member(struct reader *reader, json_t *object)
{
    json_t *key = take(reader, '"') ? read_string(reader) : NULL;
    json_t *value = key && take(reader, ':') ? read_value(reader) : NULL;
    const char *name = json_string_value(key);
    /* jansson takes no zero in a name, and no name twice. */
    bool is_good = value && strlen(name) == json_string_length(key) &&
                   !json_object_get(object, name) &&
                   json_object_set_new_nocheck(object, name, json_incref(value)) == 0;

    json_decref(value);
    json_decref(key);
    return is_good;
}

static json_t *read_object(struct reader *reader)
{
    json_t *object = json_object();

    if (take(reader, '}'))
        return object;
    do {
        if (!read_member(reader, object)) {
            json_decref(object);
            return NULL;
        }
    } while (take(reader, ','));
    if (take(reader, '}'))
        return object;
    json_decref(object);
    return NULL;
}

static json_t *read_array(struct reader *reader)
{
    json_t *array = json_array();

    if (take(reader, ']'))
        return array;
    do {
        json_t *value = read_value(reader);

        if (!value) {
            json_decref(array);
            return NULL;
        }
        json_array_append_new(array, value);
    } while (take(reader, ','));
    if (take(reader, ']'))
        return array;
    json_decref(array);
    return NULL;
}

static json_t *read_value(struct reader *reader)
{
    json_t *value = NULL;

    if (reader->depth == DEPTH_MAX)
        return NULL;
    reader->depth++;
    if (take(reader, '{'))
        value = read_object(reader);
    else if (take(reader, '['))
        value = read_array(reader);
    else if (take(reader, '"'))
        value = read_string(reader);
    else if (reader->at < reader->end && *reader->at >= 'a')
        value = read_word(reader);
    else if (reader->at < reader->end)
        value = read_number(reader);
    reader->depth--;
    return value;
}

json_t *json_quick_read(const char *text, size_t length)
{
    struct reader reader = {.at = text, .end = text + length};
    json_t *value = NULL;

    if (take(&reader, '{'))
        value = read_object(&reader);
    else if (take(&reader, '['))
        value = read_array(&reader);
    skip_blanks(&reader);
    if (!value || reader.at == reader.end)
        return value;
    json_decref(value);
    return NULL;
}

/* ---- writing --------------------------------------------------------------------------------- */

struct writer {
    char *bytes;
    size_t length, size;
    int depth;
};

static bool write_value(struct writer *writer, const json_t *value);

/* Room for so much more, and a zero. */
static char *grow(struct writer *writer, size_t more)
{
    if (writer->size - writer->length <= more) {
        writer->size = 2 * writer->size + more + 1;
        writer->bytes = xrealloc(writer->bytes, writer->size);
    }
    return writer->bytes + writer->length;
}

static void put(struct writer *writer, const char *bytes, size_t length)
{
    memcpy(grow(writer, length), bytes, length);
    writer->length += length;
}

static void put_escaped(struct writer *writer, char byte)
{
    static const char values[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
    const char *at = byte ? strchr(values, byte) : NULL;
    char escape[8];

    if (at)
        snprintf(escape, sizeof(escape), "\\%c", names[at - values]);
    else
        snprintf(escape, sizeof(escape), "\\u%04X", (unsigned)(unsigned char)byte);
    put(writer, escape, strlen(escape));
}

static void write_text(struct writer *writer, const char *text, size_t length)
{
    const char *end = text + length;

    grow(writer, length + length / 16 + 2);
    put(writer, "\"", 1);
    while (text < end) {
        const char *stop = plain_end(text, end);

        put(writer, text, (size_t)(stop - text));
        if (stop < end)
            put_escaped(writer, *stop++);
        text = stop;
    }
    put(writer, "\"", 1);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool write_object(struct writer *writer, const json_t *object)
{
    const char *names[MEMBERS_MAX], *name;
    size_t n_names = 0;
    json_t *value;

    if (json_object_size(object) > MEMBERS_MAX)
        return false;
    json_object_foreach((json_t *)object, name, value) names[n_names++] = name;
    qsort(names, n_names, sizeof(names[0]), by_name);
    put(writer, "{", 1);
    for (size_t i = 0; i < n_names; i++) {
        if (i > 0)
            put(writer, ",", 1);
        write_text(writer, names[i], strlen(names[i]));
        put(writer, ":", 1);
        if (!write_value(writer, json_object_get(object, names[i])))
            return false;
    }
    put(writer, "}", 1);
    return true;
}

static bool write_array(struct writer *writer, const json_t *array)
{
    put(writer, "[", 1);
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            put(writer, ",", 1);
        if (!write_value(writer, json_array_get(array, i)))
            return false;
    }
    put(writer, "]", 1);
    return true;
}

static bool write_kind(struct writer *writer, const json_t *value)
{
    char number[32];

    switch (json_typeof(value)) {
    case JSON_OBJECT: return write_object(writer, value);
    case JSON_ARRAY: return write_array(writer, value);
    case JSON_STRING:
        write_text(writer, json_string_value(value), json_string_length(value));
        return true;
    case JSON_INTEGER:
        snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        put(writer, number, strlen(number));
        return true;
    case JSON_TRUE: put(writer, "true", 4); return true;
    case JSON_FALSE: put(writer, "false", 5); return true;
    case JSON_NULL: put(writer, "null", 4); return true;
    case JSON_REAL: break;
    }
    return false;
}

static bool write_value(struct writer *writer, const json_t *value)
{
    bool is_good;

    if (writer->depth == DEPTH_MAX)
        return false;
    writer->depth++;
    is_good = write_kind(writer, value);
    writer->depth--;
    return is_good;
}

char *json_quick_write(const json_t *value)
{
    struct writer writer = {.size = 256};

    writer.bytes = xcalloc(1, writer.size);
    if (write_value(&writer, value)) {
        writer.bytes[writer.length] = '\0';
        return writer.bytes;
    }
    free(writer.bytes);
    return NULL;
}
