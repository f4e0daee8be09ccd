/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads an agent's XML with expat, as it comes: an element that is known fills the entry that
 * is open, all others are passed over with what is inside. Whatever could grow is refused.
 */
#include "agentd/metadata/describe.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "dsl/utf8.h"
#include "ha/base/limits.h"

/* Deeper than the format ever goes. */
#define DEPTH_MAX 64

enum place {
    IN_TEXT, /* around all of it */
    IN_AGENT,
    IN_PARAMETER,
    IN_CONTENT,
    IN_DEPRECATED,
    IN_PASSED_OVER,
};

struct reader {
    struct arena *arena;
    XML_Parser parser;
    enum place places[DEPTH_MAX];
    int depth;
    struct agent_description *agent;
    struct agent_parameter *parameters;
    const char **obsoletes; /* by parameter: an older name of it, or NULL */
    const char *options[METADATA_ITEMS_MAX];
    struct agent_action *actions;
    int n_dropped;
    const char *refusal; /* why reading was ended; NULL: it was not */
    /* The text of a description while it is read. */
    const char **into;
    bool is_one_line;
    char *words;
    size_t n_words;
};

static const char *attribute(const char **attributes, const char *name)
{
    for (; attributes[0]; attributes += 2) {
        if (strcmp(attributes[0], name) == 0)
            return attributes[1];
    }
    return NULL;
}

static bool is_yes(const char *word)
{
    return word &&
           (strcmp(word, "1") == 0 || strcmp(word, "true") == 0 || strcmp(word, "yes") == 0);
}

/*
 * Printable, without blanks around it; in one line, or line by line as it was laid out. What
 * would move the cursor of whoever reads it is left out.
 */
static const char *clean(struct arena *arena, const char *text, size_t length, bool is_one_line)
{
    char *copy = arena_alloc(arena, length + 1);
    size_t n = 0, size;
    uint32_t point;

    for (size_t i = 0; i < length; i += size) {
        size = utf8_read(text + i, length - i, &point);
        if (size == 0 || (point < 0x20 && !strchr("\n\t", (int)point)) ||
            (point >= 0x7f && point < 0xa0)) {
            size = size ? size : 1;
            continue;
        }
        if (point == '\t' || (point == '\n' && is_one_line))
            point = ' ';
        if (point == ' ' && (is_one_line || n == 0) && (n == 0 || copy[n - 1] == ' '))
            continue;
        if (point == '\n' && n == 0)
            continue;
        if (size == 1)
            copy[n++] = (char)point;
        else
            memcpy(copy + n, text + i, size);
        n += size > 1 ? size : 0;
    }
    while (n > 0 && (copy[n - 1] == ' ' || copy[n - 1] == '\n'))
        n--;
    copy[n] = '\0';
    return copy;
}

static const char *clean_word(struct arena *arena, const char *word)
{
    return word ? clean(arena, word, strlen(word), true) : NULL;
}

/* A name becomes part of an environment variable, or of "name=value" in a line. */
static bool is_name(const char *name)
{
    static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

    return name && name[0] && strlen(name) < AGENT_NAME_MAX && name[strspn(name, usual)] == '\0';
}

static enum parameter_kind kind_of(const char *type)
{
    static const struct {
        const char *type;
        enum parameter_kind kind;
    } kinds[] = {
        {"integer", PARAMETER_INTEGER}, {"boolean", PARAMETER_BOOLEAN},
        {"second", PARAMETER_TIME},     {"time", PARAMETER_TIME},
        {"timeout", PARAMETER_TIME},    {"duration", PARAMETER_TIME},
        {"select", PARAMETER_SELECT},
    };

    for (size_t i = 0; type && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(type, kinds[i].type) == 0)
            return kinds[i].kind;
    }
    return PARAMETER_TEXT;
}

/* "20", "20s", "1min", "100ms"; 0 for what is no such time. */
static int64_t read_ms(const char *word)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"", 1000},   {"s", 1000},    {"sec", 1000},  {"ms", 1},      {"msec", 1},
                 {"m", 60000}, {"min", 60000}, {"h", 3600000}, {"hr", 3600000}};
    char *end;
    long count;

    if (!word || word[0] < '0' || word[0] > '9')
        return 0;
    count = strtol(word, &end, 10);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        /* Nobody advises more than a day. */
        if (strcmp(end, units[i].unit) == 0 && count <= 86400000 / units[i].ms)
            return count * units[i].ms;
    }
    return 0;
}

static struct agent_parameter *last_parameter(struct reader *reader)
{
    return &reader->parameters[reader->agent->n_parameters - 1];
}

static enum place begin_parameter(struct reader *reader, const char **attributes)
{
    const char *name = attribute(attributes, "name");
    struct agent_parameter *parameter;
    int at = reader->agent->n_parameters;

    if (!is_name(name) || at == METADATA_ITEMS_MAX) {
        reader->n_dropped++;
        return IN_PASSED_OVER;
    }
    parameter = &reader->parameters[at];
    reader->obsoletes[at] = clean_word(reader->arena, attribute(attributes, "obsoletes"));
    reader->agent->n_parameters++;
    *parameter = (struct agent_parameter){
        .name = arena_strdup(reader->arena, name),
        .is_required = is_yes(attribute(attributes, "required")),
        .is_deprecated = is_yes(attribute(attributes, "deprecated")),
        .words = "",
        .story = "",
    };
    return IN_PARAMETER;
}

static void begin_content(struct reader *reader, const char **attributes)
{
    struct agent_parameter *parameter = last_parameter(reader);

    parameter->kind = kind_of(attribute(attributes, "type"));
    parameter->fallback = clean_word(reader->arena, attribute(attributes, "default"));
    parameter->n_options = 0;
}

static void add_option(struct reader *reader, const char **attributes)
{
    struct agent_parameter *parameter = last_parameter(reader);
    const char *value = attribute(attributes, "value");

    if (value && parameter->n_options < METADATA_ITEMS_MAX)
        reader->options[parameter->n_options++] = clean_word(reader->arena, value);
}

/* The options are gathered in one place, and kept once all are known. */
static void end_content(struct reader *reader)
{
    struct agent_parameter *parameter = last_parameter(reader);
    size_t size = (size_t)parameter->n_options * sizeof(reader->options[0]);

    if (size > 0)
        parameter->options = memcpy(arena_alloc(reader->arena, size), reader->options, size);
}

static void add_action(struct reader *reader, const char **attributes)
{
    const char *name = attribute(attributes, "name");
    int at = reader->agent->n_actions;

    if (!is_name(name) || at == METADATA_ITEMS_MAX) {
        reader->n_dropped++;
        return;
    }
    /* Several monitors differ in depth or role; the first is the one that every service has. */
    for (int i = 0; i < at; i++) {
        if (strcmp(reader->actions[i].name, name) == 0)
            return;
    }
    reader->actions[at] = (struct agent_action){
        .name = arena_strdup(reader->arena, name),
        .timeout_ms = read_ms(attribute(attributes, "timeout")),
        .every_ms = read_ms(attribute(attributes, "interval")),
    };
    reader->agent->n_actions++;
}

/* English where there are several, else the first. */
static void begin_words(struct reader *reader, const char **into, bool is_one_line,
                        const char **attributes)
{
    const char *language = attribute(attributes, "lang");

    if ((*into)[0] && (!language || strncmp(language, "en", 2) != 0))
        return;
    reader->into = into;
    reader->is_one_line = is_one_line;
    reader->n_words = 0;
}

static enum place begin_in_agent(struct reader *reader, const char *name, const char **attributes)
{
    if (strcmp(name, "shortdesc") == 0)
        begin_words(reader, &reader->agent->words, true, attributes);
    else if (strcmp(name, "longdesc") == 0)
        begin_words(reader, &reader->agent->story, false, attributes);
    else if (strcmp(name, "parameter") == 0)
        return begin_parameter(reader, attributes);
    else if (strcmp(name, "action") == 0)
        add_action(reader, attributes);
    else if (strcmp(name, "parameters") == 0 || strcmp(name, "actions") == 0)
        return IN_AGENT;
    return IN_PASSED_OVER;
}

static enum place begin_in_parameter(struct reader *reader, const char *name,
                                     const char **attributes)
{
    struct agent_parameter *parameter = last_parameter(reader);

    if (strcmp(name, "shortdesc") == 0)
        begin_words(reader, &parameter->words, true, attributes);
    else if (strcmp(name, "longdesc") == 0)
        begin_words(reader, &parameter->story, false, attributes);
    else if (strcmp(name, "deprecated") == 0)
        parameter->is_deprecated = true;
    else if (strcmp(name, "content") == 0)
        begin_content(reader, attributes);
    return strcmp(name, "deprecated") == 0 ? IN_DEPRECATED
           : strcmp(name, "content") == 0  ? IN_CONTENT
                                           : IN_PASSED_OVER;
}

static enum place begin_in(struct reader *reader, const char *name, const char **attributes)
{
    switch (reader->places[reader->depth]) {
    case IN_TEXT:
        if (strcmp(name, "resource-agent") != 0)
            break;
        if (attribute(attributes, "shortdesc"))
            reader->agent->words = clean_word(reader->arena, attribute(attributes, "shortdesc"));
        return IN_AGENT;
    case IN_AGENT: return begin_in_agent(reader, name, attributes);
    case IN_PARAMETER: return begin_in_parameter(reader, name, attributes);
    case IN_CONTENT:
        if (strcmp(name, "option") == 0)
            add_option(reader, attributes);
        break;
    case IN_DEPRECATED:
        if (strcmp(name, "replaced-with") == 0)
            last_parameter(reader)->instead =
                clean_word(reader->arena, attribute(attributes, "name"));
        break;
    case IN_PASSED_OVER: break;
    }
    return IN_PASSED_OVER;
}

static void end_reading(struct reader *reader, const char *why)
{
    reader->refusal = why;
    XML_StopParser(reader->parser, XML_FALSE);
}

static void XMLCALL on_begin(void *context, const char *name, const char **attributes)
{
    struct reader *reader = context;
    enum place place = begin_in(reader, name, attributes);

    if (reader->depth == DEPTH_MAX - 1)
        end_reading(reader, "its elements are nested too deeply");
    else
        reader->places[++reader->depth] = place;
}

static void XMLCALL on_end(void *context, const char *name)
{
    struct reader *reader = context;

    if (reader->into && strlen(name) > 4 && strcmp(name + strlen(name) - 4, "desc") == 0) {
        *reader->into = clean(reader->arena, reader->words, reader->n_words, reader->is_one_line);
        reader->into = NULL;
    }
    if (reader->places[reader->depth] == IN_CONTENT)
        end_content(reader);
    reader->depth--;
}

static void XMLCALL on_text(void *context, const char *text, int length)
{
    struct reader *reader = context;

    if (!reader->into)
        return;
    /* expat gives no more text than it was given, as no entity grows. */
    memcpy(reader->words + reader->n_words, text, (size_t)length);
    reader->n_words += (size_t)length;
}

/* Entities and default attributes are declared there: a few bytes that can become a gigabyte. */
static void XMLCALL on_doctype(void *context, const char *name, const char *system,
                               const char *public, int has_internal_subset)
{
    (void)name;
    (void)system;
    (void)public;
    if (has_internal_subset)
        end_reading(context, "it declares things of its own, which no agent needs");
}

/* An older name that a parameter says it replaces. */
static void note_replacements(struct reader *reader)
{
    for (int i = 0; i < reader->agent->n_parameters; i++) {
        for (int k = 0; reader->obsoletes[i] && k < reader->agent->n_parameters; k++) {
            struct agent_parameter *old = &reader->parameters[k];

            if (k == i || strcmp(old->name, reader->obsoletes[i]) != 0)
                continue;
            old->is_deprecated = true;
            old->instead = reader->parameters[i].name;
        }
    }
}

/* Between what agents print around it: warnings of their tools, mostly. */
static const char *find_start(const char *bytes, size_t length)
{
    const char *start = memmem(bytes, length, "<?xml", strlen("<?xml"));
    const char *agent = memmem(bytes, length, "<resource-agent", strlen("<resource-agent"));

    return start && (!agent || start < agent) ? start : agent;
}

static const char *find_end(const char *start, const char *end)
{
    static const char closing[] = "</resource-agent>";
    const char *at = memmem(start, (size_t)(end - start), closing, strlen(closing));

    return at ? at + strlen(closing) : end;
}

static bool is_blank(const char *from, const char *to)
{
    while (from < to && strchr(" \t\r\n", *from))
        from++;
    return from == to;
}

static bool read_xml(struct reader *reader, const char *start, size_t length, struct err *err)
{
    bool is_read;

    reader->parser = XML_ParserCreate(NULL);
    if (!reader->parser)
        abort();
    XML_SetUserData(reader->parser, reader);
    XML_SetElementHandler(reader->parser, on_begin, on_end);
    XML_SetCharacterDataHandler(reader->parser, on_text);
    XML_SetStartDoctypeDeclHandler(reader->parser, on_doctype);
    is_read = XML_Parse(reader->parser, start, (int)length, XML_TRUE) == XML_STATUS_OK;
    if (!is_read)
        err_set(err, "line %lu of its description: %s",
                (unsigned long)XML_GetCurrentLineNumber(reader->parser),
                reader->refusal ? reader->refusal
                                : XML_ErrorString(XML_GetErrorCode(reader->parser)));
    XML_ParserFree(reader->parser);
    return is_read;
}

static const char *note_of(const struct reader *reader, const char *bytes, const char *start,
                           const char *end, size_t length)
{
    bool is_alone = is_blank(bytes, start) && is_blank(end, bytes + length);

    if (is_alone && reader->n_dropped == 0)
        return NULL;
    return arena_printf(
        reader->arena, "%s%s%s", is_alone ? "" : "it prints more than its description",
        is_alone || reader->n_dropped == 0 ? "" : "; ",
        reader->n_dropped ? "some of its parameters or actions have no usable name" : "");
}

static void *keep(struct arena *arena, const void *list, int n, size_t size)
{
    return n > 0 ? memcpy(arena_alloc(arena, (size_t)n * size), list, (size_t)n * size) : NULL;
}

const struct agent_description *describe_agent(struct arena *arena, const char *name,
                                               const char *bytes, size_t length, struct err *err)
{
    const char *start = find_start(bytes, length);
    const char *end = start ? find_end(start, bytes + length) : NULL;
    struct agent_description *agent = arena_alloc(arena, sizeof(*agent));
    struct reader *reader;
    bool is_read;

    if (!start || length > METADATA_BYTES_MAX) {
        err_set(err, start ? "its description is too long"
                           : "what it printed is no description of an agent");
        return NULL;
    }
    *agent = (struct agent_description){.words = "", .story = ""};
    agent->name = arena_strdup(arena, name);
    reader = xcalloc(1, sizeof(*reader));
    reader->arena = arena;
    reader->agent = agent;
    reader->parameters = xcalloc(METADATA_ITEMS_MAX, sizeof(reader->parameters[0]));
    reader->obsoletes = xcalloc(METADATA_ITEMS_MAX, sizeof(reader->obsoletes[0]));
    reader->actions = xcalloc(METADATA_ITEMS_MAX, sizeof(reader->actions[0]));
    /* Text of another encoding grows in UTF-8, by half at the most that expat reads. */
    reader->words = xcalloc(3 * length + 1, 1);
    is_read = read_xml(reader, start, (size_t)(end - start), err);
    if (is_read) {
        note_replacements(reader);
        agent->parameters =
            keep(arena, reader->parameters, agent->n_parameters, sizeof(reader->parameters[0]));
        agent->actions = keep(arena, reader->actions, agent->n_actions, sizeof(reader->actions[0]));
        agent->note = note_of(reader, bytes, start, end, length);
    }
    free(reader->words);
    free(reader->actions);
    free(reader->obsoletes);
    free(reader->parameters);
    free(reader);
    return is_read ? agent : NULL;
}
