/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Splices in a text, and the lines they change; see splice.h. */
#include "dsl/splice.h"

#include <string.h>

#include "dsl/page.h"

void splices_add(struct splices *splices, int from, int to, const char *text)
{
    int at = splices->n_list;

    if (splices->n_list == splices->size) {
        int size = splices->size ? 2 * splices->size : 8;
        struct splice *list = arena_alloc(splices->arena, (size_t)size * sizeof(list[0]));

        if (splices->n_list > 0)
            memcpy(list, splices->list, (size_t)splices->n_list * sizeof(list[0]));
        splices->list = list;
        splices->size = size;
    }
    for (; at > 0 && splices->list[at - 1].from > from; at--)
        splices->list[at] = splices->list[at - 1];
    splices->list[at] = (struct splice){.from = from, .to = to, .text = text};
    splices->n_list++;
}

char *splices_apply(struct splices *splices, int from, int to)
{
    struct page page = {0};
    int at = from;
    char *text;

    page_say(&page, "");
    for (int i = 0; i < splices->n_list; i++) {
        const struct splice *splice = &splices->list[i];

        if (splice->from < from || splice->to > to)
            continue;
        if (splice->from > at)
            page_add(&page, splices->text + at, (size_t)(splice->from - at));
        page_say(&page, splice->text);
        at = splice->to > at ? splice->to : at;
    }
    page_add(&page, splices->text + at, (size_t)(to - at));
    text = arena_strndup(splices->arena, page.bytes, page.length);
    page_free(&page);
    return text;
}

/* A text as its lines, without their newlines. */
struct lines {
    const char **list;
    int n_list;
};

static struct lines lines_of(struct arena *arena, const char *text)
{
    struct lines lines = {0};
    int n = 1;

    for (const char *at = text; (at = strchr(at, '\n')); at++)
        n++;
    lines.list = arena_alloc(arena, (size_t)n * sizeof(lines.list[0]));
    for (;;) {
        size_t length = strcspn(text, "\n");

        lines.list[lines.n_list++] = arena_strndup(arena, text, length);
        if (text[length] == '\0')
            return lines;
        text += length + 1;
    }
}

static void say_lines(struct page *page, const char *mark, struct lines lines)
{
    for (int i = 0; i < lines.n_list; i++) {
        page_say(page, mark);
        page_say(page, lines.list[i]);
        page_say(page, "\n");
    }
}

/* The lines that both begin or end with are left out. */
static void say_hunk(struct page *page, struct splices *splices, int from, int to)
{
    struct arena *arena = splices->arena;
    struct lines old =
        lines_of(arena, arena_strndup(arena, splices->text + from, (size_t)(to - from)));
    struct lines new = lines_of(arena, splices_apply(splices, from, to));
    int line = 1;

    for (int at = 0; at < from; at++)
        line += splices->text[at] == '\n';
    for (; old.n_list && new.n_list &&strcmp(old.list[0], new.list[0]) == 0; line++) {
        old = (struct lines){old.list + 1, old.n_list - 1};
        new = (struct lines){new.list + 1, new.n_list - 1};
    }
    while (old.n_list && new.n_list &&
           strcmp(old.list[old.n_list - 1], new.list[new.n_list - 1]) == 0) {
        old.n_list--;
        new.n_list--;
    }
    page_say(page, arena_printf(arena, "@ %d\n", line));
    say_lines(page, "- ", old);
    say_lines(page, "+ ", new);
}

char *splices_difference(struct splices *splices, int length)
{
    const char *text = splices->text;
    struct page page = {0};
    char *difference;

    page_say(&page, "");
    for (int i = 0; i < splices->n_list;) {
        int from = splices->list[i].from, to = from;

        while (from > 0 && text[from - 1] != '\n')
            from--;
        do {
            to = splices->list[i].to > to ? splices->list[i].to : to;
            while (to < length && text[to] != '\n')
                to++;
            i++;
        } while (i < splices->n_list && splices->list[i].from <= to);
        say_hunk(&page, splices, from, to);
    }
    difference = arena_strndup(splices->arena, page.bytes, page.length);
    page_free(&page);
    return difference;
}
