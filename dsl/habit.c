/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words, signs and units of other languages; see habit.h. */
#include "dsl/habit.h"

#include <stddef.h>
#include <string.h>

#include "dsl/syntax.h"

static const struct {
    unsigned blocks;
    const char *word;
    const char *hint;
} habits[] = {
#define HABIT(blocks, word, hint) {blocks, word, hint},
#define MEANT(word, ours)
#include "dsl/habit.def"
#undef HABIT
#undef MEANT
};

static const struct {
    const char *word;
    const char *ours;
} meanings[] = {
#define HABIT(blocks, word, hint)
#define MEANT(word, ours) {word, ours},
#include "dsl/habit.def"
#undef HABIT
#undef MEANT
};

static const struct {
    const char *word;
    const char *ours;
} units[] = {
    {"ms", "ms"},     {"msec", "ms"},  {"millis", "ms"}, {"milliseconds", "ms"},
    {"s", "s"},       {"sec", "s"},    {"secs", "s"},    {"second", "s"},
    {"seconds", "s"}, {"S", "s"},      {"m", "m"},       {"min", "m"},
    {"mins", "m"},    {"minute", "m"}, {"minutes", "m"}, {"h", "h"},
    {"hr", "h"},      {"hour", "h"},   {"hours", "h"},   {"H", "h"},
    {"d", "d"},       {"day", "d"},    {"days", "d"},    {"D", "d"},
    {"K", "K"},       {"k", "K"},      {"KB", "K"},      {"kB", "K"},
    {"KiB", "K"},     {"M", "M"},      {"MB", "M"},      {"Mb", "M"},
    {"MiB", "M"},     {"mb", "M"},     {"G", "G"},       {"g", "G"},
    {"GB", "G"},      {"Gb", "G"},     {"GiB", "G"},     {"gb", "G"},
    {"T", "T"},       {"t", "T"},      {"TB", "T"},      {"TiB", "T"},
    {"tb", "T"},
};

const char *habit_hint(unsigned block, const char *word)
{
    for (size_t i = 0; i < sizeof(habits) / sizeof(habits[0]); i++) {
        if ((habits[i].blocks & block) && strcmp(habits[i].word, word) == 0)
            return habits[i].hint;
    }
    return NULL;
}

bool habit_means(const char *word, const char *choice)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (strcmp(meanings[i].word, word) == 0 && strcmp(meanings[i].ours, choice) == 0)
            return true;
    }
    return false;
}

const char *habit_of_signs(const char *word)
{
    if (strncmp(word, "//", 2) == 0 || strncmp(word, "/*", 2) == 0 || strcmp(word, "--") == 0 ||
        strcmp(word, "%") == 0)
        return "comments begin with #";
    if (strcmp(word, "-") == 0 || strcmp(word, "*") == 0 || strcmp(word, "+") == 0)
        return "no line begins with such a sign; a list is written: alpha, beta";
    if (strspn(word, "-") == strlen(word) || strspn(word, "*/+.") == strlen(word))
        return "a policy has no such lines: take it away";
    if (strspn(word, "0123456789") == strlen(word))
        return "no line begins with a number: take it away";
    return NULL;
}

const char *habit_unit(const char *word)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(units[i].word, word) == 0)
            return units[i].ours;
    }
    return NULL;
}
