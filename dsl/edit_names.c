/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of services in a text: which of some services a word means, and the list without them. */
#include <stdlib.h>
#include <string.h>

#include "dsl/edit_work.h"
#include "dsl/range.h"

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool add_word(struct edit *edit, struct names *names, const char *word, struct err *err)
{
    struct range range = {.word = word, .low = 0, .high = 0};
    bool is_range = range_is_meant(word);
    const char **list;
    int n;

    if (strchr(word, '*'))
        return err_set(err, "\"%s\" is a pattern; say which services are meant", word);
    if (is_range && !range_read(word, &range))
        return err_set(err, "\"%s\" is not a range of names; it is written name[1..9]", word);
    n = range.high - range.low + 1;
    if (n > SERVICES_MAX - names->n_list)
        return err_set(err, "more than %d services cannot be changed at once", SERVICES_MAX);
    list = arena_alloc(edit->arena, (size_t)(names->n_list + n) * sizeof(list[0]));
    if (names->n_list > 0)
        memcpy(list, names->list, (size_t)names->n_list * sizeof(list[0]));
    names->list = list;
    for (int number = range.low; number <= range.high; number++)
        list[names->n_list++] = is_range ? range_name(edit->arena, &range, number) : word;
    return true;
}

bool names_read(struct edit *edit, const char *words, struct names *names, struct err *err)
{
    struct tree *piece =
        edit_piece(edit->arena, arena_printf(edit->arena, "service %s", words), err);
    const struct syntax *list = piece ? syntax_part(piece->policy->child, SYNTAX_NAMES) : NULL;
    int kept = 0;

    *names = (struct names){0};
    if (!piece)
        return false;
    if (list->next)
        return err_set(err, "a service is written type:name, as in ocf:web");
    for (const struct syntax *name = list->child; name; name = name->next) {
        if (!add_word(edit, names, syntax_text(piece, name), err))
            return false;
    }
    qsort(names->list, (size_t)names->n_list, sizeof(names->list[0]), compare_names);
    for (int i = 0; i < names->n_list; i++) {
        if (kept == 0 || strcmp(names->list[kept - 1], names->list[i]) != 0)
            names->list[kept++] = names->list[i];
    }
    names->n_list = kept;
    return true;
}

bool names_have(const struct names *names, const char *name)
{
    return names->n_list > 0 && bsearch(&name, names->list, (size_t)names->n_list,
                                        sizeof(names->list[0]), compare_names) != NULL;
}

/* Counts from the names' side, so that a long range of a text costs no more than a word. */
int names_count(const struct names *names, const char *word, int *of)
{
    struct range range;
    int n = 0;

    *of = strchr(word, '*') ? 0 : 1;
    if (*of == 0)
        return 0;
    if (!range_read(word, &range))
        return names_have(names, word);
    *of = range.high - range.low + 1;
    for (int i = 0; i < names->n_list; i++)
        n += range_number(&range, names->list[i]) >= 0;
    return n;
}

static const char *add_to_list(struct edit *edit, const char *list, const char *word)
{
    return list[0] ? arena_printf(edit->arena, "%s, %s", list, word) : word;
}

static const char *piece_of_range(struct edit *edit, const struct range *range, int low, int high)
{
    if (low == high)
        return range_name(edit->arena, range, low);
    return arena_printf(edit->arena, "%.*s[%d..%d]%s", range->before, range->word, low, high,
                        range->after);
}

/* The runs of its numbers that are kept. */
static const char *filter_range(struct edit *edit, const char *list, const struct range *range,
                                const struct names *names, bool is_keeping)
{
    int first = -1;

    for (int number = range->low; number <= range->high; number++) {
        bool is_kept = names_have(names, range_name(edit->arena, range, number)) == is_keeping;

        if (is_kept && first < 0)
            first = number;
        if (first >= 0 && (!is_kept || number == range->high)) {
            list = add_to_list(edit, list,
                               piece_of_range(edit, range, first, is_kept ? number : number - 1));
            first = -1;
        }
    }
    return list;
}

const char *names_filter(struct edit *edit, const struct syntax *list, const struct names *names,
                         bool is_keeping)
{
    const char *filtered = "";

    for (const struct syntax *name = list->child; name; name = name->next) {
        const char *word = syntax_text(edit->tree, name);
        struct range range;
        int of, n = names_count(names, word, &of);

        if (n == (is_keeping ? of : 0) && (of > 0 || !is_keeping))
            filtered = add_to_list(edit, filtered, word);
        else if (range_read(word, &range))
            filtered = filter_range(edit, filtered, &range, names, is_keeping);
    }
    return filtered;
}
