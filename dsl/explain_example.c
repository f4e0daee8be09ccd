/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The examples of explanations are short; here they are made whole, and checked as what
 * they are: a policy, or a drill and the files that it names. See explain.h.
 */
#include <string.h>

#include "dsl/drill.h"
#include "dsl/example_agents.h"
#include "dsl/explain.h"
#include "dsl/page.h"
#include "dsl/policy_text.h"

#define INDENT 4
#define FILES_MAX 4
#define WHOLE "# a whole policy\n"
#define BYTE "<E9>"

/* What an example need not say: left out where it has a statement of that kind itself. */
static const char *const frame[] = {
    "cluster home { network lan }\n",
    "node alpha { address 10.77.0.1 }\n"
    "node beta { address 10.77.0.2 }\n"
    "node gamma { address 10.77.0.3 }\n",
    "fencing { watchdog 5s }\n",
    "defaults ocf { agent heartbeat:anything }\n",
    "service ocf:web, ocf:db, ocf:app\n",
};

struct file {
    const char *name;
    char *text;
    size_t length;
};

struct files {
    struct file list[FILES_MAX];
    int n_list;
};

/* "# home.tenuto" and "# fast.drill", alone on a line. */
static bool is_file_name(const char *line, size_t length)
{
    return length > 8 && strncmp(line, "# ", 2) == 0 && !memchr(line + 2, ' ', length - 2) &&
           (strncmp(line + length - 7, ".tenuto", 7) == 0 ||
            strncmp(line + length - 6, ".drill", 6) == 0);
}

static bool is_drill(const struct file *file)
{
    size_t length = strlen(file->name);

    return length > 6 && strcmp(file->name + length - 6, ".drill") == 0;
}

/* Whether a line of the text begins with the first word of that statement. */
static bool has_statement(const char *text, const char *statement)
{
    size_t length = strcspn(statement, " ") + 1;

    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, statement, length) == 0)
            return true;
    }
    return false;
}

/* The byte that no text file of ours may have. */
static void put_byte(char *text)
{
    char *at = strstr(text, BYTE);

    if (at) {
        *at = '\xe9';
        memmove(at + 1, at + strlen(BYTE), strlen(at + strlen(BYTE)) + 1);
    }
}

/* In its own lines first, so that what is said of them counts as one reads them. */
static void make_whole(struct arena *arena, struct file *file)
{
    bool is_whole = strncmp(file->text, WHOLE, strlen(WHOLE)) == 0;
    const char *own = file->text;

    for (size_t i = 0; i < sizeof(frame) / sizeof(frame[0]); i++) {
        if (!is_drill(file) && !is_whole && !has_statement(own, frame[i]))
            file->text = arena_printf(arena, "%s%s", file->text, frame[i]);
    }
    put_byte(file->text);
    file->length = strlen(file->text);
}

static struct file *begin_file(struct files *files, struct arena *arena, const char *name)
{
    struct file *file = &files->list[files->n_list];

    if (files->n_list < FILES_MAX - 1)
        files->n_list++;
    *file = (struct file){.name = name, .text = arena_strdup(arena, "")};
    return file;
}

/* Line numbers count from the first line of the example, whatever file it begins. */
static void read_files(struct files *files, struct arena *arena, const char *example)
{
    struct file *file = begin_file(files, arena, "example.tenuto");
    const char *blank = "";

    for (const char *line = example; *line; line += *line == '\n') {
        size_t length, margin = strspn(line, " ");

        line += margin < INDENT ? margin : INDENT;
        length = strcspn(line, "\n");
        if (is_file_name(line, length))
            file = begin_file(files, arena, arena_strndup(arena, line + 2, length - 2));
        file->text = arena_printf(arena, "%s%s%.*s\n", file->text, file->text[0] ? "" : blank,
                                  (int)length, line);
        blank = arena_printf(arena, "%s\n", blank);
        line += length;
    }
    for (int i = 0; i < files->n_list; i++)
        make_whole(arena, &files->list[i]);
}

static const char *read_beside(void *context, struct arena *arena, const char *name, size_t *length,
                               struct err *err)
{
    const struct files *files = context;
    struct file home = {.name = name, .text = arena_strdup(arena, "")};

    for (int i = 0; i < files->n_list; i++) {
        if (strcmp(files->list[i].name, name) == 0) {
            *length = files->list[i].length;
            return files->list[i].text;
        }
    }
    if (strcmp(name, "home.tenuto") != 0) {
        err_set(err, "cannot read %s: no such file", name);
        return NULL;
    }
    make_whole(arena, &home);
    *length = home.length;
    return home.text;
}

struct diagnostics *explain_judge(struct arena *arena, const char *example)
{
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));
    struct files files = {.n_list = 0};
    struct drill_source source = {.context = &files, .read = read_beside};
    const struct file *last;
    struct drill drill;
    const char *survival;

    read_files(&files, arena, example);
    last = &files.list[files.n_list - 1];
    if (is_drill(last)) {
        diagnostics_init(found, arena, last->name, last->text, last->length);
        drill_compile(found, &source, &drill);
    } else {
        policy_check(arena, last->name, last->text, last->length, found, &survival);
        /* On any other machine than that imagined one it would depend on what is installed. */
        if (example_agents_are_in(last->text, last->length))
            policy_check_agents(arena, &example_agents, last->text, last->length, found);
    }
    diagnostics_sort(found);
    return found;
}
