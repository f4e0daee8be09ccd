/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verbs of agentd/verbs.def; see verb.h. */
#include "console/verb.h"

#include <string.h>

#include "console/width.h"
#include "ha/base/text.h"

/* As written in the rows. */
#define LOCAL VERB_IS_LOCAL
#define AGENT VERB_IS_AGENT
#define VIEWER ROLE_VIEWER
#define OPERATOR ROLE_OPERATOR
#define ADMIN ROLE_ADMIN

const struct verb verb_table[VERBS] = {
#define VERB(id, name, arguments, where, role, columns, help)                                      \
    [VERB_##id] = {VERB_##id, name, arguments, where, role, columns, help},
#include "agentd/verbs.def"
#undef VERB
};

#undef LOCAL
#undef AGENT
#undef VIEWER
#undef OPERATOR
#undef ADMIN

/* Half a short word wrong is no longer that word. */
#define GUESS_DISTANCE_MAX 3

/* Sentences of help begin here at the latest; a usage that is longer has its own line. */
#define HELP_COLUMN_MAX 30
/* Where no usage is short enough to stand beside its sentence. */
#define HELP_INDENT 6

static void copy_word(char *to, size_t size, const char *from, size_t length)
{
    if (length >= size)
        length = size - 1;
    memcpy(to, from, length);
    to[length] = '\0';
}

/* The length of one argument; in brackets, up to the one that closes it. */
static size_t argument_length(const char *word, bool is_optional)
{
    size_t length = 0;

    if (!is_optional)
        return strcspn(word, " ");
    for (int depth = 1; word[length]; length++) {
        depth += (word[length] == '[') - (word[length] == ']');
        if (depth == 0)
            break;
    }
    return length;
}

/* "--since WHEN", "--follow", "--wait[=TIME]", "for TIME": cuts off the option's name. */
static void read_option_name(const char **word, size_t *length, struct verb_argument *argument)
{
    size_t name = strcspn(*word, " []");

    if (strncmp(*word, "--", 2) != 0 && name >= *length)
        return;
    if (name > *length)
        name = *length;
    copy_word(argument->option, sizeof(argument->option), *word, name);
    argument->value_is_optional = (*word)[name] == '[';
    *word += name;
    *length -= name;
    while (*length > 0 && strchr(" [=", **word)) {
        ++*word;
        --*length;
    }
    if (argument->value_is_optional && *length > 0)
        --*length;
}

bool verb_next_argument(const char **at, struct verb_argument *argument)
{
    const char *word = *at + strspn(*at, " ");
    bool is_optional = *word == '[';
    size_t length;

    *argument = (struct verb_argument){.is_optional = is_optional};
    if (*word == '\0')
        return false;
    word += is_optional;
    length = argument_length(word, is_optional);
    *at = word + length + (is_optional && word[length] == ']');
    if (length > 3 && strncmp(word + length - 3, "...", 3) == 0) {
        argument->repeats = true;
        length -= 3;
    }
    if (is_optional)
        read_option_name(&word, &length, argument);
    copy_word(argument->kind, sizeof(argument->kind), word, length);
    return true;
}

bool verb_find_option(const struct verb *verb, const char *option, struct verb_argument *argument)
{
    const char *at = verb->arguments;
    bool has_dashes = strncmp(option, "--", 2) == 0;

    while (verb_next_argument(&at, argument)) {
        if (argument->option[0] && (strcmp(argument->option, option) == 0 ||
                                    (has_dashes && strcmp(argument->option, option + 2) == 0)))
            return true;
    }
    return false;
}

bool verb_argument_allows(const struct verb_argument *argument, const char *word)
{
    const char *at = argument->kind;

    if (!strchr(at, '|'))
        return true;
    while (*at) {
        size_t length = strcspn(at, "|");

        if (strlen(word) == length && strncmp(word, at, length) == 0)
            return true;
        at += length + (at[length] == '|');
    }
    return false;
}

bool verb_find_argument(const struct verb *verb, int position, struct verb_argument *argument)
{
    const char *at = verb->arguments;

    while (verb_next_argument(&at, argument)) {
        if (argument->option[0])
            continue;
        if (position == 0 || argument->repeats)
            return true;
        position--;
    }
    return false;
}

/* How many of the words the name takes; 0 if they do not open with it. */
static int match_name(const char *name, int n_words, char *const *words)
{
    int taken = 0;

    while (*name) {
        size_t length = strcspn(name, " ");

        if (taken == n_words || strlen(words[taken]) != length ||
            strncmp(words[taken], name, length) != 0)
            return 0;
        taken++;
        name += length;
        name += strspn(name, " ");
    }
    return taken;
}

/* What people who come from elsewhere mean: by its letters "ha move" is next to "ha remove". */
static const struct verb *guess_habit(int n_words, char *const *words)
{
    static const struct {
        const char *said;
        const char *meant;
    } habits[] = {
        {"move", "migrate"},  {"delete", "remove"}, {"enable", "start"}, {"disable", "stop"},
        {"cleanup", "clear"}, {"list", "status"},   {"apply", "push"},   {"validate", "check"},
        {"format", "fmt"},    {"list", "nodes"},    {"add", "invite"},   {"standby", "maintenance"},
    };
    char name[64];

    for (size_t i = 0; n_words > 1 && i < sizeof(habits) / sizeof(habits[0]); i++) {
        if (strcmp(words[1], habits[i].said) != 0)
            continue;
        snprintf(name, sizeof(name), "%s %s", words[0], habits[i].meant);
        for (int verb = 0; verb < VERBS; verb++) {
            if (strcmp(verb_table[verb].name, name) == 0)
                return &verb_table[verb];
        }
    }
    return NULL;
}

/* The nearest name to one or two words, or NULL. */
static const struct verb *guess(int n_words, char *const *words)
{
    const struct verb *best = guess_habit(n_words, words);
    int best_distance = GUESS_DISTANCE_MAX + 1;

    if (best)
        return best;
    for (int i = 0; i < VERBS; i++) {
        const struct verb *verb = &verb_table[i];
        bool is_pair = strchr(verb->name, ' ') != NULL;
        char typed[64];
        int distance;

        if (verb->help[0] == '\0')
            continue;
        if (is_pair && n_words > 1)
            snprintf(typed, sizeof(typed), "%s %s", words[0], words[1]);
        else
            snprintf(typed, sizeof(typed), "%s", words[0]);
        distance = text_distance(typed, verb->name);
        /* "status" alone means one of those that end with it; nothing is that far off. */
        if (is_pair && n_words == 1 && strcmp(strchr(verb->name, ' ') + 1, words[0]) == 0)
            distance = 1;
        if (distance < best_distance && distance * 2 < (int)strlen(verb->name)) {
            best_distance = distance;
            best = verb;
        }
    }
    return best;
}

static bool is_family(const char *word)
{
    size_t length = strlen(word);

    for (int i = 0; i < VERBS; i++) {
        if (strncmp(verb_table[i].name, word, length) == 0 && verb_table[i].name[length] == ' ')
            return true;
    }
    return false;
}

const struct verb *verb_find(int n_words, char *const *words, int *taken, struct err *err)
{
    const struct verb *meant;

    for (int i = 0; i < VERBS; i++) {
        *taken = match_name(verb_table[i].name, n_words, words);
        if (*taken > 0)
            return &verb_table[i];
    }
    if (n_words == 0) {
        err_set(err, "no verb was given; \"tenuto help\" lists them");
        return NULL;
    }
    meant = guess(n_words, words);
    if (meant)
        err_set(err, "there is no verb \"%s%s%s\"; did you mean \"%s\"?", words[0],
                n_words > 1 && is_family(words[0]) ? " " : "",
                n_words > 1 && is_family(words[0]) ? words[1] : "", meant->name);
    else if (is_family(words[0]))
        err_set(err, "there is no verb \"%s%s%s\"; \"tenuto help %s\" lists those there are",
                words[0], n_words > 1 ? " " : "", n_words > 1 ? words[1] : "", words[0]);
    else
        err_set(err, "there is no verb \"%s\"; \"tenuto help\" lists them", words[0]);
    return NULL;
}

void verb_usage(FILE *out, const struct verb *verb)
{
    fprintf(out, "%s%s%s", verb->name, verb->arguments[0] ? " " : "", verb->arguments);
}

/* "" and NULL name all; else a family, a verb, or the second word of one. */
bool verb_is_named(const struct verb *verb, const char *word)
{
    size_t length = word ? strlen(word) : 0;
    const char *second = strchr(verb->name, ' ');

    if (verb->help[0] == '\0')
        return false;
    if (length == 0 || strcmp(verb->name, word) == 0)
        return true;
    if (second && strcmp(second + 1, word) == 0)
        return true;
    return strncmp(verb->name, word, length) == 0 && verb->name[length] == ' ';
}

/* Where the next argument begins, with its brackets in one piece. */
static size_t next_word(const char *usage)
{
    int depth = 0;
    size_t at = 0;

    for (; usage[at] && (depth > 0 || usage[at] != ' '); at++)
        depth += (usage[at] == '[') - (usage[at] == ']');
    return at;
}

/* Broken between arguments; returns the column behind it. */
static int write_usage(FILE *out, const char *usage, int indent)
{
    int column = 0;

    while (*usage) {
        size_t length = next_word(usage);

        if (column > 0 && column + 1 + (int)length > LINE_COLUMNS)
            fprintf(out, "\n%*s", column = indent, "");
        else if (column > 0)
            column += fprintf(out, " ");
        column += fprintf(out, "%.*s", (int)length, usage);
        usage += length + (usage[length] == ' ');
    }
    return column;
}

/* The sentence stands beside the usage, or under it where the usage is long. */
static void write_help(FILE *out, const struct verb *verb, int indent)
{
    char usage[256];
    int column;

    snprintf(usage, sizeof(usage), "%s%s%s", verb->name, verb->arguments[0] ? " " : "",
             verb->arguments);
    fputs("  ", out);
    column = write_usage(out, usage, 2 + (int)strcspn(usage, "[") + 2);
    if (column + 4 > indent)
        fprintf(out, "\n%*s", indent, "");
    else
        fprintf(out, "%*s", indent - 2 - column, "");
    width_wrap(out, verb->help, indent, LINE_COLUMNS);
    fputc('\n', out);
}

bool verb_help(FILE *out, const char *word)
{
    int indent = 0;
    bool found = false;

    for (int i = 0; i < VERBS; i++) {
        int width = 5 + width_of(verb_table[i].name) + width_of(verb_table[i].arguments);

        if (verb_is_named(&verb_table[i], word) && width > indent && width <= HELP_COLUMN_MAX)
            indent = width;
    }
    for (int i = 0; i < VERBS; i++) {
        if (!verb_is_named(&verb_table[i], word))
            continue;
        found = true;
        write_help(out, &verb_table[i], indent > 0 ? indent : HELP_INDENT);
    }
    return found;
}
