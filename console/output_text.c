/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For people: aligned tables from a verb's columns, sentences where those read better. */
#include <stdlib.h>
#include <string.h>

#include "console/output.h"
#include "console/story.h"
#include "console/story_why.h"
#include "console/when.h"
#include "console/width.h"
#include "ha/base/arena.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

/* More than any table can use on a screen. */
#define COLUMNS_MAX 12
#define GAP_COLUMNS 2
/* Sentences in fewer columns than that are hard to read. */
#define WRAPPED_COLUMNS_MIN 20

struct column {
    char head[24];
    char member[24];
    char word[8]; /* follows each value: "ago" */
    int width;
    bool is_number; /* all its values are; they stand at the right */
};

struct table {
    struct arena *arena;
    struct column columns[COLUMNS_MAX];
    int n_columns;
    const char **cells; /* row by row */
    int n_rows;
};

void output_init(struct output *output, const struct output_maker *maker, FILE *out, FILE *err)
{
    *output = (struct output){.maker = maker, .out = out, .err = err};
}

void output_fini(struct output *output)
{
    json_decref(output->rows);
    output->rows = NULL;
}

int output_failure(struct output *output, const struct failure *failure)
{
    output->maker->error(output, failure);
    return failure->code;
}

int output_error(struct output *output, int code, const char *words, const char *hint)
{
    return output_failure(output, &(struct failure){.words = words, .hint = hint, .code = code});
}

static int64_t now_of(const struct output *output)
{
    return output->now_ms ? output->now_ms : when_now();
}

static void read_columns(struct table *table, const char *columns)
{
    while (*columns && table->n_columns < COLUMNS_MAX) {
        struct column *column = &table->columns[table->n_columns++];
        size_t length = strcspn(columns, ",");
        char text[64];

        snprintf(text, sizeof(text), "%.*s", (int)length, columns);
        sscanf(text, "%23[^:]:%23s %7s", column->head, column->member, column->word);
        column->width = width_of(column->head);
        column->is_number = true;
        columns += length + (columns[length] == ',');
    }
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);

    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static bool is_instant(const char *member)
{
    return strcmp(member, "at") == 0 || strcmp(member, "since") == 0 || ends_with(member, "_at");
}

static const char *join_list(struct arena *arena, const json_t *list)
{
    const char *joined = "";

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *word = json_string_value(json_array_get(list, i));

        if (word)
            joined = i == 0 ? word : arena_printf(arena, "%s, %s", joined, word);
    }
    return joined;
}

/* A member as a person wants to read it; the column learns whether it is a number. */
static const char *cell_text(struct arena *arena, struct column *column, const json_t *value,
                             int64_t now_ms)
{
    struct when when;

    if (!value || json_is_null(value))
        return "-";
    if (json_is_integer(value) && is_instant(column->member)) {
        column->is_number = false;
        return arena_strdup(arena, when_ago(&when, json_integer_value(value), now_ms));
    }
    /* No watchdog has a time of nothing: it has not said. */
    if (json_integer_value(value) == 0 && strcmp(column->member, "watchdog_ms") == 0)
        return "-";
    if (json_is_integer(value) && ends_with(column->member, "_ms"))
        return arena_printf(arena, "%s%s%s", when_span(&when, json_integer_value(value)),
                            column->word[0] ? " " : "", column->word);
    if (json_is_integer(value))
        return arena_printf(arena, "%lld", (long long)json_integer_value(value));
    column->is_number = false;
    if (json_is_boolean(value))
        return json_is_true(value) ? "yes" : "no";
    if (json_is_array(value))
        return join_list(arena, value);
    if (json_is_string(value))
        return json_string_value(value)[0] ? json_string_value(value) : "-";
    return "?";
}

/* A node in maintenance for some time: how much of that is left. */
static const char *add_time_left(struct arena *arena, const char *why, const json_t *row,
                                 int64_t now_ms)
{
    int64_t left_ms = json_int(row, "maintenance_until", 0) - now_ms;
    int64_t minutes = (left_ms + 59999) / 60000;
    struct when when;

    if (left_ms <= 0)
        return why;
    if (minutes <= 60)
        return arena_printf(arena, "%s; it ends in %s", why, when_span(&when, left_ms));
    return arena_printf(arena, "%s; it ends in %lldh %lldm", why, (long long)minutes / 60,
                        (long long)minutes % 60);
}

static void fill_table(struct table *table, const struct output *output)
{
    const json_t *rows = output->rows;
    int64_t now_ms = now_of(output);
    bool is_of_nodes = output->verb->id == VERB_CLUSTER_NODES;

    table->n_rows = (int)json_array_size(rows);
    table->cells = arena_alloc(table->arena,
                               sizeof(char *) * (size_t)table->n_rows * (size_t)table->n_columns);
    for (int i = 0; i < table->n_rows; i++) {
        const json_t *row = json_array_get(rows, (size_t)i);

        for (int j = 0; j < table->n_columns; j++) {
            struct column *column = &table->columns[j];
            const char *cell =
                cell_text(table->arena, column, json_object_get(row, column->member), now_ms);
            int width;

            if (is_of_nodes && strcmp(column->member, "state") == 0)
                cell = story_node_state(cell);
            else if (is_of_nodes && strcmp(column->member, "why") == 0)
                cell = add_time_left(table->arena, cell, row, now_ms);
            width = width_of(cell);
            table->cells[i * table->n_columns + j] = cell;
            if (width > column->width)
                column->width = width;
        }
    }
}

/* Where a column begins. */
static int indent_of(const struct table *table, int column)
{
    int indent = 0;

    for (int i = 0; i < column; i++)
        indent += table->columns[i].width + GAP_COLUMNS;
    return indent;
}

/* The last column is not filled up: no line ends with blanks; a terminal's end breaks it. */
static void write_cell(const struct output *output, const struct table *table, int column,
                       const char *cell)
{
    int width = table->columns[column].width, indent = indent_of(table, column);
    bool is_last = column == table->n_columns - 1;
    FILE *out = output->out;

    /* Too long for the line, and too little room to break it there: on lines of its own. */
    if (is_last && column > 0 && output->columns > 0 && indent + width_of(cell) > output->columns &&
        output->columns - indent < WRAPPED_COLUMNS_MIN) {
        indent = indent_of(table, 1);
        fprintf(out, "\n%*s", indent, "");
        width_wrap(out, cell, indent, output->columns);
        return;
    }
    if (column > 0)
        fprintf(out, "%*s", GAP_COLUMNS, "");
    if (table->columns[column].is_number)
        width_write(out, cell, -width);
    else if (is_last && output->columns - indent >= WRAPPED_COLUMNS_MIN)
        width_wrap(out, cell, indent, output->columns);
    else
        width_write(out, cell, is_last ? 0 : width);
}

static void write_table(struct output *output)
{
    struct table table = {.arena = arena_new()};

    read_columns(&table, output->verb->columns);
    fill_table(&table, output);
    if (output->in_colour)
        fputs("\033[1m", output->out);
    for (int j = 0; j < table.n_columns; j++)
        write_cell(output, &table, j, table.columns[j].head);
    fputs(output->in_colour ? "\033[0m\n" : "\n", output->out);
    for (int i = 0; i < table.n_rows; i++) {
        for (int j = 0; j < table.n_columns; j++)
            write_cell(output, &table, j, table.cells[i * table.n_columns + j]);
        fputc('\n', output->out);
    }
    arena_free(table.arena);
}

/* The text of a policy is shown byte for byte, so that it can be kept in a file. */
static void write_policy(FILE *out, const json_t *row)
{
    const char *text = json_text(row, "text", "");

    fputs(text, out);
    if (text[0] && !ends_with(text, "\n"))
        fputc('\n', out);
}

/* A row of a verb that has neither columns nor a renderer: its members, in order. */
static void write_plain(FILE *out, const json_t *row)
{
    char *line = json_write(row);

    width_write(out, line, 0);
    fputc('\n', out);
    free(line);
}

static void write_words(FILE *out, const char *words)
{
    width_write(out, words, 0);
    fputc('\n', out);
}

/* The answer, and then what becomes of it. */
static void write_progress(struct output *output, const json_t *row)
{
    const char *words = json_text(row, "words", NULL);

    if (words)
        write_words(output->out, words);
    else
        story_event_line(output->out, row, now_of(output), output->in_colour);
}

/* Explanations need all their rows. */
static bool is_told_whole(enum verb_id verb)
{
    return verb == VERB_HA_WHY || verb == VERB_HA_WHY_NOT;
}

static void write_expected(const struct output *output, const json_t *row)
{
    const json_t *forced = json_object_get(row, "forced");

    if (json_is_object(forced)) {
        fputs("quorum is ", output->out);
        story_forced(output->out, forced, now_of(output));
        fputs("Power those on only where they reach this node, and before its time is over: then "
              "this node\nhas no quorum again, and if it guards services its watchdog resets it. "
              "Nodes that are lost for\ngood: tenuto cluster remove NODE\n",
              output->out);
        return;
    }
    fprintf(output->out, "votes count as configured: %lld expected, %lld here\n",
            (long long)json_int(row, "configured", 0), (long long)json_int(row, "votes", 0));
}

static void write_row(struct output *output, const json_t *row)
{
    if (output->verb->columns[0] || is_told_whole(output->verb->id)) {
        if (!output->rows)
            output->rows = json_array();
        json_array_append(output->rows, (json_t *)row);
        return;
    }
    switch (output->verb->id) {
    case VERB_POLICY_SHOW: write_policy(output->out, row); break;
    case VERB_CLUSTER_STATUS: story_status(output->out, row, now_of(output)); break;
    case VERB_CLUSTER_EXPECTED: write_expected(output, row); break;
    case VERB_EVENTS: story_event_line(output->out, row, now_of(output), output->in_colour); break;
    case VERB_NODE_LEAVING:
    case VERB_HA_START:
    case VERB_HA_STOP:
    case VERB_HA_RESTART:
    case VERB_HA_MIGRATE:
    case VERB_HA_RELOCATE:
    case VERB_HA_CLEAR:
    case VERB_HA_MAINTENANCE:
    case VERB_HA_DISARM:
    case VERB_HA_ARM: write_progress(output, row); break;
    default: write_plain(output->out, row); break;
    }
    fflush(output->out);
}

/* Why there are no rows, so that an empty answer is not taken for a broken one. */
static const char *emptiness(enum verb_id verb)
{
    switch (verb) {
    case VERB_HA_STATUS: return "there are no services in the policy";
    case VERB_HA_WHY: return "nothing has been decided about it yet";
    case VERB_EVENTS: return "nothing has happened yet";
    case VERB_POLICY_HISTORY: return "no policy was pushed yet";
    case VERB_RULES_LIST: return "there are no rules in the policy";
    case VERB_CLUSTER_NODES:
    case VERB_FENCE_STATUS: return "there are no nodes in the policy";
    default: return NULL;
    }
}

/* What was known when this node last heard the others is not what is. */
static void write_stale(FILE *out, const json_t *done)
{
    const char *reason = json_text(done, "reason", "");
    char words[512];

    /* A quorum may be here that has not answered in time: the reason says so. */
    snprintf(words, sizeof(words), "as last known; %s%s%s",
             json_object_get(done, "current") ? "it may be old by now"
                                              : "this node is not in a quorate cluster",
             reason[0] ? ": " : "", reason);
    write_words(out, words);
}

static void write_nothing(const struct output *output, bool is_stale)
{
    const char *words = is_stale ? "nothing is known here" : emptiness(output->verb->id);

    /* Beside the verb, its arguments and its id something is asked for. */
    if (output->verb->id == VERB_EVENTS && json_object_size(output->request) > 3)
        write_words(output->out, "nothing of that kind has happened then");
    else if (words)
        write_words(output->out, words);
}

static void write_done(struct output *output, const json_t *done)
{
    const char *words = json_text(done, "words", NULL);
    bool is_stale = json_flag(done, "stale", false);

    /* What is printed of a policy is its text, and nothing else. */
    if (is_stale)
        write_stale(output->verb->id == VERB_POLICY_SHOW ? output->err : output->out, done);
    if (output->rows && output->verb->id == VERB_HA_WHY)
        story_why(output->out, output->rows, json_int(done, "earlier", 0), now_of(output));
    else if (output->rows && output->verb->id == VERB_HA_WHY_NOT)
        story_why_not(output->out, output->rows, now_of(output));
    else if (output->rows)
        write_table(output);
    else if (output->n_rows == 0 && !words)
        write_nothing(output, is_stale);
    if (json_is_object(json_object_get(done, "confirm")))
        story_confirm(output->out, json_object_get(done, "confirm"), now_of(output));
    if (words)
        write_words(output->out, words);
    fflush(output->out);
}

static void write_error(struct output *output, const struct failure *failure)
{
    const json_t *diagnostics = failure->diagnostics;

    fflush(output->out);
    for (size_t i = 0; i < json_array_size(diagnostics); i++)
        story_diagnostic(output->err, json_array_get(diagnostics, i));
    fputs("tenuto: ", output->err);
    width_write(output->err, failure->words, 0);
    fputc('\n', output->err);
    if (failure->hint && failure->hint[0]) {
        fputs("  hint: ", output->err);
        width_write(output->err, failure->hint, 0);
        fputc('\n', output->err);
    }
    fflush(output->err);
}

const struct output_maker output_text = {
    .row = write_row,
    .done = write_done,
    .error = write_error,
};
